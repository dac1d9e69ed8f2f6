"""What can be done with the view has buttons in the widget, and keys that are nobody else's."""

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import Qt

from napari_atlas_assign import assign, show
from napari_atlas_assign.plugin.assign.widget import AssignWidget
from napari_atlas_assign.plugin.viewer import commands as view_commands
from napari_atlas_assign.plugin.viewer.anatomical import plane_shown
from napari_atlas_assign.plugin.viewer.buttons import ViewButtons
from napari_atlas_assign.plugin.viewer.overlays import overlay_layers
from napari_atlas_assign.plugin.viewer.viewer_frame import show_volume
from tests.plugin.helpers import placed


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def buttons(viewer, qtbot):
    made = ViewButtons(viewer)
    qtbot.addWidget(made)
    return made


def test_a_plane_is_one_click_away(viewer, buttons, blob_map):
    from qtpy.QtWidgets import QPushButton

    viewer.add_layer(placed(blob_map.T, name="map"))
    by_text = {button.text(): button for button in buttons.findChildren(QPushButton)}
    for plane in ("coronal", "sagittal", "axial"):
        by_text[plane.capitalize()].click()
        assert plane_shown(viewer) == plane
    assert all(button.toolTip() for button in by_text.values())


def test_peaks_are_shown_and_closed_again(viewer, buttons, blob_map, label_atlas, monkeypatch):
    told = []
    monkeypatch.setattr("napari_atlas_assign.plugin.viewer.buttons.show_info", told.append)
    buttons.peaks.click()
    assert told == ["There are no modes yet; press Assign first."]
    source = viewer.add_layer(placed(blob_map.T, name="map"))
    show(assign(source, label_atlas, threshold=3), viewer)
    buttons.peaks.click()
    (layer,) = overlay_layers(viewer)
    assert len(layer.data) == 2
    buttons.close_overlays.click()
    assert layer not in viewer.layers


def test_the_peaks_of_a_stack_are_those_of_the_volume_shown(viewer, buttons, blob_map, label_atlas):
    source = viewer.add_layer(placed(np.stack([0 * blob_map.T, blob_map.T]), name="stack"))
    show(assign(source, [label_atlas, label_atlas.described(name="other")], threshold=3), viewer)
    for volume in (1, 0):
        show_volume(viewer, source, volume)
        buttons.peaks.click()
        (layer,) = overlay_layers(viewer)
        assert len(layer.data) == 2 * volume
        buttons.close_overlays.click()


def test_keys_show_planes_and_a_persons_own_stay(viewer, qtbot, blob_map):
    def mine(viewer):
        """What the user bound."""

    viewer.bind_key("Alt-2", mine)
    qtbot.addWidget(AssignWidget(viewer))
    qtbot.addWidget(AssignWidget(viewer))  # which binds nothing twice
    bound = {str(key): command for key, command in viewer.keymap.items()}
    assert bound["Alt+1"] is view_commands.axial
    assert bound["Alt+2"] is mine
    assert bound["Alt+R"] is view_commands.switch_convention


def test_the_keys_reach_a_real_canvas_and_the_probe_opens(make_napari_viewer, qtbot, blob_map):
    from qtpy.QtWidgets import QApplication

    viewer = make_napari_viewer(show=True)
    viewer.add_layer(placed(blob_map.T, name="map"))
    _, widget = viewer.window.add_plugin_dock_widget("napari-atlas-assign", "Assign modes")
    canvas = viewer.window._qt_viewer.canvas.native
    canvas.setFocus()
    QApplication.processEvents()
    for number, plane in ((2, "coronal"), (3, "sagittal"), (1, "axial")):
        qtbot.keyClick(canvas, getattr(Qt.Key, f"Key_{number}"), Qt.KeyboardModifier.AltModifier)
        assert plane_shown(viewer) == plane
    for _ in range(2):
        widget.view_buttons.here.click()
        assert [name for name in viewer.window.dock_widgets if "here" in name]
    assert len([name for name in viewer.window.dock_widgets if "here" in name]) == 1
    assert len([name for name in viewer.window.dock_widgets if "here" in name]) == 1


def test_the_button_brings_back_the_probe_that_is_there(make_napari_viewer, qtbot):
    viewer = make_napari_viewer()
    _, probe = viewer.window.add_plugin_dock_widget("napari-atlas-assign", "What is here?")
    buttons = ViewButtons(viewer)
    qtbot.addWidget(buttons)
    probe.parentWidget().hide()
    buttons.here.click()
    buttons.here.click()
    names = [type(one).__name__ for one in viewer.window.dock_widgets.values()]
    assert names.count("WhatIsHere") == 1
    assert not probe.parentWidget().isHidden()
