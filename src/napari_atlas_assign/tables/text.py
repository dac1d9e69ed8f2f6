"""Tables as text: tab-separated files, and lines to read."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from ..encoding import no_formula
from .cells import is_missing
from .digits import digits
from .parts import Nullable, Part, Taken, is_column, n_rows, names_of

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
    return _as_bytes([_texts(part.get(name), n) for name in names])


def _as_bytes(columns: Sequence[Sequence[str]]) -> bytes:
    """Columns of cells as lines; a line of nothing but an empty cell would be none."""
    text = "".join(f"{line or _EMPTY}\n" for line in map("\t".join, zip(*columns, strict=True)))
    return text.encode("utf-8", errors="backslashreplace")


_EMPTY = '""'


def _texts(column: Any, n: int) -> Sequence[str]:
    """The cells of a column (n,) as they are written, or n times that of one value for all rows."""
    if not is_column(column):
        return [_text(column)] * n
    if isinstance(column, Taken):
        rows = column.row.tolist()
        texts = {row: _text(column.values[row]) for row in set(rows)}
        return [texts[row] for row in rows]
    kind = column.dtype.kind if isinstance(getattr(column, "dtype", None), np.dtype) else "O"
    if kind == "f" and column.dtype != np.float64:
        return [_text(cell) for cell in column]  # its own digits, not those of the double next to it
    if isinstance(column, Nullable):
        return [MISSING if cell is None else str(cell) for cell in column]
    if kind == "f":
        return [MISSING if number == "nan" else number for number in digits(np.asarray(column))]
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
