"""Integrate region maps over the voxels of tiles of an image grid.

Voxels are boxes: where the axes of both grids are parallel, the integrals are exact; grids at an angle are sampled (see
`_at_an_angle`). In names, K tiles, E entries, P pieces.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...atlas.atlas import Atlas, largest, shares
from ...atlas.labels.runs import LabelRuns
from ...grid import AxisMatch, Floats, Grid, axis_edges, match_axes, product
from ...index_ranges import firsts, listed, narrow, slices, sorted_by
from .tiles import Tiles

SAMPLE_POINTS = np.array([-3, -1, 1, 3]) / 8
"""Where along a voxel's edge the points lie that stand for it between grids at an angle."""

N_SUMS = 4
"""Sums of an entry: volume, integrals of a and of its share, volume where a is the largest."""

_ENOUGH_FOR_THREADS = 2**18
"""Entries of an atlas that are worth a second thread."""


@dataclass(frozen=True)
class Integrated:
    """Region maps integrated over image voxels; entries (E,) sorted by region."""

    voxel: NDArray[np.integer]
    """Flat C-order voxel number of the image grid."""
    region: NDArray[np.integer]
    """Row of the atlas's region table."""
    maximum: NDArray[np.floating]
    """Largest a in the voxel."""
    sums: list[NDArray[np.floating]]
    """mm3: the `N_SUMS`; of a labelled atlas, where they are equal, one."""


def integrate(atlas: Atlas, tiles: Tiles, tile: NDArray[np.integer]) -> Integrated:
    """Integrate every region map over all voxels of tiles (K,), rising.

    Voxels of other tiles may come along, with a part of their integrals. The integrals over a voxel do not depend, to
    the last bit, on the tiles that are worked out together.
    """
    match = match_axes(tiles.grid, atlas.grid)
    first, last = _atlas_boxes(atlas, tiles, tile, match)
    near = (last >= first).all(axis=1)
    entries = _entries_in(atlas, first[near], last[near])
    if match is not None:
        return _on_parallel_grids(atlas, entries, tiles.grid, match)
    return _at_an_angle(atlas, entries, tiles, tile[near])


def tiles_near(atlas: Atlas, tiles: Tiles) -> NDArray[np.intp]:
    """All tiles (K,), rising, that may overlap a region."""
    every = np.arange(tiles.number)
    first, last = _atlas_boxes(atlas, tiles, every, match_axes(tiles.grid, atlas.grid))
    return every[(last >= first).all(axis=1)]


# --- which entries of the atlas lie in tiles ---


