"""The dock widget, in a real viewer where that is what is claimed, and on a bare model elsewhere."""

import threading
import warnings

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Labels
from qtpy.QtCore import Qt, QTimer

from napari_atlas_assign import assign, show
from napari_atlas_assign.assignment.parameters import Parameters, Threshold
from napari_atlas_assign.plugin.assign import worker as run
from napari_atlas_assign.plugin.assign.source_fields import usual_threshold
from napari_atlas_assign.plugin.assign.summary import region_shown
from napari_atlas_assign.plugin.assign.widget import AssignWidget
from napari_atlas_assign.plugin.layers.convert import atlas_to_layer
from napari_atlas_assign.plugin.layers.geometry import set_geometry
from napari_atlas_assign.plugin.layers.reader import read
from napari_atlas_assign.plugin.show import TABLE_NAME
from tests.plugin.helpers import AFFINES, as_layer, finish, napari_nifti_layer, placed, settle, without_crosshair

NAME = "napari-atlas-assign"


@pytest.fixture
def model(qtbot):
    return ViewerModel()


@pytest.fixture
def widget(model, qtbot):
    made = AssignWidget(model)
    qtbot.addWidget(made)
    return made


@pytest.fixture
def told(monkeypatch):
    """What the widget tells the user as an error."""
    messages = []
    monkeypatch.setattr("napari_atlas_assign.plugin.assign.widget.show_error", messages.append)
    return messages


@pytest.fixture
def ready(model, widget, blob_map, label_atlas):
    """A viewer with a map and an atlas layer, both picked."""
    model.add_layer(as_layer(atlas_to_layer(label_atlas)))
    model.add_layer(placed(blob_map.T, name="map"))
    widget.threshold.value = 3
    return widget


# --- what is picked ---


def test_the_active_image_is_picked_and_followed(model, widget, blob_map):
    first, second = model.add_layer(placed(blob_map.T, name="a")), model.add_layer(placed(blob_map.T, name="b"))
    assert widget.image.value is second
    model.layers.selection.active = first
    assert widget.image.value is first


def test_an_image_chosen_by_hand_stays_until_its_layer_goes(model, widget, blob_map):
    first, second = model.add_layer(placed(blob_map.T, name="a")), model.add_layer(placed(blob_map.T, name="b"))
    widget.image.value = first
    model.layers.selection.active = second
    assert widget.image.value is first
    model.layers.remove(first)
    assert widget.image.value is second
    model.layers.remove(second)
    assert widget.image.value is None


def test_atlases_and_overlays_are_no_images_to_assign(model, widget, small_atlas, blob_map, label_atlas):
    model.add_layer(placed(blob_map.T, name="map"))
    model.add_layer(as_layer(atlas_to_layer(small_atlas)))
    show(assign(model.layers["map"], label_atlas, threshold=3), model)
    assert [layer.name for layer in widget.image.choices if layer is not None] == ["map"]
    offered = [value for value in widget.atlas.choices if value[0] == "layer"]
    assert offered == [("layer", model.layers["small atlas"])]


def test_an_atlas_that_is_opened_is_picked(model, widget, label_atlas):
    assert widget.atlas.value[0] in ("name", "file")
    layer = model.add_layer(as_layer(atlas_to_layer(label_atlas)))
    assert widget.atlas.value == ("layer", layer)
    layer.name = "renamed"
    assert widget.atlas.value == ("layer", layer)
    model.layers.clear()
    assert widget.atlas.value[0] in ("name", "file")


def test_layers_open_before_the_widget_are_found(model, qtbot, blob_map):
    model.add_layer(placed(blob_map.T, name="map"))
    made = AssignWidget(model)
    qtbot.addWidget(made)
    assert made.image.value.name == "map"


def test_the_threshold_begins_where_the_map_suggests_until_it_is_set(model, widget, blob_map):
    model.add_layer(placed(blob_map.T, name="component"))
    assert widget.threshold.value == 0
    model.add_layer(placed(blob_map.T - 1, name="z"))
    assert widget.threshold.value == 3.1
    widget.threshold.value = 2
    model.layers.selection.active = model.layers["component"]
    assert widget.threshold.value == 2


