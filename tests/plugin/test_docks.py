"""The docks when they come: laid out at first sight, the brain still whole, no higher than the screen, and readable."""

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_atlas_assign import assign, show
from napari_atlas_assign.plugin.assign.widget import AssignWidget
from napari_atlas_assign.plugin.layers.reader import read
from napari_atlas_assign.plugin.probe.lookup import Here
from napari_atlas_assign.plugin.probe.pinned_places import add_pin
from napari_atlas_assign.plugin.probe.widget import WhatIsHere
from napari_atlas_assign.plugin.show import TABLE_NAME
from napari_atlas_assign.plugin.table.filter_bar import FilterBar
from napari_atlas_assign.plugin.viewer.anatomical import anatomical_view
from napari_atlas_assign.plugin.viewer.keep_in_view import shows_all
from napari_atlas_assign.plugin.viewer.oblique import go_to_world
from napari_atlas_assign.plugin.viewer.overlays import show_peaks
from napari_atlas_assign.plugin.viewer.viewer_frame import view_frame
from tests.plugin.helpers import as_layer


def cut_off(bar):
    """Fields of a filter bar that are narrower than what they say."""
    fields = (bar.conditions[0].column, bar.conditions[0].relation, bar.more, bar.count, *bar.choices.values())
    return [field for field in fields if field.isVisible() and field.width() < field.sizeHint().width()]


def test_the_table_is_filled_when_it_is_first_seen_and_leaves_the_brain_whole(
    make_napari_viewer, write, blob_map, label_atlas, qtbot
):
    viewer = make_napari_viewer(show=True)
    source = viewer.add_layer(as_layer(read(write(blob_map))[0]))
    anatomical_view(viewer, "axial")
    qtbot.waitUntil(lambda: shows_all(viewer))
    height = viewer.canvas.size[0]
    show(assign(source, label_atlas, threshold=3), viewer)
    qtbot.waitUntil(lambda: viewer.canvas.size[0] < height)
    qtbot.waitUntil(lambda: shows_all(viewer))
    table = viewer.window.dock_widgets[TABLE_NAME]
    table.filter_button.click()
    assert not cut_off(table.assignments.filters)


def test_with_all_docks_the_window_fits_on_a_small_screen(make_napari_viewer, write, blob_map, label_atlas, qtbot):
    viewer = make_napari_viewer(show=True)
    source = viewer.add_layer(as_layer(read(write(blob_map))[0]))
    dock, widget = viewer.window.add_plugin_dock_widget("napari-atlas-assign", "Assign modes")
    show(assign(source, label_atlas, threshold=3), viewer)
    other, _ = viewer.window.add_plugin_dock_widget("napari-atlas-assign", "What is here?")
    qtbot.waitUntil(lambda: other in widget.window().tabifiedDockWidgets(dock))
    viewer.dims.ndisplay = 3
    least = widget.window().minimumSizeHint()
    assert least.width() <= 1100
    assert least.height() <= 680


def test_three_planes_share_the_tabs_of_a_small_window_which_stays_as_small_as_it_was(make_napari_viewer, qtbot):
    viewer = make_napari_viewer(show=True)
    dock, widget = viewer.window.add_plugin_dock_widget("napari-atlas-assign", "Assign modes")
    viewer.window.resize(900, 620)
    for title in ("Three planes", "What is here?"):
        added, _ = viewer.window.add_plugin_dock_widget("napari-atlas-assign", title)
        qtbot.waitUntil(lambda one=added: one in widget.window().tabifiedDockWidgets(dock), timeout=3000)
        qtbot.waitUntil(lambda: viewer.window.geometry()[2:] == (900, 620), timeout=3000)
    viewer.window.remove_dock_widget("all")


def test_three_planes_leave_the_table_its_rows_in_a_low_window(make_napari_viewer, write, blob_map, label_atlas, qtbot):
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1280, 720)
    source = viewer.add_layer(as_layer(read(write(blob_map))[0]))
    viewer.window.add_plugin_dock_widget("napari-atlas-assign", "Assign modes")
    show(assign(source, label_atlas, threshold=3), viewer)
    table = viewer.window.dock_widgets[TABLE_NAME]
    qtbot.waitUntil(lambda: table.height() > 0.9 * table.sizeHint().height(), timeout=3000)
    viewer.window.add_plugin_dock_widget("napari-atlas-assign", "Three planes")
    qtbot.wait(300)  # napari lets the planes take the table's room first
    qtbot.waitUntil(lambda: table.height() > 0.9 * table.sizeHint().height(), timeout=3000)
    viewer.window.remove_dock_widget("all")


