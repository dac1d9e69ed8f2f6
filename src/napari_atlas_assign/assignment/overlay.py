"""The regions that modes were assigned to, as a volume of labels for display."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from ..atlas.atlas import Atlas
from ..image import Image
from ..space import Grid
from .integrals import region_integrals
from .result import Result
from .scores import correlation
from .tables import best_of_modes
from .voxelwise import is_too_fine

PART_OF_MAXIMUM = 0.25
"""A region is drawn where its map reaches this part of its largest value."""


def best_regions(result: Result) -> dict[int, int]:
    """Each mode's region (row of the atlas's table) with the largest correlation; modes without overlap have none.

    Of a stack or several atlases, those of the first run.
    """
    run = result.runs[0]
    best = best_of_modes(run.sums, correlation(run.sums), run.found.n_modes)
    return {int(n): int(r) for n, r in zip(run.found.number, best, strict=True) if r >= 0}


def best_region_labels(result: Result, dtype: type[np.integer] = np.int32) -> Image:
    """Draw each mode's best region, on the grid of the modes, or of the atlas where that is far coarser.

    Returns
    -------
    Image
        `dtype` (X, Y, Z): row of the atlas's region table + 1, 0 elsewhere. A voxel belongs to a region that is some
        mode's best by correlation, where that region is the most probable of the atlas (the first of equals) and
        reaches `PART_OF_MAXIMUM` of its own largest value.
    """
    atlas, grid = result.atlas, result.found.grid
    if is_too_fine(atlas, grid):
        grid = atlas.grid
    where = territories(atlas, grid)
    labels = np.zeros(grid.n_voxels, dtype)
    for region in set(best_regions(result).values()):
        labels[where.of(region)] = region + 1
    return Image(labels.reshape(grid.shape), grid, f"{result.image.name} regions", result.image.space)


@dataclass(frozen=True)
class Territories:
    """The voxels of a grid that each region is drawn in, by region."""

    voxel: NDArray[np.integer]
    start: NDArray[np.int64]

    def of(self, region: int) -> NDArray[np.integer]:
        """Flat voxel numbers (N,) of a region."""
        return self.voxel[self.start[region] : self.start[region + 1]]


_kept: WeakKeyDictionary[Atlas, tuple[Grid, Territories]] = WeakKeyDictionary()


def territories(atlas: Atlas, grid: Grid) -> Territories:
    """Where regions are drawn, by the rule of `best_region_labels`.

    Kept for the last grid of each atlas, since a threshold changes none of it.
    """
    kept = _kept.get(atlas)
    if kept is not None and kept[0] == grid:
        return kept[1]
    integrals = region_integrals(atlas, grid)
    probability = integrals.integral / grid.voxel_volume
    winner = _most_probable(integrals.voxel, probability)
    winner = winner[probability[winner] >= PART_OF_MAXIMUM * atlas.region_sums.maximum[integrals.region[winner]]]
    region = integrals.region[winner]
    order = np.argsort(region, kind="stable")
    start = np.searchsorted(region[order], np.arange(atlas.n_regions + 1))
    found = Territories(integrals.voxel[winner[order]], start)
    _kept[atlas] = (grid, found)
    return found


def _most_probable(voxel: NDArray[np.integer], probability: NDArray[Any]) -> NDArray[np.intp]:
    """Of the entries of each voxel (sorted by voxel), the one with the largest probability, the first of equals."""
    first = np.flatnonzero(np.diff(voxel, prepend=-1))
    if not len(first):
        return first
    rank = np.repeat(np.arange(len(first)), np.diff(first, append=len(voxel)))
    highest = np.flatnonzero(probability == np.maximum.reduceat(probability, first)[rank])
    return highest[np.unique(rank[highest], return_index=True)[1]]
