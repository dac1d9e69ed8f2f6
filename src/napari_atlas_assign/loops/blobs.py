"""The blobs of uncertain points: which runs they have, and sums, extremes and boxes by point."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .compiling import Loop


def _find(
    at: Any,
    base: Any,
    rows: Any,
    steps: tuple[Any, Any],
    limit: Any,
    edges: tuple[float, float],
    whole: NDArray[Any],
    parts: NDArray[Any],
) -> int:
    """Find the runs of spheres, write them by point and row, and return how many there are.

    Parameters
    ----------
    at : (n, 3) float64
        Each point, in voxels.
    base : (n, 3) int64
        The voxel that each lies in.
    rows : (rows, 2) int64
        Steps along the first two axes to every row of voxels that a sphere may meet.
    steps : tuple of (n, 3) and (rows, 3) float64
        From each point to its voxel, and from there to each row: along the last axis, and in two directions across it.
    limit : (n,) float64
        Squared radius.
    edges : tuple of float
        Voxel edge along the last axis: with a sign, and without.
    whole : (5, n * rows) int64
        For each run: point, index along the first axis and the second, first voxel, voxel behind the last.
    parts : (2, n * rows) float64
        For each run: foot of the perpendicular from the point, along the last axis, and its squared length.
    """
    n = 0
    of_point, of_row = steps
    for p in range(len(base)):
        for r in range(len(rows)):
            across, other = of_point[p, 1] + of_row[r, 1], of_point[p, 2] + of_row[r, 2]
            to_line_sq = across**2 + other**2
            left = limit[p] - to_line_sq
            if left < 0:
                continue
            foot = at[p, 2] - (of_point[p, 0] + of_row[r, 0]) / edges[0]
            reach = np.sqrt(left) / edges[1]
            start, stop = np.ceil(foot - reach), np.floor(foot + reach) + 1
            if start < stop:
                whole[0, n], whole[1, n], whole[2, n] = p, base[p, 0] + rows[r, 0], base[p, 1] + rows[r, 1]
                whole[3, n], whole[4, n] = start, stop
                parts[0, n], parts[1, n] = foot, to_line_sq
                n += 1
    return n


def _measure(
    run: tuple[Any, Any, Any, Any, Any, Any, Any, Any],
    profile: Any,
    summit: Any,
    before: tuple[Any, Any],
    sums: NDArray[Any],
    box: NDArray[Any],
) -> None:
    """Add to sums, and write boxes.

    Parameters
    ----------
    run : tuple of (L,) arrays
        Of each run: point (the runs of a point together, rising along the first axis), index along the first axis and
        the second, first voxel, voxel behind the last, factor, row of the profiles, and place in `profile` of voxel 0.
    profile : (rows * width,) float64
        Profiles, one behind the other.
    summit : (rows,) int64
        Place in `profile` of the largest value of each.
    before : tuple of (rows * (width + 1),) float64
        Running totals of each profile, and of its squares.
    sums : (5, n) float64
        Voxels, sum, sum of squares, maximum and minimum of each point, zeros at first.
    box : (n, 2, 3) float64
        The box of each point that has runs.
    """
    point, i, j, start, stop, factor, row, profile_at = run
    for r in range(len(point)):
        p, f = point[r], factor[r]
        first, last = profile_at[r] + start[r], profile_at[r] + stop[r] - 1
        lowest = min(f * profile[first], f * profile[last])
        if r == 0 or p != point[r - 1]:
            sums[4, p] = lowest
            box[p, 0] = i[r] - 0.5, j[r] - 0.5, start[r] - 0.5
            box[p, 1] = i[r] + 0.5, j[r] + 0.5, stop[r] - 0.5
        sums[0, p] += stop[r] - start[r]
        # A profile has one more running total than values.
        low, high = first + row[r], last + row[r] + 1
        sums[1, p] += f * (before[0][high] - before[0][low])
        sums[2, p] += f**2 * (before[1][high] - before[1][low])
        # Along a run, a blob rises to one summit and falls: the extremes are at the summit and at the ends.
        sums[3, p] = max(sums[3, p], f * profile[min(max(summit[row[r]], first), last)])
        sums[4, p] = min(sums[4, p], lowest)
        box[p, 1, 0] = i[r] + 0.5
        box[p, 0, 1], box[p, 1, 1] = min(box[p, 0, 1], j[r] - 0.5), max(box[p, 1, 1], j[r] + 0.5)
        box[p, 0, 2], box[p, 1, 2] = min(box[p, 0, 2], start[r] - 0.5), max(box[p, 1, 2], stop[r] - 0.5)


def _a_point() -> Iterator[tuple[Any, ...]]:
    whole, parts = np.zeros((5, 1), np.int64), np.zeros((2, 1))
    number, place = np.zeros((1, 3), np.int64), np.zeros((1, 3))
    yield place, number, number[:, :2].copy(), (place, place), np.ones(1), (1.0, 1.0), whole, parts


def _a_run() -> Iterator[tuple[Any, ...]]:
    zero, one, ones = np.zeros(1, np.int64), np.ones(1, np.int64), np.ones(1)
    run = (zero, zero, zero, zero, one, ones, zero, zero)
    yield run, ones, zero, (np.ones(2), np.ones(2)), np.zeros((5, 1)), np.zeros((1, 2, 3))


find, measure = Loop(_find, _a_point), Loop(_measure, _a_run)