@pytest.mark.parametrize("data", [np.full((2, 2, 2), np.nan), np.zeros((2, 2, 2)), np.ones((2, 2, 2), np.uint8)])
def test_odd_maps_get_the_threshold_zero(data):
    assert usual_threshold(Image(data, contrast_limits=(0, 1)), 3.1) == 0


# --- assigning ---


def test_assign_adds_layers_and_tells_how_many(model, ready, qtbot, told):
    ready.assign()
    assert ready.is_running
    assert not ready.assign_button.enabled
    assert not ready.cancel_button.native.isHidden()
    finish(qtbot, ready)
    assert ready.status.value == "2 modes, 2 assignments."
    assert [layer.name for layer in without_crosshair(model)] == ["tiny", "map", "map regions", "map modes"]
    assert ready.assign_button.enabled
    assert ready.cancel_button.native.isHidden()
    assert told == []


def test_the_widget_calls_the_one_pipeline(model, ready, qtbot, monkeypatch):
    shown = []
    monkeypatch.setattr(
        "napari_atlas_assign.plugin.assign.widget.put_in_turns", lambda viewer, result, *_: shown.append(result) or ()
    )
    ready.fields.tail.value, ready.fields.connectivity.value, ready.fields.min_volume.value = "both", 6, 100
    ready.assign()
    finish(qtbot, ready)
    (result,) = shown
    assert result.parameters == Parameters(threshold=3.0, tail="both", connectivity=6, min_volume_mm3=100.0)


def test_the_window_answers_between_the_new_layers_of_a_first_result(model, ready, qtbot):
    seen = []
    look = QTimer()
    look.timeout.connect(lambda: seen.append({"map regions", "map modes"} & {layer.name for layer in model.layers}))
    look.start(0)
    ready.assign()
    finish(qtbot, ready)
    look.stop()
    assert {"map regions"} in seen
    assert {"map regions", "map modes"} <= {layer.name for layer in model.layers}


def test_a_result_that_is_cancelled_while_it_is_shown_stops_there(model, ready, qtbot):
    model.layers.events.inserted.connect(lambda event: ready.cancel() if event.value.name == "map regions" else None)
    ready.assign()
    qtbot.waitUntil(lambda: "map regions" in model.layers)
    finish(qtbot, ready)
    settle()
    assert "map modes" not in model.layers
    assert ready.status.value == "Cancelled."


def test_twenty_runs_in_a_row_lose_no_result(model, ready, qtbot, monkeypatch):
    shown = []
    monkeypatch.setattr(
        "napari_atlas_assign.plugin.assign.widget.put_in_turns", lambda viewer, result, *_: shown.append(result) or ()
    )
    for n in range(1, 21):
        ready.assign()
        finish(qtbot, ready)
        assert len(shown) == n


def test_cancel_frees_the_widget_at_once_and_nothing_is_added(model, ready, qtbot, monkeypatch):
    entered, go_on = threading.Event(), threading.Event()
    original = run.assigning

    def slow(*args, **kwargs):
        entered.set()
        go_on.wait(30)
        return original(*args, **kwargs)

    monkeypatch.setattr(run, "assigning", slow)
    ready.assign()
    worker = ready._worker
    qtbot.waitUntil(entered.is_set)
    ready.cancel()
    assert not ready.is_running
    assert ready.assign_button.enabled
    assert ready.status.value == "Cancelled."
    with qtbot.waitSignal(worker.finished):
        go_on.set()
    assert len(without_crosshair(model)) == 2
    assert ready.status.value == "Cancelled."


def test_an_error_is_one_message_and_the_widget_can_be_used_again(model, ready, qtbot, told):
    ready.atlas.value = ("file", None)
    ready.assign()
    assert told == ["no atlas file is chosen; choose one under 'atlas file'"]
    assert ready.status.value == told[0]
    ready.atlas.value = ("layer", model.layers["tiny"])
    ready.assign()
    finish(qtbot, ready)
    assert len(told) == 1
    assert "map modes" in model.layers


def test_an_error_in_the_worker_is_one_message(model, ready, qtbot, told, tmp_path):
    (tmp_path / "atlas.nii").write_text("no image")
    ready.atlas.value = ("file", None)
    ready.atlas.file.value = tmp_path / "atlas.nii"
    ready.assign()
    finish(qtbot, ready)
    assert len(told) == 1
    assert "atlas.nii" in told[0]
    assert ready.status.value == told[0]


