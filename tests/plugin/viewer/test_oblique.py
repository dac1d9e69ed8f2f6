"""What napari draws where, of a layer whose axes are at an angle to the viewer's."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from napari_atlas_assign.plugin.layers.frame import frame_of
from napari_atlas_assign.plugin.layers.geometry import place_of
from napari_atlas_assign.plugin.layers.reader import read
from napari_atlas_assign.plugin.viewer.oblique import place_drawn, points_beside, voxel_drawn_at
from napari_atlas_assign.source import as_source
from tests.plugin.helpers import AFFINES, as_layer


@pytest.fixture
def layer(write, affine, rng):
    return as_layer(read(write(rng.random((5, 6, 7)).astype(np.float32), affine))[0])


@pytest.mark.parametrize("displayed", [*combinations(range(3), 2), (0, 1, 2)])
def test_the_way_to_the_screen_and_back_ends_where_it_began(layer, rng, displayed):
    placement = place_of(layer)
    voxel = rng.uniform(0, 5, 3)
    back = voxel_drawn_at(placement, place_drawn(placement, voxel, displayed), displayed)
    np.testing.assert_allclose(back, voxel)


@pytest.mark.parametrize("affine", [np.array(AFFINES["ras"], float)])
def test_of_axes_that_are_the_viewer_s_it_is_the_plain_transform(layer, affine):
    placement = place_of(layer)
    for displayed in combinations(range(3), 2):
        drawn = place_drawn(placement, np.array([1.0, 2, 3]), displayed)
        np.testing.assert_allclose(drawn, (placement.view @ [1, 2, 3, 1])[:3])


def test_points_beside_a_layer_count_its_voxels(layer):
    image, _ = as_source(layer)
    to_points, _ = points_beside(frame_of(image, [layer]))
    placement = place_of(layer)
    np.testing.assert_allclose(np.abs(np.linalg.det(to_points @ placement.view)), 1, rtol=1e-6)
