"""Measures this package: python ours.py TASK DATA_JSON."""

from __future__ import annotations

import json
import sys
import warnings
from functools import partial
from typing import Any

from measure import peak_mib, report, seconds

TASK, DATA = sys.argv[1], json.loads(sys.argv[2])
warnings.simplefilter("ignore")


def load(name: str, expected: str) -> None:
    import napari_atlas_assign as naa

    naa.load_atlas  # noqa: B018  the import is not part of loading
    source = DATA.get("large", {}).get(name, name)
    time, _ = seconds(lambda: naa.load_atlas(source))
    report(step=f"load {name}, {expected}", seconds=time, peak_mib=peak_mib())


def prepared(options: list[str]) -> str:
    """Have the innermost loops compiled, as the widget does for live updates, where ``numba`` is among the options."""
    if "numba" not in options:
        return ""
    from napari_atlas_assign import loops

    if not loops.prepare():
        raise SystemExit("numba is not installed")
    return ", numba"


def assign(name: str, case: str, convention: str, *options: str) -> None:
    import pandas as pd  # tables need it; importing it is no part of an assignment

    import napari_atlas_assign as naa

    how = convention + prepared(list(options))
    atlas = naa.load_atlas(name)
    image = naa.Image.from_file(DATA["images"][case]["path"])
    threshold = DATA["images"][case]["threshold"]

    def table() -> pd.DataFrame:
        """That of modes and regions, which is what the peers make, too; tables are made when they are asked for."""
        return naa.assign(image, atlas, threshold=threshold, convention=convention).assignments

    first, _ = seconds(table)
    again, rows = seconds(table, 15)
    report(step=f"assign {case} to {name}, {how}, first", seconds=first, rows=len(rows))
    report(step=f"assign {case} to {name}, {how}", seconds=again, rows=len(rows), peak_mib=peak_mib())


def threshold_change(case: str, *options: str) -> None:
    """A new threshold each time, as when a hand drags it: modes, sums and both tables."""
    import numpy as np

    import napari_atlas_assign as naa

    how = prepared(list(options))
    atlas = naa.load_atlas("juelich")
    image = naa.Image.from_file(DATA["images"][case]["path"])
    low, high = (2.6, 3.6) if image.data.max() > 3.6 else (0.1, 0.6)

    def tables(threshold: float) -> Any:
        result = naa.assign(image, atlas, threshold=threshold)
        return result.assignments, result.modes

    tables(high)
    thresholds = iter(np.linspace(low, high, 20).tolist())
    time, _ = seconds(lambda: tables(next(thresholds)), 20)
    report(step=f"threshold change, {case}{how}", seconds=time, peak_mib=peak_mib())


def points(n: int, sigma: float, *options: str) -> None:
    import napari_atlas_assign as naa

    how = prepared(list(options))
    atlas = naa.load_atlas("juelich")
    xyz = DATA["points"][:n]
    _ = naa.assign(xyz[:2], atlas, sigma=sigma).assignments  # tables are worked out when they are asked for
    time, _ = seconds(lambda: naa.assign(xyz, atlas, sigma=sigma).assignments, 5)
    report(step=f"{n} points, sigma {sigma:g} mm{how}", seconds=time, peak_mib=peak_mib())


