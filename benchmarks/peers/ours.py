"""Measures this package: python ours.py TASK DATA_JSON."""

from __future__ import annotations

import json
import sys
import warnings

from measure import peak_mib, report, seconds

TASK, DATA = sys.argv[1], json.loads(sys.argv[2])
warnings.simplefilter("ignore")


def load(name: str, expected: str) -> None:
    import napari_atlas_assign as naa

    naa.load_atlas  # noqa: B018  the import is not part of loading
    time, _ = seconds(lambda: naa.load_atlas(name))
    report(step=f"load {name}, {expected}", seconds=time, peak_mib=peak_mib())


def assign(name: str, case: str, convention: str) -> None:
    import napari_atlas_assign as naa

    atlas = naa.load_atlas(name)
    image = naa.Image.from_file(DATA["images"][case]["path"])
    threshold = DATA["images"][case]["threshold"]
    first, _ = seconds(lambda: naa.assign(image, atlas, threshold=threshold, convention=convention))
    again, result = seconds(lambda: naa.assign(image, atlas, threshold=threshold, convention=convention), 15)
    report(step=f"assign {case} to {name}, {convention}, first", seconds=first, rows=len(result.assignments))
    report(step=f"assign {case} to {name}, {convention}", seconds=again, rows=len(result.assignments), peak_mib=peak_mib())


def threshold_change(case: str) -> None:
    """A new threshold each time, as when a hand drags it: modes, sums and both tables."""
    import napari_atlas_assign as naa

    atlas = naa.load_atlas("juelich")
    image = naa.Image.from_file(DATA["images"][case]["path"])
    naa.assign(image, atlas, threshold=3)
    thresholds = iter([2.6 + 0.05 * i for i in range(20)])
    time, _ = seconds(lambda: naa.assign(image, atlas, threshold=next(thresholds)), 20)
    report(step=f"threshold change, {case}", seconds=time, peak_mib=peak_mib())


def points(n: int, sigma: float) -> None:
    import napari_atlas_assign as naa

    atlas = naa.load_atlas("juelich")
    xyz = DATA["points"][:n]
    naa.assign_points(xyz[:2], atlas, sigma=sigma)
    time, _ = seconds(lambda: naa.assign_points(xyz, atlas, sigma=sigma), 3)
    report(step=f"{n} points, sigma {sigma:g} mm", seconds=time, peak_mib=peak_mib())


def command_line() -> None:
    """The whole process, from the shell's view: import, load, assign in the siibra convention, write."""
    from napari_atlas_assign.cli import main

    case = DATA["images"]["z > 3"]
    arguments = ["assign", case["path"], "--atlas", "juelich", "--threshold", str(case["threshold"])]
    time, _ = seconds(lambda: main([*arguments, "--convention", sys.argv[3], "--output", DATA["scratch"] + "/out"]))
    report(step=f"command line, {sys.argv[3]}", seconds=time, peak_mib=peak_mib())


def sparse_pass() -> None:
    """One pass over the atlas's values at memory speed: the least that any assignment without an index must do."""
    import numpy as np

    import napari_atlas_assign as naa

    value = np.array(naa.load_atlas("juelich").value)
    time, _ = seconds(lambda: value.sum(), 15)
    report(step="one pass over the sparse values", seconds=time)


match TASK.split(":"):
    case ["load", name, expected]:
        load(name, expected)
    case ["assign", name, case_name, convention]:
        assign(name, case_name, convention)
    case ["threshold", case_name]:
        threshold_change(case_name)
    case ["points", n, sigma]:
        points(int(n), float(sigma))
    case ["command"]:
        command_line()
    case ["pass"]:
        sparse_pass()
