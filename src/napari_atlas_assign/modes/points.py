"""Points with or without uncertainty, and the Gaussian blobs that uncertain points stand for.

A blob is described by its runs: rows of voxels along the grid's last axis. Its voxels are never listed, because a run
is also a run of an atlas's entries. In names, N points, L runs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..grid import Floats, Grid, product
from ..loops.blobs import find
from .point_set import PointSet

CUT = 3.0
"""Blobs end at a sphere of this many sigma."""

_MAX_RUNS = 2**22
"""Runs of the largest blob that is accepted: a radius of some 1,000 voxels."""

_CHUNK_RUNS = 2**15
"""Runs that are worked on at a time: their arrays stay in the processor's cache."""

_NEIGHBOURHOOD = 24
"""Edge, in voxels, of the cubes whose points are worked on together: they meet the same part of an atlas."""


_PER_RUN = ("point", "i", "j", "start", "stop", "factor", "row")


@dataclass(frozen=True)
class Runs:
    """Blobs of some points as runs of voxels along the last axis of a grid, which they may leave.

    The value in voxel ``k`` of run ``r`` is ``factor[r] * profile[row[r], k - origin[row[r]]]``. The runs of a point
    rise by i, then j.
    """

    point: NDArray[np.int64]
    """(L,) which point of the set, in ascending blocks."""
    i: NDArray[np.int64]
    j: NDArray[np.int64]
    """(L,) index along the first two axes."""
    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    """(L,) first voxel, and voxel behind the last, along the last axis."""
    factor: Floats
    """(L,)"""
    row: NDArray[np.int64]
    """(L,) row of `profile`."""
    profile: Floats
    """(rows, width)"""
    origin: NDArray[np.int64]
    """(rows,) index along the last axis of the profile's first value."""

    def take(self, runs: NDArray[Any]) -> Runs:
        """Some of the runs."""
        return replace(self, **{name: getattr(self, name)[runs] for name in _PER_RUN})

    def clipped(self, shape: tuple[int, int, int]) -> Runs:
        """The parts inside a grid of this shape."""
        start, stop = np.maximum(self.start, 0), np.minimum(self.stop, shape[2])
        inside = (self.i >= 0) & (self.i < shape[0]) & (self.j >= 0) & (self.j < shape[1]) & (start < stop)
        clipped = replace(self, start=start, stop=stop)
        return clipped if inside.all() else clipped.take(inside)

    @cached_property
    def profile_at(self) -> NDArray[np.int64]:
        """(L,) place in the flat profiles of each run's voxel 0, which its profile need not reach."""
        n, width = self.profile.shape
        return (np.arange(n) * width - self.origin)[self.row]

    @property
    def summit(self) -> NDArray[np.intp]:
        """(rows,) place in the flat profiles of the largest value of each."""
        n, width = self.profile.shape
        return np.arange(n) * width + self.profile.argmax(axis=1)

    def before(self, power: int = 1) -> Floats:
        """(rows, width + 1) running totals of the profiles' values, to a power, from 0."""
        totals = np.zeros((self.profile.shape[0], self.profile.shape[1] + 1))
        np.cumsum(self.profile**power, axis=1, out=totals[:, 1:])
        return totals

    def sums(self, power: int = 1) -> Floats:
        """(L,) sum of each run's values, to a power."""
        before = self.before(power)
        at = self.profile_at + self.row  # a profile has one more running total than values
        return self.factor**power * (before.take(at + self.stop) - before.take(at + self.start))

    def values_at(self, k: NDArray[np.int64]) -> Floats:
        """(L,) value of each run in one voxel `k` (L,) of its own."""
        return self.factor * self.profile.take(self.profile_at + k)


