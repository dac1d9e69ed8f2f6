"""The atlas: one sparse matrix (voxels x regions) and a table of regions.

A labelled atlas is the special case in which every entry is 1. In names, E entries, R regions.
"""

from __future__ import annotations

from collections.abc import Iterator
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..encoding import one_line
from ..errors import AtlasError
from ..grid import Floats, Grid, indices_of
from ..index_ranges import listed, slices
from ..tables.frames import pd
from ..tables.stored import Frame, StoredTable
from .label_volume import CodedLabels, code_labels, label_entries

_ENTRIES_AT_A_TIME = 2**22
"""Entries worked on at a time, so that memory stays bounded for atlases as large as half a billion entries."""

_ONES_AT_A_TIME = 2**20
"""Of a labelled atlas, whose sums are whole numbers: what is made of them stays in the processor's cache."""

_MOST_TABLED = 2**24
"""Voxels, and entries, of the largest atlas for which a table of where each voxel's entries begin is kept: 64 MiB."""

_VOXELS_PER_ASKED = 16
"""Voxels that are entered in that table in the time in which one is searched for."""

_FEW_TO_SEARCH = 10_000
"""Voxels below which it does not pay to sort them before they are searched for."""

_VOXELS_AT_A_TIME = 2**25
"""Voxels counted at a time."""


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
    remarks : tuple of str
        What the user should know of it, as said when it was loaded.
    """

    grid: Grid
    regions: pd.DataFrame
    voxel: NDArray[np.integer]
    region: NDArray[np.integer]
    value: NDArray[np.float32]
    name: str = "atlas"
    space: str | None = None
    source: dict[str, Any] = field(default_factory=dict)
    remarks: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "name", one_line(str(self.name)))  # a file name may hold what no table can
        if not self.n_regions:
            raise AtlasError(f"{self.name} has no regions; an atlas needs at least one voxel above 0")
        if self.column("id") is None or self.column("name") is None:
            raise AtlasError(f"{self.name}: the table of regions needs the columns id and name")

    @classmethod
    def from_labels(cls, labels: NDArray[Any] | CodedLabels, grid: Grid, regions: pd.DataFrame, **facts: Any) -> Atlas:
        """Make a labelled atlas of a volume (X, Y, Z) of label values; 0 is background.

        Every label in the volume needs a row in `regions`, which is sorted by ``id`` here.

        Raises
        ------
        AtlasError
            If the volume does not fit the grid, holds something else than labels, or labels without a row.
        """
        name = facts.get("name", "atlas")
        coded = labels if isinstance(labels, CodedLabels) else code_labels(labels, name)
        if coded.codes.shape != grid.shape:
            raise AtlasError(f"{name}: labels of shape {coded.codes.shape} do not fit the grid of shape {grid.shape}")
        regions = regions.sort_values("id", kind="stable", ignore_index=True)
        ids = regions["id"].to_numpy(np.int64)
        row = np.searchsorted(ids, coded.labels)
        missing = np.setdiff1d(coded.labels, ids)
        if len(missing):
            raise AtlasError(f"{name}: labels without a row in the table of regions: {missing[:5].tolist()}")
        row_of_code = np.concatenate([[0], row]).astype(_small_type(len(ids)))
        voxel, region = label_entries(coded, row_of_code, _small_type(grid.n_voxels))
        return cls(grid, regions, voxel, region, np.broadcast_to(np.float32(1), voxel.shape), **facts)

    @classmethod
    def from_region_entries(
        cls,
        grid: Grid,
        regions: pd.DataFrame,
        voxels: list[NDArray[np.integer]],
        values: list[NDArray[Any]],
        **facts: Any,
    ) -> Atlas:
        """Make an atlas of its region maps: for each region the voxels (any order, each once) and the values there.

        Raises
        ------
        AtlasError
            If a region names a voxel that does not exist, or one twice.
        """
        name = facts.get("name", "atlas")
        if any(len(v) and (v.min() < 0 or v.max() >= grid.n_voxels) for v in voxels):
            raise AtlasError(f"{name}: a region map has values outside the grid of shape {grid.shape}")
        n = sum(len(v) for v in voxels)
        voxel = np.empty(n, _small_type(grid.n_voxels))
        region = np.empty(n, _small_type(len(voxels)))
        value = np.empty(n, np.float32)
        done = 0
        for low in range(0, grid.n_voxels, _VOXELS_AT_A_TIME):
            block = range(low, min(low + _VOXELS_AT_A_TIME, grid.n_voxels))
            # A counting sort: first how many entries each voxel has, hence where its first entry goes; then each region
            # in turn puts its entries there and moves the places on by one.
            place = np.zeros(len(block) + 1, np.int64)
            for v, _ in _between(voxels, values, block):
                place[1:][v] += 1
            occupied = np.flatnonzero(place[1:])
            counts = place[1:][occupied]
            np.cumsum(place, out=place)
            place += done
            voxel[done : place[-1]] = np.repeat((occupied + low).astype(voxel.dtype), counts)
            done = place[-1]
            for r, (v, a) in enumerate(_between(voxels, values, block)):
                at = place[v]
                region[at], value[at] = r, a
                place[v] = at + 1
        if done != n:
            raise AtlasError(f"{name}: a region map names a voxel twice; the file is damaged")
        return cls(grid, regions, voxel, region, value, **facts)

    def described(self, **facts: Any) -> Atlas:
        """The same atlas with another ``name``, ``space``, ``source`` or ``remarks``; keeps what was worked out."""
        other = copy(self)
        for name, fact in facts.items():
            object.__setattr__(other, name, fact)
        other.__post_init__()
        return other

    @property
    def n_regions(self) -> int:
        """Number of regions."""
        return len(_REGIONS.as_given(self))

    def column(self, name: str) -> list[Any] | None:
        """The values (R,) of a column of the table of regions, without pandas where it can be; None if it has none."""
        table = _REGIONS.as_given(self)
        if isinstance(table, StoredTable):
            return table.column(name)
        return table[name].tolist() if name in table else None

    @property
    def names(self) -> list[str]:
        """(R,) the names of the regions."""
        return [str(name) for name in self.column("name") or ()]

    @cached_property
    def is_labelled(self) -> bool:
        """Whether every value is 1 and no voxel lies in two regions."""
        return all_ones(self.value) or bool((self.value == 1).all() and (np.diff(self.voxel) > 0).all())

    @property
    def holds_probabilities(self) -> bool:
        """Whether values are probabilities, as against loadings of a dictionary or values of a statistic."""
        return self.source.get("values") != "loadings"

    @cached_property
    def stored_in(self) -> Path | None:
        """The folder of the index in which it is stored; None where it is not."""
        return None

    @cached_property
    def share(self) -> NDArray[np.floating]:
        """(E,) float: each entry's part of its voxel, a / max(1, sum of all regions' a)."""
        return self.value if self.is_labelled else shares(self.value, self.voxel)

    @cached_property
    def largest(self) -> NDArray[np.bool_]:
        """(E,) bool: whether an entry has the largest value of its voxel, the first of equals."""
        return np.broadcast_to(True, self.value.shape) if self.is_labelled else largest(self.value, self.voxel)

    @cached_property
    def by_region(self) -> tuple[NDArray[np.integer], NDArray[np.intp]]:
        """Entries grouped by region: an order (E,) of entries, and the bounds (R + 1,) of each region in it."""
        bounds = np.zeros(self.n_regions + 1, dtype=np.intp)
        np.cumsum(self._count(), out=bounds[1:])
        if len(self.region) <= _ENTRIES_AT_A_TIME:
            return np.argsort(self.region, kind="stable"), bounds
        order: NDArray[np.integer] = np.empty(len(self.region), _small_type(len(self.region)))
        place = bounds[:-1].copy()
        for part in self._parts():
            region = self.region[part]
            rank = np.argsort(region, kind="stable")
            count = np.bincount(region, minlength=self.n_regions)
            _, at = listed(place, place + count)
            order[at] = rank + part.start
            place += count
        return order, bounds

    def entries_at(self, voxel: NDArray[np.integer]) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
        """Where the entries of voxels (N,), given as flat C-order numbers, begin and end; (N,) each."""
        if "begin_of_voxel" not in self.__dict__:
            asked = self.__dict__["_asked"] = self.__dict__.get("_asked", 0) + len(voxel)
            if not self.is_tabled or asked * _VOXELS_PER_ASKED < self.grid.n_voxels:
                return self.search(voxel)
        return self.begin_of_voxel[voxel], self.begin_of_voxel[voxel + 1]

    def search(self, voxel: NDArray[np.integer]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """As `entries_at`, without a table of all voxels, which is more work than to search for a few."""
        voxel = voxel.astype(self.voxel.dtype)
        if voxel.size < _FEW_TO_SEARCH:
            return np.searchsorted(self.voxel, voxel, side="left"), np.searchsorted(self.voxel, voxel, side="right")
        order = np.argsort(voxel, kind="stable")  # neighbours are searched for where the processor has just been
        begin, end = np.empty(len(voxel), np.intp), np.empty(len(voxel), np.intp)
        begin[order] = np.searchsorted(self.voxel, voxel[order], side="left")
        if self.is_labelled and len(self.voxel):  # one entry at most
            return begin, begin + (self.voxel[np.minimum(begin, len(self.voxel) - 1)] == voxel)
        end[order] = np.searchsorted(self.voxel, voxel[order], side="right")
        return begin, end

    @property
    def is_tabled(self) -> bool:
        """Whether a table of where each voxel's entries begin is small enough to be kept."""
        return max(self.grid.n_voxels, len(self.voxel)) <= _MOST_TABLED

    @cached_property
    def begin_of_voxel(self) -> NDArray[np.integer]:
        """(V + 1,) where each voxel's entries begin: looking up is several times as fast as searching."""
        first = firsts(self.voxel)
        occupied = self.voxel[first].astype(np.int64)
        gaps: NDArray[np.int64] = np.diff(np.concatenate([[-1], occupied, [self.grid.n_voxels]]))
        return np.repeat(np.append(first, len(self.voxel)).astype(np.int32), gaps)

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
    def region_sums(self) -> RegionSums:
        """Sums, extrema and boxes of every region map."""
        if all_ones(self.value):
            return self._sums_of_ones()
        n, unit = self.n_regions, self.grid.voxel_volume
        count = self._count()
        integral, integral_sq, maximum, minimum = (np.zeros(n, np.float64) for _ in range(4))
        minimum[count > 0] = np.inf
        touched = self._no_planes()
        for part in self._parts():
            region = self.region[part].astype(np.intp)
            value = self.value[part].astype(np.float64)
            integral += np.bincount(region, value, n)
            integral_sq += np.bincount(region, value**2, n)
            np.maximum.at(maximum, region, value)
            np.minimum.at(minimum, region, value)
            self._touch(touched, region, self.voxel[part])
        volume = count.astype(np.float64) * unit
        return RegionSums(volume, integral * unit, integral_sq * unit, maximum, minimum, _boxes(touched))

    def _sums_of_ones(self) -> RegionSums:
        """The same of a labelled atlas, by runs of voxels: a region has few in comparison."""
        count = np.zeros(self.n_regions, np.float64)
        touched = self._no_planes()
        for part in slices(len(self.voxel), _ONES_AT_A_TIME):
            voxel, region = self.voxel[part], self.region[part]
            is_first = np.ones(len(voxel), bool)
            np.not_equal(region[1:], region[:-1], out=is_first[1:])
            is_first[1:] |= np.diff(voxel) != 1
            first = np.flatnonzero(is_first)
            end = np.append(first[1:], len(voxel))
            of_run = region[first].astype(np.intp)
            count += np.bincount(of_run, end - first, self.n_regions)
            # A run from one row of voxels to the next touches planes between its ends.
            n_along = self.grid.shape[2]
            beyond = voxel[first] // n_along != voxel[end - 1] // n_along
            inside = listed(first[beyond], end[beyond])[1]
            for place in (first, end - 1, inside):
                self._touch(touched, region[place].astype(np.intp), voxel[place])
        volume = count * self.grid.voxel_volume
        one = (count > 0).astype(np.float64)
        return RegionSums(volume, volume.copy(), volume.copy(), one, one.copy(), _boxes(touched))

    def _no_planes(self) -> list[NDArray[np.bool_]]:
        """For each axis, (R, planes across it) bool: which of them a region touches."""
        return [np.zeros((self.n_regions, length), bool) for length in self.grid.shape]

    def _touch(self, touched: list[NDArray[np.bool_]], region: NDArray[np.intp], voxel: NDArray[np.integer]) -> None:
        for planes, index in zip(touched, indices_of(voxel, self.grid.shape), strict=True):
            planes[region, index] = True

    def _count(self) -> NDArray[np.intp]:
        """Entries (R,) of each region."""
        count = np.zeros(self.n_regions, np.intp)
        for part in self._parts():
            count += np.bincount(self.region[part], minlength=self.n_regions)
        return count

    def _parts(self) -> Iterator[slice]:
        return slices(len(self.voxel), _ENTRIES_AT_A_TIME)


