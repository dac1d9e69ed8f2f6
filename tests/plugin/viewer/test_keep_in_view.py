"""The whole brain stays in sight when a dock makes the canvas smaller; a zoom of the user stays, too."""

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_atlas_assign.plugin.viewer.anatomical import anatomical_view
from napari_atlas_assign.plugin.viewer.keep_in_view import keep_whole, shows_all

LARGE, LOW, NARROW = (900, 700), (400, 700), (900, 300)


@pytest.fixture(params=[2, 3])
def viewer(request):
    model = ViewerModel(ndisplay=request.param)
    model.canvas.size = LARGE
    model.add_image(np.zeros((40, 60, 50)), scale=(3, 3, 3), translate=(-60, -100, -75))
    anatomical_view(model, "axial")
    if request.param == 3:
        model.scene.camera.angles = (10, 20, 70)
        model.fit_to_view()
    return model


@pytest.mark.parametrize("size", [LOW, NARROW])
def test_the_whole_brain_stays_in_sight_when_the_canvas_becomes_smaller(viewer, size):
    angles = viewer.scene.camera.angles
    assert shows_all(viewer)
    keep_whole(viewer)
    viewer.canvas.size = size
    assert shows_all(viewer)
    assert viewer.scene.camera.angles == angles


def test_a_smaller_canvas_cuts_the_brain_off_where_nobody_looks_after_it(viewer):
    viewer.canvas.size = LOW
    assert not shows_all(viewer)


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_zoom_of_the_person_stays(viewer, when):
    camera = viewer.scene.camera
    if when == "before":
        camera.zoom *= 4
    keep_whole(viewer)
    if when == "after":
        camera.zoom *= 4
    zoom, centre = camera.zoom, camera.center
    viewer.canvas.size = LOW
    assert (camera.zoom, camera.center) == (zoom, centre)


def test_a_brain_moved_out_of_sight_is_not_brought_back(viewer):
    camera = viewer.scene.camera
    camera.center = tuple(c + 500 for c in camera.center)
    before = camera.center
    assert not shows_all(viewer)
    keep_whole(viewer)
    viewer.canvas.size = LOW
    assert camera.center == before


def test_only_the_next_change_of_size_is_looked_after(viewer):
    keep_whole(viewer)
    viewer.canvas.size = LOW
    zoom = viewer.scene.camera.zoom
    viewer.canvas.size = (200, 200)
    assert viewer.scene.camera.zoom == zoom


def test_a_small_brain_in_a_large_canvas_is_not_enlarged(viewer):
    viewer.scene.camera.zoom /= 4
    zoom = viewer.scene.camera.zoom
    keep_whole(viewer)
    viewer.canvas.size = LOW
    assert viewer.scene.camera.zoom == zoom


def test_an_empty_viewer_and_a_grid_are_left_alone(viewer):
    assert not shows_all(ViewerModel())
    viewer.canvas.grid.enabled = True
    assert not shows_all(viewer)
