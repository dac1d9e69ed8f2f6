"""The layer of a stack's modes follows the volume that the viewer shows."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_atlas_assign import assign
from napari_atlas_assign.plugin.layers.metadata import own_metadata
from napari_atlas_assign.plugin.layers.reader import read
from napari_atlas_assign.plugin.show import show
from tests.plugin.helpers import as_layer


@pytest.fixture
def modes(write, blob_map, label_atlas):
    viewer = ViewerModel()
    source = viewer.add_layer(as_layer(read(write(np.stack([blob_map, -blob_map, blob_map], axis=-1)))[0]))
    show(assign(source, label_atlas, threshold=3), viewer)
    layer = next(layer for layer in viewer.layers if own_metadata(layer).get("role") == "modes")
    return viewer, layer


def test_hovering_tells_the_modes_of_the_volume_shown(modes):
    viewer, layer = modes
    viewer.dims.set_current_step(0, 0)
    first = layer.features.copy()
    viewer.dims.set_current_step(0, 1)
    assert own_metadata(layer)["volume"] == 1
    assert len(layer.features) != len(first) or not layer.features.equals(first)
    viewer.dims.set_current_step(0, 2)
    assert layer.features.equals(first)


def test_a_layer_that_was_taken_out_is_followed_no_more(modes):
    viewer, layer = modes
    viewer.layers.remove(layer)
    before = own_metadata(layer)["volume"]
    viewer.dims.set_current_step(0, 1 if before != 1 else 0)
    assert own_metadata(layer)["volume"] == before
