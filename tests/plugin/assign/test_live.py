"""A threshold that moves: the last value wins, nothing piles up, and colours stay with their modes."""

import gc

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from napari.components import ViewerModel
from qtpy.QtCore import QObject
from superqt.utils import GeneratorWorker

from napari_atlas_assign import assign, loops, show
from napari_atlas_assign.assignment.best_region_labels import best_region_labels
from napari_atlas_assign.assignment.result import Result
from napari_atlas_assign.plugin.assign.latest import Latest, compile_beside
from napari_atlas_assign.plugin.assign.widget import AssignWidget
from napari_atlas_assign.plugin.layers.colors import match_colors
from napari_atlas_assign.plugin.layers.convert import atlas_to_layer
from napari_atlas_assign.report.colors import mode_color
from tests.plugin.helpers import as_layer, placed, without_crosshair

# --- one at a time, the last wins ---


def test_what_comes_meanwhile_is_replaced_by_what_comes_last():
    started = []
    latest = Latest(started.append)
    for item in (1, 2, 3, 4):
        latest.submit(item)
    assert started == [1]
    latest.finished()
    assert started == [1, 4]
    latest.finished()
    assert started == [1, 4]
    assert not latest.is_busy


def test_what_is_done_at_once_leaves_the_way_free():
    done = []
    latest = Latest(lambda item: (done.append(item), latest.finished()))
    latest.submit(1)
    latest.submit(2)
    assert done == [1, 2]


def test_what_waits_can_be_forgotten():
    started = []
    latest = Latest(started.append)
    latest.submit(1)
    latest.submit(2)
    latest.clear()
    latest.finished()
    assert started == [1]
    latest.submit(3)
    assert started == [1, 3]


# --- colours ---


def colors_of(n):
    return {number: mode_color(number) for number in range(1, n + 1)}


def test_a_mode_keeps_its_colour_when_its_number_changes():
    before, after = np.array([1, 1, 1, 0, 2, 2, 0]), np.array([0, 2, 0, 0, 1, 1, 1])
    assert match_colors(before, after, {1: "#111111", 2: "#222222"}) == {1: "#222222", 2: "#111111"}


def test_of_a_mode_that_splits_the_largest_part_keeps_the_colour():
    before, after = np.ones(7, int), np.array([1, 1, 0, 2, 2, 2, 0])
    matched = match_colors(before, after, colors_of(1))
    assert matched[2] == mode_color(1)
    assert matched[1] != mode_color(1)


def test_modes_that_merge_take_the_colour_of_the_largest():
    before, after = np.array([1, 1, 0, 2, 2, 2]), np.ones(6, int)
    assert match_colors(before, after, {1: "#111111", 2: "#222222"}) == {1: "#222222"}


def test_new_modes_get_colours_that_no_other_has():
    before, after = np.array([0, 0, 1, 1]), np.array([1, 2, 3, 3])
    matched = match_colors(before, after, {1: mode_color(1)})
    assert matched[3] == mode_color(1)
    assert len(set(matched.values())) == 3


labels = arrays(np.int64, 30, elements=st.integers(0, 6))


@given(labels, labels)
def test_every_mode_has_one_colour_of_its_own(before, after):
    matched = match_colors(before, after, colors_of(6))
    assert sorted(matched) == np.unique(after[after > 0]).tolist()
    assert len(set(matched.values())) == len(matched)


@given(labels, st.permutations(range(1, 7)))
def test_numbers_may_change_places_and_colours_stay(before, order):
    numbers = np.array([0, *order])
    matched = match_colors(before, numbers[before], colors_of(6))
    assert all(matched[int(numbers[n])] == mode_color(n) for n in np.unique(before[before > 0]))


# --- in a viewer ---


@pytest.fixture
def two_hills():
    """Two hills: the first is larger at low thresholds, the second at high ones."""
    data = np.zeros((8, 9, 7), np.float32)
    data[0:4, 0:8, 0:6] = 2
    data[1, 1, 1] = 8
    data[5:7, 4:7, 3:6] = 6
    return data


