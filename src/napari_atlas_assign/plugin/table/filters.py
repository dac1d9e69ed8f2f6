"""Which rows of a results table are shown. Without Qt."""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .values import TableValues, sides

MODE_COLUMN = "input structure"

SIDE = "hemisphere"

Ranges = list[tuple[int, int]]


@dataclass(frozen=True)
class Condition:
    """A column of numbers held to a bound, which is included; what is undefined fails."""

    column: str
    bound: float
    at_least: bool = True


@dataclass(frozen=True)
class Filters:
    """What a row must fulfil to be shown; everything at once."""

    conditions: tuple[Condition, ...] = ()
    modes: str = ""
    """Numbers of modes, as they are written: ``1, 3-5``; nothing for all."""
    choices: tuple[tuple[str, str], ...] = ()
    """Pairs of a column and the text it must hold; the column `SIDE` is worked out where the table has none."""
    text: str = ""
    """Words that all must occur somewhere in the row's texts, in any case and order."""


def passing(columns: TableValues, filters: Filters) -> NDArray[np.intp]:
    """Rows that pass, in the table's own order; filters by columns that the table lacks let everything pass."""
    keep = np.ones(len(columns), bool)
    for condition in filters.conditions:
        if condition.column in columns and columns.is_numeric(condition.column):
            numbers = columns.numbers(condition.column)
            keep &= numbers >= condition.bound if condition.at_least else numbers <= condition.bound
    ranges = parse_numbers(filters.modes)
    if ranges and MODE_COLUMN in columns:
        numbers = columns.numbers(MODE_COLUMN)
        keep &= np.logical_or.reduce([(numbers >= low) & (numbers <= high) for low, high in ranges])
    for name, wanted in filters.choices:
        if name == SIDE or name in columns:
            values = sides(columns) if name == SIDE else columns.values(name)
            keep &= np.fromiter((value == wanted for value in values), bool, len(values))
    rows = np.flatnonzero(keep)
    words = filters.text.casefold().split()
    return _with_words(columns, rows, words) if words else rows


def parse_numbers(text: str) -> Ranges | None:
    """Read ``1, 3-5`` as ranges with both ends; an empty list for nothing, None for what is no such list."""
    ranges = []
    for part in re.split(r"[,;\s]+(?![-–])", re.sub(r"\s*[-–]\s*", "-", text.strip())):
        if not part:
            continue
        match = re.fullmatch(r"([0-9]{1,9})(?:-([0-9]{1,9}))?", part)
        if match is None:
            return None
        first, last = int(match[1]), int(match[2] or match[1])
        ranges.append((min(first, last), max(first, last)))
    return ranges


def _with_words(columns: TableValues, rows: NDArray[np.intp], words: list[str]) -> NDArray[np.intp]:
    texts = [columns.values(name) for name in columns.names if not columns.is_numeric(name)]
    matching = []
    for row in rows.tolist():
        line = "\n".join(column[row] for column in texts if isinstance(column[row], str)).casefold()
        if all(word in line for word in words):
            matching.append(row)
    return np.array(matching, dtype=np.intp)