def test_three_planes_stand_beside_panels_that_stay_in_tabs_where_there_is_room(make_napari_viewer, qtbot):
    viewer = make_napari_viewer(show=True)
    viewer.window.resize(1500, 800)
    dock, widget = viewer.window.add_plugin_dock_widget("napari-atlas-assign", "Assign modes")
    panel, _ = viewer.window.add_plugin_dock_widget("napari-atlas-assign", "What is here?")
    qtbot.waitUntil(lambda: panel in widget.window().tabifiedDockWidgets(dock))
    planes, _ = viewer.window.add_plugin_dock_widget("napari-atlas-assign", "Three planes")
    qtbot.wait(100)
    assert widget.window().tabifiedDockWidgets(dock) == [panel]
    assert not widget.window().tabifiedDockWidgets(planes)
    viewer.window.remove_dock_widget("all")


def test_fields_of_several_conditions_stand_below_one_another(qtbot):
    bar = FilterBar("assignments")
    qtbot.addWidget(bar)
    bar.add_condition()
    bar.show()
    qtbot.waitExposed(bar)
    first, second = bar.conditions
    assert first.column.x() == second.column.x()


@pytest.mark.parametrize("kind", [AssignWidget, WhatIsHere])
def test_a_panel_may_be_lower_than_what_it_holds_but_no_narrower(kind, qtbot):
    panel = kind(ViewerModel())
    qtbot.addWidget(panel)
    if kind is AssignWidget:
        panel.more.expand(animate=False)
    panel.show()
    qtbot.waitExposed(panel)
    scroller = panel.layout().itemAt(0).widget()
    inner = scroller.widget()
    panel.resize(panel.minimumSizeHint())
    assert panel.height() < inner.minimumSizeHint().height()
    assert scroller.viewport().width() >= inner.minimumSizeHint().width()
    assert scroller.verticalScrollBar().maximum() > 0


def test_a_message_has_the_whole_width_and_the_height_that_it_needs(qtbot):
    widget = AssignWidget(ViewerModel())
    qtbot.addWidget(widget)
    widget.resize(700, 400)
    widget.show()
    qtbot.waitExposed(widget)
    label = widget.status.native
    widget.status.value = "words " * 15
    qtbot.waitUntil(lambda: label.width() > 600)
    few = label.height()
    widget.status.value = "words " * 100
    qtbot.waitUntil(lambda: label.height() > 3 * few)


def test_the_arrow_of_more_is_text_which_has_the_colour_of_the_theme(qtbot):
    widget = AssignWidget(ViewerModel())
    qtbot.addWidget(widget)
    button = widget.more.toggleButton()
    assert button.text() == "► Settings"
    widget.more.expand(animate=False)
    assert button.text() == "▼ Settings"
    assert button.iconSize().isEmpty()


def rows_of_names(viewer, qapp):
    """Rows of the canvas where names, which are white, are drawn."""
    qapp.processEvents()
    picture = viewer.screenshot(flash=False)[..., :3]
    return set(np.flatnonzero((picture > 200).all(axis=-1).any(axis=1)).tolist())


@pytest.mark.parametrize("ndisplay", [2, 3])
def test_the_names_of_a_peak_and_a_pin_at_one_place_are_seen_apart(
    make_napari_viewer, write, blob_map, label_atlas, ndisplay, qapp
):
    viewer = make_napari_viewer(show=True)
    source = viewer.add_layer(as_layer(read(write(blob_map))[0]))
    result = assign(source, label_atlas, threshold=3)
    anatomical_view(viewer, "axial")
    xyz = result.peaks["position"].iloc[0]
    peaks, pins = show_peaks(result, viewer), add_pin(viewer, Here(xyz, [], [], []), view_frame(viewer))
    source.visible = False
    viewer.dims.ndisplay = ndisplay
    go_to_world(viewer, view_frame(viewer), xyz)
    peaks.features = peaks.features.assign(label=[peaks.features["label"].iloc[0], *[""] * (len(peaks.data) - 1)])
    seen = []
    for one, other in ((peaks, pins), (pins, peaks)):
        one.visible, other.visible = True, False
        seen.append(rows_of_names(viewer, qapp))
    assert all(seen)
    assert not seen[0] & seen[1]
