"""The innermost loop, compiled by numba for those who assign again and again, such as with a live threshold.

numpy walks through the entries some twenty times to add them up, and waits for the memory each time. Loading numba and
compiling take longer than many assignments do, so that nothing is compiled before somebody asks for it (`prepare`).
Results are the same to the last bit: both add the same numbers in the same order.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...grid import Floats
from .compiling import compiled, has_compiler

_loop: Callable[..., None] | None = None


def prepare() -> bool:
    """Compile the loop, where numba is installed; whether it is ready now."""
    global _loop
    if _loop is None and has_compiler():
        loop = compiled(_add_up)
        one = np.zeros(1, np.int64)
        values = np.ones(1, np.float32)
        values.setflags(write=False)  # as those of a stored atlas are
        for region in (np.zeros(1, np.uint16), np.zeros(1, np.int32)):
            region.setflags(write=False)
            loop(one.astype(np.int32), one.astype(np.int32), one, np.ones(1), region, values, 1.0, np.zeros((1, 6)))
        _loop = loop
    return is_ready()


def is_ready() -> bool:
    """Whether the loop was compiled."""
    return _loop is not None


def add_up(
    begin: NDArray[np.integer],
    end: NDArray[np.integer],
    first_pair: NDArray[np.int64],
    b: Floats,
    region: NDArray[np.integer],
    value: NDArray[np.floating],
    unit: float,
    n_pairs: int,
) -> Floats:
    """Sums of an atlas's entries over voxels (N,), by pair of mode and region.

    Parameters
    ----------
    begin, end : (N,) int
        Where each voxel's entries begin and end.
    first_pair : (N,) int64
        The pair of each voxel's mode and the first region.
    b : (N,) float
        Values of the image.
    region, value : (E,)
        Of the atlas's entries.
    unit : float
        Volume of a voxel in mm3.
    n_pairs : int

    Returns
    -------
    (6, n_pairs) float
        Volume, sums of a, ab and shares, volume where a is the largest, maximum of a.
    """
    assert _loop is not None, "see is_ready"
    table = np.zeros((n_pairs, 6))  # what belongs to a pair lies together
    _loop(begin, end, first_pair, b, np.asarray(region), np.asarray(value), unit, table)
    return table.T


def _add_up(
    begin: Any, end: Any, first_pair: Any, b: Any, region: Any, value: Any, unit: float, table: NDArray[Any]
) -> None:
    for voxel in range(len(begin)):
        total, highest = 0.0, np.float32(0)
        for entry in range(begin[voxel], end[voxel]):
            total += value[entry]
            if value[entry] > highest:  # the first of equals
                highest, largest = value[entry], first_pair[voxel] + region[entry]
        if highest > 0:
            table[largest, 4] += unit
        total = max(total, 1.0)
        for entry in range(begin[voxel], end[voxel]):
            pair = first_pair[voxel] + region[entry]
            here = np.float64(value[entry])
            a = here * unit
            table[pair, 0] += unit
            table[pair, 1] += a
            table[pair, 2] += a * b[voxel]
            table[pair, 3] += here / total * unit
            table[pair, 5] = max(table[pair, 5], here)
