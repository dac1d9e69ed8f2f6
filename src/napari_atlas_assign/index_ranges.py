"""Ranges and orders of whole numbers, many at a time."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

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
    which = np.arange(len(count)).repeat(count)
    number = (begin - (count.cumsum() - count)).astype(np.intp, copy=False).repeat(count)
    number += np.arange(len(number))
    return which, number


def lengths(begin: NDArray[Any], end: int) -> NDArray[Any]:
    """Lengths (N,) of ranges (N,) that follow each other, from where each begins; the last ends before `end`."""
    length = np.empty_like(begin)
    np.subtract(begin[1:], begin[:-1], out=length[:-1])
    length[-1:] = end - begin[-1:]
    return length


def slices(n: int, length: int) -> Iterator[slice]:
    """Slices of `length` each, the last one maybe shorter, that cover `n` rows."""
    return (slice(start, min(start + length, n)) for start in range(0, n, length))


def sorted_by(labels: list[NDArray[np.integer]]) -> NDArray[np.intp]:
    """A stable order by labels, the first one first.

    Labels are joined as long as they fit uint16, which numpy sorts by counting, several times faster than by comparing.
    """
    keys: list[NDArray[np.integer]] = []
    sizes: list[int] = []
    for label in labels:
        size = int(label.max(initial=0)) + 1
        if keys and sizes[-1] * size <= 2**16:
            keys[-1] = keys[-1] * np.uint16(size) + label.astype(np.uint16, copy=False)
            sizes[-1] *= size
        else:
            keys.append(narrow(label))
            sizes.append(size)
    return np.lexsort(keys[::-1])


def narrow(numbers: NDArray[np.integer]) -> NDArray[np.integer]:
    """The same numbers as uint16 where they fit: numpy sorts these by counting, several times faster."""
    return numbers.astype(np.uint16) if numbers.max(initial=0) < 2**16 else numbers


def firsts(numbers: NDArray[Any]) -> NDArray[np.intp]:
    """Where numbers differ from the one before."""
    first = np.ones(len(numbers), bool)
    first[1:] = numbers[1:] != numbers[:-1]
    return np.flatnonzero(first)
