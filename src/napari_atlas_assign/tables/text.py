"""Tables as text: tab-separated files, and lines to read."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from itertools import repeat
from pathlib import Path
from typing import Any

import numpy as np

from ..encoding import no_formula
from .cells import is_missing
from .parts import Part, is_column, n_rows, names_of

MISSING = "n/a"
"""What stands for a missing value in a file, as in BIDS."""


def write_parts(parts: Sequence[Part], path: Path) -> None:
    """Write a table as UTF-8 TSV with every digit of its numbers; what is undefined is ``n/a``.

    Names that a spreadsheet would calculate get an apostrophe in front.
    """
    names = names_of(parts)
    path.write_bytes(_as_bytes([names]) + b"".join(rows_as_bytes(part, names) for part in parts))


def rows_as_bytes(part: Part, names: Sequence[str]) -> bytes:
    """The rows of some columns of a part, in this order, as lines of a TSV file."""
    columns = [_cells(part.get(name)) for name in names]
    # What is one value for all rows has no end.
    return _as_bytes(row for row, _ in zip(zip(*columns, strict=False), range(n_rows(part)), strict=False))


def _as_bytes(rows: Iterable[Iterable[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter="\t", lineterminator="\n").writerows(rows)
    return text.getvalue().encode("utf-8", errors="backslashreplace")


def _cells(column: Any) -> Iterable[Any]:
    """The cells of a column (N,) as they are written, or one value for all rows."""
    if not is_column(column):
        return repeat(_cell(column))
    kind = column.dtype.kind if isinstance(getattr(column, "dtype", None), np.dtype) else "O"
    if kind == "f" and column.dtype != np.float64:
        return [_cell(cell) for cell in column]  # its own digits, not those of the double next to it
    cells: list[Any] = column if isinstance(column, list) else column.tolist()
    if kind in "iub":
        return cells
    if kind == "f":
        return [MISSING if cell != cell else cell for cell in cells]
    return [_cell(cell) for cell in cells]


def _cell(value: Any) -> Any:
    if isinstance(value, str):
        return no_formula(value)
    return MISSING if is_missing(value) else value
