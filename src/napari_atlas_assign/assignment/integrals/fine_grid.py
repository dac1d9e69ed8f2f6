"""Integrals of the region maps over the voxels of modes alone, where those over all of an image would not fit.

An image much finer than the atlas has far more voxels in regions than modes have. The integrals are those of
`integrals`, and so are the sums; only the way there differs. In names, V image voxels, P pairs of an image voxel and an
atlas voxel.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...atlas.atlas import Atlas
from ...grid import AxisMatch, Floats, Grid, axis_edges, match_axes
from ...index_ranges import listed
from .cache import IntegralsOf, RegionIntegrals
from .integrate import N_SUMS, sampled_overlaps

MOST_ENTRIES = 2**25
"""Entries of integrals over a whole grid that are worked out and kept: 1.5 GB."""


def is_too_fine(atlas: Atlas, grid: Grid) -> bool:
    """Whether a grid is finer than the atlas's, and has more than `MOST_ENTRIES` pairs of a voxel and a region."""
    finer = atlas.grid.voxel_volume / grid.voxel_volume
    return finer > 1 + 1e-6 and len(atlas.value) * finer > MOST_ENTRIES


def integrals_at(atlas: Atlas, grid: Grid, voxel: NDArray[np.int64]) -> RegionIntegrals:
    """Integrate every region map over some voxels of a grid finer than the atlas's.

    Parameters
    ----------
    atlas : Atlas
    grid : Grid
    voxel : (V,) int64
        Flat C-order numbers, rising.
    """
    match = match_axes(grid, atlas.grid)
    if match is None:
        own, other, volume = sampled_overlaps(grid, voxel, atlas.grid)
        which, parts = np.searchsorted(voxel, own), [volume]
    else:
        which, other, parts = _overlapping(atlas, grid, voxel, match)
    pair, entry = listed(*atlas.search(other))
    return _added_up(atlas, which[pair], entry, [part[pair] for part in parts])


def voxelwise_integrals(atlas: Atlas, grid: Grid, voxel: NDArray[np.int64]) -> IntegralsOf:
    """As `integrals_over`, for a grid finer than the atlas's, in memory that follows the voxels of modes alone."""

    def over(rows: slice) -> RegionIntegrals:
        distinct, which = np.unique(voxel[rows], return_inverse=True)
        integrals = integrals_at(atlas, grid, distinct)
        row, entry = listed(*(np.searchsorted(integrals.row, which, side) for side in ("left", "right")))
        sums = [
            column[entry]
            for column in (integrals.volume, integrals.integral, integrals.share, integrals.largest, integrals.maximum)
        ]
        return RegionIntegrals(row, integrals.region[entry], *sums)

    return over


def _overlapping(
    atlas: Atlas, grid: Grid, voxel: NDArray[np.int64], match: AxisMatch
) -> tuple[NDArray[np.intp], NDArray[np.int64], list[Floats]]:
    """Overlapping pairs (P,) where axes are parallel: rank of the image voxel, atlas voxel, length along each axis."""
    ijk = np.unravel_index(voxel, grid.shape)
    which, other = np.arange(len(voxel)), np.zeros(len(voxel), np.int64)
    lengths: list[Floats] = []
    for axis in range(3):
        n = atlas.grid.shape[axis]
        low, high = axis_edges(match, grid, axis)
        index = ijk[match.image_axis[axis]][which]
        low, high = low[index], high[index]
        first = np.clip(np.floor(low + 0.5).astype(np.int64), 0, n)
        last = np.clip(np.ceil(high - 0.5).astype(np.int64) + 1, first, n)
        pair, at = listed(first, last)
        shared = np.minimum(high[pair], at + 0.5) - np.maximum(low[pair], at - 0.5)
        kept = np.flatnonzero(shared > 0)
        pair = pair[kept]
        which, other, lengths = which[pair], other[pair] * n + at[kept], [length[pair] for length in lengths]
        lengths.append(shared[kept])
    return which, other, lengths


def _added_up(atlas: Atlas, which: NDArray[np.intp], entry: NDArray[np.intp], parts: list[Floats]) -> RegionIntegrals:
    """Add up, by image voxel and region, entries of the atlas times their parts of the image voxel.

    Along parallel axes one axis after the other, as `integrals` does, so that rounding is the same.
    """
    region, value = atlas.region_of(entry).astype(np.int64), atlas.value[entry]
    at = atlas.voxel_of(entry).astype(np.int64)
    order = np.lexsort((at, region, which))
    which, region, at, maximum = which[order], region[order], at[order], value[order]
    columns: list[Any] = [np.ones(len(order))]
    if not atlas.is_labelled:
        columns += [value[order], atlas.share[entry[order]], atlas.largest[entry[order]]]
    parts = [part[order] for part in parts]
    parallel = len(parts) == 3
    # What is left of an atlas voxel's number when the axes that are done are dropped.
    for size in (atlas.grid.shape[2], atlas.grid.shape[1], atlas.grid.shape[0]) if parallel else (atlas.grid.n_voxels,):
        at, length = at // size, parts.pop()
        is_start = np.ones(len(at), bool)
        is_start[1:] = (which[1:] != which[:-1]) | (region[1:] != region[:-1]) | (at[1:] != at[:-1])
        starts = np.flatnonzero(is_start)
        columns = [column * length for column in columns]
        if len(starts):
            columns = [np.add.reduceat(column, starts) for column in columns]
            maximum = np.maximum.reduceat(maximum, starts)
        which, region, at = which[starts], region[starts], at[starts]
        parts = [part[starts] for part in parts]
    if parallel:
        columns = [column * atlas.grid.voxel_volume for column in columns]
    volume, integral, share, largest = columns if len(columns) == N_SUMS else columns * N_SUMS
    return RegionIntegrals(which, region, volume, integral, share, largest, maximum)
