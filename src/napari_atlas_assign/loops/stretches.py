"""Sums of stretches of region maps over the runs of uncertain points, by pair of a point and a region."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .compiling import Loop


def _add_up(
    begin: Any,
    end: Any,
    run: tuple[Any, Any, Any, Any, Any],
    profile: Any,
    stretch: tuple[Any, Any, Any, Any],
    value: Any,
    before: Any,
    n_regions: int,
    table: NDArray[Any],
) -> None:
    """Add to a table, the longest common parts of run and stretch first, as numpy does.

    Parameters
    ----------
    begin, end : (L,) int32
        First stretch that each run may meet, and the one behind the last.
    run : tuple of (L,) arrays
        Of each run: point, first voxel, voxel behind the last, factor, and place in `profile` of voxel 0.
    profile : (n,) float64
        Profiles of all runs, one behind the other.
    stretch : tuple of (S,) arrays
        Of each stretch: region, first voxel, voxel behind the last, and place in `value` of voxel 0.
    value : (E,) float32
    before : (E + 1, 2) float64
        Running totals of shares, and of where a region is the largest.
    n_regions : int
    table : (n_points * n_regions, 6) float64
        Sums of 1, a, shares, a b and of 1 where a is the largest, and maximum of a.
    """
    point, start, stop, factor, profile_at = run
    region, first, behind, value_at = stretch
    longest = 0
    for r in range(len(start)):
        longest = max(longest, stop[r] - start[r])
    after = np.zeros(longest + 2, np.int64)  # by length, how many longer parts there are
    for r in range(len(start)):
        for s in range(begin[r], end[r]):
            length = min(stop[r], behind[s]) - max(start[r], first[s])
            if length > 0:
                after[length - 1] += 1
    for length in range(longest, -1, -1):
        after[length] += after[length + 1]
    # Numbers without a sign, since an index that may be below 0 costs a test.
    key = np.empty(after[0], np.uintp)
    sums = np.empty((after[0], 6))
    for r in range(len(start)):
        for s in range(begin[r], end[r]):
            low = max(start[r], first[s])
            if min(stop[r], behind[s]) <= low:
                continue
            length = np.uintp(min(stop[r], behind[s]) - low)
            at, weight_at = np.uintp(value_at[s] + low), np.uintp(profile_at[r] + low)
            total, weighted, highest = 0.0, 0.0, 0.0
            for entry in range(length):
                a = np.float64(value[at + entry])
                total += a
                weighted += a * profile[weight_at + entry]
                highest = max(highest, a)
            n = after[length]
            after[length] += 1
            key[n] = np.uintp(point[r] * n_regions + region[s])
            sums[n, 0], sums[n, 1], sums[n, 5] = length, total, highest
            sums[n, 2] = before[at + length, 0] - before[at, 0]
            sums[n, 3] = factor[r] * weighted
            sums[n, 4] = before[at + length, 1] - before[at, 1]
    for n in range(len(key)):
        for column in range(5):
            table[key[n], column] += sums[n, column]
        table[key[n], 5] = max(table[key[n], 5], sums[n, 5])


def _examples() -> Iterator[tuple[Any, ...]]:
    small, one, ones = np.zeros(1, np.int32), np.zeros(1, np.int64), np.ones(1)
    runs, stretches = (one, one, one, ones, one), (small, small, small, one)
    yield (
        small,
        small,
        runs,
        ones,
        stretches,
        np.ones(1, np.float32),
        np.ones((2, 2)),
        1,
        np.ones((1, 6)),
    )


add_up = Loop(_add_up, _examples)
