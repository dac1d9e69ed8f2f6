"""Numbers as text, with every digit."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

_PLAIN = 1e-4, 1e16
"""From where to before where Python writes numbers without an exponent, as pydantic does."""

_TABS = bytes.maketrans(b",", b"\t")

_to_json: Callable[[list[list[float]]], bytes] | None = None


@cache
def prepare() -> None:
    """Have pydantic write numbers from now on, ten times as fast; to import it takes as long as 40,000 numbers."""
    global _to_json
    from pydantic import TypeAdapter

    _to_json = TypeAdapter(list[list[float]]).dump_json


def rows_of_digits(columns: Sequence[NDArray[np.float64]], missing: str) -> list[str]:
    """The rows (N,) of columns (N,) of numbers, each as `repr` writes it, between tabs; NaN is `missing`."""
    table = np.stack(columns, axis=1)
    rows = table.tolist()
    if _to_json is None or not rows:
        return ["\t".join(_digits(number, missing) for number in row) for row in rows]
    lines = _to_json(rows)[2:-2].translate(_TABS).decode().replace("null", missing).split("]\t[")
    size = np.abs(table)
    is_plain = (size >= _PLAIN[0]) & (size < _PLAIN[1]) | (size == 0) | np.isnan(size)
    for r, c in np.argwhere(~is_plain).tolist():
        cells = lines[r].split("\t")
        cells[c] = repr(rows[r][c])
        lines[r] = "\t".join(cells)
    return lines


def _digits(number: float, missing: str) -> str:
    return missing if number != number else repr(number)
