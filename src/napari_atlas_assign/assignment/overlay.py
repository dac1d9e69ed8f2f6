"""The regions that modes were assigned to, as a volume of labels for display."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..image import Image
from .integrals import region_integrals
from .result import Result
from .scores import correlation
from .tables import best_of_modes

PART_OF_MAXIMUM = 0.25
"""A region is drawn where its map reaches this part of its largest value."""


def best_regions(result: Result) -> dict[int, int]:
    """Each mode's region (row of the atlas's table) with the largest correlation; modes without overlap have none.

    Of a stack or several atlases, those of the first run.
    """
    run = result.runs[0]
    best = best_of_modes(run.sums, correlation(run.sums), run.found.n_modes)
    return {int(n): int(r) for n, r in zip(run.found.number, best, strict=True) if r >= 0}


def best_region_labels(result: Result) -> Image:
    """Draw each mode's best region, on the grid of the modes.

    Returns
    -------
    Image
        int32 (X, Y, Z): row of the atlas's region table + 1, 0 elsewhere. A voxel belongs to a region that is some
        mode's best by correlation, where that region is the most probable of the atlas (the first of equals) and
        reaches `PART_OF_MAXIMUM` of its own largest value.
    """
    atlas, grid = result.atlas, result.found.grid
    integrals = region_integrals(atlas, grid)
    probability = integrals.integral / grid.voxel_volume
    chosen = np.zeros(atlas.n_regions, bool)
    chosen[list(best_regions(result).values())] = True
    winner = _most_probable(integrals.voxel, probability)
    region = integrals.region[winner]
    drawn = chosen[region] & (probability[winner] >= PART_OF_MAXIMUM * atlas.region_sums.maximum[region])
    labels = np.zeros(grid.n_voxels, np.int32)
    labels[integrals.voxel[winner[drawn]]] = region[drawn] + 1
    return Image(labels.reshape(grid.shape), grid, f"{result.image.name} regions", result.image.space)


def _most_probable(voxel: NDArray[np.integer], probability: NDArray[Any]) -> NDArray[np.intp]:
    """Of the entries of each voxel (sorted by voxel), the one with the largest probability, the first of equals."""
    first = np.flatnonzero(np.diff(voxel, prepend=-1))
    if not len(first):
        return first
    rank = np.repeat(np.arange(len(first)), np.diff(first, append=len(voxel)))
    highest = np.flatnonzero(probability == np.maximum.reduceat(probability, first)[rank])
    return highest[np.unique(rank[highest], return_index=True)[1]]
