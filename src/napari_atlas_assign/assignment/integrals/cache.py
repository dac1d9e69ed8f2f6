"""Integrals of the region maps over each voxel of an image grid, kept for the next threshold.

They are worked out in tiles of the grid, when a voxel in a tile is first asked for (`integrate.py` says how), so that
a first assignment costs what its modes cost, and a threshold that lets them grow costs what is new. Those of a whole
map are stored beside the atlas, for the next session.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from threading import RLock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...atlas.atlas import Atlas
from ...atlas.kept import kept_with_atlas
from ...atlas.storage.worked_out import keep_worked_out, worked_out
from ...grid import Grid, SameVoxels, indices_of
from ...index_ranges import listed, sorted_by
from ...lazy import sorted_by_voxel
from .integrate import N_SUMS, integrate, tiles_near
from .tiles import CELLS, Tiles

_UNKNOWN = -1

GRIDS_KEPT = 4
"""Image grids per atlas whose integrals are kept in memory."""

_MOST_STORED = 2**21
"""Entries of a grid's integrals that are stored: 80 MB."""


@dataclass(frozen=True)
class RegionIntegrals:
    """Region maps a(x) integrated over image voxels; entries (E,) sorted by voxel, then region."""

    row: NDArray[np.intp]
    """Which of the voxels that were asked for."""
    region: NDArray[np.integer]
    """Row of the atlas's region table."""
    volume: NDArray[np.floating]
    """mm3 of the voxel where a > 0."""
    integral: NDArray[np.floating]
    """Integral of a, in mm3."""
    share: NDArray[np.floating]
    """Integral of a / max(1, sum of all regions' a), in mm3."""
    largest: NDArray[np.floating]
    """mm3 of the voxel where a is the largest of all regions' a, the first of equals."""
    maximum: NDArray[np.floating]
    """Largest a in the voxel, where a voxel of the atlas overlaps it in more than a point, an edge or a face."""


IntegralsOf = Callable[[slice], RegionIntegrals]
"""Gives the integrals over some of the voxels that were asked for; rows count from the first of these."""


def region_integrals(atlas: Atlas, grid: Grid, voxel: NDArray[np.integer]) -> RegionIntegrals:
    """Integrate every region map over voxels of a grid.

    What was worked out is kept for the last `GRIDS_KEPT` grids of each atlas.

    Parameters
    ----------
    atlas : Atlas
    grid : Grid
    voxel : (N,) int
        Flat C-order voxel numbers, in any order; a number may come more than once.
    """
    return integrals_over(atlas, grid, voxel)(slice(None))


def integrals_over(atlas: Atlas, grid: Grid, voxel: NDArray[np.integer]) -> IntegralsOf:
    """See `region_integrals`: what is not known yet is worked out now, and the integrals are given piece by piece."""
    same = grid.voxels_in(atlas.grid)
    if same is not None:
        return OnSameVoxels(atlas, grid, same, voxel)
    return _kept_for(atlas, grid).over(voxel, atlas)


def integral_of_region(atlas: Atlas, grid: Grid, region: int) -> tuple[NDArray[np.integer], NDArray[np.floating]]:
    """Integrate one region's map over all of a grid: voxels (N,) where it is above 0, and the integrals (N,) in mm3."""
    voxel, value = atlas.entries_of(region)
    same = atlas.grid.voxels_in(grid)
    if same is not None:
        voxel, inside = _renumbered(voxel, atlas.grid, same, grid)
        voxel, value = sorted_by_voxel(voxel[inside], value[inside])
        return voxel, value * np.float64(grid.voxel_volume)
    alone = Atlas(atlas.grid, atlas.regions.iloc[[region]], voxel, np.zeros(len(voxel), np.uint16), value)
    tiles = Tiles(grid)
    integrals = integrate(alone, tiles, tiles_near(alone, tiles))
    return integrals.voxel, integrals.sums[min(1, len(integrals.sums) - 1)]


def prepare_integrals(atlas: Atlas, grid: Grid) -> None:
    """Work out at once what `region_integrals` may be asked for, for processes that are forked from this one."""
    if grid.voxels_in(atlas.grid) is not None:
        if atlas.is_tabled:
            _ = atlas.begin_of_voxel
    else:
        _kept_for(atlas, grid).extend(tiles_near(atlas, Tiles(grid)), atlas)
        store_integrals(atlas, grid)


def store_integrals(atlas: Atlas, grid: Grid) -> None:
    """Store what was worked out for a grid beside the stored atlas, where it is more than is there."""
    if grid.voxels_in(atlas.grid) is None:
        _kept_for(atlas, grid).store(atlas)


@kept_with_atlas(most=GRIDS_KEPT)
def _kept_for(atlas: Atlas, grid: Grid) -> _Growing:
    return _Growing(grid, worked_out(atlas, _name(grid)))


def _name(grid: Grid) -> str:
    return f"integrals {grid.shape} {grid.affine.tolist()}"


