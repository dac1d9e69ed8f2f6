"""What is on the screen: left is left, up is up and nothing is mirrored, in 2D and 3D; and the letters say so."""

import numpy as np
import pandas as pd
import pytest
from napari.components import ViewerModel

from napari_atlas_assign import Atlas, Grid
from napari_atlas_assign.plugin.layers.convert import atlas_to_layer
from napari_atlas_assign.plugin.layers.geometry import place_of, set_geometry
from napari_atlas_assign.plugin.viewer.anatomical import (
    anatomical_view,
    convention_of,
    letters_of,
    orientation_for,
    plane_shown,
    screen_directions,
)
from napari_atlas_assign.plugin.viewer.commands import show_plane, switch_convention
from napari_atlas_assign.plugin.viewer.orientation_letters import CAPTION, letters_shown, show_letters
from tests.plugin.helpers import SEEN, napari_nifti_layer, opened

# Left, right, up, down and (in 3D) towards the viewer, for each plane and convention.
COLORS = {"L": "#ff0000", "R": "#00ff00", "P": "#0000ff", "A": "#ffff00", "I": "#ff00ff", "S": "#00ffff"}
EDGES = ("anatomy_left", "anatomy_right", "anatomy_up", "anatomy_down")


def cube_with_coloured_faces(n=21, border=3):
    """A cube (x, y, z) whose six faces have their own labels, each framed by the labels of the faces beside it."""
    cube = np.zeros((n, n, n), np.uint8)
    cube[1:-1, 1:-1, 1:-1] = 7
    for axis in range(3):
        for side, at in ((0, 0), (1, n - 1)):
            face = np.full((n, n), 1 + 2 * axis + side, np.uint8)
            others = [a for a in range(3) if a != axis]
            for k, other in enumerate(others):
                strip = face if k == 0 else face.T
                strip[:border, border:-border] = 1 + 2 * other
                strip[-border:, border:-border] = 2 + 2 * other
            face[:1], face[-1:], face[:, :1], face[:, -1:] = 7, 7, 7, 7
            index = [slice(None)] * 3
            index[axis] = at
            inner = cube[tuple(index)]
            inner[1:-1, 1:-1] = face[1:-1, 1:-1]
            inner[0], inner[-1], inner[:, 0], inner[:, -1] = 7, 7, 7, 7
    return cube


def cube_layer():
    affine = np.diag([2.0, 2, 2, 1])
    affine[:3, 3] = -20
    cube = cube_with_coloured_faces()
    regions = pd.DataFrame({"id": range(1, 8), "name": [*COLORS, "inside"], "color": [*COLORS.values(), "#808080"]})
    return atlas_to_layer(Atlas.from_labels(cube, Grid(cube.shape, affine), regions, name="cube"))


def seen_at(picture, x, y):
    """The letter of the face whose colour a pixel has; fractions of the cube's own rectangle, from the top left."""
    rows, columns = np.nonzero(picture[..., :3].max(axis=-1) > 60)
    if not len(rows):
        return ""  # not drawn yet
    row = rows.min() + y * (rows.max() - rows.min())
    column = columns.min() + x * (columns.max() - columns.min())
    pixel = picture[round(row), round(column), :3].astype(int)
    colors = {letter: [int(c[i : i + 2], 16) for i in (1, 3, 5)] for letter, c in COLORS.items()}
    colors["inside"] = [128, 128, 128]
    return min(colors, key=lambda letter: np.abs(np.array(colors[letter]) - pixel).sum())


def seen_at_places(viewer, places):
    """What the canvas shows at several places, as far as it is drawn by now."""
    picture = viewer.screenshot(flash=False)
    return "".join(seen_at(picture, *place) for place in places)


def test_pixels_show_each_side_where_the_letters_say(make_napari_viewer, qtbot):
    viewer = make_napari_viewer(show=True)
    data, options, _ = cube_layer()
    layer = viewer.add_labels(data, **{**options, "opacity": 1})
    for ndisplay in (2, 3):
        viewer.dims.ndisplay = ndisplay
        for (plane, convention), sides in SEEN.items():
            anatomical_view(viewer, plane, convention=convention)
            viewer.dims.point = (0, 0, 0)
            show_letters(viewer)
            assert "".join(letters(viewer)) == sides[:4]
            show_letters(viewer, False)
            # In 2D, the outermost ring of the slice; in 3D, the frame of the face that is in front, and the face.
            near = 0.02 if ndisplay == 2 else 0.1
            at = [(near, 0.5), (1 - near, 0.5), (0.5, near), (0.5, 1 - near), *([(0.5, 0.5)] * (ndisplay == 3))]
            qtbot.waitUntil(lambda at=at, sides=sides: seen_at_places(viewer, at) == sides[: len(at)])
    assert layer.visible


@pytest.fixture
def viewer():
    model = ViewerModel()
    data, options, _ = cube_layer()
    model.add_labels(data, **options)
    return model


def letters(viewer):
    """The first letters at the edges; superior and inferior are written longer, since a lone I looks like a stroke."""
    texts = [viewer.canvas.overlays[name].text for name in EDGES]
    assert not {"S", "I"} & set(texts)
    return [{"Sup": "S", "Inf": "I"}.get(text, text) for text in texts]


@pytest.mark.parametrize(("plane", "convention"), list(SEEN))
def test_letters_and_caption_of_each_view(viewer, plane, convention):
    anatomical_view(viewer, plane, convention=convention)
    show_letters(viewer)
    assert "".join(letters(viewer)) == SEEN[plane, convention][:4]
    assert viewer.canvas.overlays[CAPTION].text.startswith(f"{plane}, {convention}\n")
    assert convention_of(viewer) == convention
    assert plane_shown(viewer) == plane


