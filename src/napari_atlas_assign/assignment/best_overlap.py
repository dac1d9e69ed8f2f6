"""Where a mode and a region overlap best: a place to look at."""

from __future__ import annotations

import numpy as np

from .comparison import Comparison
from .integrals.cache import region_integrals


def best_overlap(comparison: Comparison, number: int, region: int) -> tuple[float, float, float] | None:
    """Find the voxel of a mode with the largest product of region value and image value.

    Parameters
    ----------
    comparison : Comparison
        One image compared with one atlas.
    number : int
        The mode's number, as in the column ``input structure``.
    region : int
        Row of the atlas's region table, as in the column ``volume``.

    Returns
    -------
    tuple of float, or None
        Centre of the voxel in world mm, rounded to 0.01 as all places in the tables. The region's value is its mean
        over the voxel. Of equal voxels it is the one with the lowest x, then y, then z, so that the place does not
        depend on how the file is stored. None where the two do not overlap, or there is no such mode.
    """
    modes = comparison.modes
    own = np.isin(modes.mode, np.flatnonzero(modes.number == number))
    voxel, value = modes.voxel[own], modes.value[own]
    integrals = region_integrals(comparison.atlas, modes.grid, voxel)
    entries = np.flatnonzero(integrals.region == region)
    here = integrals.row[entries]
    product = value[here] * integrals.integral[entries]
    if not product.max(initial=0) > 0:
        return None
    # Integrals of equal voxels differ by rounding.
    highest = voxel[here][product >= product.max() * (1 - 1e-9)]
    centres = np.round(modes.grid.to_world(modes.grid.unravel(highest)), 2) + 0.0
    x, y, z = min(map(tuple, centres.tolist()))
    return x, y, z
