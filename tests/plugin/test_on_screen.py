"""Pixels of a real window: a mark at a known place in mm is seen on the right side, and the probe tells that place."""

import itertools

import numpy as np
import pytest
from qtpy.QtCore import QPoint
from qtpy.QtTest import QTest
from qtpy.QtWidgets import QApplication

from napari_atlas_assign.plugin.layers.reader import read
from napari_atlas_assign.plugin.probe.lookup import Here
from napari_atlas_assign.plugin.probe.pinned_places import add_pin
from napari_atlas_assign.plugin.probe.widget import WhatIsHere
from napari_atlas_assign.plugin.viewer.anatomical import anatomical_view, set_upright
from napari_atlas_assign.plugin.viewer.oblique import go_to_world
from napari_atlas_assign.plugin.viewer.viewer_frame import view_frame
from tests.plugin.helpers import AFFINES, SEEN, as_layer

ORIENTED = ["ras", "las", "permuted", "oblique"]
SHAPE = (16, 18, 14)
MARK = (4, 5, 10)
ORDERS = list(itertools.permutations(range(3)))

pytestmark = [
    pytest.mark.filterwarnings("ignore:Non-orthogonal slicing"),  # napari's own, of every slice of an oblique image
    pytest.mark.filterwarnings("ignore:.*is oblique"),
]


def marked(write, name):
    """A map of ones with one bright voxel, as this plugin opens it, its affine, and where the voxel is in world mm."""
    affine = np.array(AFFINES[name], dtype=np.float64)
    data = np.ones(SHAPE, np.float32)
    data[MARK] = 9
    layer = as_layer(read(write(data, affine))[0])
    layer.contrast_limits, layer.colormap = (0, 9), "gray"
    return layer, affine, (affine @ [*MARK, 1])[:3]


def bright(viewer):
    """Where the canvas is bright: the middle, as fractions from the left and from the top."""
    picture = viewer.screenshot(flash=False)[..., :3].astype(int).sum(axis=-1)
    rows, columns = np.nonzero(picture > 400)
    assert len(rows), "nothing bright on the screen"
    return (columns.mean() + 0.5) / picture.shape[1], (rows.mean() + 0.5) / picture.shape[0]


def middle(viewer):
    picture = viewer.screenshot(flash=False)[..., :3].astype(int).sum(axis=-1)
    rows, columns = np.nonzero(picture > 40)
    return (columns.min() + columns.max()) / 2 / picture.shape[1], (rows.min() + rows.max()) / 2 / picture.shape[0]


@pytest.mark.parametrize("name", ORIENTED)
def test_a_mark_is_seen_on_its_side_whatever_the_orientation_of_the_file(make_napari_viewer, write, name, qapp):
    viewer = make_napari_viewer(show=True)
    layer, affine, xyz = marked(write, name)
    viewer.add_layer(layer)
    centre = (affine @ [*(np.array(SHAPE) - 1) / 2, 1])[:3]
    side = {
        letter: sign * (xyz - centre)[axis]
        for axis, pair in enumerate(("LR", "PA", "IS"))
        for letter, sign in zip(pair, (-1, 1), strict=True)
    }
    for ndisplay, (plane, convention) in itertools.product((2, 3), SEEN):
        viewer.dims.ndisplay = ndisplay
        anatomical_view(viewer, plane, view_frame(viewer).view_from_world, convention)
        point = viewer.scene.camera.center
        go_to_world(viewer, view_frame(viewer), xyz)
        viewer.scene.camera.center = point
        qapp.processEvents()
        (column, row), (mid_column, mid_row) = bright(viewer), middle(viewer)
        left, right, up, down, _ = SEEN[plane, convention]
        seen = (right if column > mid_column else left), (up if row < mid_row else down)
        assert all(side[letter] > 0 for letter in seen), (plane, convention, ndisplay)


def test_going_to_a_place_moves_the_camera_only_where_the_place_is_out_of_view(make_napari_viewer, write, qapp):
    viewer = make_napari_viewer(show=True)
    layer, _, xyz = marked(write, "ras")
    viewer.add_layer(layer)
    anatomical_view(viewer, "axial", view_frame(viewer).view_from_world)
    qapp.processEvents()
    before = viewer.scene.camera.center
    go_to_world(viewer, view_frame(viewer), xyz)
    assert viewer.scene.camera.center == before
    assert layer.world_to_data(viewer.dims.point)[-3] == pytest.approx(layer.data.argmax() // (layer.data[0].size))
    viewer.scene.camera.zoom *= 20  # the middle fills the canvas, and the mark is beside it
    qapp.processEvents()
    go_to_world(viewer, view_frame(viewer), xyz)
    assert viewer.scene.camera.center != before
    bright(viewer)


@pytest.fixture
def panel(make_napari_viewer):
    viewer = make_napari_viewer(show=True)
    made = WhatIsHere(viewer)
    viewer.window.add_dock_widget(made)
    return made


def point_at(qtbot, panel, column, row):
    """Move the mouse to a place of the canvas, and wait until the panel has looked."""
    canvas = next(w for w in QApplication.allWidgets() if "CanvasBackend" in type(w).__name__ and w.isVisible())
    panel.here = None
    for nudge in (3, 0):  # Qt tells of no move to where the mouse is
        QTest.mouseMove(canvas, QPoint(int(column * canvas.width()) + nudge, int(row * canvas.height())))
        QApplication.processEvents()
    qtbot.waitUntil(lambda: panel.here is not None and not panel._timer.isActive())


@pytest.mark.parametrize("name", ["permuted", "oblique"])
def test_the_panel_tells_what_is_under_the_mouse_in_2d_and_3d_in_every_order_of_axes(panel, write, name, qtbot):
    viewer = panel._viewer
    layer, _, xyz = marked(write, name)
    viewer.add_layer(layer)
    for ndisplay, order in itertools.product((2, 3), ORDERS):
        viewer.dims.ndisplay = ndisplay
        viewer.dims.order = order
        set_upright(viewer, view_frame(viewer).view_from_world)
        viewer.reset_view()
        go_to_world(viewer, view_frame(viewer), xyz)
        if ndisplay == 3:
            viewer.scene.camera.angles = (10, 20, 70)
        QApplication.processEvents()
        point_at(qtbot, panel, *bright(viewer))
        assert panel.value_label.text() == "map: 9", (ndisplay, order)
        assert np.abs(np.array(panel.here.xyz) - xyz).max() < 1, (ndisplay, order)


@pytest.mark.parametrize("name", ["las", "oblique"])
def test_a_pin_is_seen_on_its_voxel_in_every_slice_order(make_napari_viewer, write, name, qapp):
    viewer = make_napari_viewer(show=True)
    layer, _, xyz = marked(write, name)
    viewer.add_layer(layer)
    pins = add_pin(viewer, Here(tuple(xyz), [], [], []), view_frame(viewer))
    pins.text = None
    for order in ORDERS:
        viewer.dims.order = order
        set_upright(viewer, view_frame(viewer).view_from_world)
        viewer.reset_view()
        go_to_world(viewer, view_frame(viewer), xyz)
        pins.visible, layer.visible = False, True
        qapp.processEvents()
        voxel = bright(viewer)
        pins.visible, layer.visible = True, False
        qapp.processEvents()
        assert np.allclose(bright(viewer), voxel, atol=0.01), order
