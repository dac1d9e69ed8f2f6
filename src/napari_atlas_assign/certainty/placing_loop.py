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
    in_domain: tuple[Any, Any, Any],
    inside: Any,
    most_outside: int,
    in_atlas: tuple[Any, Any, Any],
    covered: Any,
    part: float,
    coverage: float,
    entries: tuple[Any, Any, Any],
    means: Any,
) -> int:
    """Fill rows of `means` (K, R) with those of the placements (n,) that count, at most K; how many there were.

    Points `around` (N, 3) are turned by matrices (n, 3, 3) and put at centres (n, 3), given with the shape of the grid
    whose voxels they count: first of the domain, then of the atlas. Flags `inside` and `covered` have one more element
    for what lies outside the grid; `entries` are where those of each atlas voxel begin, their regions and values.
    """
    begin, region, value = entries
    kept = 0
    voxel = np.empty(len(around), np.int64)
    for row in range(len(in_domain[0])):
        if kept == len(means):
            break
        outside = 0
        for pass_ in range(2):
            turns, centres, shape = in_domain if pass_ == 0 else in_atlas
            for point in range(len(around)):
                flat = 0
                for axis in range(3):
                    index = turns[row, 0, axis] * around[point, 0]
                    index += turns[row, 1, axis] * around[point, 1]
                    index += turns[row, 2, axis] * around[point, 2]
                    whole = int(np.floor(index + centres[row, axis]))
                    if whole < 0 or whole >= shape[axis]:
                        flat = -1
                        break
                    flat = flat * shape[axis] + whole
                voxel[point] = flat
                if pass_ == 0 and not inside[flat]:
                    outside += 1
                    if outside > most_outside:
                        break
            if outside > most_outside:
                break
        if outside > most_outside:
            continue
        n_covered = 0
        for point in range(len(around)):
            n_covered += covered[voxel[point]]
        if abs(n_covered / len(around) - part) > coverage:
            continue
        means[kept] = 0
        for point in range(len(around)):
            if voxel[point] >= 0:
                for entry in range(begin[voxel[point]], begin[voxel[point] + 1]):
                    means[kept, region[entry]] += value[entry]
        means[kept] /= len(around)
        kept += 1
    return kept
