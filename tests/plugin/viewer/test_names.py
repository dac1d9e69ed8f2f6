"""Names beside places: on plates, within the canvas, and with the layer that they name."""

from __future__ import annotations

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_atlas_assign.plugin.layers.geometry import KEY
from napari_atlas_assign.plugin.viewer.names import FULL_BLOCK, NO_TEXT, are_names, names_of, plate_of, show_names
from tests.plugin.helpers import settle

NAME = "Area 4a (PreCG) left 0.68"

MIDDLE, LEFT, RIGHT = (5.0, 50.0, 50.0), (5.0, 50.0, 1.0), (5.0, 50.0, 99.0)

BELOW = 2


@pytest.fixture
def viewer():
    """A canvas of 500 pixels that shows 100 x 100 units."""
    viewer = ViewerModel()
    viewer.canvas.size = (500, 500)
    viewer.add_image(np.zeros((10, 100, 100)))
    viewer.scene.camera.center, viewer.scene.camera.zoom = (5, 50, 50), 5.0
    return viewer


def marked(viewer, *places):
    return viewer.add_points(np.array(places), metadata={KEY: {"role": "pins"}})


def shown(layer) -> list[str]:
    return layer.text.values.tolist()


@pytest.mark.parametrize(("theme", "plate", "ink"), [("dark", 0, 1), ("light", 1, 0)])
def test_a_name_is_written_on_a_plate_in_the_colour_of_the_canvas(viewer, theme, plate, ink):
    viewer.theme = theme
    names = show_names(viewer, layer := marked(viewer, MIDDLE, RIGHT), layer.data, [NAME, "b"], BELOW)
    for expected in ((plate, ink), (ink, plate)):
        colors = names.text.color(names.features)[:, :3]
        assert np.allclose(colors, np.repeat(np.array(expected * 2)[:, None], 3, axis=1))
        viewer.theme = "light" if theme == "dark" else "dark"
    assert shown(names)[:2] == [f"\n\n{plate_of(NAME)}", f"\n\n{NAME}"]
    assert set(plate_of(NAME)) == {FULL_BLOCK}
    assert np.array_equal(names.data, np.repeat(layer.data, 2, axis=0))
    assert len(layer.data) == 2  # a layer that may be assigned has each place once


def test_a_name_moves_away_from_the_edge_that_would_cut_it(viewer):
    names = show_names(viewer, layer := marked(viewer, MIDDLE, LEFT, RIGHT), layer.data, [NAME] * 3, BELOW)
    _, middle, _, left, _, right = (text.strip("\n") for text in shown(names))
    assert middle == NAME
    assert left == left.rstrip() != NAME
    assert right == right.lstrip() != NAME
    assert len(left) == pytest.approx(len(right), abs=1)
    viewer.scene.camera.orientation2d = ("down", "left")
    assert [text.strip("\n") for text in shown(names)[3::2]] == [right, left]
    viewer.dims.ndisplay = 3
    assert {text.strip() == text.strip("\n") for text in shown(names)} == {True}


def test_a_name_that_would_lie_below_the_canvas_stands_above_its_place(viewer):
    names = show_names(viewer, layer := marked(viewer, (5.0, 99.0, 50.0)), layer.data, ["a"], BELOW)
    assert shown(names)[1] == "a\n \n "
    viewer.scene.camera.center = (5, 99, 50)
    assert shown(names)[1] == "\n\na"


def test_names_move_hide_and_go_with_their_layer(viewer):
    names = show_names(viewer, layer := marked(viewer, MIDDLE), layer.data, ["a"], BELOW)
    assert show_names(viewer, layer, np.array([LEFT, RIGHT]), ["b", "c"], BELOW) is names is names_of(viewer, layer)
    assert np.array_equal(names.data[::2], [LEFT, RIGHT])
    assert names.features["name"].tolist() == ["b", "b", "c", "c"]
    layer.visible = False
    assert not names.visible
    viewer.layers.remove(layer)
    assert not any(map(are_names, viewer.layers))


def test_without_a_name_there_is_no_plate(viewer):
    names = show_names(viewer, layer := marked(viewer, MIDDLE), layer.data, [""], BELOW)
    assert "".join(shown(names)).strip() == ""


def test_points_whose_names_are_elsewhere_are_not_without_text(make_napari_viewer):
    """napari 0.9 draws points without text from memory that is not theirs, which ends the process on Mesa."""
    viewer = make_napari_viewer()
    layer = viewer.add_points(np.zeros((2, 3)), features={"label": ["Area 4a", "b"]}, text=NO_TEXT)
    assert layer.text.values.tolist() == [" ", " "]
    show_names(viewer, viewer.add_layer(marked(ViewerModel(), MIDDLE)), np.zeros((1, 3)), ["a"], BELOW)
    viewer.layers.remove(viewer.layers[1])
    settle()
    assert list(viewer.layers) == [layer]
