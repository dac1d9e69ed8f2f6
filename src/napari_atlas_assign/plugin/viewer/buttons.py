"""Buttons for what can be done with the view, which the user would otherwise have to look for in menus."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from qtpy.QtWidgets import QHBoxLayout, QPushButton, QSizePolicy, QVBoxLayout, QWidget

from ..layers.geometry import KEY
from ..layers.layer_results import run_shown
from ..plain_text import show_info
from . import commands as view_commands
from .overlays import show_peaks


class ViewButtons(QWidget):
    """Two rows: the anatomical planes; the probe, peaks, the template, and an end to all overlays."""

    def __init__(self, viewer: Any, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._viewer = viewer
        self.three = button(
            "3 planes", "Axial, coronal and sagittal at once, linked", partial(self._open, "Three planes")
        )
        planes = [*plane_buttons(viewer), self.three]
        self.here = button(
            "What is here?", "Values, modes and regions under the cursor", partial(self._open, "What is here?")
        )
        for opens in (self.here, self.three):
            opens.setEnabled(hasattr(viewer, "window"))
        self.peaks = button("Peaks", "Show the peaks of all modes with names", self._show_peaks)
        self.template = button(
            "Template", "Add a template brain behind everything else", lambda: view_commands.add_template(viewer)
        )
        self.close_overlays = button(
            "Close overlays",
            "Close region maps, outlines, shares and peaks",
            lambda: view_commands.close_overlays(viewer),
        )
        layout = QVBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for buttons in (planes, [self.here, self.peaks, self.template, self.close_overlays]):
            row = QHBoxLayout()
            for one in buttons:
                one.setSizePolicy(QSizePolicy.Policy.MinimumExpanding, QSizePolicy.Policy.Fixed)
                row.addWidget(one)
            layout.addLayout(row)

    def _open(self, title: str) -> None:
        """Open a dock, or bring the one to the front that was opened here or from the menu."""
        window = self._viewer.window
        inner = next((one for one in window.dock_widgets.values() if type(one).__name__ == _DOCKS[title]), None)
        if inner is None:
            window.add_plugin_dock_widget(KEY, title)
        else:
            dock = inner.parentWidget()
            dock.show()
            dock.raise_()

    def _show_peaks(self) -> None:
        result = run_shown(self._viewer)
        if result is None:
            show_info("There are no modes yet; press Assign first.")
        else:
            show_peaks(result, self._viewer)


_DOCKS = {"What is here?": "WhatIsHere", "Three planes": "ThreePlanes"}
"""Titles of docks -> the classes of what they hold, told by their names: nothing here has to import them."""


def plane_buttons(viewer: Any) -> list[QPushButton]:
    """A button for each anatomical plane."""
    return [
        button(
            plane.capitalize(),
            f"Show the brain upright, {plane} ({key})",
            partial(view_commands.show_plane, viewer, plane),
        )
        for key, plane in view_commands.KEYS.items()
    ]


def button(text: str, tip: str, act: Callable[[], Any]) -> QPushButton:
    """A button that does something when it is clicked."""
    made = QPushButton(text)
    made.setToolTip(tip)
    made.clicked.connect(lambda _: act())
    return made
