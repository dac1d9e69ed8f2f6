"""Sums of stretches of region maps over the runs of uncertain points, by pair of a point and a region."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .compiling import Loop


def _add_up(
    run: tuple[Any, Any, Any, Any, Any, Any, Any],
    profile: Any,
    shape: tuple[int, int, int],
    marks: tuple[Any, Any, int],
    stretch: tuple[Any, Any, Any, Any],
    value: Any,
    before: Any,
    n_regions: int,
    table: NDArray[Any],
) -> None:
    """Add to a table, of each point the longest common parts of run and stretch first, as numpy does.

    The parts of a point are listed in that order, then looked up: no step depends on another, so that the processor
    fetches many from the memory at a time.

    Parameters
    ----------
    run : tuple of (L,) arrays
        Of each run: point (the runs of a point together), index along the first axis and the second, first voxel,
        voxel behind the last, factor, and place in `profile` of voxel 0.
    profile : (n,) float64
        Profiles of all runs, one behind the other.
    shape : tuple of int
        Of the grid, which runs may leave.
    marks : tuple of (rows, blocks) int32, the same, and int
        First stretch that ends behind the beginning of each block, first that begins behind its end, and voxels in a
        block.
    stretch : tuple of (S,) arrays
        Of each stretch: region, first voxel, voxel behind the last, and place in `value` of voxel 0.
    value : (E,) float32
    before : (E + 1, 2) float64
        Running totals of shares, and of where a region is the largest.
    n_regions : int
    table : (n_points * n_regions, 6) float64
        Sums of 1, a, shares, a b and of 1 where a is the largest, and maximum of a.
    """
    point, i, j, start, stop, factor, profile_at = run
    ending, beginning, block = marks
    region, first, behind, value_at = stretch
    begin, end = np.zeros(len(point), np.int32), np.zeros(len(point), np.int32)
    n_met, most_met = 0, 0
    for r in range(len(point)):
        start_inside, stop_inside = max(start[r], 0), min(stop[r], shape[2])
        if 0 <= i[r] < shape[0] and 0 <= j[r] < shape[1] and start_inside < stop_inside:
            row = i[r] * shape[1] + j[r]
            begin[r], end[r] = ending[row, start_inside // block], beginning[row, (stop_inside - 1) // block]
        if r > 0 and point[r] != point[r - 1]:
            n_met = 0
        n_met += max(end[r] - begin[r], 0)
        most_met = max(most_met, n_met)
    run_of, stretch_of = np.empty(most_met, np.int32), np.empty(most_met, np.int32)
    # Numbers without a sign, since an index that may be below 0 costs a test.
    length_of, in_order = np.empty(most_met, np.uintp), np.empty(most_met, np.uintp)
    key, at, weight_at = np.empty(most_met, np.uintp), np.empty(most_met, np.uintp), np.empty(most_met, np.uintp)
    weight = np.empty(most_met)
    after = np.empty(shape[2] + 2, np.uintp)  # by length, how many longer parts there are
    r = 0
    while r < len(point):
        first_pair, n_parts = point[r] * n_regions, 0
        after[:] = 0
        of_point = point[r]
        while r < len(point) and point[r] == of_point:
            for s in range(begin[r], end[r]):
                length = min(stop[r], behind[s]) - max(start[r], first[s])
                if length > 0:
                    run_of[n_parts], stretch_of[n_parts], length_of[n_parts] = r, s, length
                    after[length - 1] += 1
                    n_parts += 1
            r += 1
        for voxels in range(shape[2], -1, -1):
            after[voxels] += after[voxels + 1]
        for part in range(n_parts):
            here, there, size = run_of[part], stretch_of[part], length_of[part]
            from_voxel = max(start[here], first[there])
            place = after[size]
            after[size] += 1
            key[place], at[place], in_order[place] = first_pair + region[there], value_at[there] + from_voxel, size
            weight_at[place], weight[place] = profile_at[here] + from_voxel, factor[here]
        for n in range(n_parts):
            pair, low, high = key[n], at[n], at[n] + in_order[n]
            table[pair, 0] += in_order[n]
            table[pair, 2] += before[high, 0] - before[low, 0]
            table[pair, 4] += before[high, 1] - before[low, 1]
        for n in range(n_parts):
            pair, low, weight_low = key[n], at[n], weight_at[n]
            total, weighted, highest = 0.0, 0.0, 0.0
            for entry in range(in_order[n]):
                a = np.float64(value[low + entry])
                total += a
                weighted += a * profile[weight_low + entry]
                highest = max(highest, a)
            table[pair, 1] += total
            table[pair, 3] += weight[n] * weighted
            table[pair, 5] = max(table[pair, 5], highest)


def _examples() -> Iterator[tuple[Any, ...]]:
    small, one, ones = np.zeros(1, np.int32), np.zeros(1, np.int64), np.ones(1)
    mark = np.zeros((1, 1), np.int32)
    yield (
        (one, one, one, one, one, ones, one),
        ones,
        (1, 1, 1),
        (mark, mark, 1),
        (small, small, small, one),
        np.ones(1, np.float32),
        np.ones((2, 2)),
        1,
        np.ones((1, 6)),
    )


add_up = Loop(_add_up, _examples)
