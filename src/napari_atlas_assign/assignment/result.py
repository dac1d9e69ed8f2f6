"""The result of an assignment: tables, mode volume, and what they were made from."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..atlas.atlas import Atlas
from ..image import Image
from ..modes.modes import Modes
from ..space import Floats, Grid
from .conventions import Convention
from .scores import SCORES, map_maximum
from .sums import OverlapSums

ASSIGNMENT_COLUMNS = ("input structure", "centroid", "volume", "region", *SCORES)
"""Columns of the table of assignments: siibra's eleven first, under its names and in its order."""

MODE_COLUMNS = (
    "input structure",
    "sign",
    "voxels",
    "volume mm3",
    "centroid",
    "peak",
    "peak value",
    "mean value",
    "best region by correlation",
    "best region by share",
    "unassigned share",
)
"""Columns of the table of modes."""


@dataclass(frozen=True)
class Result:
    """What an assignment found.

    Parameters
    ----------
    image, atlas : Image, Atlas
        What was compared.
    found : Modes
        The modes; in the siibra convention on the atlas's grid.
    assignments : DataFrame
        One row per mode and region that overlap, columns `ASSIGNMENT_COLUMNS`.
    modes : DataFrame
        One row per mode, columns `MODE_COLUMNS`.
    parameters : dict
        The arguments of the assignment.
    warnings : tuple of str
        What the person should look at.
    timings : dict
        Seconds per stage.
    """

    image: Image
    atlas: Atlas
    found: Modes
    assignments: pd.DataFrame
    modes: pd.DataFrame
    parameters: dict[str, Any]
    warnings: tuple[str, ...] = ()
    timings: dict[str, float] = field(default_factory=dict)

    @cached_property
    def components(self) -> Image:
        """Image of mode numbers (int32, 0 background) on the grid on which the modes were found."""
        return Image(self.found.components(), self.found.grid, f"{self.image.name} modes", self.image.space)

    def save(self, folder: str | os.PathLike[str]) -> Path:
        """Write the tables, the mode volume and the record into a new folder, whole or not at all.

        Raises
        ------
        InputError
            If the folder exists and holds anything but an earlier result, or cannot be written.
        """
        from ..report.folder import save_result  # the only arrow that points up: a result saves itself

        return save_result(self, Path(folder))


def assignment_table(found: Modes, sums: OverlapSums, atlas: Atlas, convention: Convention) -> pd.DataFrame:
    """Work out every score and lay the pairs out as rows, by mode and then as the convention says."""
    scores = {name: score(sums) for name, score in SCORES.items()}
    if convention.map_value_of_region:
        scores["map value"] = map_maximum(sums)
    if convention.rows_by_correlation:
        falling = np.where(np.isnan(scores["correlation"]), np.inf, -scores["correlation"])
        order = np.lexsort((sums.region, falling, sums.mode))
    else:
        order = np.arange(len(sums.mode))
    mode, region = sums.mode[order], sums.region[order]
    centroids = points_as_tuples(found.centroids())
    columns: dict[str, Any] = {
        "input structure": found.number[mode],
        "centroid": centroids[mode],
        "volume": region,
        "region": atlas.regions["name"].to_numpy(object)[region],
    }
    columns |= {name: values[order] for name, values in scores.items()}
    return pd.DataFrame(columns)


def mode_table(found: Modes, sums: OverlapSums, atlas: Atlas) -> pd.DataFrame:
    """Describe every mode in one row."""
    names = atlas.regions["name"].to_numpy(object)
    shares = SCORES["share"](sums)
    peak, peak_value = found.peaks()
    # Not cut off at 0: between grids at an angle, sampled overlaps may add up to a little more than the mode.
    unassigned = 1 - np.bincount(sums.mode, shares, found.n_modes)
    return pd.DataFrame(
        {
            "input structure": found.number,
            "sign": found.sign.astype(np.int64),
            "voxels": found.counts(),
            "volume mm3": sums.modes.volume,
            "centroid": points_as_tuples(found.centroids()),
            "peak": points_as_tuples(found.grid.to_world(found.grid.unravel(peak))),
            "peak value": peak_value * found.sign,
            "mean value": sums.modes.sum_b / sums.modes.volume * found.sign,
            "best region by correlation": _best(names, sums, SCORES["correlation"](sums), found.n_modes),
            "best region by share": _best(names, sums, shares, found.n_modes),
            "unassigned share": np.where(np.abs(unassigned) < 1e-12, 0, unassigned),
        }
    )


def best_regions(sums: OverlapSums, score: Floats, n_modes: int) -> NDArray[np.int64]:
    """(M,) the region with each mode's largest score, the first of equals; -1 where a mode overlaps none."""
    order = np.lexsort((sums.region, -np.nan_to_num(score, nan=-np.inf), sums.mode))
    best = np.full(n_modes, -1, np.int64)
    mode, first = np.unique(sums.mode[order], return_index=True)
    best[mode] = sums.region[order][first]
    return best


def points_as_tuples(xyz: Floats) -> NDArray[np.object_]:
    """World positions (N, 3) as an array (N,) of tuples, rounded to 0.01 mm."""
    tuples = np.empty(len(xyz), dtype=object)
    tuples[:] = [tuple(row) for row in (np.round(xyz, 2) + 0.0).tolist()]
    return tuples


def _best(names: NDArray[np.object_], sums: OverlapSums, score: Floats, n_modes: int) -> NDArray[np.object_]:
    best = best_regions(sums, score, n_modes)
    return np.where(best >= 0, names[best], None)


def embed(found: Modes, grid: Grid) -> Modes:
    """Renumber the voxels of modes on a box of a grid as voxels of the whole grid."""
    origin = np.round(grid.to_voxel(found.grid.affine[:3, 3])).astype(np.int64)
    ijk = found.grid.unravel(found.voxel) + origin
    voxel = np.ravel_multi_index(tuple(ijk.T), grid.shape)
    return Modes(grid, voxel, found.mode, found.value, found.number, found.sign)
