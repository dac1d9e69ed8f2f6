"""In a stack, labels of modes mean something else in every volume: hovering, clicks and rows keep to their volume."""

from types import SimpleNamespace

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Layer

from napari_atlas_assign import assign, show
from napari_atlas_assign.plugin.layers.colors import PALE
from napari_atlas_assign.plugin.layers.convert import image_from_layer
from napari_atlas_assign.plugin.layers.metadata import with_space_last
from napari_atlas_assign.plugin.table import columns as table_columns
from napari_atlas_assign.plugin.table.rows import Subject
from napari_atlas_assign.plugin.viewer.placing import find_modes_layer
from napari_atlas_assign.plugin.viewer.viewer_frame import show_volume, volume_shown
from tests.plugin.helpers import go_to_peak, placed


@pytest.fixture(autouse=True)
def settings(monkeypatch):
    monkeypatch.setattr(table_columns, "_settings", lambda: None)


@pytest.fixture
def volumes(blob_map):
    """The largest blob on the right; nothing; the largest blob on the left."""
    return np.stack([blob_map.T, 0 * blob_map.T, blob_map.T[..., ::-1]])


@pytest.fixture(params=[False, True], ids=["one axis", "two axes"])
def stack(table_beside, volumes, label_atlas, request):
    """A viewer with a stack, its result, and a linked table."""
    viewer = ViewerModel()
    source = viewer.add_layer(placed(volumes[None] if request.param else volumes, name="stack"))
    result = assign(source, label_atlas, threshold=3)
    show(result, viewer)
    table, link = table_beside(viewer, result)
    return SimpleNamespace(
        viewer=viewer, source=source, result=result, table=table, link=link, modes=viewer.layers["stack modes"]
    )


def at(stack, volume):
    show_volume(stack.viewer, stack.source, volume)
    assert volume_shown(stack.modes, stack.viewer.dims.point) == volume


def status(stack, volume, label):
    """What napari tells when the cursor is over a mode of a volume."""
    layer = stack.modes
    at(stack, volume)
    voxel = np.argwhere(layer.data.reshape(-1, *layer.data.shape[-3:])[volume] == label)[0]
    place = layer.data_to_world((*np.unravel_index(volume, layer.data.shape[:-3]), *voxel))
    return layer.get_status(place, world=True)["value"].split("; ", 1)[1]


def test_hovering_tells_the_region_of_the_mode_in_the_volume_shown(stack):
    assert status(stack, 2, 1).startswith("region: Lobus sinister,")
    assert status(stack, 0, 1).startswith("region: Lobus dexter,")
    assert "peak: 9, mm3: 360" in status(stack, 2, 1)
    at(stack, 1)
    assert len(stack.modes.features) == 1


def test_an_update_tells_of_the_volume_shown(stack, label_atlas):
    at(stack, 2)
    show(assign(stack.source, label_atlas, threshold=5.5), stack.viewer)
    assert stack.modes.features["region"].tolist() == [None, "Lobus sinister"]
    at(stack, 0)
    assert stack.modes.features["region"].tolist() == [None, "Lobus dexter"]


def test_a_row_is_gone_to_in_its_volume(stack):
    page = stack.table.assignments
    for row, volume in enumerate(page.model.columns.values("map")):
        page.view.clicked.emit(page.model.index(page.model.rows.tolist().index(row), 0))
        assert volume_shown(stack.source, stack.viewer.dims.point) == volume
    go_to_peak(stack.viewer, stack.result, 1, run=0)
    assert volume_shown(stack.source, stack.viewer.dims.point) == 0


def test_the_mode_of_one_volume_is_gone_to_in_that_volume(volumes, label_atlas):
    viewer = ViewerModel()
    source = viewer.add_layer(placed(volumes, name="stack"))
    result = assign(image_from_layer(source, volume=2), label_atlas, threshold=3)
    show(result, viewer)
    go_to_peak(viewer, result, 1)
    assert volume_shown(source, viewer.dims.point) == 2


def selected(stack):
    return [(subject.run, subject.mode) for subject in stack.table.selected_subjects()]


def test_a_mode_picked_in_the_viewer_selects_the_rows_of_its_volume(stack):
    stack.table.tabs.setCurrentWidget(stack.table.modes)
    at(stack, 2)
    stack.modes.selected_label = 2
    assert selected(stack) == [(2, 2)]
    at(stack, 0)
    stack.modes.selected_label = 1
    assert selected(stack) == [(0, 1)]


def test_selected_rows_stand_out_in_their_volume_only(stack):
    def opacities():
        return [round(float(stack.modes.colormap.color_dict[n][3]), 2) for n in (1, 2)]

    at(stack, 0)
    stack.link.show_picked([Subject(2, None, 2)])
    assert opacities() == [PALE, PALE]
    at(stack, 2)
    assert opacities() == [PALE, 1]
    stack.link.show_picked([])
    assert opacities() == [1, 1]