def test_an_atlas_file_with_a_table_of_names_is_taken(model, ready, qtbot, write, tmp_path):
    path = write(np.ones((8, 9, 7), np.int16), name="areas.nii.gz")
    (tmp_path / "names.csv").write_text("index,name\n1,Everything\n")
    ready.atlas.value = ("file", None)
    assert ready.atlas.file.value is not None
    ready.atlas.file.value, ready.atlas.labels.value = path, tmp_path / "names.csv"
    ready.assign()
    finish(qtbot, ready)
    assert model.layers["map modes"].features["region"].tolist()[1:] == ["Everything"] * 2


def test_without_an_image_the_message_says_so(widget, told):
    widget.assign()
    assert "there is no image layer" in told[0]


def test_a_threshold_that_leaves_nothing_is_a_result_with_a_note(model, ready, qtbot, told):
    ready.threshold.value = 50
    ready.assign()
    finish(qtbot, ready)
    assert ready.status.value == "0 modes, 0 assignments."
    assert ready.notes.value.startswith("Note: map has no mode beyond the threshold 50")
    assert told == []


def test_geometry_is_asked_for_and_taken_from_the_box(model, ready, qtbot, told, blob_map):
    layer = model.add_image(blob_map.T, name="plain", scale=(3, 2.5, 2), translate=(-8, -12, -5))
    ready.assign()
    assert "'plain' does not say where" in told[0]
    ready.geometry.value = "own"
    ready.assign()
    finish(qtbot, ready)
    assert "plain modes" in model.layers
    assert [str(unit) for unit in layer.units] == ["pixel"] * 3


def test_the_volume_at_the_slider_is_assigned(model, ready, qtbot, blob_map):
    model.add_layer(placed(np.stack([blob_map.T * 0, blob_map.T]), name="stack"))
    model.dims.set_point(0, 1)
    ready.threshold.value = 3
    ready.assign()
    finish(qtbot, ready)
    assert ready.status.value == "Volume 1, at the slider: 2 modes, 2 assignments."
    model.dims.set_point(0, 0)
    ready.assign()
    finish(qtbot, ready)
    assert ready.status.value.startswith("Volume 0, at the slider: 0 modes")


def test_the_region_at_the_slider_is_named(model, widget, small_atlas):
    assert region_shown(model) is None
    layer = model.add_layer(as_layer(atlas_to_layer(small_atlas)))
    model.dims.set_point(0, 1)
    assert widget.region_shown.value == "Area A right"
    model.dims.set_point(0, 2)
    assert widget.region_shown.value == "Area B"
    layer.visible = False
    assert region_shown(model) is None


def test_a_map_in_mm_beside_a_region_stack_upsets_no_units(model, blob_map, small_atlas, write):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        model.add_layer(as_layer(atlas_to_layer(small_atlas)))
        model.add_layer(as_layer(read(write(blob_map))[0]))
        show(assign(model.layers["map"], small_atlas, threshold=3), model)
    assert len(without_crosshair(model)) == 4


# --- in a real viewer ---


@pytest.mark.filterwarnings("error::FutureWarning")  # how napari's proxies tell of private access
def test_the_widget_of_the_menu_does_the_whole_job(make_napari_viewer_proxy, qtbot, write, blob_map, label_atlas):
    viewer = make_napari_viewer_proxy()
    viewer.add_layer(as_layer(atlas_to_layer(label_atlas)))
    viewer.add_layer(as_layer(read(write(blob_map, AFFINES["las"]))[0]))
    _, widget = viewer.window.add_plugin_dock_widget(NAME, "Assign modes")
    widget.threshold.value = 3
    widget.assign()
    finish(qtbot, widget)
    table = viewer.window.dock_widgets[TABLE_NAME]
    assert table.result.modes["input structure"].tolist() == [1, 2]
    for row, number in enumerate(table.result.assignments["input structure"]):
        table.go_to_row(row)
        peak = table.result.modes.set_index("input structure")["peak"][number]
        assert np.allclose(viewer.dims.point, peak[::-1], atol=1.6)
        table.assignments.view.selectRow(row)
        # The table tells what was picked when the user has stopped picking.
        qtbot.waitUntil(lambda number=number: viewer.layers["map modes"].selected_label == number)
    table.show_regions.setChecked(False)
    qtbot.waitUntil(lambda: len(without_crosshair(viewer)) == 4)
    widget.threshold.value = 5.5
    widget.assign()
    finish(qtbot, widget)
    assert len(without_crosshair(viewer)) == 4
    assert list(viewer.window.dock_widgets).count(TABLE_NAME) == 1
    assert len(table.result.modes) == 1


