"""Painting a map by the threshold of its result."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_atlas_assign import assign
from napari_atlas_assign.plugin.layers.reader import read
from napari_atlas_assign.plugin.viewer.map_paint import fit_paint, paint_by_threshold
from tests.plugin.helpers import as_layer


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def layer(viewer, write, blob_map):
    return viewer.add_layer(as_layer(read(write(blob_map))[0]))


def opacity_just_below(layer, threshold: float) -> float:
    low, high = layer.contrast_limits
    return float(layer.colormap.map(np.array([(0.99 * threshold - low) / (high - low)]))[0, 3])


def test_what_is_below_the_threshold_is_faint_and_in_3d_clear(viewer, layer, label_atlas):
    paint_by_threshold(viewer, layer, assign(layer, label_atlas, threshold=3))
    assert 0.2 < opacity_just_below(layer, 3) < 0.5
    viewer.dims.ndisplay = 3
    fit_paint(viewer, layer)
    assert opacity_just_below(layer, 3) == pytest.approx(0, abs=0.02)


def test_colours_that_the_user_chose_stay(viewer, layer, label_atlas):
    layer.colormap = "viridis"
    paint_by_threshold(viewer, layer, assign(layer, label_atlas, threshold=3))
    fit_paint(viewer, layer)
    assert layer.colormap.name == "viridis"