def placements() -> None:
    """4,999 placements of a ball of 400 voxels of the 3 mm map: by numpy, and by the compiled loop."""
    import numpy as np

    import napari_atlas_assign as naa
    from napari_atlas_assign.certainty.judge import domain_of
    from napari_atlas_assign.certainty.placements import covered_voxels, place
    from napari_atlas_assign.certainty.placing_loop import WORTH_COMPILING, loop_for

    atlas = naa.load_atlas("juelich")
    domain, covered = domain_of(naa.Image.from_file(DATA["images"]["z > 3"]["path"]), atlas), covered_voxels(atlas)
    ijk = np.stack(np.meshgrid(*[np.arange(-6, 7)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
    ball = ijk[np.argsort((ijk**2).sum(axis=1), kind="stable")[:400]] * 3.0 + (40, -20, 40)
    for how, loop in (("", None), (", numba", loop_for(WORTH_COMPILING))):
        if how and loop is None:
            continue
        place(ball, atlas, covered, domain, 999, np.random.default_rng(0), loop=loop)
        time, _ = seconds(partial(place, ball, atlas, covered, domain, 4999, np.random.default_rng(0), loop=loop), 3)
        report(step=f"4,999 placements of 400 voxels{how}", seconds=time, peak_mib=peak_mib())


def region_table() -> None:
    """What is in every region of the 3 mm map: the first of a grid, and one more."""
    import numpy as np

    import napari_atlas_assign as naa

    atlas, image = naa.load_atlas("juelich"), naa.Image.from_file(DATA["images"]["z > 3"]["path"])
    others = [naa.Image(np.array(image.data), image.grid, image.name, image.space) for _ in range(4)]

    def table() -> None:
        _ = naa.assign(others.pop(), atlas, threshold=None).regions

    for when, repeats in (("first", 1), ("one more", 3)):
        time, _ = seconds(table, repeats)
        report(step=f"region table, {when}", seconds=time, peak_mib=peak_mib())


def region_test() -> None:
    import napari_atlas_assign as naa

    atlas, image = naa.load_atlas("juelich"), naa.Image.from_file(DATA["images"]["z > 3"]["path"])
    time, _ = seconds(lambda: naa.region_test(image, atlas, surrogates=999))
    report(step="region test, 999 surrogates", seconds=time, peak_mib=peak_mib())


def sweep() -> None:
    import numpy as np

    import napari_atlas_assign as naa

    atlas, image = naa.load_atlas("juelich"), naa.Image.from_file(DATA["images"]["z > 3"]["path"])
    naa.assign(image, atlas, threshold=2.3)
    time, _ = seconds(lambda: naa.threshold_sweep(image, atlas, np.linspace(2.3, 5, 25)), 3)
    report(step="sweep of 25 thresholds", seconds=time, peak_mib=peak_mib())


def command_line() -> None:
    """The whole process, from the shell's view: import, load, assign in the siibra convention, write."""
    from napari_atlas_assign.cli import main

    case = DATA["images"]["z > 3"]
    arguments = ["assign", case["path"], "--atlas", "juelich", "--threshold", str(case["threshold"])]
    time, _ = seconds(lambda: main([*arguments, "--convention", "siibra", "--output", DATA["scratch"] + "/out"]))
    report(step=f"command line, {sys.argv[3]}", seconds=time, peak_mib=peak_mib())


def sparse_pass() -> None:
    """One pass over the atlas's values at memory speed: the least that any assignment without an index must do."""
    import numpy as np

    import napari_atlas_assign as naa

    value = np.array(naa.load_atlas("juelich").value)
    time, _ = seconds(lambda: value.sum(), 15)
    report(step="one pass over the sparse values", seconds=time)


def growth(what: str) -> None:
    """Time on doubling sizes of generated data, all else equal, and the exponent fitted to it."""
    import numpy as np
    import pandas as pd

    import napari_atlas_assign as naa

    def blobs(n: int, edge: int) -> np.ndarray:
        """n separate cubes in a volume of edge**3 voxels."""
        data = np.zeros((edge,) * 3, np.float32)
        per_axis = int(np.ceil(n ** (1 / 3)))
        step = edge // per_axis
        for m in range(n):
            i, j, k = np.unravel_index(m, (per_axis,) * 3)
            data[i * step : i * step + step // 2, j * step : j * step + step // 2, k * step : k * step + step // 2] = (
                5 + m % 3
            )
        return data

    def atlas(n_regions: int, edge: int) -> naa.Atlas:
        labels = np.arange(edge) * int(np.ceil(n_regions ** (1 / 3))) // edge
        size = labels.max() + 1
        volume = (labels[:, None, None] * size + labels[:, None]) * size + labels
        volume = (volume % n_regions + 1).astype(np.int32)
        table = pd.DataFrame({"id": np.arange(1, n_regions + 1), "name": [f"r{r}" for r in range(n_regions)]})
        return naa.Atlas.from_labels(volume, naa.Grid(volume.shape, np.eye(4)), table)

    def time_of(image: np.ndarray, regions: naa.Atlas, n_maps: int = 1) -> float:
        images = [naa.Image.from_array(image, np.eye(4), f"map {m}") for m in range(n_maps)]

        def tables() -> Any:
            result = naa.assign(images, regions, threshold=1)
            return result.assignments, result.modes

        tables()
        return seconds(tables, 5)[0]

    def time_of_points(n: int) -> float:
        """Places in the region table."""
        xyz = np.random.default_rng(0).uniform(0, 95, (n, 3))
        regions = atlas(64, 96)

        def table() -> pd.DataFrame:
            return naa.assign(xyz, regions).regions

        table()
        return seconds(table, 3)[0]

    match what:
        case "voxels":
            edges = (64, 81, 102, 128, 161)
            sizes = [edge**3 for edge in edges]
            times = [time_of(blobs(27, edge), atlas(64, edge)) for edge in edges]
        case "regions":
            sizes = [64, 128, 256, 512, 1024]
            times = [time_of(blobs(27, 96), atlas(n, 96)) for n in sizes]
        case "modes":
            sizes = [64, 128, 256, 512, 1024]
            times = [time_of(blobs(n, 96), atlas(64, 96)) for n in sizes]
        case "maps":
            sizes = [2, 4, 8, 16, 32]
            times = [time_of(blobs(27, 48), atlas(64, 48), n) for n in sizes]
        case "points":
            sizes = [625_000, 1_250_000, 2_500_000, 5_000_000, 10_000_000]
            times = [time_of_points(n) for n in sizes]
    exponent = float(np.polyfit(np.log(sizes), np.log(times), 1)[0])
    report(step=f"growth with {what}", seconds=times[-1], sizes=sizes, times=times, exponent=exponent)


match TASK.split(":"):
    case ["load", name, expected]:
        load(name, expected)
    case ["assign", name, case_name, convention, *options]:
        assign(name, case_name, convention, *options)
    case ["threshold", case_name, *options]:
        threshold_change(case_name, *options)
    case ["points", n, sigma, *options]:
        points(int(n), float(sigma), *options)
    case ["placements"]:
        placements()
    case ["region-table"]:
        region_table()
    case ["region-test"]:
        region_test()
    case ["sweep"]:
        sweep()
    case ["command"]:
        command_line()
    case ["pass"]:
        sparse_pass()
    case ["growth", what]:
        growth(what)