def test_a_table_that_was_closed_comes_back(make_napari_viewer, blob_map, label_atlas):
    viewer = make_napari_viewer()
    layer = viewer.add_layer(placed(blob_map.T, name="map"))
    result = assign(layer, label_atlas, threshold=3)
    show(result, viewer)
    viewer.window.remove_dock_widget(viewer.window.dock_widgets[TABLE_NAME])
    assert TABLE_NAME not in viewer.window.dock_widgets
    show(result, viewer)
    assert TABLE_NAME in viewer.window.dock_widgets


def test_a_widget_closed_at_work_adds_nothing_and_can_be_docked_again(
    make_napari_viewer, qtbot, blob_map, label_atlas, monkeypatch
):
    viewer = make_napari_viewer()
    viewer.add_layer(as_layer(atlas_to_layer(label_atlas)))
    viewer.add_layer(placed(blob_map.T, name="map"))
    dock, widget = viewer.window.add_plugin_dock_widget(NAME, "Assign modes")
    entered, go_on = threading.Event(), threading.Event()
    original = run.assigning
    monkeypatch.setattr(run, "assigning", lambda *a, **k: (entered.set(), go_on.wait(30), original(*a, **k))[2])
    widget.assign()
    worker = widget._worker
    qtbot.waitUntil(entered.is_set)
    viewer.window.remove_dock_widget(dock)
    assert not widget.is_running
    with qtbot.waitSignal(worker.finished):
        go_on.set()
    viewer.add_layer(Labels(np.zeros((2, 2, 2), int)))  # events of the viewer reach no dead widget
    assert TABLE_NAME not in viewer.window.dock_widgets
    assert "map modes" not in viewer.layers
    viewer.window.add_dock_widget(widget, name="again")
    viewer.layers.clear()
    assert widget.image.value is None


def test_scripted_sessions_open_samples_and_files(make_napari_viewer, qtbot, write, blob_map):
    viewer = make_napari_viewer()
    path = write(blob_map, AFFINES["las"])
    (layer,) = viewer.open(path, plugin=NAME)
    assert layer.translate.tolist() == [-8, -12, -5]
    viewer.open_sample(NAME, "synthetic_fusiform")
    assert {"synthetic fusiform map", "synthetic fusiform atlas"} <= {layer.name for layer in viewer.layers}
    result = assign(viewer.layers["synthetic fusiform map"], "aal")
    show(result, viewer)
    shot = viewer.screenshot(canvas_only=False, flash=False)
    assert shot.std() > 5


def test_two_viewers_do_not_mix(make_napari_viewer, blob_map, label_atlas):
    first, second = make_napari_viewer(), make_napari_viewer()
    layers = [v.add_layer(placed(blob_map.T, name="map")) for v in (first, second)]
    show(assign(layers[0], label_atlas, threshold=3), first)
    assert len(without_crosshair(first)) == 3
    assert len(without_crosshair(second)) == 1
    assert TABLE_NAME not in second.window.dock_widgets


def test_layers_of_napari_nifti_are_assigned_and_seen_in_place(make_napari_viewer, qtbot, write, blob_map, label_atlas):
    viewer = make_napari_viewer()
    source = viewer.add_layer(napari_nifti_layer(write(blob_map, AFFINES["las"])))
    show(assign(source, label_atlas, threshold=3), viewer)
    modes = viewer.layers["map.nii.gz modes"]
    assert np.allclose(modes.extent.world, source.extent.world)
    assert np.array_equal(modes.data > 0, source.data > 3)
    assert np.allclose(modes.scale, source.scale)


def test_a_file_read_by_us_and_one_by_napari_nifti_give_the_same(make_napari_viewer, write, blob_map, label_atlas):
    path = write(blob_map, AFFINES["las"])
    results = [assign(layer, label_atlas, threshold=3) for layer in (as_layer(read(path)[0]), napari_nifti_layer(path))]
    assert results[0].assignments.equals(results[1].assignments)


