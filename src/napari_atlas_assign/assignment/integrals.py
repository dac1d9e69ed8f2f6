"""Integrals of the region maps over each voxel of an image grid.

Worked out once per pair of grids and kept; after that, a threshold costs a few milliseconds. Voxels are boxes: where
the axes of both grids are parallel, the integrals are exact; grids at an angle are sampled (see `_at_an_angle`).
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from ..atlas.atlas import Atlas
from ..space import AxisMatch, Floats, Grid, axis_edges, match_axes

GRIDS_KEPT = 4
"""Image grids per atlas whose integrals are kept in memory."""

_POINTS = np.array([-3, -1, 1, 3]) / 8
"""Where along a voxel's edge the points lie that stand for it between grids at an angle."""


@dataclass(frozen=True)
class RegionIntegrals:
    """Region maps a(x) integrated over the voxels of an image grid; entries (E,) sorted by voxel, then region."""

    voxel: NDArray[np.integer]
    """Flat C-order voxel number of the image grid."""
    region: NDArray[np.integer]
    """Row of the atlas's region table."""
    volume: NDArray[np.floating]
    """mm3 of the voxel where a > 0."""
    integral: NDArray[np.floating]
    """Integral of a, in mm3."""
    share: NDArray[np.floating]
    """Integral of a / max(1, sum of all regions' a), in mm3."""
    maximum: NDArray[np.floating]
    """Largest a in the voxel, where a voxel of the atlas overlaps it in more than a point, an edge or a face."""


_kept: WeakKeyDictionary[Atlas, OrderedDict[Grid, RegionIntegrals]] = WeakKeyDictionary()
_lock = Lock()


def region_integrals(atlas: Atlas, grid: Grid) -> RegionIntegrals:
    """Integrate every region map over every voxel of `grid`; kept for the last `GRIDS_KEPT` grids of each atlas."""
    with _lock:
        kept = _kept.setdefault(atlas, OrderedDict())
        if grid in kept:
            kept.move_to_end(grid)
            return kept[grid]
    found = _integrate(atlas, grid)
    with _lock:
        kept[grid] = found
        while len(kept) > GRIDS_KEPT:
            kept.popitem(last=False)
    return found


def _integrate(atlas: Atlas, grid: Grid) -> RegionIntegrals:
    if grid.matches(atlas.grid):
        return _on_equal_grids(atlas)
    match = match_axes(grid, atlas.grid)
    if match is not None:
        return _on_parallel_grids(atlas, grid, match)
    return _at_an_angle(atlas, grid)


def _on_equal_grids(atlas: Atlas) -> RegionIntegrals:
    unit = atlas.grid.voxel_volume
    volume = np.broadcast_to(np.float64(unit), atlas.voxel.shape)
    if atlas.is_labelled:
        return RegionIntegrals(atlas.voxel, atlas.region, volume, volume, volume, atlas.value)
    value = atlas.value.astype(np.float64)
    return RegionIntegrals(atlas.voxel, atlas.region, volume, value * unit, atlas.share * unit, atlas.value)


# --- axes parallel: the overlap of two voxels is a product of three one-dimensional overlaps ---


@dataclass(frozen=True)
class _Pieces:
    """Sums over pieces of space: each lies in one region's map and one box of voxels (P pieces)."""

    region: NDArray[np.integer]
    sums: list[Floats]
    """Volume, integral, share; in a labelled atlas they are one and the same, and there is only one array."""
    maximum: NDArray[np.floating]


