"""Sums of an atlas's entries over voxels, by pair of a mode and a region."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .compiling import Loop


def _add_up(
    begin: Any,
    end: Any,
    place: Any,
    first_pair: Any,
    b: Any,
    region: Any,
    value: Any,
    unit: float,
    table: NDArray[Any],
) -> None:
    """Add to a table.

    Parameters
    ----------
    begin, end : (V,) int32
        Where entries of voxels begin and end.
    place : (N,) int64
        The place of each voxel in these; below 0, it has no entries.
    first_pair : (N,) int64
        The pair of each voxel's mode and the first region.
    b : (N,) float64
        Values of the image.
    region : (E,) uint16 or int32
        Of the atlas's entries.
    value : (E,) float32
        Of the same.
    unit : float
        Volume of a voxel in mm3.
    table : (n_pairs, 6) float64
        What belongs to a pair lies together: volume, sums of a, ab and shares, volume where a is the largest, maximum
        of a.
    """
    # Numbers without a sign, since an index that may be below 0 costs a test.
    for voxel in range(len(place)):
        if place[voxel] < 0:
            continue
        first, behind = np.uintp(begin[place[voxel]]), np.uintp(end[place[voxel]])
        of_mode = np.uintp(first_pair[voxel])
        total, highest, largest = 0.0, np.float32(0), of_mode
        for entry in range(first, behind):
            total += value[entry]
            if value[entry] > highest:  # the first of equals
                highest, largest = value[entry], of_mode + np.uintp(region[entry])
        if highest > 0:
            table[largest, 4] += unit
        for entry in range(first, behind):
            pair = of_mode + np.uintp(region[entry])
            here = np.float64(value[entry])
            a = here * unit
            table[pair, 0] += unit
            table[pair, 1] += a
            table[pair, 2] += a * b[voxel]
            table[pair, 3] += here / total * unit if total > 1 else a
            table[pair, 5] = max(table[pair, 5], here)


def _examples() -> Iterator[tuple[Any, ...]]:
    one = np.zeros(1, np.int64)
    value = np.ones(1, np.float32)
    value.setflags(write=False)  # as those of a stored atlas are
    for region in (np.zeros(1, np.uint16), np.zeros(1, np.int32)):
        region.setflags(write=False)
        for bounds in (one.astype(np.int32), one):  # from a table, or searched for
            yield bounds, bounds, one, one, np.ones(1), region, value, 1.0, np.zeros((1, 6))


add_up = Loop(_add_up, _examples)
