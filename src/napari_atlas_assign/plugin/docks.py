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


SETTLED = 50
"""Milliseconds after which a window knows that it may be smaller again."""

BESIDE = 340
"""Pixels that a dock beside the panels is wide at first."""


def soon_in_tabs(widget: QWidget, viewer: Any) -> None:
    """`in_tabs`, when the dock stands where napari puts it."""
    _soon(widget, in_tabs, viewer)


def soon_beside_panels(widget: QWidget, viewer: Any) -> None:
    """`beside_panels`, when the dock stands where napari puts it."""
    _soon(widget, beside_panels, viewer)


def in_tabs(widget: QWidget) -> None:
    """Put the dock of a panel in tabs with that of another one of `PANELS` in the same area."""
    window, own = widget.window(), _dock_of(widget)
    if isinstance(window, QMainWindow) and own is not None:
        for other in _panels_beside(widget):
            window.tabifyDockWidget(other, own)
            own.raise_()


def beside_panels(widget: QWidget) -> None:
    """Let a dock stand between the canvas and the panels, or in tabs with them where the window has not the width.

    It can be closed but not torn off. Drawings of a graphics card do not survive the move to another window.
    """
    window, own = widget.window(), _dock_of(widget)
    if not isinstance(window, QMainWindow) or own is None:
        return
    own.setFeatures(QDockWidget.DockWidgetFeature.DockWidgetClosable)
    panels = _panels_beside(widget)
    if panels and window.minimumSizeHint().width() + own.minimumSizeHint().width() > window.width():
        window.tabifyDockWidget(panels[0], own)
        own.raise_()
        return
    for panel in panels[:1]:
        own.visibilityChanged.connect(partial(_narrow_soon, ref(window), ref(panel), panel.width()))
        window.splitDockWidget(own, panel, Qt.Orientation.Horizontal)
        window.resizeDocks([own, panel], [BESIDE, panel.width()], Qt.Orientation.Horizontal)
    for panel in panels[1:]:
        window.tabifyDockWidget(panels[0], panel)  # the split took the first out of its tabs
        panels[0].raise_()


def _narrow_soon(window: ref[QMainWindow], panel: ref[QDockWidget], width: int, shown: bool) -> None:
    """Let a panel be as wide as before once the dock beside it is gone, and the canvas have the room."""
    if not shown:
        QTimer.singleShot(0, partial(_narrow, window, panel, width))


def _narrow(window: ref[QMainWindow], panel: ref[QDockWidget], width: int) -> None:
    main_window, dock = window(), panel()
    with suppress(RuntimeError):  # Qt has destroyed them, too
        if main_window is not None and dock is not None:
            main_window.resizeDocks([dock], [width], Qt.Orientation.Horizontal)


def _soon(widget: QWidget, do: Callable[[QWidget], None], viewer: Any) -> None:
    timer = QTimer(widget)
    timer.setSingleShot(True)
    size = viewer.window.geometry()[2:] if hasattr(viewer, "window") else None
    timer.timeout.connect(partial(_do, ref(widget), do, size))
    timer.timeout.connect(timer.deleteLater)
    timer.start(0)


def _do(weak: ref[QWidget], do: Callable[[QWidget], None], before: tuple[int, int] | None) -> None:
    """Place a dock; window and table get back the size that they had before napari put the dock below others."""
    widget = weak()
    if widget is None:
        return
    do(widget)
    window = widget.window()
    if before is not None and isinstance(window, QMainWindow):
        QTimer.singleShot(SETTLED, partial(_resize, ref(window), before))


def _resize(window: ref[QMainWindow], size: tuple[int, int]) -> None:
    main_window = window()
    with suppress(RuntimeError):  # Qt has destroyed it
        if main_window is not None:
            main_window.resize(*size)
            squeezed = [
                dock
                for dock in main_window.findChildren(QDockWidget)
                if main_window.dockWidgetArea(dock) == Qt.DockWidgetArea.BottomDockWidgetArea
                and dock.isVisible()
                and dock.height() < dock.sizeHint().height()
            ]
            heights = [dock.sizeHint().height() for dock in squeezed]
            main_window.resizeDocks(squeezed, heights, Qt.Orientation.Vertical)


def _panels_beside(widget: QWidget) -> list[QDockWidget]:
    """The docks of others of `PANELS` in the area where a widget is docked."""
    window, own = widget.window(), _dock_of(widget)
    if not isinstance(window, QMainWindow) or own is None:
        return []
    return [
        other
        for other in window.findChildren(QDockWidget)
        if other is not own
        and window.dockWidgetArea(other) == window.dockWidgetArea(own)
        and any(type(child).__name__ in PANELS for child in other.findChildren(QWidget))
    ]


def _dock_of(widget: QWidget) -> QDockWidget | None:
    parent: Any = widget.parentWidget()
    while parent is not None and not isinstance(parent, QDockWidget):
        parent = parent.parentWidget()
    return parent
