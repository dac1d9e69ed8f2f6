"""Ranges of whole numbers, many at a time."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray


def listed(begin: NDArray[np.integer], end: NDArray[np.integer]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """List the whole numbers of ranges (N,), from each `begin` to before its `end`, one range after the other.

    Returns
    -------
    which : (P,) int
        The range that each number is of, 0..N-1.
    number : (P,) int
    """
    count = end - begin
    which = np.repeat(np.arange(len(count)), count)
    number = np.repeat((begin - (np.cumsum(count) - count)).astype(np.intp, copy=False), count)
    number += np.arange(len(number))
    return which, number


def slices(n: int, length: int) -> Iterator[slice]:
    """Slices of `length` each, the last one maybe shorter, that cover `n` rows."""
    return (slice(start, min(start + length, n)) for start in range(0, n, length))