# --- among other layers ---


def test_labels_that_are_being_painted_are_no_atlas_until_they_are_picked(model, widget, blob_map):
    model.add_layer(placed(blob_map.T, name="map"))
    before = widget.atlas.value
    painted = model.add_labels(np.zeros(blob_map.T.shape, int), name="roi")
    assert widget.atlas.value == before
    assert ("layer", painted) in widget.atlas.choices
    widget.image.value = painted
    assert ("layer", painted) not in widget.atlas.choices


@pytest.mark.parametrize("first", ["widget", "layer"])
def test_labels_with_names_are_offered_as_atlas_before_and_after_the_widget(model, qtbot, blob_map, first):
    widgets = []

    def dock():
        widgets.append(AssignWidget(model))
        qtbot.addWidget(widgets[0])

    steps = [dock, lambda: model.add_labels(np.ones((3, 3, 3), int), features={"region": ["", "Ammon"]}, name="named")]
    model.add_layer(placed(blob_map.T, name="map"))
    for step in steps if first == "widget" else steps[::-1]:
        step()
    assert widgets[0].image.value is model.layers["map"]
    assert widgets[0].atlas.value == ("layer", model.layers["named"])


def test_a_map_stays_chosen_with_nothing_selected_and_under_another_name(model, ready):
    layer = model.layers["map"]
    model.layers.selection.clear()
    assert ready.image.value is layer
    layer.name = "renamed"
    assert ready.image.value is layer


def test_an_error_goes_with_its_cause(model, widget, blob_map, told):
    widget.assign()
    assert widget.status.value == told[0]
    model.add_layer(placed(blob_map.T))
    assert widget.status.value == ""


@pytest.mark.parametrize("role", ["map modes", "map regions"])
def test_a_result_that_was_made_an_image_is_a_map_like_any_other(model, ready, qtbot, told, role):
    ready.assign()
    finish(qtbot, ready)
    made = model.layers[role]
    model.add_layer(Image(made.data.astype(float), scale=made.scale, translate=made.translate, metadata=made.metadata))
    ready.threshold.value = 0.5
    ready.assign()
    finish(qtbot, ready)
    assert not told
    assert ready.status.value.endswith("assignments.")


def test_whatever_goes_wrong_is_a_sentence_and_live_goes_on(model, ready, qtbot, told, monkeypatch):
    def broken(*_, **__):
        raise RuntimeError("no such thing")

    for where in ("draw", "put_in_turns", "find_frame_of_layer"):
        with monkeypatch.context() as patch:
            patch.setattr(f"napari_atlas_assign.plugin.assign.widget.{where}", broken)
            ready.assign()
            finish(qtbot, ready)
        assert "RuntimeError: no such thing" in told.pop()
    ready.threshold.value = 5.5
    finish(qtbot, ready)
    qtbot.waitUntil(lambda: "map modes" in model.layers)
    assert ready.status.value.startswith("1 mode")


def test_large_numbers_of_regions_of_interest_cost_no_colours_between_them(blob_map, label_atlas):
    labels = np.zeros(blob_map.T.shape, np.int32)
    labels[2, 2, 1], labels[3, 5, 6] = 614_454_277, 2_000_000_000
    layer = Labels(labels, name="allen")
    set_geometry(layer, np.array(AFFINES["ras"])[:, [2, 1, 0, 3]])
    model = ViewerModel()
    model.add_layer(layer)
    show(assign(layer, label_atlas), model)
    colors = model.layers["allen modes"].metadata[NAME]["colors"][0]
    assert {"614454277", "2000000000"} <= colors.keys()
    assert len(colors) < 30


# --- by keyboard ---


def test_the_slider_listens_to_keys(ready, qtbot):
    slider, key = ready.fields.slider, Qt.Key
    for pressed, expected in (
        (key.Key_Home, 0),
        (key.Key_End, 9),
        (key.Key_PageDown, 9 - 9 / 20),
        (key.Key_Left, 9 - 9 / 20 - 9 / 200),
        (key.Key_Down, 9 - 9 / 20 - 18 / 200),
        (key.Key_Right, 9 - 9 / 20 - 9 / 200),
        (key.Key_PageUp, 9 - 9 / 200),
        (key.Key_Up, 9),
        (key.Key_Up, 9),
    ):
        qtbot.keyClick(slider, pressed)
        assert ready.threshold.value == pytest.approx(expected, abs=0.006), pressed


