"""Layers that keep readable."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Labels, Points

from napari_atlas_assign.plugin.layers.geometry import KEY
from napari_atlas_assign.plugin.viewer.readability import (
    is_mark,
    is_on_dark,
    is_outline,
    keep_readable,
)


def layer_of(kind, role: str):
    metadata = {KEY: {"role": role}}
    return Labels(np.ones((3, 3, 3), int), metadata=metadata) if kind is Labels else Points(ndim=3, metadata=metadata)


@pytest.mark.parametrize(("theme", "dark"), [("dark", True), ("light", False)])
def test_the_canvas_is_dark_or_light(theme, dark):
    viewer = ViewerModel()
    viewer.theme = theme
    assert is_on_dark(viewer) == dark


def test_outlines_are_filled_in_3d_and_come_back_as_the_user_left_them():
    viewer = ViewerModel()
    modes = viewer.add_layer(layer_of(Labels, "modes"))
    keep_readable(viewer)
    assert modes.contour == 1
    modes.contour = 3
    viewer.dims.ndisplay = 3
    assert modes.contour == 0
    viewer.dims.ndisplay = 2
    assert modes.contour == 3


def test_roles_tell_which_layers_mark_places_and_are_outlines():
    assert is_mark(layer_of(Points, "peaks"))
    assert is_mark(layer_of(Points, "names of pins"))
    assert not is_mark(layer_of(Labels, "modes"))
    assert is_outline(layer_of(Labels, "region outline"))
    assert not is_outline(layer_of(Points, "peaks"))