def sphere_runs(points: PointSet, grid: Grid) -> Iterator[tuple[NDArray[np.int64], Callable[[], Runs]]]:
    """Gaussian blobs of points, cut at 3 sigma, each with the sum 1; in chunks of bounded size.

    Evaluated at the centres of the grid's voxels, continued beyond its borders. A sphere that holds no voxel centre
    (that of an exact point) becomes the one voxel that contains the point.

    Yields
    ------
    points : (K,) int
        Which points the chunk holds; every point is in one chunk.
    runs : callable
        Works out the chunk's `Runs`, wherever there is a thread for it; ``point`` counts within the chunk.

    Raises
    ------
    InputError
        If a sigma is larger than the atlas can bear (a sphere of some 1,000 voxels' radius), or a coordinate too large.
    """
    check_reach(points, grid)
    cubes = np.floor(grid.to_voxel(points.xyz) / _NEIGHBOURHOOD)
    order = np.lexsort((*cubes.T[::-1], -points.sigma))  # chunks of like size, in the order of the memory
    frame = _frame(grid)
    at, largest, rows = 0, np.nan, np.zeros((0, 2), np.int64)
    while at < len(order):
        if points.sigma[order[at]] != largest:
            largest = points.sigma[order[at]]
            rows = _nearby_rows(largest, grid, frame)
        chunk = order[at : at + max(1, _CHUNK_RUNS // len(rows))]
        yield chunk, partial(_sphere_runs, points.xyz[chunk], points.sigma[chunk], rows, grid, frame)
        at += len(chunk)


def check_reach(points: PointSet, grid: Grid) -> None:
    """Raise an InputError for a sigma or a coordinate that is far too large for a grid of a brain."""
    if not len(points):
        return
    finest = float(grid.voxel_sizes.min())
    largest = points.sigma.max()
    reach = CUT * largest * np.linalg.norm(grid.inverse[:3, :3], axis=1)
    if reach.max() > 1e6 or (2 * reach[0] + 2) * (2 * reach[1] + 2) > _MAX_RUNS:
        raise InputError(
            f"{points.name}: a sigma of {largest:g} mm is too large for voxels of {finest:g} mm; "
            "check that sigma is in mm, not in voxels or micrometres"
        )
    low, high = points.xyz.min(axis=0), points.xyz.max(axis=0)
    corners = np.array([np.where(ends, high, low) for ends in np.ndindex(2, 2, 2)])
    if np.abs(grid.to_voxel(corners)).max() > 2**40:
        largest = np.abs(points.xyz).max()
        raise InputError(f"{points.name}: a coordinate of {largest:g} mm lies in no brain; give coordinates in mm")


def _sphere_runs(xyz: Floats, sigma: Floats, rows: NDArray[np.int64], grid: Grid, frame: Floats) -> Runs:
    """The blobs of a few points of like sigma, of which `_nearby_rows` of the largest are `rows`.

    Along a run, the squared distance to the point is a parabola: that to the run's line, plus that from the foot of the
    perpendicular, in units of the last axis's voxel edge. Where axes are at right angles, all runs of a point share
    the foot.
    """
    n = len(xyz)
    edge = abs(frame[0, 0])
    at = grid.to_voxel(xyz)
    held = _held(at, sigma, rows, frame)
    point = held.point
    at_right_angles = np.abs(frame[0, 1:]).max() < 1e-6 * grid.voxel_sizes.min()
    row = point if at_right_angles else np.arange(len(point))
    feet = at[:, 2] if at_right_angles else held.foot
    width = np.where(sigma > 0, sigma, 1.0)
    spread = width / edge
    spread_of_row = spread if at_right_angles else spread[point]
    reach = np.ceil(CUT * sigma / edge * (1 + 1e-9)).astype(np.int64) + 1
    half = reach.max()
    origin = np.floor(feet + 0.5).astype(np.int64) - half
    steps = origin[:, None] + np.arange(2 * half + 1) - feet[:, None]
    profile = np.exp(-0.5 * (steps / spread_of_row[:, None]) ** 2)
    # A profile begins where that of its point alone does: sums must not depend, in their last bit, on the other points.
    profile[np.abs(np.arange(-half, half + 1)) > (reach if at_right_angles else reach[point])[:, None]] = 0
    factor = np.exp(-0.5 * held.to_line_sq / (width**2)[point])
    runs = Runs(point, held.i, held.j, held.start, held.stop, factor, row, profile, origin)
    factor /= np.bincount(point, runs.sums(), n)[point]  # in the runs, too, which keep what they worked out
    empty = np.flatnonzero(np.bincount(point, minlength=n) == 0)
    return _with_single_voxels(runs, empty, grid.containing(xyz[empty])) if len(empty) else runs


class _Held(NamedTuple):
    """Rows of voxels (L,) that spheres hold a part of: see `Runs`."""

    point: NDArray[np.int64]
    i: NDArray[np.int64]
    j: NDArray[np.int64]
    start: NDArray[np.int64]
    stop: NDArray[np.int64]
    foot: Floats
    """Of the perpendicular from the point, as an index along the last axis."""
    to_line_sq: Floats
    """Squared length of the perpendicular, in mm."""


def _held(at: Floats, sigma: Floats, rows: NDArray[np.int64], frame: Floats) -> _Held:
    """What spheres around points `at` (n, 3), in voxels, hold of rows nearby."""
    base = np.floor(at + 0.5).astype(np.int64)
    steps = product(base[:, :2] - at[:, :2], frame[:, 1:]), product(rows, frame[:, 1:])
    # The small tolerance keeps voxel centres at exactly 3 sigma in the sphere, whatever the affine's rounding.
    limit = (CUT * sigma) ** 2 * (1 + 1e-9)
    edges = float(frame[0, 0]), float(abs(frame[0, 0]))
    if not find.is_ready:
        return _found(at, base, rows, steps, limit, edges)
    whole, parts = np.empty((5, len(at) * len(rows)), np.int64), np.empty((2, len(at) * len(rows)))
    n = find(at, base, rows, steps, limit, edges, whole, parts)
    return _Held(*whole[:, :n], *parts[:, :n])


def _found(
    at: Floats,
    base: NDArray[np.int64],
    rows: NDArray[np.int64],
    steps: tuple[Floats, Floats],
    limit: Floats,
    edges: tuple[float, float],
) -> _Held:
    """What `find` does, with arrays."""
    along, *across = (steps[0][:, None, axis] + steps[1][:, axis] for axis in range(3))  # (n, rows) each
    foot = at[:, None, 2] - along / edges[0]
    to_line_sq = across[0] ** 2 + across[1] ** 2
    left = limit[:, None] - to_line_sq
    reach = np.sqrt(np.maximum(left, 0)) / edges[1]
    start, stop = np.ceil(foot - reach), np.floor(foot + reach) + 1
    held = (left >= 0) & (start < stop)
    place = np.flatnonzero(held)
    i, j = ((base[:, None, axis] + rows[:, axis]).take(place) for axis in range(2))
    return _Held(
        np.repeat(np.arange(len(at)), held.sum(axis=1)),
        i,
        j,
        start.take(place).astype(np.int64),
        stop.take(place).astype(np.int64),
        foot.take(place),
        to_line_sq.take(place),
    )


def _with_single_voxels(runs: Runs, point: NDArray[np.int64], ijk: NDArray[np.int64]) -> Runs:
    """Add one voxel of value 1 for each of some points that have no run yet."""
    profile = np.zeros((len(point), runs.profile.shape[1]))
    profile[:, 0] = 1
    columns = {
        "point": point,
        "i": ijk[:, 0],
        "j": ijk[:, 1],
        "start": ijk[:, 2],
        "stop": ijk[:, 2] + 1,
        "factor": np.ones(len(point)),
        "row": len(runs.profile) + np.arange(len(point)),
    }
    both = Runs(
        **{name: np.concatenate([getattr(runs, name), columns[name]]) for name in _PER_RUN},
        profile=np.concatenate([runs.profile, profile]),
        origin=np.concatenate([runs.origin, ijk[:, 2]]),
    )
    return both.take(np.argsort(both.point, kind="stable"))


def _nearby_rows(sigma: float, grid: Grid, frame: Floats) -> NDArray[np.int64]:
    """Steps (rows, 2) along the first two axes from a point's voxel to every row of voxels that its sphere may meet."""
    half = _half_widths(np.array([sigma]), grid)[0, :2]
    steps = np.meshgrid(np.arange(-half[0], half[0] + 1), np.arange(-half[1], half[1] + 1), indexing="ij")
    rows = np.stack(steps, axis=-1).reshape(-1, 2)
    to_line = np.hypot(*product(rows, frame[1:, 1:]).T)
    # A point lies up to half an edge of each of the two axes off the middle of its voxel.
    return rows[to_line <= CUT * sigma * (1 + 1e-6) + grid.voxel_sizes[:2].sum() / 2]


def _frame(grid: Grid) -> Floats:
    """(3, 3) the last axis's voxel edge, the first's and the second's, as columns, in directions of which the first is
    along the last axis and two are across it."""
    return np.linalg.qr(grid.affine[:3, [2, 0, 1]]).R


def _half_widths(sigma: Floats, grid: Grid) -> NDArray[np.int64]:
    """(N, 3) voxels from a point's own voxel to the border of its sphere, along each axis."""
    reach = CUT * sigma[:, None] * np.linalg.norm(grid.inverse[:3, :3], axis=1)
    return np.ceil(reach * (1 + 1e-9) + 0.5).astype(np.int64)
