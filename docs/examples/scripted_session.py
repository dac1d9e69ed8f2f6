"""A whole session without a hand on the mouse: open a real z map, assign, show, save, take a picture.

Run ``python scripted_session.py OUTPUT`` on a desktop, or ``xvfb-run -a python scripted_session.py OUTPUT`` on a
server. It needs a Qt binding and the real data: ``pip install "napari-atlas-assign[desktop]"``.
"""

from __future__ import annotations

import sys
from pathlib import Path

import napari

import napari_atlas_assign as naa


def main(output: Path) -> None:
    """Write the tables, the volume of modes, the record and a screenshot into the folder `output`."""
    viewer = napari.Viewer()
    # Your own: viewer.open(path, plugin="napari-atlas-assign")
    (z_map,) = viewer.open_sample("napari-atlas-assign", "real_zmap")

    # The widget of the menu; it is not needed for the lines below.
    viewer.window.add_plugin_dock_widget("napari-atlas-assign", "Assign modes")

    atlas = naa.load_atlas("juelich")
    result = naa.assign(z_map, atlas, threshold=3)
    naa.show(result, viewer)
    result.save(output / "result")

    # Only the pairs that match well, with the columns that matter most.
    best = result.assignments.query("correlation >= 0.35")
    print(best[["input structure", "region", "correlation", "share"]].to_string(index=False))

    viewer.dims.point = result.modes["peak"][0][::-1]  # the viewer counts z, y, x; tables count x, y, z
    viewer.screenshot(str(output / "session.png"), canvas_only=False, flash=False)
    if sys.stdout.isatty():
        napari.run()
    viewer.close()


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "scripted-session"))
