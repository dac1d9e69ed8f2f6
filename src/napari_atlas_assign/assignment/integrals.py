"""Integrals of the region maps over each voxel of an image grid.

Worked out once per pair of grids and kept; after that, a threshold costs a few milliseconds. Voxels are boxes: where
the axes of both grids are parallel, the integrals are exact; grids at an angle are sampled (see `_at_an_angle`).
"""

from __future__ import annotations

from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from ..atlas.atlas import Atlas
from ..space import AxisMatch, Floats, Grid, axis_edges, match_axes

GRIDS_KEPT = 4
"""Image grids per atlas whose integrals are kept in memory."""

_MOST_TABLED = 2**24
"""Voxels of the largest grid for which a table of where each voxel's entries begin is kept: 64 MiB."""

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

    def entries_at(self, voxel: NDArray[np.integer], n_voxels: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Where the entries of voxels (N,) of a grid of `n_voxels` begin and end, (N,) each."""
        if n_voxels > _MOST_TABLED:
            voxel = voxel.astype(self.voxel.dtype)
            return np.searchsorted(self.voxel, voxel, side="left"), np.searchsorted(self.voxel, voxel, side="right")
        if "begin" not in self.__dict__:  # kept with the integrals: looking up is several times faster than searching
            count = np.bincount(self.voxel, minlength=n_voxels)
            begin = np.zeros(n_voxels + 1, np.int32 if len(self.voxel) < 2**31 else np.int64)
            np.cumsum(count, out=begin[1:])
            self.__dict__["begin"] = begin
        begin = self.__dict__["begin"]
        return begin[voxel], begin[voxel + 1]


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
    if unit == 1:  # everyday 1 mm grids need no copies
        return RegionIntegrals(atlas.voxel, atlas.region, volume, atlas.value, atlas.share, atlas.value)
    integral = atlas.value * np.float64(unit)
    return RegionIntegrals(atlas.voxel, atlas.region, volume, integral, atlas.share * unit, atlas.value)


# --- axes parallel: the overlap of two voxels is a product of three one-dimensional overlaps ---


@dataclass(frozen=True)
class _Pieces:
    """Sums over pieces of space: each lies in one region's map and one box of voxels (P pieces)."""

    region: NDArray[np.integer]
    volume: Floats | None
    """In atlas voxels; None where all are whole voxels."""
    weighted: list[NDArray[np.floating]]
    """Integral and share; none in a labelled atlas, where both are the volume."""
    maximum: NDArray[np.floating]


def _on_parallel_grids(atlas: Atlas, grid: Grid, match: AxisMatch) -> RegionIntegrals:
    """Integrate along one axis after the other; each step leaves fewer, larger pieces to the next."""
    overlaps = [_Overlaps.along(axis, match, grid, atlas.grid) for axis in range(3)]
    order, bounds = atlas.by_region
    # Regions are independent, and numpy's loops let other threads run.
    half = int(np.searchsorted(bounds, len(order) // 2))
    parts = [order[: bounds[half]], order[bounds[half] :]]
    with ThreadPoolExecutor(len(parts)) as pool:
        found = list(pool.map(lambda entries: _integrate_entries(atlas, entries, overlaps), parts))
    region, i, j, k, maximum, *sums = (np.concatenate(column) for column in zip(*found, strict=True))
    ijk = (i, j, k)
    voxel = np.ravel_multi_index([ijk[match.image_axis.index(a)] for a in range(3)], grid.shape)
    order = _order([*(ijk[match.image_axis.index(a)] for a in range(3)), region])
    columns = [column[order] * atlas.grid.voxel_volume for column in sums]
    volume, integral, share = columns if len(columns) == 3 else columns * 3
    return RegionIntegrals(voxel[order], region[order], volume, integral, share, maximum[order])


def _integrate_entries(atlas: Atlas, entries: NDArray[np.intp], overlaps: list[_Overlaps]) -> list[NDArray[Any]]:
    """Integrate entries of the atlas, which come by region and voxel: region, i, j, k of the image, maximum, sums."""
    _, ny, nz = atlas.grid.shape
    value, voxel = atlas.value[entries], atlas.voxel[entries]
    weighted = [] if atlas.is_labelled else [value, atlas.share[entries]]
    pieces = _Pieces(_narrow(atlas.region[entries]), None, weighted, value)
    line = voxel // nz
    # Along the last axis, what is to be summed lies together already.
    pieces, (line,), k = _integrate_along(pieces, [line], voxel - line * nz, overlaps[2], sort=False)
    i = line // ny
    pieces, (i, k), j = _integrate_along(pieces, [_narrow(i), _narrow(k)], line - i * ny, overlaps[1])
    pieces, (j, k), i = _integrate_along(pieces, [_narrow(j), k], i, overlaps[0])
    assert pieces.volume is not None
    return [pieces.region, i, j, k, pieces.maximum, pieces.volume, *pieces.weighted]


@dataclass(frozen=True)
class _Overlaps:
    """Along one axis, which image voxels each atlas voxel overlaps: pairs, by atlas voxel."""

    begin: NDArray[np.intp]
    """Where the pairs of each atlas voxel begin."""
    count: NDArray[np.intp]
    """How many there are."""
    image_voxel: NDArray[np.integer]
    length: Floats
    """The part of the atlas voxel's edge that lies in the image voxel."""

    @classmethod
    def along(cls, axis: int, match: AxisMatch, grid: Grid, atlas_grid: Grid) -> _Overlaps:
        low, high = axis_edges(match, grid, axis)
        atlas_voxel = np.arange(atlas_grid.shape[axis])[:, None]
        shared = np.minimum(high, atlas_voxel + 0.5) - np.maximum(low, atlas_voxel - 0.5)
        count = np.count_nonzero(shared > 0, axis=1)
        pairs = np.nonzero(shared > 0)
        return cls(np.cumsum(count) - count, count, _narrow(pairs[1]), shared[pairs])

    def of(self, index: NDArray[np.integer]) -> tuple[NDArray[np.intp] | slice, NDArray[np.integer], Floats]:
        """The pairs of atlas voxels (P,): which of them, the image voxel, and the length."""
        if self.count.max(initial=0) > 1:
            count = self.count[index]
            which = np.repeat(np.arange(len(index)), count)
            pair = np.arange(len(which)) + (self.begin[index] - np.cumsum(count) + count)[which]
            return which, self.image_voxel[pair], self.length[pair]
        if not len(self.length):
            return np.zeros(0, np.intp), self.image_voxel, self.length
        # One image voxel each, or none: looked up in tables by atlas voxel.
        pair = np.minimum(self.begin, len(self.length) - 1)
        within = self.count[index] > 0 if not self.count.all() else np.True_
        inside: NDArray[np.intp] | slice = slice(None) if np.all(within) else np.flatnonzero(within)
        return inside, self.image_voxel[pair][index[inside]], self.length[pair][index[inside]]


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
    which, image_voxel, length = overlaps.of(index)
    labels = [pieces.region[which], *(other[which] for other in others), image_voxel]
    parts = length if pieces.volume is None else length * pieces.volume[which]
    weighted: list[NDArray[np.floating]] = [column[which] * length for column in pieces.weighted]
    maximum = pieces.maximum[which]
    if sort:
        order = _order(labels)
        labels, parts, maximum = [label[order] for label in labels], parts[order], maximum[order]
        weighted = [column[order] for column in weighted]
    is_start = np.ones(len(parts), bool)
    is_start[1:] = np.logical_or.reduce([label[1:] != label[:-1] for label in labels])
    starts = np.flatnonzero(is_start)
    region, *others, image_voxel = (label[starts] for label in labels)
    if len(starts):
        parts, maximum = np.add.reduceat(parts, starts), np.maximum.reduceat(maximum, starts)
        weighted = [np.add.reduceat(column, starts) for column in weighted]
    return _Pieces(region, parts, weighted, maximum), others, image_voxel


def _order(labels: list[NDArray[np.integer]]) -> NDArray[np.intp]:
    """A stable order by labels, the first one first.

    Labels are joined as long as they fit uint16, which numpy sorts by counting, several times faster than by comparing.
    """
    keys: list[NDArray[np.integer]] = []
    sizes: list[int] = []
    for label in labels:
        size = int(label.max(initial=0)) + 1
        if keys and sizes[-1] * size <= 2**16:
            keys[-1] = keys[-1] * np.uint16(size) + label.astype(np.uint16, copy=False)
            sizes[-1] *= size
        else:
            keys.append(_narrow(label))
            sizes.append(size)
    return np.lexsort(keys[::-1])


def _narrow(numbers: NDArray[np.integer]) -> NDArray[np.integer]:
    """The same numbers as uint16 where they fit: numpy sorts these by counting, several times faster."""
    return numbers.astype(np.uint16) if numbers.max(initial=0) < 2**16 else numbers


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
