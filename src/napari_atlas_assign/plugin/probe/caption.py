"""Names on the brain: one line on the canvas tells the place, value, mode and region at the cursor."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from string import ascii_letters, digits
from typing import Any
from weakref import WeakKeyDictionary, ref

import numpy as np
from psygnal import EmitLoopError
from qtpy.QtCore import QTimer

from ...assignment.point_result import PointResult
from ...assignment.result import Result
from ...grid import Floats
from ..layers.layer_results import results_in
from ..turns import at_once
from ..viewer.crosshair import crosshair_of, show_crosshair_in_turns
from ..viewer.names import FULL_BLOCK
from ..viewer.orientation_letters import letters_shown, reaches_letter
from ..viewer.overlays import shortened
from ..viewer.placing import find_frame, go_to_place
from .lookup import Cursor, Here, place_under, read_in_memory, what_is_here
from .voxel_reader import VoxelReader

INTERVAL = 33
"""Milliseconds between two looks at what is under the cursor."""

OVERLAY = "anatomy_here"
"""Name of the text overlay (``viewer.canvas.overlays``)."""

LETTERS = f"{ascii_letters}{digits} .,·…-()/{FULL_BLOCK}"
"""What captions and names beside places are made of."""

AT_A_TIME = 4
"""Letters that a canvas draws for the first time in one turn: each takes 2 to 6 ms."""

_captions: WeakKeyDictionary[Any, Caption] = WeakKeyDictionary()
"""Those of the viewers, by their events; forgotten with them."""


def caption_of(viewer: Any) -> Caption | None:
    """The caption of a viewer with a window, which it gets when it is first asked for."""
    if not hasattr(viewer, "window"):
        return None
    events = getattr(viewer.events, "__wrapped__", viewer.events)
    if events not in _captions:
        _captions[events] = Caption(viewer)
    return _captions[events]


class Caption:
    """Follows the cursor while it is open; a place that is told stays until the mouse moves."""

    def __init__(self, viewer: Any) -> None:
        # A closure knows the viewer by its timer only, so that neither keeps the other.
        self._viewer = ref(getattr(viewer, "__wrapped__", viewer))
        self._cursor: Cursor | None = None
        self._reader = VoxelReader(self._look)
        self._timer = QTimer()
        self._timer.setSingleShot(True)
        self._timer.setInterval(INTERVAL)
        self._timer.timeout.connect(self._look)
        self._callback: Callable[[Any, Any], None] | None = None
        self._text = ""

    def open(self) -> None:
        """Follow the cursor of the viewer."""
        viewer = self._viewer()
        if viewer is not None and self._callback is None:
            self._callback = _callback(self)
            viewer.mouse_move_callbacks.append(self._callback)
            viewer.canvas.events.size.connect(self._fit)

    def close(self) -> None:
        """Let go of the viewer, and show nothing."""
        viewer = self._viewer()
        with suppress(RuntimeError):  # Qt has destroyed it already, at the end of a script
            self._timer.stop()
        self._reader.forget()
        if viewer is not None and self._callback is not None:
            viewer.canvas.events.size.disconnect(self._fit)
            with suppress(ValueError):
                viewer.mouse_move_callbacks.remove(self._callback)
        self._callback = self._cursor = None
        with suppress(EmitLoopError, RuntimeError):  # the window closes, and its canvas is gone
            self._show("")

    def tell(self, xyz: Any) -> None:
        """Tell what is at a place (3,) in world mm, until the mouse moves."""
        viewer = self._viewer()
        if viewer is not None and self._callback is not None:
            self._cursor = None
            self._show(in_lines(what_is_here(viewer, np.asarray(xyz, dtype=np.float64), self._reader)))

    def follow(self, cursor: Cursor) -> None:
        """The mouse is somewhere else; this is called hundreds of times a second, and only takes note."""
        self._cursor = cursor
        if not self._timer.isActive():
            self._timer.start()

    def _look(self) -> None:
        viewer, cursor = self._viewer(), self._cursor
        if viewer is None or cursor is None:
            return
        xyz: Floats | None = place_under(viewer, cursor, self._reader) if results_in(viewer) else None
        self._show("" if xyz is None else in_lines(what_is_here(viewer, xyz, self._reader)))
        self._reader.fetch()

    def _fit(self, _: Any = None) -> None:
        """Below the letter of the upper edge where there is no room beside it."""
        self._show(self._text)

    def _show(self, text: str) -> None:
        self._text = text
        viewer = self._viewer()
        if viewer is None:
            return
        if OVERLAY not in viewer.canvas.overlays and not text:
            return
        overlay = _overlay_of(viewer)
        if text and letters_shown(viewer) and reaches_letter(viewer, text):
            text = f" \n \n{text}"
        _set(overlay, text)


def draw_ahead_in_turns(viewer: Any) -> Iterator[None]:
    """Have the canvas draw the caption and all its letters unseen, which the first one would have the window wait for.

    The canvas draws between two turns.
    """
    yield
    if OVERLAY in viewer.canvas.overlays:
        return
    overlay = _overlay_of(viewer)
    overlay.opacity, overlay.box_color = 0, "transparent"
    for begin in range(0, len(LETTERS), AT_A_TIME):
        if overlay.opacity:  # the caption itself has come
            return
        overlay.text, overlay.visible, overlay.box = LETTERS[begin : begin + AT_A_TIME], True, True
        yield
    _set(overlay, "")


def _set(overlay: Any, text: str) -> None:
    """Show a text, or nothing."""
    if overlay.text != text:
        overlay.text, overlay.visible, overlay.box = text, bool(text), bool(text)
        overlay.opacity, overlay.box_color = 1, None


def _overlay_of(viewer: Any) -> Any:
    """The caption's text overlay, which is added where there is none."""
    overlays = viewer.canvas.overlays
    if OVERLAY not in overlays:
        from napari.components.overlays import TextOverlay

        overlays[OVERLAY] = TextOverlay(position="top_left", font_size=9)
    return overlays[OVERLAY]


