"""The atlas: one sparse matrix (voxels x regions) and a table of regions.

A labelled atlas is the special case in which every entry is 1; it is held as runs of voxels, of which entries are made
when they are asked for. In names, E entries, R regions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..encoding import one_line
from ..errors import AtlasError
from ..grid import Floats, Grid, indices_of
from ..index_ranges import firsts, lengths, listed, slices
from ..tables.frames import pd
from ..tables.stored import Frame, StoredTable
from .labels.label_volume import CodedLabels, code_labels
from .labels.runs import LabelRuns, small_type

_ENTRIES_AT_A_TIME = 2**22
"""Entries worked on at a time, so that memory stays bounded for atlases as large as half a billion entries."""

_RUNS_AT_A_TIME = 2**18
"""Runs worked on at a time: what is made of them stays in the processor's cache."""

_LEAST_OF_A_RUN = 2
"""Entries of a run on average, above which runs take less memory than entries."""

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
        if coded.shape != grid.shape:
            raise AtlasError(f"{name}: labels of shape {coded.shape} do not fit the grid of shape {grid.shape}")
        regions = regions.sort_values("id", kind="stable", ignore_index=True)
        ids = regions["id"].to_numpy(np.int64)
        row = np.searchsorted(ids, coded.labels)
        missing = np.setdiff1d(coded.labels, ids)
        if len(missing):
            raise AtlasError(f"{name}: labels without a row in the table of regions: {missing[:5].tolist()}")
        row, runs = row.astype(small_type(len(ids))), coded.runs
        if runs.n_entries > _LEAST_OF_A_RUN * len(runs):
            return cls.from_runs(grid, regions, replace(runs, region=row[runs.region]), **facts)
        voxel, region = runs.voxels(), np.empty(runs.n_entries, row.dtype)
        for part in slices(len(region), _ENTRIES_AT_A_TIME):
            region[part] = row[runs.region_of(part)]
        return cls(grid, regions, voxel, region, np.broadcast_to(np.float32(1), voxel.shape), **facts)

    @classmethod
    def from_runs(cls, grid: Grid, regions: pd.DataFrame, runs: LabelRuns, **facts: Any) -> Atlas:
        """Make a labelled atlas of runs of its voxels."""
        ones = np.broadcast_to(np.float32(1), runs.n_entries)
        return cls(grid, regions, runs, runs, ones, **facts)  # type: ignore[arg-type]  # made into arrays when asked for

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
        voxel = np.empty(n, small_type(grid.n_voxels))
        region = np.empty(n, small_type(len(voxels)))
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

    def renumbered(self, row: NDArray[np.integer], regions: pd.DataFrame, source: dict[str, Any]) -> Atlas:
        """The same entries with other regions: `row` (R,) says which row of a new table stands for each of the old."""
        facts: dict[str, Any] = {"name": self.name, "space": self.space, "source": source, "remarks": self.remarks}
        if self.runs is not None:
            return Atlas.from_runs(self.grid, regions, self.runs.renumbered(row, self.grid.shape[2]), **facts)
        return Atlas(self.grid, regions, self.voxel, row[self.region], self.value, **facts)

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
    def runs(self) -> LabelRuns | None:
        """The runs of voxels as which a labelled atlas was given; None where it was given as entries."""
        return None

    @property
    def _runs_of_many(self) -> LabelRuns | None:
        """The runs, where there are so many entries that only those that are asked for should be made of them."""
        return None if self.is_listed else self.runs

    @property
    def is_listed(self) -> bool:
        """Whether all entries are arrays already, or so few that they may be made into some."""
        return self.runs is None or len(self.value) <= _MOST_TABLED or "region" in self.__dict__

    def as_runs(self) -> LabelRuns:
        """The runs of a labelled atlas, made of its entries where it was given as these."""
        return LabelRuns.of_entries(self.voxel, self.region, self.grid.shape[2]) if self.runs is None else self.runs

    def content(self) -> dict[str, NDArray[Any]]:
        """The arrays that it is held as: its `runs`, or its entries, without values where all are 1."""
        if self.runs is not None:
            return vars(self.runs)
        entries: dict[str, NDArray[Any]] = {"voxel": self.voxel, "region": self.region}
        return entries if all_ones(self.value) else entries | {"value": self.value}

    def voxel_of(self, entry: slice | NDArray[np.integer]) -> NDArray[np.integer]:
        """As ``voxel[entry]``, in memory that follows the entries that are asked for, by their numbers or a slice."""
        runs = self._runs_of_many
        return self.voxel[entry] if runs is None else runs.voxel_of(entry)

    def region_of(self, entry: slice | NDArray[np.integer]) -> NDArray[np.integer]:
        """As ``region[entry]``, see `voxel_of`."""
        runs = self._runs_of_many
        return self.region[entry] if runs is None else runs.region_of(entry)

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
        n = len(self.value)
        if n <= _ENTRIES_AT_A_TIME:
            return np.argsort(self.region, kind="stable"), bounds
        order: NDArray[np.integer] = np.empty(n, small_type(n))
        place = bounds[:-1].copy()
        for part in self.parts():
            region = self.region_of(part)
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

    def search(self, voxel: NDArray[np.integer]) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
        """As `entries_at`, without a table of all voxels, which is more work than to search for a few."""
        if voxel.size < _FEW_TO_SEARCH:
            return self.between(voxel, voxel)
        order = np.argsort(voxel, kind="stable")  # neighbours are searched for where the processor has just been
        begin, end = np.empty(len(voxel), np.intp), np.empty(len(voxel), np.intp)
        voxel = voxel[order]
        begin[order], end[order] = self.between(voxel, voxel)
        return begin, end

    def between(
        self, first: NDArray[np.integer], last: NDArray[np.integer]
    ) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
        """Where the entries of ranges (N,) of voxels, each from a first to a last one, begin and end; (N,) each."""
        if self.runs is not None:
            return self.runs.between(first, last)
        begin = np.searchsorted(self.voxel, first.astype(self.voxel.dtype), "left")
        if last is first and self.is_labelled and len(self.voxel):  # one entry at most
            return begin, begin + (self.voxel[np.minimum(begin, len(self.voxel) - 1)] == first)
        return begin, np.searchsorted(self.voxel, last.astype(self.voxel.dtype), "right")

    @property
    def is_tabled(self) -> bool:
        """Whether a table of where each voxel's entries begin is small enough to be kept."""
        return max(self.grid.n_voxels, len(self.value)) <= _MOST_TABLED

    @cached_property
    def begin_of_voxel(self) -> NDArray[np.integer]:
        """(V + 1,) where each voxel's entries begin: looking up is several times as fast as searching."""
        if self.runs is not None:
            begin = np.zeros(self.grid.n_voxels + 1, np.int32)
            np.cumsum(self.occupied(range(self.grid.n_voxels)), out=begin[1:])
            return begin
        first = firsts(self.voxel)
        occupied = self.voxel[first].astype(np.int64)
        gaps: NDArray[np.int64] = np.diff(np.concatenate([[-1], occupied, [self.grid.n_voxels]]))
        return np.repeat(np.append(first, len(self.voxel)).astype(np.int32), gaps)

    def entries_of(self, region: int) -> tuple[NDArray[np.integer], NDArray[np.float32]]:
        """Voxels (N,), rising, and values (N,) of one region's map."""
        if self.runs is not None:
            voxel = self.runs.voxels_of(region)
            return voxel, np.ones(len(voxel), np.float32)
        order, bounds = self.by_region
        rows = order[bounds[region] : bounds[region + 1]]
        return self.voxel[rows], self.value[rows]

    def entries_in(self, rows: Sequence[int]) -> NDArray[np.integer]:
        """The entries (N,), rising, of some regions, given as rows of the table of regions."""
        chosen = np.zeros(self.n_regions, bool)
        chosen[list(rows)] = True
        parts = [part.start + np.flatnonzero(chosen[self.region_of(part)]) for part in self.parts()]
        return np.concatenate([np.zeros(0, np.intp), *parts])

    def map_of(self, region: int) -> NDArray[np.float32]:
        """One region's map as a dense volume (X, Y, Z)."""
        dense = np.zeros(self.grid.n_voxels, np.float32)
        voxel, value = self.entries_of(region)
        dense[voxel] = value
        return dense.reshape(self.grid.shape)

    def occupied(self, voxels: range) -> NDArray[np.bool_]:
        """(N,) whether voxels, given as flat C-order numbers that follow one another, lie in any region."""
        if self.runs is not None:
            return self.runs.occupied(voxels)
        is_occupied = np.zeros(len(voxels), bool)
        begin, end = self.between(np.array(voxels.start), np.array(voxels.stop - 1))
        is_occupied[self.voxel[begin:end].astype(np.intp) - voxels.start] = True
        return is_occupied

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
        for part in self.parts():
            region = self.region[part].astype(np.intp)
            value = self.value[part].astype(np.float64)
            integral += np.bincount(region, value, n)
            integral_sq += np.bincount(region, value**2, n)
            np.maximum.at(maximum, region, value)
            np.minimum.at(minimum, region, value)
            _touch(touched, region, indices_of(self.voxel[part], self.grid.shape))
        volume = count.astype(np.float64) * unit
        return RegionSums(volume, integral * unit, integral_sq * unit, maximum, minimum, _boxes(touched))

    def _sums_of_ones(self) -> RegionSums:
        """The same of a labelled atlas, by runs of voxels: a region has few in comparison."""
        count = np.zeros(self.n_regions, np.float64)
        touched = self._no_planes()
        for runs in self._parts_of_runs():
            region, length = runs.region.astype(np.intp), np.diff(runs.begin)
            count += np.bincount(region, length, self.n_regions)
            i, j, first = indices_of(runs.start, self.grid.shape)
            _touch(touched, region, (i, j, first))
            _touch(touched[2:], region, (first + length - 1,))
        volume = count * self.grid.voxel_volume
        one = (count > 0).astype(np.float64)
        return RegionSums(volume, volume.copy(), volume.copy(), one, one.copy(), _boxes(touched))

    def _parts_of_runs(self) -> Iterator[LabelRuns]:
        if self.runs is not None:
            yield from (self.runs[part] for part in slices(len(self.runs), _RUNS_AT_A_TIME))
        else:
            for part in self.parts():
                yield LabelRuns.of_entries(self.voxel[part], self.region[part], self.grid.shape[2])

    def _no_planes(self) -> list[NDArray[np.bool_]]:
        """For each axis, (R, planes across it) bool: which of them a region touches."""
        return [np.zeros((self.n_regions, length), bool) for length in self.grid.shape]

    def _count(self) -> NDArray[np.intp]:
        """Entries (R,) of each region."""
        count = np.zeros(self.n_regions, np.intp)
        for part in self.parts():
            count += np.bincount(self.region_of(part), minlength=self.n_regions)
        return count

    def parts(self) -> Iterator[slice]:
        """Slices of the entries, few enough to list what is to be known of them."""
        return slices(len(self.value), _ENTRIES_AT_A_TIME)


