"""Where docks of this plugin stand in napari's window, so that it fits on a small screen."""

from __future__ import annotations

from functools import partial
from typing import Any
from weakref import ref

from qtpy.QtCore import Qt, QTimer
from qtpy.QtWidgets import QDockWidget, QMainWindow, QWidget


def beside_left_docks(widget: QWidget) -> None:
    """Let docks at the bottom end where those at the left begin: one above the other, they make the window too high."""
    window = widget.window()
    if isinstance(window, QMainWindow):
        window.setCorner(Qt.Corner.BottomLeftCorner, Qt.DockWidgetArea.LeftDockWidgetArea)


PANELS = ("AssignWidget", "WhatIsHere")
"""Classes of the panels that share one dock, told by their names: neither has to import the other."""


def soon_in_tabs(widget: QWidget) -> None:
    """`in_tabs`, when the dock stands where napari puts it."""
    timer = QTimer(widget)
    timer.setSingleShot(True)
    timer.timeout.connect(partial(_in_tabs, ref(widget)))
    timer.timeout.connect(timer.deleteLater)
    timer.start(0)


def _in_tabs(there: ref[QWidget]) -> None:
    widget = there()
    if widget is not None:
        in_tabs(widget)


def in_tabs(widget: QWidget) -> None:
    """Put the dock of a panel in tabs with that of another one of `PANELS` in the same area."""
    window, own = widget.window(), _dock_of(widget)
    if not isinstance(window, QMainWindow) or own is None:
        return
    for other in window.findChildren(QDockWidget):
        holds = any(type(child).__name__ in PANELS for child in other.findChildren(QWidget))
        if other is not own and holds and window.dockWidgetArea(other) == window.dockWidgetArea(own):
            window.tabifyDockWidget(other, own)
            own.raise_()
            return


def _dock_of(widget: QWidget) -> QDockWidget | None:
    parent: Any = widget.parentWidget()
    while parent is not None and not isinstance(parent, QDockWidget):
        parent = parent.parentWidget()
    return parent
