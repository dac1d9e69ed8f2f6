"""A guest in napari: public parts only, no setting changed, alive whatever is closed, one viewer at a time."""

import gc
import random
import threading
from functools import partial
from pathlib import Path

import npe2
import numpy as np
import pytest
from napari.components import ViewerModel

import napari_atlas_assign
from napari_atlas_assign import assign, show
from napari_atlas_assign.modes.point_set import PointSet
from napari_atlas_assign.plugin.assign import worker as run
from napari_atlas_assign.plugin.assign.widget import AssignWidget
from napari_atlas_assign.plugin.layers.convert import atlas_to_layer
from napari_atlas_assign.plugin.layers.reader import read
from napari_atlas_assign.plugin.probe.widget import WhatIsHere
from napari_atlas_assign.plugin.show import TABLE_NAME
from napari_atlas_assign.plugin.viewer import commands as view_commands
from napari_atlas_assign.plugin.viewer.overlays import (
    close_overlays,
    overlay_layers,
    show_peaks,
    show_region,
    show_shares,
)
from tests.plugin.helpers import alive, as_layer, finish, move, settle

NAME = "napari-atlas-assign"
MANIFEST = Path(napari_atlas_assign.__file__).parent / "napari.yaml"

WIDGETS = {"assign": "Assign modes", "what_is_here": "What is here?", "three_planes": "Three planes"}
SAMPLES = {"sample_fusiform": "synthetic_fusiform", "sample_zmap": "real_zmap"}
ATLASES = {
    "sample_juelich",
    "sample_harvard_oxford",
    "sample_siibra",
}  # layers as those of the others; large, or a download
WRITERS = {"write_image": "map", "write_labels": "map modes"}
VIEWS = {"axial", "coronal", "sagittal", "switch_convention", "toggle_letters", "add_template", "close_overlays"}


def itself(thing):
    """What is behind the proxy in which napari hands out everything of a package whose name begins with napari."""
    return getattr(thing, "__wrapped__", thing)


# --- public parts, and no settings ---


def test_the_session_below_takes_every_command_of_the_manifest():
    manifest = npe2.PluginManifest.from_file(MANIFEST)
    ids = {command.id.removeprefix(f"{NAME}.") for command in manifest.contributions.commands}
    assert ids == {"read", *WIDGETS, *SAMPLES, *ATLASES, *WRITERS, *VIEWS}


def test_a_whole_session_touches_public_parts_only_and_changes_no_setting(
    make_napari_viewer_proxy, qtbot, recwarn, write, blob_map, label_atlas, small_atlas, tmp_path
):
    from napari.settings import get_settings

    viewer = make_napari_viewer_proxy(show=True)
    before = get_settings().model_dump()
    _, widget = viewer.window.add_plugin_dock_widget(NAME, WIDGETS["assign"])
    _, panel = viewer.window.add_plugin_dock_widget(NAME, WIDGETS["what_is_here"])
    for key in SAMPLES.values():
        viewer.open_sample(NAME, key)
    (source,) = viewer.open(write(blob_map), plugin=NAME)
    for atlas in (label_atlas, small_atlas):
        data, options, kind = atlas_to_layer(atlas)
        getattr(viewer, f"add_{kind}")(data, **options)

    # The widget, by hand and live, and what follows it.
    widget.image.value = source
    widget.atlas.value = ("layer", viewer.layers["tiny"])
    widget.threshold.value = 3
    widget.assign()
    finish(qtbot, widget)
    for threshold in (4, 5.5, 3):
        widget.fields.slider.setValue(threshold)
        finish(qtbot, widget)
    for plane in ("axial", "coronal", "sagittal"):
        widget.show_plane(plane)

    # The table.
    table = itself(viewer.window.dock_widgets[TABLE_NAME])
    qtbot.waitUntil(lambda: table.result is itself(widget.result))
    for index in filter(table.tabs.isTabVisible, range(table.tabs.count())):
        table.tabs.setCurrentIndex(index)
        table.page.view.selectRow(0)
        table.go_to_row(0)
        table.page.view.go_asked.emit(table.page.model.index(0, 1))
        qtbot.wait(100)
    viewer.layers["map modes"].selected_label = 2
    assert table.save(tmp_path / "result") is not None
    worker = table.save_report(tmp_path / "report.html")
    with qtbot.waitSignal(worker.finished):
        pass

    # Three planes.
    dock, planes = viewer.window.add_plugin_dock_widget(NAME, WIDGETS["three_planes"])
    planes.place.setText("-3 -2 1")
    planes.place.returnPressed.emit()
    assert len(planes.models) == 3
    viewer.dims.ndisplay = 3
    viewer.dims.ndisplay = 2
    viewer.window.remove_dock_widget(dock)

    # The panel, its buttons, its pins; in 2D and 3D.
    for ndisplay in (2, 3):
        viewer.dims.ndisplay = ndisplay
        position = np.array([0, *source.data_to_world((4, 6, 6))])
        direction = None
        if ndisplay == 3:
            direction = np.array([0, 0, 1.0, 0])
            position -= 300 * direction
        move(viewer, tuple(position), direction)
        qtbot.waitUntil(lambda: panel.here is not None and bool(panel.here.modes))
        for button in (panel.map_button, panel.outline_button, panel.peaks_button, panel.shares_button):
            assert button.isEnabled()
            button.click()
        panel.pin_button.click()
        panel.step(1)
        panel.pin_button.setChecked(False)
        panel.here = None
        panel.convention.setCurrentText("radiological")

    # Keys and commands.
    for key in view_commands.KEYS:
        assert any(str(bound) == key.replace("-", "+") for bound in viewer.keymap), key
    for name in VIEWS:
        command = npe2.PluginManager.instance().commands.get(f"{NAME}.{name}")
        command(viewer)
        command(viewer)

    # Files.
    for name in WRITERS.values():
        assert viewer.layers[name].save(str(tmp_path / f"{name}.nii.gz"), plugin=NAME)

    # Scripts.
    result = assign(source, [label_atlas, small_atlas], threshold=3)
    show(result, viewer)
    (
        show_region(result.single(1), viewer, 0),
        show_shares(result.single(0), viewer, 1),
        show_peaks(result.single(0), viewer),
    )
    points = PointSet(np.array([[6.0, 0, 0], [-5, 0, 0]]), np.zeros(2), None, "places")
    show(assign(points, label_atlas), viewer)
    viewer.theme = "light"
    settle()
    assert close_overlays(viewer)

    viewer.window.remove_dock_widget(panel)
    viewer.window.remove_dock_widget(widget)
    settle()
    told = [
        w for w in recwarn if issubclass(w.category, FutureWarning | DeprecationWarning) and "napari" in str(w.filename)
    ]
    assert [str(w.message) for w in told] == []
    after = get_settings().model_dump()
    changed = {(c, name) for c, group in after.items() if isinstance(group, dict) for name in group}
    changed = {(c, name) for c, name in changed if after[c][name] != before[c][name]}
    assert changed <= {("application", "plugin_widget_positions")}  # napari itself notes where docks are


