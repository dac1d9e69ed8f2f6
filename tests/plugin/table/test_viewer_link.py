"""Table and viewer are one: what is picked in the one is picked in the other."""

from functools import partial
from types import SimpleNamespace

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_atlas_assign import assign
from napari_atlas_assign.modes.point_set import PointSet
from napari_atlas_assign.plugin.layers.colors import PALE
from napari_atlas_assign.plugin.layers.frame import frame_of
from napari_atlas_assign.plugin.layers.metadata import own_metadata
from napari_atlas_assign.plugin.show import TABLE_NAME, show
from napari_atlas_assign.plugin.table import columns as table_columns
from napari_atlas_assign.plugin.table.rows import Subject
from napari_atlas_assign.plugin.table.widget import PICK_DELAY
from napari_atlas_assign.plugin.viewer.overlays import region_map_layer, show_region
from napari_atlas_assign.plugin.viewer.placing import color_of_mode, find_modes_layer
from napari_atlas_assign.report.colors import mode_color
from tests.plugin.helpers import opened


@pytest.fixture(autouse=True)
def settings(monkeypatch):
    monkeypatch.setattr(table_columns, "_settings", lambda: None)


@pytest.fixture
def linked(table_beside, write, blob_map, label_atlas):
    """A viewer without a window, with a result and a table beside it."""
    viewer = ViewerModel()
    source = opened(viewer, write(blob_map))
    result = assign(source, label_atlas, threshold=3)
    show(result, viewer)
    table, link = table_beside(viewer, result)
    return SimpleNamespace(viewer=viewer, source=source, result=result, table=table, link=link, atlas=label_atlas)


def opacities(linked):
    colors = find_modes_layer(linked.result, linked.viewer).colormap.color_dict
    return {number: round(float(colors[number][3]), 2) for number in linked.result.modes["input structure"]}


def selected_modes(table):
    return {subject.mode for subject in table.selected_subjects()}


def test_selected_rows_make_their_modes_stand_out(linked, qtbot):
    page = linked.table.assignments
    place = [page.model.columns.values("input structure")[row] for row in page.model.rows].index(2)
    page.view.selectRow(place)
    layer = find_modes_layer(linked.result, linked.viewer)
    qtbot.waitUntil(lambda: layer.selected_label == 2)
    assert opacities(linked) == {1: PALE, 2: 1}
    page.view.clearSelection()
    qtbot.waitUntil(lambda: opacities(linked) == {1: 1, 2: 1})


def test_a_label_picked_in_the_layer_selects_its_rows(linked, qtbot):
    qtbot.wait(PICK_DELAY * 2)
    find_modes_layer(linked.result, linked.viewer).selected_label = 2
    assert selected_modes(linked.table) == {2}
    linked.table.tabs.setCurrentWidget(linked.table.modes)
    assert selected_modes(linked.table) == {2}
    assert opacities(linked) == {1: PALE, 2: 1}


def click(linked, position, moved=0):
    event = SimpleNamespace(
        type="mouse_press", pos=(10, 10), position=tuple(position), view_direction=None,
        dims_displayed=list(linked.viewer.dims.displayed), is_dragging=False, handled=False,
    )  # fmt: skip
    steps = next(c for c in linked.viewer.mouse_drag_callbacks if getattr(c, "__self__", None) is linked.link)(
        linked.viewer, event
    )
    next(steps)
    if moved:
        event.type, event.pos = "mouse_move", (10 + moved, 10)
        next(steps)
    event.type = "mouse_release"
    with pytest.raises(StopIteration):
        next(steps)


def test_a_click_on_a_mode_selects_its_rows_and_a_drag_does_not(linked, qtbot):
    layer = find_modes_layer(linked.result, linked.viewer)
    places = {n: layer.data_to_world(np.argwhere(layer.data == n)[0]) for n in (1, 2)}
    click(linked, places[2])
    assert selected_modes(linked.table) == {2}
    assert layer.selected_label == 2
    click(linked, places[1], moved=30)
    assert selected_modes(linked.table) == {2}
    click(linked, places[1], moved=1)
    assert selected_modes(linked.table) == {1}
    click(linked, layer.data_to_world(np.argwhere(layer.data == 0)[0]))
    assert selected_modes(linked.table) == {1}


def test_a_click_while_painting_selects_nothing(linked):
    layer = find_modes_layer(linked.result, linked.viewer)
    linked.viewer.layers.selection.active = layer
    layer.mode = "paint"
    click(linked, layer.data_to_world(np.argwhere(layer.data == 2)[0]))
    assert selected_modes(linked.table) == set()