def test_what_is_folded_away_is_out_of_reach_of_the_tab_key(widget, qtbot):
    widget.show()
    hidden = widget.fields.connectivity.native
    assert not hidden.isVisible()
    widget.more.expand(animate=False)
    assert hidden.isVisible()
    qtbot.waitUntil(lambda: hidden.height() > 5)
    widget.more.collapse(animate=False)
    assert not hidden.isVisible()


def test_results_follow_their_map_to_another_name(model, ready, qtbot):
    ready.assign()
    finish(qtbot, ready)
    model.layers["map"].name = "patient"
    assert [layer.name for layer in without_crosshair(model)] == ["tiny", "patient", "patient regions", "patient modes"]
    ready.assign()
    finish(qtbot, ready)
    assert len(without_crosshair(model)) == 4


# --- how sure ---


def test_how_sure_is_asked_in_a_closed_section_that_goes_with_the_source(ready, model):
    assert not ready.sure.isExpanded()
    assert ready.fields.parameters.registration_sd_mm == ready.fields.parameters.placements == 0
    ready.fields.sure.registration_sd.value = 2
    ready.fields.sure.place.value = True
    ready.fields.sure.seed.value = 7
    parameters = ready.fields.parameters
    assert (parameters.registration_sd_mm, parameters.placements, parameters.seed) == (2, 4999, 7)
    ready.fields.restore(Parameters(placements=1999, seed=3))
    assert ready.fields.parameters == Parameters(placements=1999, seed=3)
    ready.fields.restore(Parameters())
    assert ready.fields.parameters == Parameters()


def test_every_field_has_a_name_for_screen_readers(ready):
    for container in (ready.source_fields, ready.fields.more, ready.fields.sure.container):
        names = [field.native.accessibleName() or getattr(field.native, "text", str)() for field in container]
        assert all(names)
        assert len(set(names)) == len(names)


def test_how_sure_is_worked_out_by_hand_only_and_shown_with_the_result(ready, qtbot):
    finish(qtbot, ready)  # what the threshold has set off
    ready.fields.sure.registration_sd.value = 2
    assert not ready.is_running
    ready.assign()
    finish(qtbot, ready)
    assert "best region stability" in ready.result.modes
    assert ready.result.parameters.registration_sd_mm == 2


def test_an_empty_widget_says_how_to_begin_and_brings_the_sample(model, widget, monkeypatch):
    asked = []
    assert not widget.empty.isHidden()
    monkeypatch.setattr(ViewerModel, "open_sample", lambda viewer, *what: asked.append(what))
    widget.empty.sample_button.click()
    assert asked == [("napari-atlas-assign", "real_zmap")]
    model.add_image(np.ones((3, 4, 5)))
    assert widget.empty.isHidden()


def test_a_map_that_cannot_be_opened_is_told_in_one_sentence(widget, monkeypatch, tmp_path):
    told = []
    monkeypatch.setattr("napari_atlas_assign.plugin.assign.empty_state.show_error", told.append)
    monkeypatch.setattr(
        "napari_atlas_assign.plugin.assign.empty_state.QFileDialog.getOpenFileName",
        lambda *_: (str(tmp_path / "no.nii"), ""),
    )
    widget.empty.open_button.click()
    assert len(told) == 1


@pytest.mark.parametrize(("number", "text"), [(3.0, "3.00"), (3.1, "3.10"), (2.3456, "2.3456")])
def test_thresholds_have_two_decimals_and_lose_none(ready, number, text):
    ready.fields.restore(Parameters(threshold=number))
    assert ready.threshold.value == number
    assert ready.threshold.native.text() == text


def test_a_small_p_is_not_rounded_away(ready):
    ready.fields.kind.value = "p"
    assert ready.threshold.value == 0.001
    ready.fields.restore(Parameters(threshold=Threshold("p", 1e-6)))
    assert ready.fields.parameters.threshold == Threshold("p", 1e-6)


