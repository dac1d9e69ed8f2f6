"""Integrals of the region maps over the voxels of modes alone, where those over all of an image would not fit.

An image much finer than the atlas has far more voxels in regions than modes have. The integrals are those of
`integrals`, and so are the sums; only the way there differs. In names, V image voxels, P pairs of an image voxel and an
atlas voxel.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..atlas.atlas import Atlas
from ..modes.modes import Modes
from ..ranges import listed
from ..space import AxisMatch, Floats, Grid, axis_edges, match_axes
from .integrals import RegionIntegrals
from .integration import sampled_overlaps
from .sums import OverlapSums, mode_sums, totals

MOST_ENTRIES = 2**25
"""Entries of integrals over a whole grid that are worked out and kept: 1.5 GB."""

VOXELS_AT_A_TIME = 2**19
"""Voxels of modes whose integrals are held at a time."""


def is_too_fine(atlas: Atlas, grid: Grid) -> bool:
    """Whether a grid is finer than the atlas's, and has more than `MOST_ENTRIES` pairs of a voxel and a region."""
    finer = atlas.grid.voxel_volume / grid.voxel_volume
    return finer > 1 + 1e-6 and len(atlas.voxel) * finer > MOST_ENTRIES


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


def voxelwise_sums(modes: Modes, atlas: Atlas) -> OverlapSums:
    """The same as `overlap_sums`, for a grid finer than the atlas's, in memory that follows the modes alone."""
    starts = range(0, len(modes.voxel), VOXELS_AT_A_TIME)
    parts = [_part_sums(modes, atlas, slice(start, start + VOXELS_AT_A_TIME)) for start in starts]
    key, maxima, *sums = (np.concatenate(column) for column in zip(*parts, strict=True)) if parts else np.zeros((6, 0))
    pairs, index = np.unique(key.astype(np.int64), return_inverse=True)
    maximum = np.zeros(len(pairs))
    np.maximum.at(maximum, index, maxima)
    volume, sum_a, sum_ab, sum_share = (totals(index, column, len(pairs)) for column in sums)
    return OverlapSums(
        mode=pairs // atlas.n_regions,
        region=pairs % atlas.n_regions,
        volume=volume,
        sum_a=sum_a,
        sum_ab=sum_ab,
        sum_share=sum_share,
        maximum=maximum,
        modes=mode_sums(modes, atlas),
        regions=atlas.region_sums,
        voxel_volume=atlas.grid.voxel_volume,
    )


def _part_sums(modes: Modes, atlas: Atlas, rows: slice) -> list[NDArray[Any]]:
    """Of some voxels of modes, by pair of mode and region: pair, maximum, volume, sums of a, of ab and of shares."""
    voxel = modes.voxel[rows]
    distinct, which = np.unique(voxel, return_inverse=True)
    integrals = integrals_at(atlas, modes.grid, distinct)
    first, last = (np.searchsorted(integrals.row, which, side) for side in ("left", "right"))
    row, entry = listed(first, last)
    keys, index = np.unique(modes.mode[rows][row] * atlas.n_regions + integrals.region[entry], return_inverse=True)
    maximum = np.zeros(len(keys))
    np.maximum.at(maximum, index, integrals.maximum[entry].astype(np.float64))
    a = integrals.integral[entry]
    columns = (integrals.volume[entry], a, a * modes.value[rows][row], integrals.share[entry])
    return [keys, maximum, *(totals(index, column, len(keys)) for column in columns)]


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
    region, value = atlas.region[entry].astype(np.int64), atlas.value[entry]
    at = atlas.voxel[entry].astype(np.int64)
    order = np.lexsort((at, region, which))
    which, region, at, maximum = which[order], region[order], at[order], value[order]
    columns: list[Any] = [np.ones(len(order))]
    if not atlas.is_labelled:
        columns += [value[order], atlas.share[entry[order]]]
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
    volume, integral, share = columns if len(columns) == 3 else columns * 3
    return RegionIntegrals(which, region, volume, integral, share, maximum)
