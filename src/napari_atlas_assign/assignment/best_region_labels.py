"""The regions that modes were assigned to, as a volume of labels for display."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..atlas.atlas import Atlas
from ..atlas.kept import kept_with_atlas
from ..grid import Grid
from ..image import Image
from .best_region import best_to_show
from .integrals.cache import integral_of_region, region_integrals
from .integrals.fine_grid import is_too_fine
from .result import Result

PART_OF_MAXIMUM = 0.25
"""A region is drawn where its map reaches this part of its largest value."""


def best_regions(result: Result) -> dict[int, int]:
    """Each mode's region (row of the atlas's table) that is shown as its best, if any.

    Of a stack or several atlases, those of the first comparison.
    """
    comparison = result.comparisons[0]
    best = best_to_show(comparison.sums, comparison.atlas, comparison.modes.n_modes)
    return {int(n): int(r) for n, r in zip(comparison.modes.number, best, strict=True) if r >= 0}


def best_region_labels(result: Result, dtype: type[np.integer] = np.int32) -> Image:
    """Draw each mode's best region, on the grid of the modes, or of the atlas where that is far coarser.

    Returns
    -------
    Image
        `dtype` (X, Y, Z): row of the atlas's region table + 1, 0 elsewhere. A voxel belongs to a region that is some
        mode's best, where that region is the most probable of the atlas (the first of equals) and
        reaches `PART_OF_MAXIMUM` of its own largest value.
    """
    atlas, grid = result.atlas, result.mode_voxels.grid
    if is_too_fine(atlas, grid):
        grid = atlas.grid
    labels = np.zeros(grid.n_voxels, dtype)
    for region in set(best_regions(result).values()):
        labels[territory(atlas, grid, region)] = region + 1
    return Image(labels.reshape(grid.shape), grid, f"{result.image.name} regions", result.image.space)


def territory(atlas: Atlas, grid: Grid, region: int) -> NDArray[np.integer]:
    """Where a region is drawn, by the rule of `best_region_labels`: flat voxel numbers (N,) of a grid.

    Kept for the last grid of each atlas, since a threshold changes none of it.
    """
    territories = _territories(atlas, grid)
    if region not in territories:
        territories[region] = _territory(atlas, grid, region)
    return territories[region]


@kept_with_atlas(most=1)
def _territories(atlas: Atlas, grid: Grid) -> dict[int, NDArray[np.integer]]:
    """Those that were asked for so far, by region."""
    return {}


def _territory(atlas: Atlas, grid: Grid, region: int) -> NDArray[np.integer]:
    voxel, integral = integral_of_region(atlas, grid, region)
    voxel = voxel[integral / grid.voxel_volume >= PART_OF_MAXIMUM * atlas.region_sums.maximum[region]]
    here = region_integrals(atlas, grid, voxel)
    own, others = here.region == region, here.region < region
    highest = np.zeros(len(voxel))
    highest[here.row[own]] = here.integral[own]
    beaten = here.integral > highest[here.row]
    beaten |= others & (here.integral == highest[here.row])
    wins = np.ones(len(voxel), bool)
    wins[here.row[beaten]] = False
    return voxel[wins]
