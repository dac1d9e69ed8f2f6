"""Where docks of this plugin stand in napari's window, so that it fits on a small screen."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
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
    _soon(widget, in_tabs)


def soon_beside_panels(widget: QWidget) -> None:
    """`beside_panels`, when the dock stands where napari puts it."""
    _soon(widget, beside_panels)


def in_tabs(widget: QWidget) -> None:
    """Put the dock of a panel in tabs with that of another one of `PANELS` in the same area."""
    window, own, other = widget.window(), _dock_of(widget), _panel_beside(widget)
    if isinstance(window, QMainWindow) and own is not None and other is not None:
        window.tabifyDockWidget(other, own)
        own.raise_()


def beside_panels(widget: QWidget) -> None:
    """Let a dock stand between the canvas and the panels, to be closed but not torn off.

    Drawings of a graphics card do not survive the move to another window.
    """
    window, own, panel = widget.window(), _dock_of(widget), _panel_beside(widget)
    if not isinstance(window, QMainWindow) or own is None:
        return
    own.setFeatures(QDockWidget.DockWidgetFeature.DockWidgetClosable)
    if panel is not None:
        own.visibilityChanged.connect(partial(_narrow_soon, ref(window), ref(panel), panel.width()))
        window.splitDockWidget(own, panel, Qt.Orientation.Horizontal)


def _narrow_soon(window: ref[QMainWindow], panel: ref[QDockWidget], width: int, shown: bool) -> None:
    """Let a panel be as wide as before once the dock beside it is gone, and the canvas have the room."""
    if not shown:
        QTimer.singleShot(0, partial(_narrow, window, panel, width))


def _narrow(window: ref[QMainWindow], panel: ref[QDockWidget], width: int) -> None:
    main_window, dock = window(), panel()
    with suppress(RuntimeError):  # Qt has destroyed them, too
        if main_window is not None and dock is not None:
            main_window.resizeDocks([dock], [width], Qt.Orientation.Horizontal)


def _soon(widget: QWidget, do: Callable[[QWidget], None]) -> None:
    timer = QTimer(widget)
    timer.setSingleShot(True)
    timer.timeout.connect(partial(_do, ref(widget), do))
    timer.timeout.connect(timer.deleteLater)
    timer.start(0)


def _do(weak: ref[QWidget], do: Callable[[QWidget], None]) -> None:
    widget = weak()
    if widget is not None:
        do(widget)


def _panel_beside(widget: QWidget) -> QDockWidget | None:
    """The dock of another one of `PANELS` in the area where a widget is docked."""
    window, own = widget.window(), _dock_of(widget)
    if not isinstance(window, QMainWindow) or own is None:
        return None
    for other in window.findChildren(QDockWidget):
        holds = any(type(child).__name__ in PANELS for child in other.findChildren(QWidget))
        if other is not own and holds and window.dockWidgetArea(other) == window.dockWidgetArea(own):
            return other
    return None


def _dock_of(widget: QWidget) -> QDockWidget | None:
    parent: Any = widget.parentWidget()
    while parent is not None and not isinstance(parent, QDockWidget):
        parent = parent.parentWidget()
    return parent
