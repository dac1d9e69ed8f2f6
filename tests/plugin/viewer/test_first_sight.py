"""What is seen first: upright, lettered, at the peak; and painted so that nothing inactive looks active."""

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.utils.camera_orientations import DEFAULT_ORIENTATION_TYPED

from napari_atlas_assign import assign, show
from napari_atlas_assign.plugin.layers.map_colors import FAINT, map_colormap
from napari_atlas_assign.plugin.viewer.anatomical import anatomical_view
from napari_atlas_assign.plugin.viewer.crosshair import crosshair_of
from napari_atlas_assign.plugin.viewer.first_sight import present
from napari_atlas_assign.plugin.viewer.orientation_letters import letters_shown
from napari_atlas_assign.plugin.viewer.placing import color_of_mode, find_layer
from napari_atlas_assign.report.colors import mode_color
from tests.plugin.helpers import AFFINES, opened, placed


@pytest.fixture
def viewer():
    return ViewerModel()


def opacity_at(colormap, limits, value):
    at = (value - limits[0]) / (limits[1] - limits[0])
    return float(np.interp(at, colormap["controls"], colormap["colors"][:, 3]))


# --- where the viewer stands ---


def test_the_first_map_is_shown_upright_with_letters_and_a_crosshair_at_its_peak(viewer, write, blob_map):
    layer = opened(viewer, write(blob_map))
    assert present(viewer, layer)
    peak = np.argwhere(blob_map == 9)[0]
    world = np.array(AFFINES["ras"]) @ [*peak, 1]
    assert np.allclose(viewer.dims.point, world[2::-1])
    assert viewer.scene.camera.orientation[1:] == ("up", "right")
    assert letters_shown(viewer)
    lines = crosshair_of(viewer)
    seen = np.abs(lines.data[:, 0] * lines.scale - world[2::-1]) < 0.01
    assert (seen.sum(axis=1) == 2).all()  # each line lies on two of the three planes through the place


@pytest.mark.parametrize("touch", ["turned", "3D", "rolled", "another layer"])
def test_what_a_user_has_touched_is_left_alone(viewer, write, blob_map, touch):
    layer = opened(viewer, write(blob_map))
    if touch == "turned":
        viewer.scene.camera.orientation = ("away", "up", "left")
    elif touch == "3D":
        viewer.dims.ndisplay = 3
    elif touch == "rolled":
        viewer.dims.order = (1, 2, 0)
    else:
        viewer.add_image(np.zeros((3, 3, 3)))
    before = tuple(viewer.scene.camera.orientation), viewer.scene.camera.zoom, viewer.dims.point
    assert not present(viewer, layer)
    assert (tuple(viewer.scene.camera.orientation), viewer.scene.camera.zoom, viewer.dims.point) == before


def test_a_map_that_is_opened_while_no_dock_is_open_is_upright_too(make_napari_viewer, write, blob_map):
    viewer = make_napari_viewer()
    viewer.open(write(blob_map), plugin="napari-atlas-assign")
    assert viewer.scene.camera.orientation[1:] == ("up", "right")
    assert letters_shown(viewer)
    assert crosshair_of(viewer) is not None
    viewer.scene.camera.orientation = DEFAULT_ORIENTATION_TYPED
    viewer.open(write(blob_map, name="second.nii.gz"), plugin="napari-atlas-assign")
    assert tuple(viewer.scene.camera.orientation) == tuple(DEFAULT_ORIENTATION_TYPED)  # turned back by hand
    before = len(viewer.layers.events.inserted.callbacks)
    viewer.add_image(np.zeros((3, 3, 3)))
    assert len(viewer.layers.events.inserted.callbacks) == before


def test_a_first_result_leaves_a_view_that_a_user_has_turned(viewer, write, blob_map, label_atlas):
    layer = opened(viewer, write(blob_map))
    anatomical_view(viewer, "axial", convention="radiological")
    before = tuple(viewer.scene.camera.orientation)
    show(assign(layer, label_atlas, threshold=3), viewer)
    assert tuple(viewer.scene.camera.orientation) == before


def test_a_zoom_stays(viewer, write, blob_map):
    layer = opened(viewer, write(blob_map))
    viewer.scene.camera.zoom *= 7
    zoom = viewer.scene.camera.zoom
    assert present(viewer, layer)
    assert viewer.scene.camera.zoom == zoom


def test_where_left_is_unknown_nothing_is_turned(viewer, blob_map):
    layer = viewer.add_image(blob_map.T)
    assert not present(viewer, layer)
    assert tuple(viewer.scene.camera.orientation) == tuple(DEFAULT_ORIENTATION_TYPED)


