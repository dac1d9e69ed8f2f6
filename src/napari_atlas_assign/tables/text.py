"""Tables as text: tab-separated files, and lines to read."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from functools import lru_cache
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np

from ..encoding import no_formula
from .cells import is_missing
from .digits import rows_of_digits
from .parts import Lasting, Nullable, Part, Taken, is_column, n_rows, names_of

MISSING = "n/a"
"""What stands for a missing value in a file, as in BIDS."""


def write_parts(parts: Sequence[Part], path: Path) -> None:
    """Write a table as UTF-8 TSV with every digit of its numbers; what is undefined is ``n/a``.

    Names that a spreadsheet would calculate get an apostrophe in front.
    """
    names = names_of(parts)
    head = _as_bytes([[_quoted(name)] for name in names])
    path.write_bytes(head + b"".join(rows_as_bytes(part, names) for part in parts))


def rows_as_bytes(part: Part, names: Sequence[str]) -> bytes:
    """The rows of some columns of a part, in this order, as lines of a TSV file."""
    n = n_rows(part)
    cells: list[Sequence[str]] = []
    for kind, run in groupby((part.get(name) for name in names), _kind):
        columns: list[Any] = list(run)
        if kind is _ONE:
            cells.append(["\t".join(map(_text, columns))] * n)
        elif kind is _NUMBERS:
            cells.append(rows_of_digits(columns, MISSING))
        elif kind is Lasting:
            cells.append(_lasting_rows(*columns))
        else:
            cells += map(_texts, columns)
    return _as_bytes(cells)


def _as_bytes(columns: Sequence[Sequence[str]]) -> bytes:
    """Columns of cells as lines; a line of nothing but an empty cell would be none."""
    lines = [*map("\t".join, zip(*columns, strict=True)), ""]
    if len(columns) == 1:
        lines[:-1] = [line or _EMPTY for line in lines[:-1]]
    return "\n".join(lines).encode("utf-8", errors="backslashreplace")


_EMPTY = '""'


_ONE, _NUMBERS = "one value for all rows", "numbers"


def _kind(column: Any) -> object:
    """What columns beside each other have in common that are made into text together."""
    if getattr(column, "dtype", None) is _DOUBLE:
        return _NUMBERS
    return type(column) if is_column(column) else _ONE


_DOUBLE = np.dtype(np.float64)


@lru_cache(maxsize=2**6)
def _lasting_rows(*columns: Lasting) -> list[str]:
    return list(map("\t".join, zip(*(_texts(lasting.column) for lasting in columns), strict=True)))


def _texts(column: Any) -> Sequence[str]:
    """The cells of a column (N,) as they are written."""
    if isinstance(column, Taken):
        rows = column.row.tolist()
        texts = {row: _text(column.values[row]) for row in set(rows)}
        return [texts[row] for row in rows]
    if isinstance(column, Nullable):
        return [MISSING if cell is None else str(cell) for cell in column]
    kind = column.dtype.kind if isinstance(getattr(column, "dtype", None), np.dtype) else "O"
    if kind == "f":
        return [_text(cell) for cell in column]  # its own digits, not those of the double next to it
    cells: list[Any] = column if isinstance(column, list) else column.tolist()
    return list(map(str if kind in "iub" else _text, cells))


def _text(value: Any) -> str:
    if isinstance(value, str):
        return _safe(value)
    return MISSING if is_missing(value) else _quoted(str(value))


@lru_cache(maxsize=2**12)
def _safe(text: str) -> str:
    """Kept, since the same names come in every row and in every table."""
    return _quoted(no_formula(text))


def _quoted(text: str) -> str:
    """A cell as the csv module writes it, which few need: it takes ten times as long as all the rest."""
    if text.isprintable() and '"' not in text:
        return text
    line = io.StringIO()
    csv.writer(line, delimiter="\t", lineterminator="\n").writerow([text, None])
    return line.getvalue().removesuffix("\t\n")