def test_a_private_access_would_be_seen(make_napari_viewer_proxy):
    viewer = make_napari_viewer_proxy()
    with pytest.warns(FutureWarning, match="Private attribute access"):
        viewer.window._qt_window


def test_layers_come_in_3d_before_the_mouse_has_moved_there(write, blob_map, label_atlas):
    viewer = ViewerModel()
    source = viewer.add_layer(as_layer(read(write(blob_map))[0]))
    viewer.cursor.position = (1, 1, 1)
    viewer.mouse_over_canvas = True  # and napari knows no line of sight: it fails to tell what labels are there
    viewer.dims.ndisplay = 3
    result = assign(source, label_atlas, threshold=3)
    show(result, viewer)
    show_region(result, viewer, 0), show_region(result, viewer, 1, contour=True), show_peaks(result, viewer)
    assert viewer.layers.selection.active is viewer.layers["map modes"]
    assert viewer.mouse_over_canvas


# --- whatever is closed, in any order ---


def discard(viewer, layer):
    """Take a layer out; names of places go with the layer of the places."""
    if layer in viewer.layers:
        viewer.layers.remove(layer)


class Session:
    """A viewer with the widget at work or at rest, the table, the panel, and layers of every kind."""

    def __init__(self, viewer, path, atlas):
        self.viewer = viewer
        viewer.layers.clear()
        self.source = viewer.add_layer(as_layer(read(path)[0]))
        self.result = assign(self.source, atlas, threshold=3)
        show(self.result, viewer)
        show_region(self.result, viewer, 0), show_region(self.result, viewer, 1, contour=True)
        show_shares(self.result, viewer, 1), show_peaks(self.result, viewer)
        self.widget, self.panel = AssignWidget(viewer), WhatIsHere(viewer)
        self.docks = [
            viewer.window.add_dock_widget(self.widget, name="Assign modes"),
            viewer.window.add_dock_widget(self.panel, name="What is here?"),
        ]
        self.table = viewer.window.dock_widgets[TABLE_NAME]
        self.panel.look_at(np.array([3.0, 3, 4]))
        self.panel.pin_button.click()
        self.panel.pin_button.setChecked(False)
        self.table.assignments.view.selectRow(0)
        self.widget.atlas.value = ("layer", viewer.add_layer(as_layer(atlas_to_layer(atlas))))
        self.widget.threshold.value = 3
        self.widget.assign()

    def things(self):
        """Everything that can be closed, with its way of closing."""
        viewer, window = self.viewer, self.viewer.window
        layers = {f"layer {layer.name}": partial(discard, viewer, layer) for layer in viewer.layers}
        return {
            "widget": lambda: window.remove_dock_widget(self.widget),
            "panel": lambda: self.docks[1].destroyOnClose(),  # as the cross of the dock does
            "table": lambda: window.remove_dock_widget(self.table),
            **layers,
        }

    def poke(self):
        """What the user goes on doing: nothing of it may reach what is closed."""
        viewer = self.viewer
        move(viewer, tuple(viewer.dims.point))
        viewer.dims.set_point(viewer.dims.ndim - 1, 3.0)
        for layer in viewer.layers:
            if layer.name == "map modes":
                layer.selected_label = 3 - layer.selected_label
        view_commands.coronal(viewer)
        view_commands.switch_convention(viewer)
        settle()


