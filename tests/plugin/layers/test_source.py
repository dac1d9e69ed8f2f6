"""What a napari layer is assigned as."""

from __future__ import annotations

import numpy as np
import pytest
from napari.layers import Labels, Points, Surface

from napari_atlas_assign import InputError, PointSet
from napari_atlas_assign.plugin.layers.geometry import set_geometry
from napari_atlas_assign.plugin.layers.reader import read
from napari_atlas_assign.plugin.layers.source import source_from_layer
from tests.plugin.helpers import as_layer


def test_an_image_is_a_map_and_one_with_more_axes_a_stack(write, rng):
    data = rng.random((4, 5, 6, 2)).astype(np.float32)
    layer = as_layer(read(write(data))[0])
    stack, options = source_from_layer(layer)
    assert options == {}
    assert [image.name for image in stack] == [f"{layer.name}[0]", f"{layer.name}[1]"]
    for v, image in enumerate(stack):
        np.testing.assert_array_equal(image.data, data[..., v])
    one, _ = source_from_layer(layer, volume=1)
    np.testing.assert_array_equal(one.data, data[..., 1])


def test_labels_are_regions_of_interest_with_the_names_of_their_features(rng):
    labels = Labels(rng.integers(0, 3, (4, 5, 6)), features={"index": [1, 2], "name": ["left", "right"]})
    set_geometry(labels)
    image, options = source_from_layer(labels)
    assert options == {"rois": True}
    assert image.names == {1: "left", 2: "right"}


def test_points_are_points():
    layer = Points(np.array([[1.0, 2, 3]]))
    set_geometry(layer)
    points, options = source_from_layer(layer)
    assert isinstance(points, PointSet)
    assert points.xyz.tolist() == [[3, 2, 1]]
    assert options == {}


def test_a_layer_of_another_kind_is_refused():
    surface = Surface((np.eye(3), np.array([[0, 1, 2]])), name="cortex")
    with pytest.raises(InputError, match="cortex"):
        source_from_layer(surface)
