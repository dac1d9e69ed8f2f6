"""A grid cut into cubes of voxels, so that what is worked out per voxel is worked out only near what is asked for."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ...grid import Grid, indices_of

EDGE = 4
"""Voxels along the edge of a tile: few, so that little is worked out that nobody asked for; more than one, so that a
mode that grows by a layer of voxels mostly stays in tiles that are known."""

CELLS = EDGE**3
"""Voxels of a tile, also where part of it lies outside the grid."""


@dataclass(frozen=True)
class Tiles:
    """The tiles of a grid, numbered in C order, as are the cells (voxels) of each."""

    grid: Grid

    @property
    def shape(self) -> tuple[int, int, int]:
        """Number of tiles along each axis."""
        i, j, k = (-(-n // EDGE) for n in self.grid.shape)
        return i, j, k

    @property
    def number(self) -> int:
        """How many tiles there are."""
        i, j, k = self.shape
        return i * j * k

    def locate(self, voxel: NDArray[np.integer]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Tile and cell of voxels (N,), given as flat C-order numbers."""
        i, j, k = indices_of(voxel, self.grid.shape)
        (tile_i, cell_i), (tile_j, cell_j), (tile_k, cell_k) = self._along
        return tile_i[i] + tile_j[j] + tile_k[k], cell_i[i] + cell_j[j] + cell_k[k]

    def first_and_last(self, tile: NDArray[np.integer], axis: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Index of the first and the last voxel of tiles (K,) along an axis."""
        index = np.unravel_index(tile, self.shape)[axis]
        return index * EDGE, np.minimum(index * EDGE + EDGE, self.grid.shape[axis]) - 1

    def voxels(self, tile: NDArray[np.integer]) -> NDArray[np.int64]:
        """All voxels (N,) of tiles, as flat C-order numbers."""
        steps = np.stack(np.meshgrid(*[np.arange(EDGE)] * 3, indexing="ij"), axis=-1).reshape(-1, 3)
        ijk = (np.stack(np.unravel_index(tile, self.shape), axis=-1) * EDGE)[:, None, :] + steps
        ijk = ijk.reshape(-1, 3)
        inside = (ijk < self.grid.shape).all(axis=1)
        return np.ravel_multi_index(tuple(ijk[inside].T), self.grid.shape).astype(np.int64)

    @cached_property
    def _along(self) -> list[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """Along each axis, what an index adds to the number of the tile and to that of the cell."""
        _, nj, nk = self.shape
        strides = ((nj * nk, EDGE**2), (nk, EDGE), (1, 1))
        index = [np.arange(n) for n in self.grid.shape]
        return [(n // EDGE * tile, n % EDGE * cell) for n, (tile, cell) in zip(index, strides, strict=True)]
