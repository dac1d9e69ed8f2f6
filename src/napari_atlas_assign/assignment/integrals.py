"""Integrals of the region maps over each voxel of an image grid.

Worked out once per pair of grids and kept; after that, a threshold costs a few milliseconds. Voxels are boxes: where
the axes of both grids are parallel, the integrals are exact; grids at an angle are sampled (see `_at_an_angle`).
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from threading import Lock
from weakref import WeakKeyDictionary

import numpy as np
from numpy.typing import NDArray

from ..atlas.atlas import Atlas
from ..space import AxisMatch, Floats, Grid, axis_edges, match_axes

GRIDS_KEPT = 4
"""Image grids per atlas whose integrals are kept in memory."""

_BOX_VOXELS = 2**24
"""Dense voxels worked on at a time, so that memory stays bounded for regions as large as a brain."""

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


def _on_parallel_grids(atlas: Atlas, grid: Grid, match: AxisMatch) -> RegionIntegrals:
    edges = [axis_edges(match, grid, axis) for axis in range(3)]
    # Strides of the image grid, in the order of the atlas's axes.
    strides = [int(np.prod(grid.shape[a + 1 :], dtype=np.int64)) for a in match.image_axis]
    parts = []
    for region, box, dense in _dense_boxes(atlas, edges):
        parts.append(_integrate_box(region, box, dense, edges, strides, atlas.grid.voxel_volume))
    return _gather(parts)


def _dense_boxes(
    atlas: Atlas, edges: list[tuple[Floats, Floats]]
) -> Iterator[tuple[int, list[tuple[NDArray[np.intp], int, int]], Floats]]:
    """Yield every region in dense pieces: the region, the piece's extent along each axis, and its values.

    The extent is (image voxels along the axis, first atlas voxel, one past the last). The values are (K, nx, ny, nz):
    in labelled atlases K = 1, the map; in others K = 3: the map, its support, its share. Pieces are cut along the first
    axis between image voxels, so that no image voxel is in two pieces of one region.
    """
    sums = atlas.region_sums
    columns = [atlas.value] if atlas.is_labelled else [atlas.value, None, atlas.share]
    order, bounds = atlas.by_region
    for region in np.flatnonzero(sums.maximum > 0):
        extents = [_image_voxels(edges[axis], *sums.box[region, :, axis]) for axis in range(3)]
        if any(len(image_voxels) == 0 for image_voxels, _, _ in extents):
            continue
        rows = order[bounds[region] : bounds[region + 1]]
        ijk = atlas.grid.unravel(atlas.voxel[rows])
        area = max((extents[1][2] - extents[1][1]) * (extents[2][2] - extents[2][1]), len(extents[1][0]) * len(extents[2][0]))
        for piece in _cut(extents[0], edges[0], max(1, _BOX_VOXELS // (area * len(columns)))):
            box = [piece, extents[1], extents[2]]
            inside = np.logical_and.reduce([(ijk[:, d] >= box[d][1]) & (ijk[:, d] < box[d][2]) for d in range(3)])
            i, j, k = (ijk[inside, d] - box[d][1] for d in range(3))
            dense = np.zeros((len(columns), *(last - first for _, first, last in box)))
            for number, column in enumerate(columns):
                dense[number, i, j, k] = 1 if column is None else column[rows[inside]]
            yield int(region), box, dense


def _image_voxels(edges: tuple[Floats, Floats], first: int, last: int) -> tuple[NDArray[np.intp], int, int]:
    """Image voxels along an axis that overlap the atlas voxels first..last, and the atlas voxels that they overlap."""
    low, high = edges
    image_voxels = np.flatnonzero((low < last + 0.5) & (high > first - 0.5))
    if not len(image_voxels):
        return image_voxels, first, first
    lowest, highest = low[image_voxels].min(), high[image_voxels].max()
    return image_voxels, max(first, int(np.floor(lowest + 0.5))), min(last + 1, int(np.ceil(highest + 0.5)))


def _cut(
    extent: tuple[NDArray[np.intp], int, int], edges: tuple[Floats, Floats], length: int
) -> Iterator[tuple[NDArray[np.intp], int, int]]:
    image_voxels, first, last = extent
    per_image_voxel = max(1.0, float((edges[1] - edges[0])[0]))
    step = max(1, int(length / per_image_voxel))
    for start in range(0, len(image_voxels), step):
        some = image_voxels[start : start + step]
        low, high = edges[0][some].min(), edges[1][some].max()
        yield some, max(first, int(np.floor(low + 0.5))), min(last, int(np.ceil(high + 0.5)))


def _integrate_box(
    region: int,
    box: list[tuple[NDArray[np.intp], int, int]],
    dense: Floats,
    edges: list[tuple[Floats, Floats]],
    strides: list[int],
    unit: float,
) -> list[NDArray[np.generic]]:
    maximum = dense[0]
    sums = dense
    for axis in (2, 1, 0):  # the last axis first: its rows lie together in memory
        image_voxels, first, last = box[axis]
        low, high = edges[axis][0][image_voxels], edges[axis][1][image_voxels]
        lengths = _overlaps(low, high, np.arange(first, last))
        sums = np.moveaxis(np.moveaxis(sums, axis + 1, -1) @ lengths.T, -1, axis + 1)
        maximum = _running_maximum(maximum, axis, low, high, first, last)
    voxel = sum(
        (box[axis][0] * strides[axis]).reshape([-1 if a == axis else 1 for a in range(3)]) for axis in range(3)
    )
    filled = np.flatnonzero(maximum.reshape(-1) > 0)
    columns = sums.reshape(len(sums), -1)[:, filled] * unit
    integral, volume, share = columns if len(columns) == 3 else (columns[0],) * 3
    return [
        np.asarray(voxel).reshape(-1)[filled],
        np.full(len(filled), region),
        volume,
        integral,
        share,
        maximum.reshape(-1)[filled],
    ]


def _overlaps(low: Floats, high: Floats, atlas_voxels: NDArray[np.integer]) -> Floats:
    """(image voxels, atlas voxels) float: the part of each atlas voxel that lies in each image voxel, along one axis."""
    reach = np.minimum(high[:, None], atlas_voxels + 0.5) - np.maximum(low[:, None], atlas_voxels - 0.5)
    return np.maximum(reach, 0)


def _running_maximum(values: Floats, axis: int, low: Floats, high: Floats, first: int, last: int) -> Floats:
    """Largest value along one axis among the atlas voxels that each image voxel overlaps."""
    start = np.clip(np.floor(low + 0.5).astype(np.intp) - first, 0, last - first)
    stop = np.clip(np.ceil(high + 0.5).astype(np.intp) - first, 0, last - first)
    # reduceat takes pairs (start, stop) when every second result is dropped; the zero behind the end keeps a stop at
    # the end a valid index, and gives 0 where nothing overlaps.
    padding = [(0, 1) if a == axis else (0, 0) for a in range(3)]
    pairs = np.stack([start, stop], axis=-1).reshape(-1)
    reduced = np.maximum.reduceat(np.pad(values, padding), pairs, axis=axis)
    return np.take(reduced, np.arange(0, len(pairs), 2), axis=axis)


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
        return _gather([])

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
    low, high = box[:, 0].min(axis=0) - 0.5, box[:, 1].max(axis=0) + 0.5
    corners = np.stack(np.meshgrid(*zip(low, high, strict=True), indexing="ij"), axis=-1).reshape(-1, 3)
    ijk = grid.to_voxel(atlas.grid.to_world(corners))
    first = np.maximum(np.floor(ijk.min(axis=0)).astype(int), 0)
    last = np.minimum(np.ceil(ijk.max(axis=0)).astype(int), np.array(grid.shape) - 1)
    if (first > last).any():
        return np.zeros(0, np.int64)
    axes = [np.arange(a, b + 1) for a, b in zip(first, last, strict=True)]
    return np.ravel_multi_index(np.meshgrid(*axes, indexing="ij"), grid.shape).reshape(-1)


def _gather(parts: list[list[NDArray[np.generic]]]) -> RegionIntegrals:
    if not parts:
        nothing = np.zeros(0)
        return RegionIntegrals(np.zeros(0, np.int64), np.zeros(0, np.int64), nothing, nothing, nothing, nothing)
    columns = [np.concatenate(column) for column in zip(*parts, strict=True)]
    order = np.argsort(columns[0], kind="stable")  # pieces come by region, so that the stable sort keeps regions rising
    return RegionIntegrals(*(column[order] for column in columns))