def test_what_stands_out_still_does_after_a_change_of_threshold(linked, qtbot):
    linked.link.show_picked([Subject(2, None, 0)])
    chosen = find_modes_layer(linked.result, linked.viewer).colormap.color_dict[2]
    linked.result = assign(linked.source, linked.atlas, threshold=3.5)
    show(linked.result, linked.viewer)
    layer = find_modes_layer(linked.result, linked.viewer)
    (number,) = [n for n in linked.result.modes["input structure"] if np.allclose(layer.colormap.color_dict[n], chosen)]
    assert {n: a for n, a in opacities(linked).items() if a == 1} == {number: 1}


def region_maps(linked):
    return [layer.name for layer in linked.viewer.layers if own_metadata(layer).get("overlay")]


def test_selected_rows_show_their_region_maps_in_place_of_earlier_ones(linked):
    active = linked.viewer.layers.selection.active
    linked.link.show_picked([Subject(1, 0, 0), Subject(2, 1, 0), Subject(2, 1, 0)])
    assert region_maps(linked) == ["tiny: Lobus sinister (map)", "tiny: Lobus dexter (map)"]
    linked.link.show_picked([Subject(2, 1, 0), Subject(1, None, 0)])
    assert region_maps(linked) == ["tiny: Lobus dexter (map)"]
    assert linked.viewer.layers.selection.active is active
    linked.viewer.layers.remove("tiny: Lobus dexter (map)")
    linked.link.show_picked([Subject(2, 1, 0)])
    assert region_maps(linked) == ["tiny: Lobus dexter (map)"]
    linked.table.show_regions.setChecked(False)
    assert region_maps(linked) == []


def test_the_map_of_another_row_takes_the_layer_of_the_one_before(linked):
    linked.link.show_picked([Subject(1, 0, 0)])
    (layer,) = (x for x in linked.viewer.layers if own_metadata(x).get("overlay"))
    place, layer.opacity, layer.visible = linked.viewer.layers.index(layer), 0.3, False
    linked.link.show_picked([Subject(2, 1, 0)])
    assert linked.viewer.layers[place] is layer
    assert (layer.name, layer.opacity, layer.visible) == ("tiny: Lobus dexter (map)", 0.3, True)
    data, options, _ = region_map_layer(linked.result, 1, frame_of(linked.result.image, linked.viewer.layers))
    assert np.array_equal(layer.data, data)
    assert layer.contrast_limits == list(options["contrast_limits"])
    assert np.allclose(layer.colormap.colors, options["colormap"]["colors"])
    assert own_metadata(layer) == options["metadata"]["napari-atlas-assign"]


def test_a_map_that_is_shown_already_is_not_shown_twice(linked):
    linked.link.show_picked([Subject(1, 0, 0)])
    there = show_region(linked.result, linked.viewer, 1)
    linked.link.show_picked([Subject(2, 1, 0)])
    assert region_maps(linked) == ["tiny: Lobus dexter (map)"]
    assert there in linked.viewer.layers


def test_a_place_in_mm_is_gone_to(linked):
    page, row = linked.table.assignments, linked.result.assignments.iloc[0]
    linked.table.go_to_row(0, "centroid")
    assert np.allclose(linked.viewer.dims.point, row["centroid"][::-1], atol=1.6)
    page.view.clicked.emit(page.model.index(0, 0))
    peak = linked.result.modes.set_index("input structure")["peak"][row["input structure"]]
    assert np.allclose(linked.viewer.dims.point, peak[::-1], atol=1.6)


def test_layers_that_are_gone_do_no_harm(linked, qtbot):
    linked.viewer.layers.clear()
    linked.table.assignments.view.selectRow(0)
    linked.link.show_picked([Subject(1, 0, 0)])
    linked.table.go_to_row(0)


def test_another_image_takes_the_highlight_with_it(linked, write, blob_map):
    linked.link.show_picked([Subject(2, None, 0)])
    before = find_modes_layer(linked.result, linked.viewer)
    other = assign(opened(linked.viewer, write(blob_map, name="other.nii.gz")), linked.atlas, threshold=3)
    show(other, linked.viewer)
    linked.table.set_result(other)
    linked.link.show_picked([Subject(1, None, 0)])
    assert own_metadata(before)["highlighted"] == [[]]
    before.selected_label = 2  # of a result that is no longer in the table
    assert 2 not in selected_modes(linked.table)


