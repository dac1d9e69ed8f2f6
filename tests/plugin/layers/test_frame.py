"""A layer's place, and what is laid out beside it."""

from __future__ import annotations

import numpy as np
from napari.layers import Image as ImageLayer
from napari.layers import Points

from napari_atlas_assign import Image
from napari_atlas_assign.plugin.layers.frame import Frame, frame_of
from napari_atlas_assign.plugin.layers.geometry import place_of
from napari_atlas_assign.plugin.layers.reader import read
from napari_atlas_assign.source import as_source
from tests.plugin.helpers import as_layer


def test_what_is_laid_out_beside_a_layer_lies_in_its_voxels(write, affine, rng):
    layer = as_layer(read(write(rng.random((5, 6, 7)).astype(np.float32), affine))[0])
    image, _ = as_source(layer)
    frame = frame_of(image, [Points(ndim=3), layer])
    assert frame.layer is layer
    data, transform = frame.lay_out(image.data, image.grid)
    np.testing.assert_array_equal(data, layer.data)
    np.testing.assert_allclose(
        place_of(ImageLayer(data, **transform, metadata=layer.metadata)).view, place_of(layer).view
    )


def test_an_image_that_came_from_no_layer_lies_in_the_world():
    image = Image.from_array(np.zeros((5, 6, 7)), np.diag([9.0, 9, 9, 1]))
    frame = frame_of(image, [])
    assert frame.layer is None
    assert frame.to_view([1, 2, 3]).tolist() == [3, 2, 1]


def test_the_volumes_of_a_stack_lie_along_an_axis_in_front(rng):
    volumes = [rng.random((2, 3, 4)) for _ in range(5)]
    image = Image.from_array(volumes[0], np.eye(4))
    data, transform = Frame().lay_out_stack(volumes, image.grid)
    assert data.shape == (5, 4, 3, 2)
    np.testing.assert_array_equal(data[3], volumes[3].T)
    assert len(transform["axis_labels"]) == 4