def one_line(here: Here) -> str:
    """Place, value, mode and most probable region: ``x 39 y -22 z 55 mm · 7.94 · mode 1 · Area 4a 0.68``."""
    place = " ".join(f"{axis} {round(value) or 0:d}" for axis, value in zip("xyz", here.xyz, strict=True))
    parts = [f"{place} mm"]
    value = here.values[0][1] if here.values else None
    if value is not None and np.isfinite(value):
        parts.append(f"{value:.3g}")
    parts += dict.fromkeys(f"mode {mode.number}" for mode in here.modes)
    return " · ".join([*parts, *filter(None, [region_here(here)])])


def in_lines(here: Here) -> str:
    """As `one_line`, in lines so short that they leave room for the letter in the middle of the upper edge."""
    region = region_here(here)
    place, *more = one_line(here).removesuffix(f" · {region}").split(" · ")
    return "\n".join(filter(None, [place, " · ".join(more), region]))


def region_here(here: Here) -> str:
    """The most probable region at a place: ``Area 4a 0.68``; empty where there is none."""
    if not here.regions:
        return ""
    return f"{shortened(here.regions[0].name)} {here.regions[0].value:.2f}"


def show_place(viewer: Any, result: Result | PointResult, xyz: Any, run: int = 0) -> None:
    """Go to a place (3,) in world mm of a result, and tell there what it is: with a crosshair, a name and the caption.

    A crosshair that was closed stays closed.
    """
    at_once(show_place_in_turns(viewer, result, xyz, run))


def show_place_in_turns(viewer: Any, result: Result | PointResult, xyz: Any, run: int = 0) -> Iterator[None]:
    """As `show_place`, but pause between its steps."""
    go_to_place(viewer, result, xyz, run)
    yield
    here = what_is_here(viewer, np.asarray(xyz, dtype=np.float64), read_in_memory)
    if crosshair_of(viewer) is not None:
        yield from show_crosshair_in_turns(viewer, find_frame(result, viewer), xyz, region_here(here))
        yield
    caption = caption_of(viewer)
    if caption is not None:
        caption.tell(xyz)


def show_first_peak_in_turns(viewer: Any, result: Result | PointResult) -> Iterator[None]:
    """Show what was looked for, the peak of mode 1, with a crosshair, and pause between the steps."""
    if isinstance(result, Result) and len(result.modes):
        peak = result.modes["peak"].iloc[0]
        yield from show_crosshair_in_turns(viewer, find_frame(result, viewer), peak)
        yield
        yield from show_place_in_turns(viewer, result, peak)


def _callback(caption: Caption) -> Callable[[Any, Any], None]:
    """A callback that does not keep the caption alive, and goes with it."""
    weak = ref(caption)

    def on_mouse_move(viewer: Any, event: Any) -> None:
        alive = weak()
        if alive is None:
            viewer.mouse_move_callbacks.remove(on_mouse_move)
        else:
            alive.follow(Cursor(tuple(event.position), event.view_direction))

    return on_mouse_move
