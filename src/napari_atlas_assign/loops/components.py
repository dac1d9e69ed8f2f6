"""Voxels beyond a threshold, and which runs of them touch."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .compiling import Loop


def _search(values: Any, sign: Any, threshold: Any, steps: tuple[int, int, int], found: Any) -> int:
    """Find what is above a threshold in an array (A, B, C), times a sign; how many there are.

    Their numbers, which rise by `steps` along the axes, are put into `found` (A * B * C), in the order of the memory.
    """
    n = 0
    for a in range(values.shape[0]):
        for b in range(values.shape[1]):
            row = values[a, b]
            n_beyond = 0
            for c in range(len(row)):  # which is done for many values at a time; few rows have any
                n_beyond += row[c] * sign > threshold
            if n_beyond:
                for c in range(len(row)):
                    if row[c] * sign > threshold:
                        found[n] = a * steps[0] + b * steps[1] + c * steps[2]
                        n += 1
    return n


def _sort(number: Any, length: int, begin: Any, by_row: Any) -> None:
    """Put numbers (N,) in order by row, each of a length, into `by_row` (N,); in a row they are in order already.

    `begin` are zeros, one for each row and one more.
    """
    for n in number:
        begin[n // length + 1] += 1
    for row in range(len(begin) - 1):
        begin[row + 1] += begin[row]
    for n in number:
        row = n // length
        by_row[begin[row]] = n
        begin[row] += 1


def _join(start: Any, stop: Any, step: int, further: int, lowest: Any) -> None:
    """Join each run (R,) with those a step behind that it touches, in `lowest` (R,).

    Runs reach from `start` to before `stop`, both rising, and touch where they overlap or, if `further` is 1, lie next
    to each other. Each points to a lower one that it is joined with, or to itself.
    """
    first = 0
    for run in range(len(start)):
        while first < len(start) and stop[first] <= start[run] + step - further:
            first += 1
        other = first
        while other < len(start) and start[other] < stop[run] + step + further:
            one, two = run, other
            while lowest[one] != one:
                lowest[one] = one = lowest[lowest[one]]
            while lowest[two] != two:
                lowest[two] = two = lowest[lowest[two]]
            lowest[max(one, two)] = min(one, two)
            other += 1


def _some_values() -> Iterator[tuple[Any, ...]]:
    for kind in (np.float32, np.float64):
        values = np.zeros((1, 1, 1), kind)
        yield values, kind(1), kind(1), (1, 1, 1), np.zeros(1, np.int32)
        values.setflags(write=False)
        yield values, kind(1), kind(1), (1, 1, 1), np.zeros(1, np.int32)


def _a_number() -> Iterator[tuple[Any, ...]]:
    yield np.zeros(1, np.int32), 1, np.zeros(2, np.int32), np.zeros(1, np.int64)


def _a_run() -> Iterator[tuple[Any, ...]]:
    yield np.zeros(1, np.int64), np.ones(1, np.int64), 1, 0, np.zeros(1, np.int64)


search, sort, join = Loop(_search, _some_values), Loop(_sort, _a_number), Loop(_join, _a_run)
