"""The atlas: one sparse matrix (voxels x regions) and a table of regions.

A labelled atlas is the special case in which every entry is 1. In names, E entries, R regions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import AtlasError
from ..space import Floats, Grid


@dataclass(frozen=True)
class RegionSums:
    """What the scores need to know of each whole region map, in mm3 (R,)."""

    volume: Floats
    """Volume where the map is above 0."""
    integral: Floats
    """Integral of the map."""
    integral_sq: Floats
    """Integral of the squared map."""
    maximum: Floats
    """Largest value, 0 for an empty map."""
    minimum: Floats
    """Smallest value above 0, 0 for an empty map."""
    box: NDArray[np.int64]
    """(R, 2, 3): first and last voxel index along each axis; for an empty map, the last lies before the first."""


@dataclass(frozen=True, eq=False)
class Atlas:
    """Region maps on one grid.

    Entry ``e`` says that region ``region[e]`` has the value ``value[e]`` in voxel ``voxel[e]``. Entries are sorted by
    voxel, then region; voxels without any region have none.

    Parameters
    ----------
    grid : Grid
        The grid of all region maps.
    regions : DataFrame
        Row r describes region r. Columns ``id`` (label value, or number of the volume in its file) and ``name``;
        where known also ``hemisphere`` (left or right), ``parent`` (name of the parent), ``color`` (``#rrggbb``).
    voxel : (E,) int
        Flat C-order voxel number, rising.
    region : (E,) int
        Row of `regions`.
    value : (E,) float32
        Above 0, at most 1.
    name : str
        Short name of the atlas.
    space : str, optional
        Anatomical template; None where unknown.
    source : dict
        Where it came from, for the record: ``path``, ``sha256``, ``licence``, ``citation``.
    """

    grid: Grid
    regions: pd.DataFrame
    voxel: NDArray[np.integer]
    region: NDArray[np.integer]
    value: NDArray[np.float32]
    name: str = "atlas"
    space: str | None = None
    source: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not len(self.regions):
            raise AtlasError(f"{self.name} has no regions; an atlas needs at least one voxel above 0")
        if not {"id", "name"} <= set(self.regions.columns):
            raise AtlasError(f"{self.name}: the table of regions needs the columns id and name")

    @classmethod
    def from_labels(
        cls, labels: NDArray[np.integer], grid: Grid, regions: pd.DataFrame, **about: Any
    ) -> Atlas:
        """Make a labelled atlas of a volume (X, Y, Z) of label values; 0 is background.

        Every label in the volume needs a row in `regions`, which is sorted by ``id`` here.
        """
        regions = regions.sort_values("id", kind="stable", ignore_index=True)
        flat = np.ascontiguousarray(labels).reshape(-1)
        voxel = np.flatnonzero(flat)
        ids = regions["id"].to_numpy(np.int64)
        found = flat[voxel].astype(np.int64)
        region = np.searchsorted(ids, found)
        if len(found) and (region.max() >= len(ids) or not np.array_equal(ids[region], found)):
            missing = np.setdiff1d(np.unique(found), ids)
            raise AtlasError(f"{about.get('name', 'atlas')}: labels without a row in the table of regions: {missing[:5].tolist()}")
        ones = np.broadcast_to(np.float32(1), voxel.shape)
        return cls(grid, regions, _small(voxel, grid.n_voxels), _small(region, len(ids)), ones, **about)

    @classmethod
    def from_region_entries(
        cls, grid: Grid, regions: pd.DataFrame, voxels: list[NDArray[np.integer]], values: list[NDArray[Any]], **about: Any
    ) -> Atlas:
        """Make an atlas of its region maps: for each region the voxels (any order) and the values there."""
        counts = [len(v) for v in voxels]
        region = np.repeat(np.arange(len(voxels), dtype=np.min_scalar_type(len(voxels))), counts)
        voxel = np.concatenate(voxels) if voxels else np.zeros(0, np.int64)
        value = np.concatenate(values) if values else np.zeros(0, np.float32)
        order = np.argsort(_small(voxel, grid.n_voxels), kind="stable")
        return cls(
            grid, regions, _small(voxel[order], grid.n_voxels), region[order], value[order].astype(np.float32), **about
        )

    @property
    def n_regions(self) -> int:
        """Number of regions."""
        return len(self.regions)

    @cached_property
    def is_labelled(self) -> bool:
        """Whether every value is 1 and no voxel lies in two regions."""
        if self.value.strides == (0,) and len(self.value):
            return bool(self.value[0] == 1)
        return bool((self.value == 1).all() and (np.diff(self.voxel) > 0).all())

    @cached_property
    def share(self) -> NDArray[np.floating]:
        """(E,) float: each entry's part of its voxel, a / max(1, sum of all regions' a)."""
        if self.is_labelled:
            return self.value
        first = np.flatnonzero(np.diff(self.voxel, prepend=-1))
        total = np.add.reduceat(self.value.astype(np.float64), first) if len(first) else np.zeros(0)
        counts = np.diff(first, append=len(self.voxel))
        return self.value / np.repeat(np.maximum(total, 1), counts)

    @cached_property
    def by_region(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Entries grouped by region: an order (E,) of entries, and the bounds (R + 1,) of each region in it."""
        order = np.argsort(self.region, kind="stable")
        bounds = np.zeros(self.n_regions + 1, dtype=np.intp)
        np.cumsum(np.bincount(self.region, minlength=self.n_regions), out=bounds[1:])
        return order, bounds

    def entries_of(self, region: int) -> tuple[NDArray[np.integer], NDArray[np.float32]]:
        """Voxels (N,), rising, and values (N,) of one region's map."""
        order, bounds = self.by_region
        rows = order[bounds[region] : bounds[region + 1]]
        return self.voxel[rows], self.value[rows]

    def map_of(self, region: int) -> NDArray[np.float32]:
        """One region's map as a dense volume (X, Y, Z)."""
        dense = np.zeros(self.grid.n_voxels, np.float32)
        voxel, value = self.entries_of(region)
        dense[voxel] = value
        return dense.reshape(self.grid.shape)

    @cached_property
    def best_region(self) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
        """Occupied voxels (N,) and the region (N,) with the largest value there; the first of equals."""
        first = np.flatnonzero(np.diff(self.voxel, prepend=-1))
        if len(first) == len(self.voxel):
            return self.voxel, self.region
        order = np.lexsort((self.region, -self.value, self.voxel))
        return self.voxel[first], self.region[order[first]]

    @cached_property
    def region_sums(self) -> RegionSums:
        """Sums, extrema and boxes of every region map."""
        n, unit = self.n_regions, self.grid.voxel_volume
        count = np.bincount(self.region, minlength=n)
        order, bounds = self.by_region
        filled = np.flatnonzero(count)
        starts = bounds[filled]
        maximum, minimum, integral, integral_sq = (np.zeros(n) for _ in range(4))
        box = np.zeros((n, 2, 3), np.int64)
        box[:, 1] = -1
        if len(filled):
            if self.value.strides == (0,):
                maximum[filled] = minimum[filled] = self.value[0]
                integral[:] = integral_sq[:] = count
            else:
                value = self.value[order].astype(np.float64)
                maximum[filled] = np.maximum.reduceat(value, starts)
                minimum[filled] = np.minimum.reduceat(value, starts)
                integral[filled] = np.add.reduceat(value, starts)
                integral_sq[filled] = np.add.reduceat(value**2, starts)
            for axis in range(3):
                index = self.index_along(axis)[order]
                box[filled, 0, axis] = np.minimum.reduceat(index, starts)
                box[filled, 1, axis] = np.maximum.reduceat(index, starts)
        return RegionSums(count * unit, integral * unit, integral_sq * unit, maximum, minimum, box)

    def index_along(self, axis: int) -> NDArray[np.int32]:
        """(E,) each entry's voxel index along one axis."""
        _, ny, nz = self.grid.shape
        divisor = (ny * nz, nz, 1)[axis]
        return (self.voxel // divisor % self.grid.shape[axis]).astype(np.int32)


def _small(numbers: NDArray[np.integer], bound: int) -> NDArray[np.integer]:
    """The same numbers in the smallest of the types that hold up to `bound`: uint16, int32 or int64."""
    dtype = np.uint16 if bound <= 2**16 else np.int32 if bound < 2**31 else np.int64
    return numbers.astype(dtype, copy=False)