def test_the_threshold_has_the_unit_of_the_map(model, widget, write, blob_map):
    def is_z(header):
        header.header.set_intent("z score")

    model.add_layer(as_layer(read(write(blob_map, change=is_z))[0]))
    assert widget.threshold_label.text() == "threshold (z)"
    model.layers.clear()
    model.add_layer(placed(blob_map.T))
    assert widget.threshold_label.text() == "threshold"


def test_a_map_without_a_place_is_told_without_code(model, widget, blob_map, label_atlas, told):
    model.add_layer(as_layer(atlas_to_layer(label_atlas)))
    model.add_image(np.ones((5, 6, 8)), name="plain")
    model.layers.selection.active = model.layers["plain"]
    widget.assign()
    assert "plain" in widget.status.value
    assert "field 'lies'" in widget.status.value
    assert "plugin=" not in widget.status.value


def test_the_first_assign_goes_to_the_peak_of_mode_1_and_a_later_one_stays(model, ready, qtbot):
    ready.assign()
    finish(qtbot, ready)
    assert np.allclose(model.dims.point, np.argwhere(model.layers["map"].data == 9)[0])  # this layer counts in voxels
    assert "crosshair" in model.layers
    elsewhere = tuple(low for low, *_ in model.dims.range)
    model.dims.point = elsewhere
    ready.assign()
    finish(qtbot, ready)
    assert np.allclose(model.dims.point, elsewhere)


def test_one_who_assigns_again_while_the_first_result_comes_is_shown_its_peak_all_the_same(model, ready, qtbot):
    def again(event):
        if event.value.name == "map modes":
            model.layers.events.inserted.disconnect(again)
            ready.assign()

    model.layers.events.inserted.connect(again)
    model.dims.point = tuple(low for low, *_ in model.dims.range)
    ready.assign()
    finish(qtbot, ready)
    assert np.allclose(model.dims.point, np.argwhere(model.layers["map"].data == 9)[0])


def test_labels_of_the_form_are_one_column(make_napari_viewer, write, blob_map):
    viewer = make_napari_viewer(show=True)
    viewer.add_layer(as_layer(read(write(blob_map))[0]))
    _, widget = viewer.window.add_plugin_dock_widget("napari-atlas-assign", "Assign modes")
    settle()
    fields = [widget.image.native, widget.atlas.combo, widget.threshold.native, widget.fields.slider]
    assert len({field.mapTo(widget, field.rect().topLeft()).x() for field in fields}) == 1
    assert all(label.width() >= label.sizeHint().width() for label in (widget.atlas_label, widget.threshold_label))
    widget.more.expand(animate=False), widget.sure.expand(animate=False)
    settle()
    more, sure = widget.fields, widget.fields.sure
    fields += [more.kind.native, more.minimum_probability.native, sure.registration_sd.native]
    assert np.ptp([field.mapTo(widget, field.rect().topLeft()).x() for field in fields]) <= 1  # a section's frame


def test_under_a_hand_that_drags_no_other_slice_comes_until_it_lets_go(model, ready, qtbot):
    before, slider = tuple(model.dims.point), ready.fields.slider
    slider.setSliderDown(True)
    slider.setValue(slider.value() + slider.singleStep())
    finish(qtbot, ready)
    assert "map modes" in model.layers
    assert tuple(model.dims.point) == before
    slider.setSliderDown(False)
    finish(qtbot, ready)
    assert np.allclose(model.dims.point, np.argwhere(model.layers["map"].data == 9)[0])


def test_a_script_s_result_of_an_opened_file_is_updated_by_the_widget_and_not_doubled(
    model, widget, qtbot, write, blob_map, label_atlas
):
    path = write(blob_map)
    model.add_layer(as_layer(atlas_to_layer(label_atlas)))
    layer = as_layer(read(path)[0])
    model.add_layer(layer)._source = layer.source.model_copy(update={"path": str(path)})
    show(assign(path, label_atlas, threshold=4), model)
    names = [one.name for one in without_crosshair(model)]
    widget.atlas.value = ("layer", model.layers["tiny"])
    widget.threshold.value = 3
    widget.assign()
    finish(qtbot, widget)
    assert sorted(one.name for one in without_crosshair(model)) == sorted(names)
