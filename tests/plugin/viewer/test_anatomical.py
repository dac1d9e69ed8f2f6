"""Brains stand upright, right is right, and nothing is mirrored."""

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_atlas_assign.plugin.layers.geometry import ZYX_FROM_WORLD
from napari_atlas_assign.plugin.viewer.anatomical import anatomical_view, axes_of, go_to, orientation_for, set_upright

# napari-nifti's layers: every axis of the view runs the other way.
TURNED = np.diag([-1.0, -1, -1, 1]) @ ZYX_FROM_WORLD

DIRECTIONS = {"axial": ("A", "R"), "coronal": ("S", "R"), "sagittal": ("S", "A")}
WORLD = {"R": np.array([1, 0, 0]), "A": np.array([0, 1, 0]), "S": np.array([0, 0, 1])}


def on_screen(order, orientation, view_from_world):
    """World directions (away from the screen towards the viewer, up, right) that napari shows for these settings."""
    vectors = []
    for axis, says, positive in zip(order, orientation, ("towards", "up", "right"), strict=True):
        view = np.zeros(4)
        view[axis] = 1 if says == positive else -1
        vectors.append((np.linalg.inv(view_from_world) @ view)[:3].round().astype(int))
    return vectors


@pytest.mark.parametrize("plane", list(DIRECTIONS))
@pytest.mark.parametrize("view_from_world", [ZYX_FROM_WORLD, TURNED, np.eye(4)], ids=["ours", "napari-nifti", "xyz"])
def test_planes_are_upright_neurological_and_unmirrored(plane, view_from_world):
    order = axes_of(plane, view_from_world)
    towards, up, right = on_screen(order, orientation_for(order, view_from_world), view_from_world)
    wanted_up, wanted_right = DIRECTIONS[plane]
    assert up.tolist() == WORLD[wanted_up].tolist()
    assert right.tolist() == WORLD[wanted_right].tolist()
    # A picture of the world shows right x up coming towards the viewer; otherwise it is a mirror image.
    assert towards.tolist() == np.cross(right, up).tolist()


def test_the_axial_view_of_our_layers_is_the_setting_that_was_seen_to_be_right():
    assert axes_of("axial", ZYX_FROM_WORLD) == (0, 1, 2)
    assert orientation_for((0, 1, 2), ZYX_FROM_WORLD) == ("towards", "up", "right")


def test_a_view_keeps_axes_before_space_in_front():
    viewer = ViewerModel()
    viewer.add_image(np.zeros((5, 4, 4, 4)))
    anatomical_view(viewer, "coronal")
    assert viewer.dims.order == (0, 2, 1, 3)


def test_setting_upright_keeps_the_plane_and_no_setting_of_the_person_changes():
    from napari.settings import get_settings

    before = get_settings().application.model_dump()
    viewer = ViewerModel()
    viewer.add_image(np.zeros((4, 4, 4)))
    viewer.dims.order = (2, 0, 1)
    set_upright(viewer)
    assert viewer.dims.order == (2, 0, 1)
    assert [str(o) for o in viewer.scene.camera.orientation] == ["towards", "up", "right"]
    assert get_settings().application.model_dump() == before


def test_flat_viewers_are_left_alone():
    viewer = ViewerModel()
    viewer.add_image(np.zeros((4, 4)))
    before = viewer.scene.camera.orientation
    anatomical_view(viewer)
    set_upright(viewer)
    assert viewer.scene.camera.orientation == before


@pytest.mark.parametrize("ndisplay", [2, 3])
def test_going_to_a_place_moves_slices_but_not_the_region_slider(ndisplay):
    viewer = ViewerModel(ndisplay=ndisplay)
    viewer.add_image(np.zeros((5, 10, 11, 12)))
    viewer.dims.set_point(0, 3)
    centre = viewer.scene.camera.center
    go_to(viewer, np.array([2.0, 4.0, 6.0]))
    assert viewer.dims.point == (3, 2, 4, 6)
    assert viewer.scene.camera.center == (centre if ndisplay == 2 else (2, 4, 6))  # in a plane, it is in view already
