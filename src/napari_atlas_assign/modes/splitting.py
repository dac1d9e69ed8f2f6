"""Splitting modes at their saddles.

At a low threshold, real maps are one connected mass. Its parts are the surroundings of those peaks that stand out.
In names, N voxels of modes, B basins.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..grid import Floats
from .modes import Connectivity, Modes, numbered
from .neighbours import neighbour_pairs


def split_at_saddles(modes: Modes, min_height: float, connectivity: Connectivity = 18) -> Modes:
    """Split every mode into the parts around its peaks that stand out by a given height.

    A watershed: every voxel belongs to the peak that steepest ascent from it leads to. Two parts that meet in a
    saddle are one, unless both peaks rise above the saddle by `min_height` (of a chain of saddles the highest counts
    first, so that a peak's height is its topographic prominence within its mode). Every part is connected; together,
    parts are the modes.

    Parameters
    ----------
    modes : Modes
    min_height : float
        In the unit of the image, 0 or more. At 0 every peak has its own part; plateaus are never divided.
    connectivity : {6, 18, 26}
        What ascent and saddles go by: that with which the modes were found.

    Returns
    -------
    Modes
        The parts, numbered 1.. by falling volume; equal volumes by centroid x, y, z. The sign is that of the mode.

    Raises
    ------
    InputError
        If the height or the connectivity is out of range.
    """
    if not np.isfinite(min_height) or min_height < 0:
        raise InputError(f"the height of peaks over saddles is {min_height}; give 0 or a positive number")
    if connectivity not in (6, 18, 26):
        raise InputError(f"the connectivity is {connectivity!r}; give 6, 18 or 26")
    if not modes.n_modes:
        return modes
    rank = _ranks(modes)
    top = _tops(modes, rank, connectivity)
    tops, basin = np.unique(top, return_inverse=True)
    pairs, saddle = _saddles(modes, basin, len(tops), connectivity)
    whole = _merged(pairs, saddle, modes.value[tops], rank[tops], min_height)
    roots, part = np.unique(whole[basin], return_inverse=True)
    sign = modes.sign[modes.mode[tops[roots]]]
    n = len(roots)
    order = np.argsort(part, kind="stable")
    split = Modes(modes.grid, modes.voxel[order], part[order], modes.value[order], np.arange(1, n + 1), sign)
    return numbered(split, np.ones(n, bool), "volume")


def _ranks(modes: Modes) -> NDArray[np.int64]:
    """(N,) order of voxels by rising value; equal ones by falling world x, y, z, which does not depend on storage."""
    x, y, z = modes.grid.to_world(modes.grid.unravel(modes.voxel)).round(6).T
    rank = np.empty(len(modes.voxel), np.int64)
    rank[np.lexsort((-z, -y, -x, modes.value))] = np.arange(len(rank))
    return rank


def _tops(modes: Modes, rank: NDArray[np.int64], connectivity: Connectivity) -> NDArray[np.int64]:
    """(N,) row of the peak to which steepest ascent leads from every voxel."""
    highest = rank.copy()
    for a, b in neighbour_pairs(modes, connectivity):
        highest[a] = np.maximum(highest[a], rank[b])
        highest[b] = np.maximum(highest[b], rank[a])
    row_of_rank = np.empty_like(rank)
    row_of_rank[rank] = np.arange(len(rank))
    up = row_of_rank[highest]
    while True:  # each turn doubles the length of the way that `up` leaps over
        further = up[up]
        if np.array_equal(further, up):
            return up
        up = further


def _saddles(
    modes: Modes, basin: NDArray[np.intp], n_basins: int, connectivity: Connectivity
) -> tuple[NDArray[np.int64], Floats]:
    """Pairs (P, 2) of basins that touch, and the highest place (P,) where one can step from one to the other."""
    keys, heights = [np.zeros(0, np.int64)], [np.zeros(0)]
    for a, b in neighbour_pairs(modes, connectivity):
        across = basin[a] != basin[b]
        a, b = a[across], b[across]
        low, high = np.minimum(basin[a], basin[b]), np.maximum(basin[a], basin[b])
        keys.append(low * n_basins + high)
        heights.append(np.minimum(modes.value[a], modes.value[b]))
    key, height = np.concatenate(keys), np.concatenate(heights)
    order = np.lexsort((-height, key))
    pair, first = np.unique(key[order], return_index=True)
    return np.stack([pair // n_basins, pair % n_basins], axis=-1), height[order][first]


def _merged(
    pairs: NDArray[np.int64], saddle: Floats, peak: Floats, rank: NDArray[np.int64], min_height: float
) -> NDArray[np.int64]:
    """(B,) the basin with the highest peak of the part that every basin belongs to."""
    root = np.arange(len(peak))

    def find(basin: int) -> int:
        while root[basin] != basin:
            root[basin] = root[root[basin]]
            basin = root[basin]
        return basin

    ranks = np.sort(rank[pairs], axis=1)
    for p in np.lexsort((-ranks[:, 0], -ranks[:, 1], -saddle)):
        low, high = sorted((find(pairs[p, 0]), find(pairs[p, 1])), key=rank.__getitem__)
        height = peak[low] - saddle[p]
        if low != high and (height < min_height or height == 0):
            root[low] = high
    return np.array([find(basin) for basin in range(len(peak))])