def _atlas_boxes(
    atlas: Atlas, tiles: Tiles, tile: NDArray[np.integer], match: AxisMatch | None
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """First and last atlas voxel (K, 3) of the boxes around tiles, cut to where the atlas has regions."""
    bounds = [tiles.first_and_last(tile, axis) for axis in range(3)]
    if match is None:
        corner = np.stack(np.meshgrid([0, 1], [0, 1], [0, 1], indexing="ij"), axis=-1).reshape(-1, 3)
        edges = np.stack([[first - 0.5, last + 0.5] for first, last in bounds], axis=-1)  # (2, K, 3)
        corners = np.stack([edges[c, :, np.arange(3)].T for c in corner], axis=1)  # (K, 8, 3)
        at = atlas.grid.to_voxel(tiles.grid.to_world(corners))
        low, high = at.min(axis=1) - _ROUNDING, at.max(axis=1) + _ROUNDING
    else:
        low, high = np.zeros((len(tile), 3)), np.zeros((len(tile), 3))
        for axis in range(3):
            first, last = bounds[match.image_axis[axis]]
            lower, upper = axis_edges(match, tiles.grid, axis)
            low[:, axis] = np.minimum(lower[first], lower[last])
            high[:, axis] = np.maximum(upper[first], upper[last])
    occupied = atlas.region_sums.box[atlas.region_sums.maximum > 0]
    if not len(occupied):
        return np.ones((len(tile), 3), np.intp), np.zeros((len(tile), 3), np.intp)
    reach = occupied[:, 0].min(axis=0), occupied[:, 1].max(axis=0)
    # Clipped first, since places far outside have no whole number.
    low, high = np.clip(low, reach[0] - 1, reach[1] + 1), np.clip(high, reach[0] - 1, reach[1] + 1)
    first, last = np.floor(low + 0.5).astype(np.intp), np.ceil(high - 0.5).astype(np.intp)
    return np.maximum(first, reach[0]), np.minimum(last, reach[1])


_ROUNDING = 1e-6
"""Atlas voxels by which the box around a tile at an angle is larger, so that rounding leaves nothing out."""


@dataclass(frozen=True)
class _Entries:
    """Entries (E,) of an atlas: all those of some of its voxels."""

    voxel: NDArray[np.integer]
    region: NDArray[np.integer]
    value: NDArray[np.floating]
    weights: list[NDArray[Any]]
    """What is integrated beside the volume: values, shares, and whether a value is the largest; none in a labelled
    atlas, where all are 1."""

    def __getitem__(self, part: slice | NDArray[np.integer]) -> _Entries:
        weights = [weight[part] for weight in self.weights]
        return _Entries(self.voxel[part], self.region[part], self.value[part], weights)

    @classmethod
    def of_labels(cls, runs: LabelRuns) -> _Entries:
        """Those of runs of a labelled atlas; to sort runs is less work than to sort their entries."""
        voxel, region = runs.by_region()
        return cls(voxel, region, np.broadcast_to(np.float32(1), voxel.shape), [])


def _entries_in(atlas: Atlas, first: NDArray[np.intp], last: NDArray[np.intp]) -> _Entries:
    """The entries in boxes (K, 3) of atlas voxels, each once, sorted by region, then voxel."""
    n_lines = (last[:, :2] - first[:, :2] + 1).prod(axis=1)
    if n_lines.sum() > len(atlas.value) // 4:  # then looking lines up is more work than integrating all
        if atlas.runs is not None:
            return _Entries.of_labels(atlas.runs)
        place = atlas.by_region[0]
        value, weights = atlas.value[place], []
        if not atlas.is_labelled:
            weights = [value, atlas.share[place], atlas.largest[place]]
        return _Entries(atlas.voxel[place], atlas.region[place], value, weights)
    _, ny, nz = atlas.grid.shape
    box, line = listed(np.zeros_like(n_lines), n_lines)
    width = (last - first + 1)[box, 1]
    i, j = first[box, 0] + line // width, first[box, 1] + line % width
    start = (i * ny + j) * nz
    begin, end = atlas.between(start + first[box, 2], start + last[box, 2])
    # Boxes may share voxels: each line counts from where those that began before it have ended.
    order = np.argsort(begin, kind="stable")
    end = np.maximum.accumulate(end[order])
    begin = np.maximum(begin[order], np.concatenate([[0], end[:-1]])) if len(end) else end
    if atlas.runs is not None:
        return _Entries.of_labels(atlas.runs.within(begin, end))
    _, place = listed(begin, end)
    value, voxel = atlas.value[place], atlas.voxel[place]
    weights = [] if atlas.is_labelled else [value, shares(value, voxel), largest(value, voxel)]
    return _Entries(voxel, atlas.region[place], value, weights)[np.argsort(atlas.region[place], kind="stable")]


# --- axes parallel: the overlap of two voxels is a product of three one-dimensional overlaps ---


@dataclass(frozen=True)
class _Pieces:
    """Sums over pieces of space: each lies in one region's map and one box of voxels (P pieces)."""

    region: NDArray[np.integer]
    volume: Floats | None
    """In atlas voxels; None where all are whole voxels."""
    weighted: list[NDArray[Any]]
    """Integrals of the weights of entries."""
    maximum: NDArray[np.floating]


def _on_parallel_grids(atlas: Atlas, entries: _Entries, grid: Grid, match: AxisMatch) -> Integrated:
    """Integrate along one axis after the other; each step leaves fewer, larger pieces to the next."""
    overlaps = [_Overlaps.along(axis, match, grid, atlas.grid) for axis in range(3)]
    n = len(entries.voxel)
    if n > _ENOUGH_FOR_THREADS:
        # Regions are independent, and numpy's loops let other threads run.
        half = int(np.searchsorted(entries.region, entries.region[n // 2]))
        with ThreadPoolExecutor(2) as pool:
            parts = pool.map(lambda part: _integrate_entries(atlas, part, overlaps), (entries[:half], entries[half:]))
            joined = [np.concatenate(column) for column in zip(*parts, strict=True)]
    else:
        joined = _integrate_entries(atlas, entries, overlaps)
    region, i, j, k, maximum, *sums = joined
    ijk = (i, j, k)
    voxel = np.ravel_multi_index([ijk[match.image_axis.index(a)] for a in range(3)], grid.shape)
    return Integrated(voxel, region, maximum, [column * atlas.grid.voxel_volume for column in sums])


def _integrate_entries(atlas: Atlas, entries: _Entries, overlaps: list[_Overlaps]) -> list[NDArray[Any]]:
    """Integrate entries of the atlas, which come by region and voxel: region, i, j, k of the image, maximum, sums."""
    _, ny, nz = atlas.grid.shape
    voxel = entries.voxel
    pieces = _Pieces(narrow(entries.region), None, entries.weights, entries.value)
    line = voxel // nz
    # Along the last axis, what is to be summed lies together already.
    pieces, (line,), k = _integrate_along(pieces, [line], voxel - line * nz, overlaps[2], sort=False)
    i = line // ny
    pieces, (i, k), j = _integrate_along(pieces, [narrow(i), narrow(k)], line - i * ny, overlaps[1])
    pieces, (j, k), i = _integrate_along(pieces, [narrow(j), k], i, overlaps[0])
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
        return cls(np.cumsum(count) - count, count, narrow(pairs[1]), shared[pairs])

    def of(self, index: NDArray[np.integer]) -> tuple[NDArray[np.intp] | slice, NDArray[np.integer], Floats]:
        """The pairs of atlas voxels (P,): which of them, the image voxel, and the length."""
        if self.count.max(initial=0) > 1:
            which, pair = listed(self.begin[index], self.begin[index] + self.count[index])
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
    weighted = [column[which] * length for column in pieces.weighted]
    maximum = pieces.maximum[which]
    if sort:
        order = sorted_by(labels)
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


# --- axes at an angle: the smaller voxels are represented by 4 x 4 x 4 points ---


def _at_an_angle(atlas: Atlas, entries: _Entries, tiles: Tiles, tile: NDArray[np.integer]) -> Integrated:
    """Sample: each voxel of the grid with the smaller voxels (the atlas's, if equal) stands for 64 equal parts."""
    grid = tiles.grid
    entries = entries[np.argsort(entries.voxel, kind="stable")]  # by voxel, as the atlas has them
    voxel = entries.voxel.astype(np.int64)
    first = firsts(voxel)
    occupied = voxel[first]
    if grid.voxel_volume < atlas.grid.voxel_volume * (1 - 1e-6):
        image_voxel, at, volume = sampled_overlaps(grid, tiles.voxels(tile), atlas.grid)
        rank = np.minimum(np.searchsorted(occupied, at), len(occupied) - 1)
        hit = occupied[rank] == at if len(occupied) else np.zeros(len(at), bool)
        image_voxel, rank, volume = image_voxel[hit], rank[hit], volume[hit]
    else:
        at, image_voxel, volume = sampled_overlaps(atlas.grid, occupied, grid)
        rank = np.searchsorted(occupied, at)
    # Every pair of an image voxel and an occupied atlas voxel takes on all entries of the atlas voxel.
    pair, place = listed(first[rank], np.append(first[1:], len(voxel))[rank])
    taken = entries[place]
    region, part = taken.region.astype(np.int64), volume[pair]
    key = region * grid.n_voxels + image_voxel[pair]
    order = np.argsort(key, kind="stable")
    starts = firsts(key[order])
    columns = [part, *(part * weight for weight in taken.weights)]
    maximum = taken.value[order]
    if len(starts):
        columns = [np.add.reduceat(column[order], starts) for column in columns]
        maximum = np.maximum.reduceat(maximum, starts)
    key = key[order][starts]
    return Integrated(key % grid.n_voxels, key // grid.n_voxels, maximum, columns)


def sampled_overlaps(
    small: Grid, voxels: NDArray[np.int64], large: Grid
) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
    """Pairs (P,) of overlapping voxels of two grids: one of `voxels`, one of the grid `large`, and the mm3 shared."""
    points = np.stack(np.meshgrid(SAMPLE_POINTS, SAMPLE_POINTS, SAMPLE_POINTS, indexing="ij"), axis=-1).reshape(-1, 3)
    to_large = large.inverse @ small.affine
    overlaps = []
    for part in slices(len(voxels), 2**16):
        voxel = voxels[part]
        at = product(small.unravel(voxel)[:, None, :] + points, to_large[:3, :3]) + to_large[:3, 3]
        index = np.floor(at + 0.5).astype(np.int64)
        inside = ((index >= 0) & (index < large.shape)).all(axis=-1)
        other = np.ravel_multi_index(tuple(index[inside].T), large.shape)
        own = np.repeat(voxel, len(points))[inside.reshape(-1)]
        pair, count = np.unique(np.stack([own, other]), axis=1, return_counts=True)
        overlaps.append(np.vstack([pair, count]))
    own, other, count = np.concatenate(overlaps, axis=1) if overlaps else np.zeros((3, 0), np.int64)
    return own, other, count * (small.voxel_volume / len(points))