@pytest.mark.filterwarnings("ignore:Contours are not displayed")
def test_widgets_and_layers_may_be_closed_in_any_order(
    make_napari_viewer, qtbot, write, blob_map, label_atlas, monkeypatch
):
    viewer, path = make_napari_viewer(show=True), write(blob_map)
    viewer.window.resize(500, 400)  # drawing is what takes the time

    def callbacks():
        return [*viewer.mouse_move_callbacks, *viewer.mouse_drag_callbacks]

    callbacks_before = callbacks()
    gate = threading.Event()
    original = run.assigning
    monkeypatch.setattr(run, "assigning", lambda *a, **k: (gate.wait(30), original(*a, **k))[1])
    chance = random.Random(5)
    with qtbot.capture_exceptions() as raised:
        for turn in range(3):
            gate.clear()
            session = Session(viewer, path, label_atlas)
            if turn == 1:
                gate.set()
                finish(qtbot, session.widget)
            things = list(session.things().items())
            chance.shuffle(things)
            for name, close in things:
                close()
                session.poke()
                assert not raised, (turn, [n for n, _ in things], name, raised)
                if not gate.is_set() and chance.random() < 0.3:
                    gate.set()
            gate.set()
            viewer.add_image(np.zeros((4, 4, 4)))  # an emptied viewer napari itself fails to turn to 3D
            for ndisplay in (3, 2):
                viewer.dims.ndisplay = ndisplay
            qtbot.wait(30)
            assert not raised, (turn, [n for n, _ in things], raised)
            if TABLE_NAME in viewer.window.dock_widgets:  # opened again by a worker that was at work still
                viewer.window.remove_dock_widget(viewer.window.dock_widgets[TABLE_NAME])
            del session, things, name, close
            gc.collect()
            settle()
            assert not [c for c in callbacks() if c not in callbacks_before]


@pytest.mark.parametrize("at_work", [False, True])
def test_the_viewer_may_be_closed_before_its_widgets_and_layers(
    make_napari_viewer, qtbot, write, blob_map, label_atlas, monkeypatch, at_work
):
    gate = threading.Event()
    original = run.assigning
    monkeypatch.setattr(run, "assigning", lambda *a, **k: (gate.wait(30), original(*a, **k))[1])
    viewer = make_napari_viewer()
    with qtbot.capture_exceptions() as raised:
        session = Session(viewer, write(blob_map), label_atlas)
        if not at_work:
            gate.set()
            finish(qtbot, session.widget)
        viewer.close()
        gate.set()
        settle()
        qtbot.wait(50)
        move(viewer, tuple(viewer.dims.point))
        viewer.dims.set_point(0, 2.0)
        for layer in list(viewer.layers):
            viewer.layers.remove(layer)
        for thing in (session.panel, session.widget, session.table):
            if alive(thing):
                thing.close()
        settle()
    assert not raised


# --- one viewer at a time ---


@pytest.fixture
def pair(make_napari_viewer, qtbot, write, blob_map, label_atlas):
    """Two viewers with the same in both."""

    def make(show):
        path = write(blob_map)
        both = [Session(make_napari_viewer(show=show), path, label_atlas) for _ in range(2)]
        for session in both:
            finish(qtbot, session.widget)
        return both

    return make


def test_two_viewers_keep_layers_tables_highlights_and_places_apart(pair, qtbot):
    first, second = pair(show=True)
    assert first.table is not second.table
    modes = second.viewer.layers["map modes"]

    def of_second():
        viewer = second.viewer
        return len(viewer.layers), modes.colormap, modes.selected_label, viewer.dims.point, second.panel.here

    before = of_second()
    results = first.table.result, second.table.result

    first.table.assignments.view.selectRow(1)
    first.viewer.layers["map modes"].selected_label = 2
    first.table.go_to_row(0)
    first.panel.step(1)
    view_commands.sagittal(first.viewer)
    view_commands.switch_convention(first.viewer)
    first.widget.threshold.value = 5.5
    finish(qtbot, first.widget)
    qtbot.waitUntil(lambda: first.table.result is not results[0])
    assert close_overlays(first.viewer)
    qtbot.wait(100)

    assert of_second() == before
    assert second.table.result is results[1]
    assert second.viewer.dims.order == (0, 1, 2)
    assert second.panel.convention.currentText() == "neurological"
    assert first.panel.convention.currentText() == "radiological"
    assert overlay_layers(second.viewer)


def test_a_viewer_works_on_when_another_is_closed(pair, qtbot):
    first, second = pair(show=False)
    first.viewer.close()
    settle()
    with qtbot.capture_exceptions() as raised:
        second.poke()
        second.panel.step(1)
        second.widget.threshold.value = 5.5
        finish(qtbot, second.widget)
        qtbot.waitUntil(lambda: second.table.result is second.widget.result)
    assert not raised
    assert second.widget.status.value == "1 mode, 1 assignment."
