"""What this plugin's reader opens first is shown as a brain."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image as ImageLayer

from napari_atlas_assign.plugin.layers.reader import read
from napari_atlas_assign.plugin.viewer import opening
from napari_atlas_assign.plugin.viewer.opening import get_reader, present_next
from tests.plugin.helpers import as_layer


@pytest.fixture
def presented(monkeypatch):
    layers = []
    monkeypatch.setattr(opening, "present", lambda viewer, layer: layers.append(layer.name))
    return layers


def test_the_next_layer_is_presented_and_no_other(presented, write, rng):
    viewer, path = ViewerModel(), write(rng.random((4, 5, 6)).astype(np.float32), name="first.nii.gz")
    present_next(viewer)
    viewer.add_layer(as_layer(read(path)[0]))
    viewer.add_layer(as_layer(read(path)[0]))
    assert presented == ["first"]


def test_a_layer_of_another_plugin_is_left_as_it_comes(presented):
    viewer = ViewerModel()
    present_next(viewer)
    viewer.add_layer(ImageLayer(np.zeros((4, 5, 6))))
    assert presented == []


def test_files_of_other_kinds_are_left_to_others(tmp_path):
    (tmp_path / "notes.docx").write_text("no image")
    assert get_reader(str(tmp_path / "notes.docx")) is None
