"""The dock with three planes: one place in all, whatever the file's axes, and the layers of the viewer in each."""

from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_atlas_assign import InputError, assign, show
from napari_atlas_assign.plugin.planes.widget import ThreePlanes, place_in
from napari_atlas_assign.plugin.viewer.anatomical import plane_shown
from napari_atlas_assign.plugin.viewer.oblique import world_under
from napari_atlas_assign.plugin.viewer.viewer_frame import view_frame
from tests.plugin.helpers import AFFINES, opened, settle, without_crosshair

pytestmark = [
    pytest.mark.filterwarnings("ignore:Non-orthogonal slicing"),  # napari's own, of every slice of an oblique image
    pytest.mark.filterwarnings("ignore:.*is oblique"),
]


@pytest.fixture(params=["permuted", "oblique"])
def affine(request):
    return np.array(AFFINES[request.param], dtype=np.float64)


@pytest.fixture
def docked(make_napari_viewer, write, blob_map, affine):
    viewer = make_napari_viewer()
    opened(viewer, write(blob_map, affine))
    planes = ThreePlanes(viewer)
    viewer.window.add_dock_widget(planes, name="Three planes")
    yield viewer, planes
    planes.close_views()


def off(planes, viewer):
    """How far from the place the planes and the viewer are, in mm; napari's slices lie whole steps apart."""
    frame = view_frame(viewer)
    return [
        np.abs(world_under(model, frame, model.dims.point) - planes.xyz).max()
        for model in (viewer, *planes.models.values())
    ]


def tolerance(affine):
    """Half a voxel where the axes of the file are at an angle to those of napari's sliders."""
    return 1.6 if np.count_nonzero(np.abs(affine[:3, :3]) > 0.01) > 3 else 0.01


def click(model, position):
    event = SimpleNamespace(pos=(7, 7), type="mouse_press", position=position, modifiers=())
    for callback in list(model.mouse_drag_callbacks):
        event.type, gesture = "mouse_press", callback(model, event)
        if gesture is not None and next(gesture, "none") is None:
            event.type = "mouse_release"
            next(gesture, None)


def test_a_typed_place_is_gone_to_in_all_planes_and_in_the_viewer(docked, affine):
    viewer, planes = docked
    xyz = (affine @ [6, 6, 4, 1])[:3]
    planes.place.setText("  ".join(f"{value:.3f}" for value in xyz))
    planes.place.returnPressed.emit()
    assert np.allclose(planes.xyz, xyz, atol=0.001)
    assert max(off(planes, viewer)) < tolerance(affine)
    assert "9" in planes.caption.text().split(" · ")[1]  # the value of that voxel
    for plane, model in planes.models.items():
        assert plane_shown(model, view_frame(viewer).view_from_world) == plane
    planes.place.setText("39 north 55")
    planes.place.returnPressed.emit()
    assert "no place" in planes.caption.text()


def test_a_click_or_the_wheel_in_one_plane_moves_all(docked, affine):
    viewer, planes = docked
    xyz = (affine @ [2, 3, 3, 1])[:3]
    planes.go_to(xyz)
    model = planes.models["coronal"]
    position = list(model.dims.point)
    axis = model.dims.displayed[1]
    position[axis] += 2 * viewer.layers[0].scale[axis]
    click(model, tuple(position))
    aimed = world_under(model, view_frame(viewer), position)
    assert np.abs(aimed - xyz).max() > 3
    assert np.allclose(planes.xyz, aimed)
    assert max(off(planes, viewer)) < tolerance(affine)
    before, dims = planes.xyz, planes.models["sagittal"].dims
    dims.set_current_step(dims.order[0], 2)
    assert np.abs(planes.xyz - before).max() > 1
    assert max(off(planes, viewer)) < tolerance(affine)


def test_planes_show_the_layers_of_the_viewer_as_they_are_painted(make_napari_viewer, write, blob_map, label_atlas):
    viewer = make_napari_viewer()
    layer = opened(viewer, write(blob_map))
    planes = ThreePlanes(viewer)
    viewer.window.add_dock_widget(planes)
    show(assign(layer, label_atlas, threshold=3), viewer)
    settle()
    for model in planes.models.values():
        assert [layer.name for layer in without_crosshair(model)] == ["map", "map regions", "map modes"]
        assert model.layers["map modes"].contour == viewer.layers["map modes"].contour == 1
        assert model.layers["map modes"].data is viewer.layers["map modes"].data
    layer.opacity, viewer.layers["map modes"].visible = 0.3, False
    viewer.layers.move(0, 2)
    settle()
    for model in planes.models.values():
        assert (model.layers["map"].opacity, model.layers["map modes"].visible) == (0.3, False)
        assert [layer.name for layer in without_crosshair(model)] == ["map regions", "map", "map modes"]
    viewer.layers.remove("map modes")
    settle()
    assert all("map modes" not in model.layers for model in planes.models.values())
    planes.close_views()


def test_a_closed_dock_lets_go_of_the_viewer(make_napari_viewer, write, blob_map):
    viewer = make_napari_viewer()
    layer = opened(viewer, write(blob_map))
    before = len(viewer.mouse_drag_callbacks)
    planes = ThreePlanes(viewer)
    dock = viewer.window.add_dock_widget(planes)
    assert len(viewer.mouse_drag_callbacks) == before + 1
    viewer.window.remove_dock_widget(dock)
    settle()
    assert len(viewer.mouse_drag_callbacks) == before
    assert not planes.models
    layer.opacity = 0.2
    viewer.dims.set_current_step(0, 1)


@given(st.lists(st.floats(-200, 200), min_size=3, max_size=3), st.sampled_from([" ", ", ", ",", "; ", "  "]))
def test_a_place_is_read_as_it_is_commonly_written(xyz, between):
    assert np.allclose(place_in(f" ({between.join(map(repr, xyz))}) "), xyz)
    assert np.allclose(place_in(between.join(f"{value:.2f}" for value in xyz).replace("-", "−")), xyz, atol=0.006)


@pytest.mark.parametrize("text", ["", "1 2", "1 2 3 4", "a b c", "1 2 nan", "1 2 inf"])
def test_what_is_no_place_is_said_so(text):
    with pytest.raises(InputError, match="no place"):
        place_in(text)