_REGIONS = Frame("regions")
Atlas.regions = _REGIONS  # type: ignore[assignment]  # set when it is a class, or it would be the field's default


def shares(value: Floats, voxel: NDArray[np.integer]) -> Floats:
    """Each value's part of its voxel: a / max(1, sum of all values there). `voxel` (N,) has equal numbers together."""
    first = firsts(voxel)
    total = np.add.reduceat(value, first, dtype=np.float64) if len(first) else np.zeros(0)
    total = np.repeat(np.maximum(total, 1), np.diff(first, append=len(voxel)))
    return np.divide(value, total, out=total)  # in place: atlases are large


def largest(value: NDArray[np.float32], voxel: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Whether each value is the largest of its voxel, the first of equals. `voxel` (N,) has equal numbers together."""
    is_largest = np.zeros(len(voxel), bool)
    first = firsts(voxel)
    if len(first):
        count = np.diff(first, append=len(voxel))
        highest = np.flatnonzero(value == np.repeat(np.maximum.reduceat(value, first), count))
        is_largest[highest[firsts(voxel[highest])]] = True
    return is_largest


def all_ones(value: NDArray[np.float32]) -> bool:
    """Whether values are one 1, repeated without memory of its own: those of a labelled atlas."""
    return value.strides == (0,) and value[:1].tolist() in ([], [1])


def firsts(numbers: NDArray[np.integer]) -> NDArray[np.intp]:
    """Where numbers differ from the one before."""
    first = np.ones(len(numbers), bool)
    first[1:] = numbers[1:] != numbers[:-1]
    return np.flatnonzero(first)


def _boxes(touched: list[NDArray[np.bool_]]) -> NDArray[np.int64]:
    return np.stack([_first_and_last(planes) for planes in touched], axis=-1)


def _first_and_last(planes: NDArray[np.bool_]) -> NDArray[np.int64]:
    """(R, 2): the first and the last plane that each region touches; 0 and -1 where it touches none."""
    last = planes.shape[1] - 1 - planes[:, ::-1].argmax(axis=1)
    return np.where(planes.any(axis=1, keepdims=True), np.stack([planes.argmax(axis=1), last], axis=1), [0, -1])


def _between(
    voxels: list[NDArray[np.integer]], values: list[NDArray[Any]], block: range
) -> Iterator[tuple[NDArray[np.integer], NDArray[Any]]]:
    """Each region's entries in a block of voxels, which are counted from its start."""
    for voxel, value in zip(voxels, values, strict=True):
        inside = (voxel >= block.start) & (voxel < block.stop)
        yield (voxel, value) if block.start == 0 and inside.all() else (voxel[inside] - block.start, value[inside])


def _small_type(bound: int) -> type[np.integer]:
    """The smallest of the types that hold whole numbers up to `bound`: uint16, int32 or int64."""
    return np.uint16 if bound <= 2**16 else np.int32 if bound < 2**31 else np.int64
