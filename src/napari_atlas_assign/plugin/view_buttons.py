"""Buttons for what can be done with the view, which a person would otherwise have to look for in menus."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, get_args

from napari.utils.notifications import show_info
from qtpy.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from . import view_commands
from .geometry import KEY
from .region_overlays import show_peaks
from .session import run_shown
from .views import Plane


class ViewButtons(QWidget):
    """Two rows: the anatomical planes; the probe, peaks, the template, and an end to all overlays."""

    def __init__(self, viewer: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        keys = {plane: key for key, plane in view_commands.KEYS.items()}
        planes = [
            _button(plane.capitalize(), f"Show the brain upright, {plane} ({keys[plane]})", partial(self._plane, plane))
            for plane in get_args(Plane)
        ]
        self.here = _button("What is here?", "Values, modes and regions under the cursor", self._open_probe)
        self.here.setEnabled(hasattr(viewer, "window"))
        self.peaks = _button("Peaks", "Show the peaks of all modes with names", self._show_peaks)
        self.template = _button(
            "Template", "Add a template brain behind everything else", lambda: view_commands.add_template(viewer)
        )
        self.close_overlays = _button(
            "Close overlays",
            "Close region maps, outlines, shares and peaks",
            lambda: view_commands.close_overlays(viewer),
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for buttons in (planes, [self.here, self.peaks, self.template, self.close_overlays]):
            row = QHBoxLayout()
            for button in buttons:
                row.addWidget(button)
            layout.addLayout(row)

    def _plane(self, plane: Plane) -> None:
        view_commands.show_plane(self._viewer, plane)

    def _open_probe(self) -> None:
        self._viewer.window.add_plugin_dock_widget(KEY, "What is here?")

    def _show_peaks(self) -> None:
        result = run_shown(self._viewer)
        if result is None:
            show_info("There are no modes yet; press Assign first.")
        else:
            show_peaks(result, self._viewer)


def _button(text: str, tip: str, act: Callable[[], Any]) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setSizePolicy(QSizePolicy.Policy.MinimumExpanding, QSizePolicy.Policy.Fixed)
    button.clicked.connect(lambda _: act())
    return button