def _on_parallel_grids(atlas: Atlas, grid: Grid, match: AxisMatch) -> RegionIntegrals:
    """Integrate along one axis after the other; each step leaves fewer, larger pieces to the next."""
    order, _ = atlas.by_region
    value, (_, ny, nz) = atlas.value[order], atlas.grid.shape
    sums = [np.ones(len(value))] if atlas.is_labelled else [np.ones(len(value)), value, atlas.share[order]]
    pieces = _Pieces(atlas.region[order], sums, value)
    voxel = atlas.voxel[order]
    line = voxel // nz
    overlaps = [_Overlaps.along(axis, match, grid, atlas.grid) for axis in range(3)]
    # Entries come by region and voxel: along the last axis, what is to be summed lies together already.
    pieces, (line,), k = _integrate_along(pieces, [line], voxel - line * nz, overlaps[2], sort=False)
    pieces, (k, i), j = _integrate_along(pieces, [k, line // ny], line % ny, overlaps[1])
    pieces, (k, j), i = _integrate_along(pieces, [k, j], i, overlaps[0])
    ijk = (i, j, k)
    voxel = np.ravel_multi_index([ijk[match.image_axis.index(a)] for a in range(3)], grid.shape)
    order = np.lexsort((pieces.region, voxel))
    columns = [column[order] * atlas.grid.voxel_volume for column in pieces.sums]
    volume, integral, share = columns if len(columns) == 3 else columns * 3
    return RegionIntegrals(voxel[order], pieces.region[order], volume, integral, share, pieces.maximum[order])


@dataclass(frozen=True)
class _Overlaps:
    """Along one axis, which image voxels each atlas voxel overlaps: pairs, by atlas voxel."""

    begin: NDArray[np.int32]
    """Where the pairs of each atlas voxel begin."""
    count: NDArray[np.int32]
    """How many there are."""
    image_voxel: NDArray[np.int32]
    length: Floats
    """The part of the atlas voxel's edge that lies in the image voxel."""

    @classmethod
    def along(cls, axis: int, match: AxisMatch, grid: Grid, atlas_grid: Grid) -> _Overlaps:
        low, high = axis_edges(match, grid, axis)
        atlas_voxel = np.arange(atlas_grid.shape[axis])[:, None]
        shared = np.minimum(high, atlas_voxel + 0.5) - np.maximum(low, atlas_voxel - 0.5)
        count = np.count_nonzero(shared > 0, axis=1).astype(np.int32)
        pairs = np.nonzero(shared > 0)
        return cls(np.cumsum(count, dtype=np.int32) - count, count, pairs[1].astype(np.int32), shared[pairs])


def _integrate_along(
    pieces: _Pieces,
    others: list[NDArray[np.integer]],
    index: NDArray[np.integer],
    overlaps: _Overlaps,
    sort: bool = True,
) -> tuple[_Pieces, list[NDArray[np.integer]], NDArray[np.integer]]:
    """Integrate pieces along one axis, from atlas voxels to image voxels.

    `others` are the pieces' indices along the other axes, `index` that along this one (P,). Returns the new pieces,
    with the same indices; `index` then counts image voxels.
    """
    count = overlaps.count[index]
    piece = np.repeat(np.arange(len(index), dtype=np.int32), count)
    pair = overlaps.begin[index][piece]
    if overlaps.count.max(initial=0) > 1:
        pair += np.arange(len(piece), dtype=np.int32) - (np.cumsum(count, dtype=np.int32) - count)[piece]
    image_voxel = overlaps.image_voxel[pair]
    labels = [label[piece] for label in (pieces.region, *others)]
    if sort:
        sizes = [int(label.max(initial=0)) + 1 for label in labels]
        order = np.argsort(np.ravel_multi_index((*labels, image_voxel), (*sizes, int(image_voxel.max(initial=0)) + 1)))
        piece, pair, image_voxel = piece[order], pair[order], image_voxel[order]
        labels = [label[order] for label in labels]
    is_start = np.ones(len(piece), bool)
    is_start[1:] = np.logical_or.reduce([label[1:] != label[:-1] for label in (*labels, image_voxel)])
    starts = np.flatnonzero(is_start)
    first = piece[starts]
    length = overlaps.length[pair]

    def total(column: Floats) -> Floats:
        return np.add.reduceat(column[piece] * length, starts) if len(starts) else column[:0]

    maximum = np.maximum.reduceat(pieces.maximum[piece], starts) if len(starts) else pieces.maximum[:0]
    new = _Pieces(pieces.region[first], [total(column) for column in pieces.sums], maximum)
    return new, [other[first] for other in others], image_voxel[starts]


# --- axes at an angle: the smaller voxels are represented by 4 x 4 x 4 points ---


def _at_an_angle(atlas: Atlas, grid: Grid) -> RegionIntegrals:
    """Sample: each voxel of the grid with the smaller voxels (the atlas's, if equal) stands for 64 equal parts."""
    image_voxel, occupied, volume = _sampled_overlaps(atlas, grid)
    # Every pair of an image voxel and an occupied atlas voxel takes on all entries of the atlas voxel.
    first = np.flatnonzero(np.diff(atlas.voxel, prepend=-1))
    counts = np.diff(first, append=len(atlas.voxel))
    n = counts[occupied]
    pair = np.repeat(np.arange(len(occupied)), n)
    entry = np.repeat(first[occupied] - (np.cumsum(n) - n), n) + np.arange(n.sum())
    region, value, part = atlas.region[entry].astype(np.int64), atlas.value[entry], volume[pair]
    key = image_voxel[pair] * atlas.n_regions + region
    order = np.argsort(key, kind="stable")
    starts = np.flatnonzero(np.diff(key[order], prepend=-1))
    if not len(starts):
        return _nothing()

    def total(column: Floats) -> Floats:
        return np.add.reduceat(column[order], starts)

    key = key[order][starts]
    return RegionIntegrals(
        key // atlas.n_regions,
        key % atlas.n_regions,
        total(part),
        total(part * value),
        total(part * atlas.share[entry]),
        np.maximum.reduceat(value[order], starts),
    )


def _sampled_overlaps(atlas: Atlas, grid: Grid) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """Pairs of overlapping voxels: image voxel, rank of the occupied atlas voxel, and the volume shared in mm3."""
    occupied = atlas.voxel[np.flatnonzero(np.diff(atlas.voxel, prepend=-1))].astype(np.int64)
    rank = np.full(atlas.grid.n_voxels, -1, np.int64)
    rank[occupied] = np.arange(len(occupied))
    points = np.stack(np.meshgrid(_POINTS, _POINTS, _POINTS, indexing="ij"), axis=-1).reshape(-1, 3)
    sample_image = grid.voxel_volume < atlas.grid.voxel_volume * (1 - 1e-6)
    small, large = (grid, atlas.grid) if sample_image else (atlas.grid, grid)
    small_voxels = _image_voxels_near(atlas, grid) if sample_image else occupied
    found = []
    for start in range(0, len(small_voxels), 2**16):
        voxel = small_voxels[start : start + 2**16]
        ijk = small.unravel(voxel)[:, None, :] + points
        index = np.floor(large.to_voxel(small.to_world(ijk)) + 0.5).astype(np.int64)
        inside = ((index >= 0) & (index < large.shape)).all(axis=-1)
        other = np.ravel_multi_index(tuple(index[inside].T), large.shape)
        own = np.repeat(voxel, len(points))[inside.reshape(-1)]
        pair, count = np.unique(np.stack([own, other]), axis=1, return_counts=True)
        found.append(np.vstack([pair, count]))
    own, other, count = np.concatenate(found, axis=1) if found else np.zeros((3, 0), np.int64)
    image_voxel, atlas_voxel = (own, other) if sample_image else (other, own)
    in_atlas = rank[atlas_voxel] >= 0
    volume = count[in_atlas] * (small.voxel_volume / len(points))
    return image_voxel[in_atlas], rank[atlas_voxel[in_atlas]], volume


def _image_voxels_near(atlas: Atlas, grid: Grid) -> NDArray[np.int64]:
    """Voxels of the image grid in the box around the atlas's occupied part: only they can overlap it."""
    box = atlas.region_sums.box[atlas.region_sums.maximum > 0]
    if not len(box):
        return np.zeros(0, np.int64)
    low, high = box[:, 0].min(axis=0) - 0.5, box[:, 1].max(axis=0) + 0.5
    corners = np.stack(np.meshgrid(*zip(low, high, strict=True), indexing="ij"), axis=-1).reshape(-1, 3)
    ijk = grid.to_voxel(atlas.grid.to_world(corners))
    first = np.maximum(np.floor(ijk.min(axis=0)).astype(int), 0)
    last = np.minimum(np.ceil(ijk.max(axis=0)).astype(int), np.array(grid.shape) - 1)
    if (first > last).any():
        return np.zeros(0, np.int64)
    axes = [np.arange(a, b + 1) for a, b in zip(first, last, strict=True)]
    return np.ravel_multi_index(np.meshgrid(*axes, indexing="ij"), grid.shape).reshape(-1)


def _nothing() -> RegionIntegrals:
    none, nothing = np.zeros(0, np.int64), np.zeros(0)
    return RegionIntegrals(none, none, nothing, nothing, nothing, nothing)