def test_points_are_selected_in_their_layer(linked, label_atlas, qtbot):
    points = assign(PointSet(np.array([[0.0, 0, 0], [3.0, 0, 0]]), np.zeros(2), name="two"), label_atlas)
    show(points, linked.viewer)
    linked.table.set_result(points)
    linked.link.show_picked([Subject(2, None, 0)])
    (layer,) = [layer for layer in linked.viewer.layers if own_metadata(layer).get("role") == "points"]
    assert set(layer.selected_data) == {1}


def test_nothing_stands_out_any_more_when_the_table_is_closed(linked):
    linked.link.show_picked([Subject(2, 0, 0)])
    assert opacities(linked) == {1: PALE, 2: 1}
    linked.link.close()
    assert opacities(linked) == {1: 1, 2: 1}


def test_a_closed_link_leaves_the_viewer_alone(linked):
    linked.link.close()
    assert not [c for c in linked.viewer.mouse_drag_callbacks if getattr(c, "__self__", None) is linked.link]
    find_modes_layer(linked.result, linked.viewer).selected_label = 2
    assert selected_modes(linked.table) == set()


def test_a_table_that_was_taken_out_of_its_dock_lets_go_of_the_viewer_and_a_docked_one_follows_it(
    make_napari_viewer, write, blob_map, label_atlas
):
    viewer = make_napari_viewer()
    result = assign(opened(viewer, write(blob_map)), label_atlas, threshold=3)
    callbacks = list(viewer.mouse_drag_callbacks)
    show(result, viewer)
    table, layer = viewer.window.dock_widgets[TABLE_NAME], find_modes_layer(result, viewer)
    assert viewer.mouse_drag_callbacks != callbacks

    viewer.window.remove_dock_widget(table)
    layer.selected_label = 2
    assert viewer.mouse_drag_callbacks == callbacks
    assert selected_modes(table) == set()
    point, layers, colors = viewer.dims.point, list(viewer.layers), layer.colormap
    table.go_to_row(0)
    table.picked.emit([Subject(1, 0, 0)])
    assert (viewer.dims.point, list(viewer.layers), layer.colormap) == (point, layers, colors)

    viewer.window.add_dock_widget(table, name=TABLE_NAME)
    layer.selected_label = 1
    assert selected_modes(table) == {1}


@pytest.mark.filterwarnings("error::FutureWarning")  # how napari's proxies tell of private access
def test_rows_and_labels_follow_each_other_in_a_real_window(
    make_napari_viewer_proxy, qtbot, write, blob_map, label_atlas
):
    viewer = make_napari_viewer_proxy()
    source = opened(viewer, write(blob_map))
    result = assign(source, label_atlas, threshold=3)
    show(result, viewer)
    table = viewer.window.dock_widgets[TABLE_NAME]
    table.tabs.setCurrentIndex(1)
    table.modes.view.selectRow(1)
    layer = find_modes_layer(result, viewer)
    qtbot.waitUntil(lambda: layer.selected_label == 2)
    layer.selected_label = 1
    assert selected_modes(table) == {1}
    viewer.window.remove_dock_widget(table)
    layer.selected_label = 2


def test_a_report_after_a_drag_has_the_colours_of_viewer_and_table(write, blob_map, label_atlas, table_beside):
    viewer = ViewerModel()
    blob_map[1:3, 2:4, 2:4] += 6  # the smaller blob is the higher one: it is mode 1 once the other has shrunk
    layer = opened(viewer, write(blob_map))
    show(assign(layer, label_atlas, threshold=3), viewer)
    result = assign(layer, label_atlas, threshold=8)
    show(result, viewer)
    table, link = table_beside(viewer, result)
    table.set_result(result, partial(color_of_mode, viewer, result))
    before = [color_of_mode(viewer, result, 0, mode) for mode in (1, 2)]
    assert before == [mode_color(2), mode_color(1)]
    link.color_as_report()
    assert [color_of_mode(viewer, result, 0, mode) for mode in (1, 2)] == [mode_color(1), mode_color(2)]
    chip = table.assignments.model.color_of_mode(0)
    assert chip == mode_color(result.assignments["input structure"].iloc[0])
    shown = viewer.layers["map modes"].get_color(1)[:3]
    assert np.allclose(shown, [int(mode_color(1)[i : i + 2], 16) / 255 for i in (1, 3, 5)], atol=0.01)
