"""Runs: neighbours along the last axis in one region, of which a labelled atlas has far fewer than voxels.

Entries are those of the `Atlas`: one for each voxel. In names, N runs, E entries.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...index_ranges import listed, slices

_AT_A_TIME = 2**20
"""Entries listed at a time: what is made of them stays in the processor's cache."""


@dataclass(frozen=True)
class LabelRuns:
    """The voxels of labelled regions; no run goes on in the next row of voxels."""

    start: NDArray[np.integer]
    """(N,) flat C-order number of the first voxel, rising."""
    begin: NDArray[np.signedinteger]
    """(N + 1,) where the entries of each run begin, which is where those of the run before it end."""
    region: NDArray[np.integer]
    """(N,) row of the table of regions."""

    @classmethod
    def of_entries(cls, voxel: NDArray[np.integer], region: NDArray[np.integer], n_along: int) -> LabelRuns:
        """The runs of a labelled atlas's entries (E,), in rows of so many voxels."""
        is_first = np.ones(len(voxel), bool)
        np.not_equal(region[1:], region[:-1], out=is_first[1:])
        is_first[1:] |= np.diff(voxel) != 1
        is_first |= voxel % n_along == 0
        first = np.flatnonzero(is_first)
        return cls(voxel[first], np.append(first, len(voxel)), region[first])

    def __len__(self) -> int:
        """Number of runs."""
        return len(self.start)

    def __getitem__(self, part: slice) -> LabelRuns:
        """Some of the runs, from a first to before a last one, with the entries that they have among all."""
        return LabelRuns(self.start[part], self.begin[part.start : part.stop + 1], self.region[part])

    @property
    def n_entries(self) -> int:
        """Number of voxels in all runs."""
        return int(self.begin[-1])

    def voxels(self) -> NDArray[np.integer]:
        """The voxels (E,) of all entries, rising."""
        voxel = np.empty(self.n_entries, self.start.dtype)
        for part in slices(len(voxel), _AT_A_TIME):
            voxel[part] = self.voxel_of(part)
        return voxel

    def regions(self) -> NDArray[np.integer]:
        """The regions (E,) of all entries."""
        region = np.empty(self.n_entries, self.region.dtype)
        for part in slices(len(region), _AT_A_TIME):
            region[part] = self.region_of(part)
        return region

    def voxel_of(self, entry: slice | NDArray[np.integer]) -> NDArray[np.integer]:
        """The voxels of some entries: of a slice from a first to before a last one, or of their numbers."""
        if not isinstance(entry, slice):
            run = self._run_of(entry)
            return (self.start[run] + (entry - self.begin[run])).astype(self.start.dtype)
        runs, count = self._runs_in(entry)
        voxel = np.repeat(self.start[runs] - self.begin[runs], count)
        voxel += np.arange(entry.start, entry.start + len(voxel), dtype=voxel.dtype)
        return voxel.astype(self.start.dtype, copy=False)

    def region_of(self, entry: slice | NDArray[np.integer]) -> NDArray[np.integer]:
        """The regions of some entries, given as for `voxel_of`."""
        if not isinstance(entry, slice):
            return self.region[self._run_of(entry)]
        runs, count = self._runs_in(entry)
        return np.repeat(self.region[runs], count)

    def occupied(self, voxels: range) -> NDArray[np.bool_]:
        """Whether voxels (V,), given as flat C-order numbers that follow one another, are in a run."""
        # Of their own type, or all starts would be made into another.
        first, last = np.array([voxels.start, voxels.stop - 1]).astype(self.start.dtype)
        before = int(np.searchsorted(self.start, first, "right")) - 1
        runs = self[max(before, 0) : int(np.searchsorted(self.start, last, "right"))]
        edges = np.stack([runs.start, runs.start + np.diff(runs.begin)], axis=1, dtype=np.int64).reshape(-1)
        edges = np.concatenate([[voxels.start], np.clip(edges, voxels.start, voxels.stop), [voxels.stop]])
        return np.repeat(np.arange(len(edges) - 1) % 2 == 1, np.diff(edges))

    def voxels_of(self, region: int) -> NDArray[np.integer]:
        """The voxels, rising, of one region."""
        run = np.flatnonzero(self.region == region)
        return _voxels(self.start[run], self.begin[run + 1] - self.begin[run])

    def renumbered(self, row: NDArray[np.integer], n_along: int) -> LabelRuns:
        """The same voxels, in rows of so many, with another number (R,) for each region; some may get the same."""
        region, stop = row[self.region], self.start[:-1] + np.diff(self.begin)[:-1]
        is_first = np.ones(len(region), bool)
        is_first[1:] = (region[1:] != region[:-1]) | (self.start[1:] != stop) | (self.start[1:] % n_along == 0)
        first = np.flatnonzero(is_first)
        return LabelRuns(self.start[first], np.append(self.begin[first], self.begin[-1:]), region[first])

    def by_region(self) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
        """The voxels and the regions (E,) of all entries, by region, then voxel."""
        order = np.argsort(self.region, kind="stable")
        start, length = self.start[order], np.diff(self.begin)[order]
        return _voxels(start, length), np.repeat(self.region[order], length)

    def within(self, begin: NDArray[np.integer], end: NDArray[np.integer]) -> LabelRuns:
        """The parts of the runs that have ranges of entries, which follow one another."""
        of_first = self._run_of(begin)
        which, run = listed(of_first, np.maximum(self._run_of(end - 1) + 1, of_first))
        first, last = np.maximum(self.begin[run], begin[which]), np.minimum(self.begin[run + 1], end[which])
        start = (self.start[run] + (first - self.begin[run])).astype(self.start.dtype)
        before = np.zeros(len(run) + 1, self.begin.dtype)
        np.cumsum(last - first, out=before[1:], dtype=before.dtype)
        return LabelRuns(start, before, self.region[run])

    def between(
        self, first: NDArray[np.integer], last: NDArray[np.integer]
    ) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
        """Where the entries of ranges of voxels, each from a first to a last one, begin and end."""
        begin, length, within = self._places(first)
        starts = begin + np.minimum(np.maximum(within, 0), length)  # several times as fast as numpy.clip for few
        if last is not first:
            begin, length, within = self._places(last)
        return starts, begin + np.minimum(np.maximum(within + 1, 0), length)

    def _places(self, voxel: NDArray[np.integer]) -> tuple[NDArray[np.integer], NDArray[np.integer], NDArray[np.int64]]:
        """Of the run that voxels lie in or behind: where its entries begin, their number, and how far behind its start
        the voxels lie; before the first run, that is less than 0."""
        run = np.maximum(np.searchsorted(self.start, voxel.astype(self.start.dtype), "right") - 1, 0)
        begin = self.begin[run]
        return begin, self.begin[run + 1] - begin, voxel.astype(np.int64) - self.start[run]

    def _run_of(self, entry: NDArray[np.integer]) -> NDArray[np.intp]:
        return np.searchsorted(self.begin, entry.astype(self.begin.dtype), "right") - 1

    def _runs_in(self, entries: slice) -> tuple[slice, NDArray[np.integer]]:
        """The runs that some entries are of, and how many entries of each are meant."""
        bounds = np.array([entries.start, entries.stop], self.begin.dtype)
        first = int(np.searchsorted(self.begin, bounds[0], "right")) - 1
        last = int(np.searchsorted(self.begin, bounds[1], "left"))
        return slice(first, last), np.diff(np.clip(self.begin[first : last + 1], *bounds))


def _voxels(start: NDArray[np.integer], length: NDArray[np.signedinteger]) -> NDArray[np.integer]:
    """The voxels of stretches of so many, one stretch after the other, in the type of their starts."""
    voxel = np.repeat(start - (np.cumsum(length, dtype=length.dtype) - length), length)
    voxel += np.arange(len(voxel), dtype=voxel.dtype)
    return voxel.astype(start.dtype, copy=False)


def small_type(bound: int) -> type[np.integer]:
    """The smallest of the types that hold whole numbers up to `bound`: uint16, int32 or int64."""
    return np.uint16 if bound <= 2**16 else np.int32 if bound < 2**31 else np.int64
