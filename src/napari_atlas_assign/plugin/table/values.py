"""What the cells of the results tables hold, and how they are shown. Without Qt."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...assignment.columns import Column, column_named, kind_of

MISSING = "–"


HEADS = {"input structure": "mode", "volume": "map no.", "map value": "largest value", "map": "map no. in stack"}
"""Heads of columns whose names in files are siibra's words and mean something else to users."""


def head_of(name: str) -> str:
    """What stands above a column."""
    return HEADS.get(name, name)


class TableValues:
    """The columns of a table as plain lists, each made when it is first asked for: pandas is slow cell by cell.

    `known` are the columns that such a table may have; others are shown without explanation.
    """

    def __init__(self, frame: pd.DataFrame, known: Mapping[str, Column] | None = None) -> None:
        self.frame = frame
        self._known = known or {}
        self.names = [str(name) for name in frame.columns]
        self._number = {name: n for n, name in enumerate(self.names)}
        self._columns = [column for _, column in frame.items()]
        self._numeric = [pd.api.types.is_numeric_dtype(column.dtype) for column in self._columns]
        self._values: dict[int, list[Any]] = {}
        self._numbers: dict[int, NDArray[np.float64]] = {}
        self._decimals: dict[int, int] = {}

    def __len__(self) -> int:
        return len(self.frame)

    def __contains__(self, name: object) -> bool:
        return name in self._number

    def values(self, name: str) -> list[Any]:
        """The cells of a column, None where something is missing."""
        return self.values_at(self._number[name])

    def values_at(self, number: int) -> list[Any]:
        """As `values`, of a column by its number."""
        if number not in self._values:
            column = self._columns[number]
            values = column.tolist()
            if not (isinstance(column.dtype, np.dtype) and column.dtype.kind in "iub"):
                values = [None if is_missing(value) else value for value in values]
            self._values[number] = values
        return self._values[number]

    def explanation(self, name: str) -> str:
        """What a column says when the cursor is over its head."""
        column = column_named(name, self._known)
        return name if column is None else column.explanation

    def part_of_whole(self, name: str, value: Any) -> float | None:
        """How much of a cell a bar fills, 0 to 1; None in columns without bars and where something is missing."""
        if is_missing(value) or kind_of(name, self._known) != "fraction":
            return None
        return min(max(float(value), 0.0), 1.0)

    def undecided_of(self, name: str, row: int) -> float:
        """Of the bar of an unassigned share, the part that is undecided, not outside; 0 for other columns."""
        column, _, atlas = name.partition(": ")
        undecided = f"undecided share: {atlas}" if atlas else "undecided share"
        if column != "unassigned share" or undecided not in self:
            return 0.0
        return self.part_of_whole(undecided, self.values(undecided)[row]) or 0.0

    def is_numeric(self, name: str) -> bool:
        """Whether a column holds numbers."""
        return self._numeric[self._number[name]]

    def is_best_when_large(self, name: str) -> bool:
        """Whether the largest numbers of a column are looked for first, as scores and volumes are."""
        return kind_of(name, self._known) in ("number", "fraction") and not name.startswith("distance")

    def numbers(self, name: str) -> NDArray[np.float64]:
        """(N,) a column of numbers, NaN where something is missing."""
        number = self._number[name]
        if number not in self._numbers:
            self._numbers[number] = self._columns[number].to_numpy(dtype=np.float64, na_value=np.nan)
        return self._numbers[number]

    def decimals(self, name: str) -> int:
        """Decimals that the numbers of a column are shown with: none for whole numbers, few for large ones."""
        if not self.is_numeric(name):
            return 3
        number = self._number[name]
        if number not in self._decimals:
            values = np.abs(self.numbers(name))
            values = values[np.isfinite(values)]
            whole = bool((values == np.floor(values)).all())
            self._decimals[number] = 0 if whole and len(values) else 3 if values.max(initial=0) < 100 else 1
        return self._decimals[number]

    def texts(self, name: str, rows: Sequence[int]) -> list[str]:
        """Cells of a column as they are shown."""
        values, decimals = self.values(name), self.decimals(name)
        return [format_value(values[row], decimals) for row in rows]


def sorted_rows(
    columns: TableValues, rows: NDArray[np.intp], name: str | None, ascending: bool = True
) -> NDArray[np.intp]:
    """Sort rows by a column; equals keep their order, and what is missing comes last both ways."""
    if name is None:
        return rows
    if columns.is_numeric(name):
        keys = columns.numbers(name)[rows]
        return rows[np.argsort(keys if ascending else -keys, kind="stable")]  # numpy has NaN last
    values = columns.values(name)
    present = [row for row in rows.tolist() if values[row] is not None]
    absent = [row for row in rows.tolist() if values[row] is None]
    present.sort(key=lambda row: _sort_key(values[row]), reverse=not ascending)
    return np.array(present + absent, dtype=np.intp)


def format_value(value: Any, decimals: int = 3) -> str:
    """A cell as it is shown: rounded, thousands apart, coordinates with one decimal, a dash for what is missing."""
    if isinstance(value, str):
        return value
    if is_missing(value):
        return MISSING
    if isinstance(value, tuple):
        return ", ".join(f"{v:.1f}" for v in value)
    if isinstance(value, bool) or not isinstance(value, Real):
        return str(value)
    if isinstance(value, Integral):
        return f"{value:,}"
    return f"{round(float(value), decimals) + 0.0:,.{decimals}f}"  # + 0.0: no negative zero


def full_text(value: Any) -> str:
    """A cell with every digit."""
    if is_missing(value):
        return "undefined or missing"
    if isinstance(value, tuple):
        return ", ".join(str(v) for v in value) + " mm"
    return str(value)


def is_number(value: Any) -> bool:
    """Whether a cell holds a number or coordinates, which stand at the right; of the plain types in `TableValues`."""
    return isinstance(value, int | float | tuple)


def is_missing(value: Any) -> bool:
    """Whether a cell holds nothing."""
    return value is None or value is pd.NA or (isinstance(value, float) and value != value)


def sides(columns: TableValues) -> list[str | None]:
    """(N,) left or right for each row: of the region where the atlas says it, otherwise of the mode or the place."""
    if "left share" in columns:
        left, right = columns.numbers("left share"), columns.numbers("right share")
        by_place = np.where(left > right, "left", np.where(right > left, "right", "midline")).tolist()
    else:
        place = next((name for name in ("position", "centroid") if name in columns), None)
        by_place = [None] * len(columns) if place is None else [_side(xyz) for xyz in columns.values(place)]
    if "hemisphere" not in columns:
        return by_place
    return [known or other for known, other in zip(columns.values("hemisphere"), by_place, strict=True)]


def distinct(values: Sequence[Any]) -> list[str]:
    """The different texts in a column, sorted."""
    return sorted({str(value) for value in values if value is not None})


def _side(xyz: Sequence[float] | None) -> str | None:
    if xyz is None:
        return None
    return "left" if xyz[0] < 0 else "right" if xyz[0] > 0 else "midline"


def _sort_key(value: Any) -> tuple[str, Any]:
    """Texts without regard to case; values that cannot be compared are kept apart."""
    return ("text", value.casefold()) if isinstance(value, str) else (type(value).__name__, value)