def test_modes_keep_their_colours_in_every_volume(label_atlas):
    hills = np.zeros((2, 7, 9, 8), np.float32)  # of which the first is larger at low thresholds only
    hills[:, 0:6, 0:8, 0:4], hills[:, 1, 1, 1] = 2, 8
    hills[:, 3:6, 4:7, 5:7] = 6
    hills[1] = hills[1, ..., ::-1]
    hills[1][hills[1] == 2] = 2.5  # and here changes its number at a higher one
    viewer = ViewerModel()
    source = viewer.add_layer(placed(hills, name="hills"))
    show(assign(source, label_atlas, threshold=1), viewer)
    layer = viewer.layers["hills modes"]
    places = [(0, 1, 1, 1), (0, 4, 5, 6), (1, 1, 1, 6), (1, 4, 5, 1)]

    def colors():
        found = []
        for place in places:
            show_volume(viewer, source, place[0])
            found.append(tuple(np.round(layer.colormap.map(layer.data[place]), 2)))
        return found

    first = colors()
    assert len(set(first)) == 2
    for threshold, numbers in ((2.2, [2, 1, 1, 2]), (3, [2, 1, 2, 1])):
        show(assign(source, label_atlas, threshold=threshold), viewer)
        assert [layer.data[place] for place in places] == numbers
        assert colors() == first


def test_a_layer_that_is_gone_is_not_followed(stack):
    show_volume(stack.viewer, stack.source, 0)
    n = len(stack.viewer.dims.events.current_step.callbacks)
    stack.viewer.layers.remove(stack.modes)
    show_volume(stack.viewer, stack.source, 2)
    assert len(stack.viewer.dims.events.current_step.callbacks) == n - 1


# --- modes of their own for every atlas ---


@pytest.mark.parametrize("is_stack", [False, True])
def test_each_atlas_shows_its_own_modes_in_siibra_s_convention(
    volumes, label_atlas, small_atlas, table_beside, is_stack
):
    viewer = ViewerModel()
    source = viewer.add_layer(placed(volumes if is_stack else volumes[0], name="map"))
    options = {"threshold": 3, "convention": "siibra"}
    result = assign(source, [label_atlas, small_atlas], **options)
    show(result, viewer)
    layers = [viewer.layers[f"map modes ({atlas.name})"] for atlas in (label_atlas, small_atlas)]
    for number, run in enumerate(result.comparisons):
        layer = find_modes_layer(result, viewer, number)
        assert layer is layers[number % 2]
        drawn = layer.data[run.map_index] if is_stack else layer.data
        assert np.array_equal(np.sort(drawn[drawn > 0]), np.sort(run.modes.number[run.modes.mode]))
    table, link = table_beside(viewer, result)
    show_volume(viewer, source, 0)
    layers[1].selected_label = 2
    assert {subject.run for subject in table.selected_subjects()} == {1}
    link.show_picked([Subject(1, None, 0)])
    assert layers[1].colormap.color_dict[1][3] == pytest.approx(1)
    assert layers[0].colormap.color_dict[2][3] == pytest.approx(PALE)
    show(assign(source, small_atlas, **options), viewer)
    assert layers[1] in viewer.layers
    assert layers[0] not in viewer.layers
    assert len([layer for layer in viewer.layers if "modes" in layer.name]) == 1


def test_hovering_tells_the_region_of_every_atlas(blob_map, label_atlas):
    viewer = ViewerModel()
    source = viewer.add_layer(placed(blob_map.T, name="map"))
    result = assign(source, [label_atlas, label_atlas.described(name="other")], threshold=3)
    show(result, viewer)
    go_to_peak(viewer, result, 1)
    told = viewer.layers["map modes"].get_status(viewer.dims.point, world=True)["value"]
    assert told == "1; tiny: Lobus dexter, other: Lobus dexter, peak: 9, mm3: 360"


def test_axes_of_time_and_channels_are_put_in_front_with_all_that_belongs_to_them():
    data, turn = np.arange(120.0).reshape(2, 3, 4, 5), np.eye(5)
    turn[0, 4], turn[1, 2] = 7, 0.5
    layer = Image(
        data, axis_labels=("z", "t", "x", "c"), scale=(1, 2, 3, 4), translate=(5, 6, 7, 8), affine=turn, name="x"
    )
    moved = Layer.create(*with_space_last(layer))
    assert np.array_equal(moved.data, data.transpose(1, 3, 0, 2))
    assert moved.axis_labels == ("t", "c", "z", "x")
    there, here = layer.data_to_world((1, 2, 3, 4)), moved.data_to_world((2, 4, 1, 3))
    assert np.allclose(here, np.array(there)[[1, 3, 0, 2]])
