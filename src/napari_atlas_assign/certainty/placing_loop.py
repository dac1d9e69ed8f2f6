"""The loop over placements, compiled by numba where it is installed and there are enough to be worth it.

It does what `placements` does with arrays, in the same order, so that the numbers are the same to the last bit.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np

from ..loops.compiling import compiled, has_compiler

WORTH_COMPILING = 10_000
"""Placements of all modes; numpy has fewer done before numba is loaded."""


def loop_for(placements: int) -> Callable[..., int] | None:
    """The compiled loop, for so many placements of all modes; None where numpy is to do it."""
    return _loop() if placements >= WORTH_COMPILING and has_compiler() else None


@cache
def _loop() -> Callable[..., int]:
    return compiled(_place)


def _place(
    around: Any,
    in_domain: tuple[Any, Any, Any, Any, int, int],
    in_atlas: tuple[Any, Any, Any, Any, int, int],
    entries: tuple[Any, Any, Any],
    means: Any,
) -> int:
    """Fill rows of `means` (K, R) with those of the placements (n,) that count, at most K; how many there were.

    Points `around` (N, 3) are turned by matrices (n, 3, 3) and put at centres (n, 3), given with the shape of the grid
    whose voxels they count, flags of these, and how many flagged points there must be at least and may be at most:
    first in the domain, then in the atlas. Flags have one more element, for what lies outside the grid; `entries` are
    where those of each atlas voxel begin, their regions and values.
    """
    begin, region, value = entries
    n_points = len(around)
    # Numbers without a sign, since an index that may be below 0 costs a test.
    voxel = np.empty(n_points, np.uintp)
    first, behind = np.zeros(n_points, np.int64), np.zeros(n_points, np.int64)
    kept = 0
    for row in range(len(in_domain[0])):
        if kept == len(means):
            break
        counts = True
        for turns, centres, shape, flags, fewest, most in (in_domain, in_atlas):
            turn, centre, outside = turns[row], centres[row], np.uintp(len(flags) - 1)
            n_flagged = 0
            for point in range(n_points):
                flat = np.uintp(0)
                for axis in range(3):
                    index = turn[0, axis] * around[point, 0]
                    index += turn[1, axis] * around[point, 1]
                    index += turn[2, axis] * around[point, 2]
                    whole = np.uintp(np.int64(np.floor(index + centre[axis])))  # below 0, it is very large
                    if whole >= np.uintp(shape[axis]):
                        flat = outside
                        break
                    flat = flat * np.uintp(shape[axis]) + whole
                voxel[point] = flat
                n_flagged += flags[flat]
                if n_flagged > most or n_flagged + n_points - 1 - point < fewest:
                    counts = False
                    break
            if not counts:
                break
        if not counts:
            continue
        # All that is looked up first, then added: a point need not wait for the one before it.
        for point in range(n_points):
            if voxel[point] < outside:
                first[point], behind[point] = begin[voxel[point]], begin[voxel[point] + np.uintp(1)]
            else:
                first[point], behind[point] = 0, 0
        means[kept] = 0
        for point in range(n_points):
            for entry in range(first[point], behind[point]):
                means[kept, region[entry]] += value[entry]
        means[kept] /= n_points
        kept += 1
    return kept