def test_a_template_comes_by_itself_behind_maps_as_large_as_a_head_only(viewer, write, monkeypatch):
    asked = []
    monkeypatch.setattr("napari_atlas_assign.plugin.viewer.first_sight.add_template", asked.append)
    present(viewer, opened(viewer, write(np.ones((9, 10, 9)), np.diag([2, 2, 2, 1.0]))))
    assert not asked
    head = ViewerModel()
    present(head, opened(head, write(np.ones((9, 10, 9)), np.diag([20, 20, 20, 1.0]), "head.nii.gz")))
    assert asked == [head]


def test_the_crosshair_follows_without_another_layer(viewer, write, blob_map, label_atlas):
    from napari_atlas_assign.plugin.viewer.crosshair import show_crosshair
    from napari_atlas_assign.plugin.viewer.viewer_frame import frame_of_layer

    frame = frame_of_layer(opened(viewer, write(blob_map)))
    first = show_crosshair(viewer, frame, (0.0, 0.0, 0.0))
    before, n_layers = first.data.copy(), len(viewer.layers)
    assert show_crosshair(viewer, frame, (2.0, 2.5, 3.0)) is first
    assert not np.array_equal(first.data, before)
    assert len(viewer.layers) == n_layers


# --- colours ---


@pytest.mark.parametrize("limits", [(-8.0, 8.0), (0.0, 8.0)])
def test_a_map_is_clear_at_0_faint_below_the_threshold_and_opaque_beyond(limits):
    colormap = map_colormap(limits, 3.0, "positive")
    assert opacity_at(colormap, limits, 0.0) < 0.02
    assert 0 < opacity_at(colormap, limits, 2.8) <= FAINT
    assert opacity_at(colormap, limits, 3.1) == 1
    if limits[0] < 0:
        assert opacity_at(colormap, limits, -7.0) <= FAINT
        assert opacity_at(map_colormap(limits, 3.0, "both"), limits, -7.0) == 1
        assert opacity_at(map_colormap(limits, 3.0, "negative"), limits, 7.0) <= FAINT


def test_a_result_paints_its_map_and_colours_of_the_user_stay(viewer, write, blob_map, label_atlas):
    layer = opened(viewer, write(blob_map))
    for threshold in (2, 3):
        show(assign(layer, label_atlas, threshold=threshold), viewer)
        assert layer.colormap.name == "clear hot"
    assert layer.colormap.map(2.9 / 9)[0, 3] < 0.5 < layer.colormap.map(3.2 / 9)[0, 3]
    layer.colormap = "viridis"
    show(assign(layer, label_atlas, threshold=4), viewer)
    assert layer.colormap.name == "viridis"


def test_in_3d_what_is_below_the_threshold_is_no_fog(viewer, write, blob_map, label_atlas):
    layer = opened(viewer, write(blob_map))
    show(assign(layer, label_atlas, threshold=3), viewer)
    viewer.dims.ndisplay = 3
    assert layer.colormap.map(2.9 / 9)[0, 3] < 0.1
    viewer.dims.ndisplay = 2
    assert layer.colormap.map(2.9 / 9)[0, 3] > 0.2


def test_modes_and_regions_are_outlines_in_2d_and_a_filling_by_the_user_stays(viewer, write, blob_map, label_atlas):
    layer = opened(viewer, write(blob_map))
    show(assign(layer, label_atlas, threshold=3), viewer)
    modes, regions = (find_layer(viewer, role, layer.name) for role in ("modes", "regions"))
    assert (modes.contour, regions.contour) == (1, 1)
    modes.contour = 0
    viewer.dims.ndisplay = 3
    assert (modes.contour, regions.contour) == (0, 0)
    viewer.dims.ndisplay = 2
    assert (modes.contour, regions.contour) == (0, 1)


def test_a_mode_has_the_colour_of_the_report(viewer, blob_map, label_atlas):
    layer = viewer.add_layer(placed(blob_map.T))
    result = assign(layer, label_atlas, threshold=3)
    show(result, viewer)
    for number in (1, 2):
        assert color_of_mode(viewer, result, 0, number) == mode_color(number)
        shown = find_layer(viewer, "modes", layer.name).get_color(number)
        assert np.allclose(shown[:3], [int(mode_color(number)[i : i + 2], 16) / 255 for i in (1, 3, 5)], atol=0.01)


def test_colours_of_modes_do_not_come_again():
    assert len({mode_color(number) for number in range(1, 60)}) == 59