class _OfEntries:
    """An attribute that is given as an array (E,), or as `LabelRuns`, and is an array."""

    def __init__(self, name: str, listed: Callable[[LabelRuns], NDArray[np.integer]]) -> None:
        self._name, self._listed = name, listed

    def __get__(self, atlas: Atlas, owner: type) -> NDArray[np.integer]:
        array: NDArray[np.integer] | None = atlas.__dict__.get(self._name)
        if array is None:
            assert atlas.runs is not None
            array = atlas.__dict__[self._name] = self._listed(atlas.runs)
        return array

    def __set__(self, atlas: Atlas, given: NDArray[np.integer] | LabelRuns) -> None:
        atlas.__dict__["runs" if isinstance(given, LabelRuns) else self._name] = given


# Set when it is a class, or they would be the fields' defaults.
_REGIONS = Frame("regions")
Atlas.regions = _REGIONS  # type: ignore[assignment]
Atlas.voxel = _OfEntries("voxel", LabelRuns.voxels)  # type: ignore[assignment]
Atlas.region = _OfEntries("region", LabelRuns.regions)  # type: ignore[assignment]


def shares(value: Floats, voxel: NDArray[np.integer]) -> Floats:
    """Each value's part of its voxel: a / max(1, sum of all values there). `voxel` (N,) has equal numbers together."""
    first = firsts(voxel)
    total = np.add.reduceat(value, first, dtype=np.float64) if len(first) else np.zeros(0)
    total = np.repeat(np.maximum(total, 1), lengths(first, len(voxel)))
    return np.divide(value, total, out=total)  # in place: atlases are large


def largest(value: NDArray[np.float32], voxel: NDArray[np.integer]) -> NDArray[np.bool_]:
    """Whether each value is the largest of its voxel, the first of equals. `voxel` (N,) has equal numbers together."""
    is_largest = np.zeros(len(voxel), bool)
    first = firsts(voxel)
    if len(first):
        count = lengths(first, len(voxel))
        highest = np.flatnonzero(value == np.repeat(np.maximum.reduceat(value, first), count))
        is_largest[highest[firsts(voxel[highest])]] = True
    return is_largest


def all_ones(value: NDArray[np.float32]) -> bool:
    """Whether values are one 1, repeated without memory of its own: those of a labelled atlas."""
    return value.strides == (0,) and value[:1].tolist() in ([], [1])


def _touch(
    touched: list[NDArray[np.bool_]], region: NDArray[np.intp], indices: tuple[NDArray[np.integer], ...]
) -> None:
    """Mark the planes (R, planes across an axis) that voxels of regions (N,) touch, given by their indices (N,)."""
    for planes, index in zip(touched, indices, strict=True):
        planes.reshape(-1)[region * planes.shape[1] + index] = True  # half the time of two indices


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