def test_layers_are_written_into_and_colours_follow_the_modes(two_hills, label_atlas):
    viewer = ViewerModel()
    source = viewer.add_layer(placed(two_hills.T, name="map"))
    show(assign(source, label_atlas, threshold=1), viewer)
    layer = viewer.layers["map modes"]
    buffer = layer.data
    place = (4, 5, 6)
    assert (buffer[1, 1, 1], buffer[place]) == (1, 2)
    before = [layer.colormap.map(n) for n in (1, 2)]
    show(assign(source, label_atlas, threshold=3), viewer)
    assert layer.data is buffer
    assert (buffer[1, 1, 1], buffer[place]) == (2, 1)
    assert np.allclose([layer.colormap.map(n) for n in (2, 1)], before)
    assert len(without_crosshair(viewer)) == 3


def test_an_update_leaves_the_earlier_result_as_it_was(two_hills, label_atlas):
    viewer = ViewerModel()
    source = viewer.add_layer(placed(two_hills.T, name="map"))
    first = assign(source, label_atlas, threshold=1)
    show(first, viewer)
    kept = first.components.data.copy()
    show(assign(source, label_atlas, threshold=3), viewer)
    assert np.array_equal(first.components.data, kept)


@pytest.fixture
def live(qtbot, two_hills, label_atlas):
    model = ViewerModel()
    widget = AssignWidget(model)
    qtbot.addWidget(widget)
    model.add_layer(as_layer(atlas_to_layer(label_atlas)))
    model.add_layer(placed(two_hills.T, name="map"))
    return widget


def settle(qtbot, widget):
    qtbot.waitUntil(lambda: not widget.is_running)


def test_moving_the_threshold_assigns_without_a_button(live, qtbot):
    live.threshold.value = 1.5
    settle(qtbot, live)
    assert live.status.value == "2 modes, 3 assignments."
    live.fields.slider.setValue(7)
    settle(qtbot, live)
    assert live.threshold.value == pytest.approx(7, abs=0.05)
    qtbot.waitUntil(lambda: live.status.value == "1 mode, 1 assignment.")


@pytest.mark.parametrize("at_once", [0, 1e9])
def test_soon_after_a_move_modes_tell_what_they_are(live, qtbot, monkeypatch, at_once):
    monkeypatch.setattr("napari_atlas_assign.plugin.assign.widget.AT_ONCE", at_once)
    for threshold in (1.5, 5, 7):
        live.threshold.value = threshold
        settle(qtbot, live)
    modes = live._viewer.layers["map modes"]
    qtbot.waitUntil(lambda: len(modes.features) == len(live.result.modes) + 1)
    assert modes.features["peak"].tolist()[1:] == live.result.modes["peak value"].round(3).tolist()


def test_what_a_move_has_brought_is_told_before_the_next_assignment(live, qtbot):
    live.threshold.value = 1.5
    settle(qtbot, live)
    live.threshold.value = 7
    settle(qtbot, live)
    live._drop()
    assert live.status.value == "1 mode, 1 assignment."


@pytest.mark.parametrize(
    ("largest", "dragged", "number"), [(7.94, 2.17571, 2.18), (1234.5, 301.62, 302), (0.05, 0.012345, 0.0123)]
)
def test_a_dragged_threshold_is_no_finer_than_a_hand_can_drag(live, largest, dragged, number):
    live.fields.show_source("image", largest)
    live.fields.slider.setValue(dragged)
    assert live.threshold.value == number


@pytest.mark.parametrize("at_once", [0, 1e9])
def test_the_last_of_many_values_wins(live, qtbot, monkeypatch, at_once):
    monkeypatch.setattr("napari_atlas_assign.plugin.assign.widget.AT_ONCE", at_once)
    for value in np.linspace(0.1, 5, 40):
        live.threshold.value = value
        qtbot.wait(1)
    live.threshold.value = 1.25
    settle(qtbot, live)
    layers = live._viewer.layers
    fresh = assign(layers["map"], live.result.atlas, threshold=1.25)
    assert live.result.parameters == fresh.parameters
    assert live.result.assignments.equals(fresh.assignments)
    assert np.array_equal(layers["map modes"].data.T, fresh.components.data)
    assert np.array_equal(layers["map regions"].data.T, best_region_labels(fresh).data)