@pytest.mark.parametrize(("plane", "convention"), list(SEEN))
def test_a_plane_keeps_the_convention_that_the_viewer_is_in(viewer, plane, convention):
    anatomical_view(viewer, "axial", convention=convention)
    show_plane(viewer, plane)
    assert "".join(letters(viewer)) == SEEN[plane, convention][:4]


def test_switching_the_convention_turns_left_and_right_and_says_so(viewer):
    show_plane(viewer, "axial")
    switch_convention(viewer)
    assert viewer.canvas.overlays[CAPTION].text == "axial, radiological\nright is on the left"
    switch_convention(viewer)
    assert viewer.canvas.overlays[CAPTION].text == "axial, neurological\nleft is on the left"


def test_letters_follow_axes_that_napari_rolls_and_transposes(viewer):
    show_plane(viewer, "axial")
    viewer.dims.transpose()
    assert letters(viewer) == ["P", "A", "R", "L"]
    viewer.dims.transpose()
    viewer.dims.order = (2, 0, 1)
    assert letters(viewer) == ["P", "A", "S", "I"]


def test_letters_follow_the_camera_in_3d(viewer):
    viewer.dims.ndisplay = 3
    show_plane(viewer, "coronal")
    camera = viewer.scene.camera
    direction, up = np.array(camera.view_direction), np.array(camera.up_direction)
    camera.set_view_direction(-direction, up)  # walk round to the front
    assert letters(viewer) == ["R", "L", "S", "I"]
    assert viewer.canvas.overlays[CAPTION].text == "3D, seen from the front"
    camera.set_view_direction(direction, -up)
    assert letters(viewer) == ["R", "L", "I", "S"]


def test_napari_s_own_3d_view_of_a_brain_is_called_a_mirror_image(viewer):
    viewer.dims.ndisplay = 3
    show_letters(viewer)
    assert viewer.canvas.overlays[CAPTION].text.startswith("mirror image!")
    show_plane(viewer, "axial")
    assert viewer.canvas.overlays[CAPTION].text == "3D, seen from above"


def test_letters_are_right_for_layers_of_napari_nifti(write, rng):
    viewer = ViewerModel()
    layer = viewer.add_layer(napari_nifti_layer(write(rng.random((5, 6, 7)))))
    for (plane, convention), sides in SEEN.items():
        anatomical_view(viewer, plane, place_of(layer).view_from_world, convention)
        show_letters(viewer)
        assert "".join(letters(viewer)) == sides[:4]


def test_without_a_brain_there_are_no_letters_and_with_one_they_come():
    viewer = ViewerModel()
    layer = viewer.add_image(np.zeros((4, 5, 6)))
    show_letters(viewer)
    assert letters(viewer) == ["", "", "", ""]
    set_geometry(layer)
    viewer.dims.order = (0, 2, 1)
    assert letters(viewer) == ["L", "R", "P", "A"] or "" not in letters(viewer)
    viewer.layers.clear()
    assert letters(viewer) == ["", "", "", ""]


def test_letters_hide_and_come_back(viewer):
    assert not letters_shown(viewer)
    show_letters(viewer, False)
    assert CAPTION not in viewer.canvas.overlays
    show_letters(viewer)
    show_letters(viewer, False)
    assert not any(viewer.canvas.overlays[name].visible for name in (*EDGES, CAPTION))
    show_letters(viewer)
    assert all(viewer.canvas.overlays[name].visible for name in (*EDGES, CAPTION))


def test_letters_need_all_of_space_on_the_sliders():
    viewer = ViewerModel()
    data, options, _ = cube_layer()
    viewer.add_labels(data, **options)
    viewer.add_image(np.zeros((3, *data.shape)))
    viewer.layers.selection.active = viewer.layers[0]
    show_letters(viewer)
    assert letters(viewer) != ["", "", "", ""]
    viewer.dims.order = (1, 2, 0, 3)  # the stack's axis is up the screen
    assert letters(viewer) == ["", "", "", ""]


@pytest.mark.parametrize("order", [(0, 1, 2), (0, 2, 1), (1, 0, 2), (1, 2, 0), (2, 0, 1), (2, 1, 0)])
@pytest.mark.parametrize("convention", ["neurological", "radiological"])
def test_no_view_that_is_set_upright_is_mirrored(viewer, order, convention):
    viewer.dims.order = order
    viewer.scene.camera.orientation = orientation_for(order, np.eye(4)[[2, 1, 0, 3]], convention)
    for ndisplay in (2, 3):
        viewer.dims.ndisplay = ndisplay
        directions = screen_directions(viewer)
        assert not directions.is_mirrored
        assert np.allclose(np.cross(directions.right, directions.up), directions.towards)


def test_letters_name_what_lies_between():
    assert letters_of(np.array([1.0, 0, 0])) == "R"
    assert letters_of(np.array([-1.0, 0.05, 0])) == "L"
    assert letters_of(np.array([-0.6, 0.8, 0])) == "AL"
    assert letters_of(np.array([0.5, -0.5, -0.707])) == "IRP"


def test_the_caption_gives_way_to_the_letters_of_a_narrow_canvas(write, blob_map):
    viewer = ViewerModel()
    opened(viewer, write(blob_map))
    show_letters(viewer)
    viewer.canvas.size = (300, 600)
    assert viewer.canvas.overlays[CAPTION].text.startswith("axial")
    viewer.canvas.size = (300, 200)
    assert not viewer.canvas.overlays[CAPTION].text
    assert not viewer.canvas.overlays[CAPTION].box
    assert viewer.canvas.overlays["anatomy_left"].text == "L"
