"""Layers that keep readable."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from napari.components import ViewerModel
from napari.layers import Labels, Points

from napari_atlas_assign.plugin.layers.geometry import KEY
from napari_atlas_assign.plugin.layers.metadata import describe
from napari_atlas_assign.plugin.viewer.readability import (
    ON_DARK,
    ON_LIGHT,
    color_of_names,
    has_names,
    is_outline,
    keep_readable,
)


def layer_of(kind, role: str):
    metadata = {KEY: {"role": role}}
    return Labels(np.ones((3, 3, 3), int), metadata=metadata) if kind is Labels else Points(ndim=3, metadata=metadata)


@pytest.mark.parametrize(("theme", "color"), [("dark", ON_DARK), ("light", ON_LIGHT)])
def test_names_stand_out_from_the_canvas(theme, color):
    viewer = ViewerModel()
    viewer.theme = theme
    assert color_of_names(viewer) == color


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


def test_roles_tell_which_layers_have_names_and_outlines():
    assert has_names(layer_of(Points, "peaks"))
    assert not has_names(layer_of(Labels, "modes"))
    assert is_outline(layer_of(Labels, "region outline"))
    assert not is_outline(layer_of(Points, "peaks"))


@pytest.mark.parametrize(("theme", "plate", "ink"), [("dark", 0, 1), ("light", 1, 0)])
def test_the_name_of_a_place_is_written_on_a_plate_in_the_colour_of_the_canvas(theme, plate, ink):
    viewer = ViewerModel()
    viewer.theme = theme
    features = pd.DataFrame({"label": ["##", "Area 4a"]})
    metadata = {KEY: describe(role="place name")}
    viewer.add_points(np.zeros((2, 3)), features=features, text={"string": "{label}"}, metadata=metadata)
    keep_readable(viewer)
    assert np.allclose(viewer.layers[0].text.color.array[:, :3], [[plate] * 3, [ink] * 3])
    viewer.theme = "light" if theme == "dark" else "dark"
    assert np.allclose(viewer.layers[0].text.color.array[:, :3], [[ink] * 3, [plate] * 3])