@pytest.mark.parametrize(
    ("field", "value", "modes"),
    [("tail", "negative", 0), ("min_volume", 1e4, 0), ("keep_largest", 1, 1), ("kind", "percentile", 1)],
)
def test_every_parameter_is_live(live, qtbot, field, value, modes):
    live.threshold.value = 1.5
    settle(qtbot, live)
    getattr(live.fields, field).value = value
    settle(qtbot, live)
    assert len(live.result.modes) == modes


def test_without_live_nothing_runs_unasked(live, qtbot):
    live.live.value = False
    live.threshold.value = 1.5
    qtbot.wait(20)
    assert not live.is_running
    assert live.result is None


def test_large_maps_and_atlases_to_be_downloaded_wait_for_the_button(live, qtbot, monkeypatch):
    monkeypatch.setattr("napari_atlas_assign.plugin.assign.widget.MOST_VOXELS", 100)
    live.threshold.value = 1.5
    assert not live.is_running
    monkeypatch.undo()
    monkeypatch.setattr(type(live.atlas), "is_local", False)
    live.threshold.value = 1.6
    assert not live.is_running


def test_a_map_of_unknown_place_waits_for_the_button(live, qtbot, monkeypatch):
    monkeypatch.setattr(type(live.source_fields), "is_placed", False)
    live.threshold.value = 1.5
    qtbot.wait(20)
    assert not live.is_running
    assert live.result is None
    monkeypatch.undo()
    live.threshold.value = 1.6
    assert live.is_running
    settle(qtbot, live)


def instances(kind):
    """How many there are; by their own type, since a weak proxy cannot be asked for that of what is gone."""
    gc.collect()
    return sum(issubclass(type(thing), kind) for thing in gc.get_objects())


def test_two_hundred_updates_leave_nothing_behind(live, qtbot):
    live.threshold.value = 1.5
    settle(qtbot, live)

    def things():
        return np.array([len(live.findChildren(QObject)), len(live._viewer.layers)])

    before, held = instances(Result), things()
    for n in range(200):
        live.threshold.value = 1 + (n % 50) / 10
        settle(qtbot, live)
    assert instances(Result) <= before + 1
    assert (things() <= held).all()


def test_updates_in_a_window_leave_no_worker_behind(make_napari_viewer, qtbot, monkeypatch, two_hills, label_atlas):
    monkeypatch.setattr("napari_atlas_assign.plugin.assign.widget.AT_ONCE", 0)  # so that each takes a worker
    viewer = make_napari_viewer()
    viewer.add_layer(as_layer(atlas_to_layer(label_atlas)))
    viewer.add_layer(placed(two_hills.T, name="map"))
    _, widget = viewer.window.add_plugin_dock_widget("napari-atlas-assign", "Assign modes")

    widget.assign()
    settle(qtbot, widget)
    held = instances(GeneratorWorker)
    for threshold in np.linspace(1.2, 2.5, 12):
        widget.threshold.value = threshold
        settle(qtbot, widget)
    assert widget.result.parameters.threshold == 2.5
    qtbot.waitUntil(lambda: instances(GeneratorWorker) <= held)


def test_the_first_slow_update_has_the_loop_compiled_once(live, qtbot, monkeypatch):
    asked = []
    compile_beside.cache_clear()
    monkeypatch.setattr(loops, "prepare", lambda: asked.append(1))
    monkeypatch.setattr("napari_atlas_assign.plugin.assign.widget.AT_ONCE", 0)
    for threshold in (1.5, 1.6, 1.7):
        live.threshold.value = threshold
        settle(qtbot, live)
        assert live.result.parameters.threshold == threshold
    compile_beside.cache_clear()
    assert asked == [1]