class OnSameVoxels:
    """Integrals over voxels (N,) that are voxels of the atlas, too, or lie beside its grid: values times the volume."""

    def __init__(self, atlas: Atlas, grid: Grid, same: SameVoxels, voxel: NDArray[np.integer]) -> None:
        number, inside = _renumbered(voxel, grid, same, atlas.grid)
        self._number = number if inside.all() else np.where(inside, number, -1)
        self.atlas = atlas

    def __call__(self, rows: slice) -> RegionIntegrals:
        """See `IntegralsOf`."""
        begin, end, place = self.bounds(rows)
        first = begin[place]
        row, entry = listed(first, np.where(place < 0, first, end[place]))
        unit = self.atlas.grid.voxel_volume
        value = self.atlas.value[entry]
        total = np.maximum(np.bincount(row, value), 1)  # in the order of the compiled loop, which `shares` has not
        return RegionIntegrals(
            row,
            self.atlas.region_of(entry),
            np.full(len(entry), unit),
            value * np.float64(unit),
            value / total[row] * unit,
            self.atlas.largest[entry] * unit,
            value,
        )

    def bounds(self, rows: slice) -> tuple[NDArray[np.integer], NDArray[np.integer], NDArray[np.integer]]:
        """Where entries of voxels begin and end (V,), and the place (N,) of each row in these, -1 beside the grid."""
        number = self._number[rows]
        if self.atlas.is_tabled:
            begin = self.atlas.begin_of_voxel
            return begin[:-1], begin[1:], number
        begin, end = self.atlas.search(np.maximum(number, 0))
        return begin, end, np.where(number < 0, -1, np.arange(len(number)))


def _renumbered(
    voxel: NDArray[np.integer], grid: Grid, same: SameVoxels, other: Grid
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Numbers (N,) of voxels in another grid, which has the same ones; and whether they lie in it."""
    shape = other.shape
    if grid.matches(other):
        return voxel.astype(np.int64, copy=False), np.ones(len(voxel), bool)
    ijk = indices_of(voxel, grid.shape)
    i, j, k = (offset + step * ijk[a] for a, step, offset in zip(same.axis, same.step, same.offset, strict=True))
    inside = (i >= 0) & (i < shape[0]) & (j >= 0) & (j < shape[1]) & (k >= 0) & (k < shape[2])
    return np.where(inside, (i * shape[1] + j) * shape[2] + k, 0), inside


class _Growing:
    """The integrals over the tiles of one grid that were asked for so far."""

    def __init__(self, grid: Grid, stored: Mapping[str, NDArray[Any]] | None) -> None:
        self._tiles = Tiles(grid)
        self._lock = RLock()
        stored = stored or {}
        self._place = stored.get("place", np.full(self._tiles.number, _UNKNOWN, np.int32))
        """Of each tile, where its cells are in `_begin`, counted in tiles; those without entries share the first."""
        self._begin = stored.get("begin", np.zeros(CELLS + 1, np.int64))
        """Where the entries of each cell begin, which is where those of the cell before it end."""
        self._columns = [stored[f"column_{i}"] for i in range(len(stored) - 2)]
        self._n_stored = self._n_known()

    def store(self, atlas: Atlas) -> None:
        """See `store_integrals`."""
        with self._lock:
            n = int(self._begin[-1])
            if self._n_known() > self._n_stored and n <= _MOST_STORED:
                columns = {f"column_{i}": column[:n] for i, column in enumerate(self._columns)}
                keep_worked_out(atlas, _name(self._tiles.grid), {"place": self._place, "begin": self._begin, **columns})
                self._n_stored = self._n_known()

    def _n_known(self) -> int:
        return int(np.count_nonzero(self._place != _UNKNOWN))

    def over(self, voxel: NDArray[np.integer], atlas: Atlas) -> IntegralsOf:
        """The integrals over voxels (N,), of which tiles that are not known yet are worked out."""
        tile, cell = self._tiles.locate(voxel)
        with self._lock:
            unknown = tile[self._place[tile] == _UNKNOWN]
            if len(unknown) or not self._columns:
                self.extend(np.unique(unknown), atlas)
            at, columns = self._place[tile] * np.intp(CELLS) + cell, self._columns
            begin, end = self._begin[at], self._begin[at + 1]

        def integrals(rows: slice) -> RegionIntegrals:
            row, entry = listed(begin[rows], end[rows])
            region, maximum, *sums = (column.take(entry) for column in columns)
            volume, integral, share, largest = sums if len(sums) == N_SUMS else sums * N_SUMS
            return RegionIntegrals(row, region, volume, integral, share, largest, maximum)

        return integrals

    def extend(self, tile: NDArray[np.integer], atlas: Atlas) -> None:
        """Work out tiles (K,), rising; those that are known stay as they are."""
        with self._lock:
            tile = tile[self._place[tile] == _UNKNOWN]
            if not len(tile) and self._columns:
                return
            integrals = integrate(atlas, self._tiles, tile)
            of_tile, cell = self._tiles.locate(integrals.voxel)
            wanted = np.flatnonzero(np.isin(of_tile, tile))
            occupied, rank = np.unique(of_tile[wanted], return_inverse=True)
            # Entries come by region, so that a stable order by cell is one by cell, then region.
            order = wanted[sorted_by([rank, cell[wanted]])]
            columns: list[NDArray[Any]] = [c[order] for c in (integrals.region, integrals.maximum, *integrals.sums)]
            count = np.bincount(rank * CELLS + cell[wanted], minlength=len(occupied) * CELLS)
            known, n_places = int(self._begin[-1]), (len(self._begin) - 1) // CELLS
            place = self._place.copy()  # readers go on with the earlier one
            place[tile] = 0
            place[occupied] = np.arange(n_places, n_places + len(occupied))
            earlier = self._columns or [column[:0] for column in columns]
            self._columns = [_appended(e, known, c) for e, c in zip(earlier, columns, strict=True)]
            self._begin = np.concatenate([self._begin, known + np.cumsum(count)])
            self._place = place


def _appended(column: NDArray[Any], n: int, more: NDArray[Any]) -> NDArray[Any]:
    """A column with entries put behind its first `n`: in place where there is room, which leaves those as they are."""
    if not len(more):
        return column  # which may be mapped from a file that cannot be written
    if n + len(more) > len(column):
        longer = np.empty(max(n + len(more), 2 * n), more.dtype)
        longer[:n] = column[:n]
        column = longer
    column[n : n + len(more)] = more
    return column
