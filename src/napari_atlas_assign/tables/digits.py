"""Numbers as text, with every digit."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
from numpy.typing import NDArray

_PLAIN = 1e-4, 1e16
"""From where to before where Python writes numbers without an exponent, as pydantic does."""

_to_json: Callable[[list[float]], bytes] | None = None


@cache
def prepare() -> None:
    """Have pydantic write numbers from now on, ten times as fast; to import it takes as long as 40,000 numbers."""
    global _to_json
    from pydantic import TypeAdapter

    _to_json = TypeAdapter(list[float]).dump_json


def digits(numbers: NDArray[np.float64]) -> list[str]:
    """Each number (N,) as `repr` writes it."""
    values = numbers.tolist()
    if _to_json is None or not values:
        return list(map(repr, values))
    texts = _to_json(values)[1:-1].decode().split(",")
    size = np.abs(numbers)
    is_plain = ((size >= _PLAIN[0]) & (size < _PLAIN[1])) | (size == 0)
    for n in np.flatnonzero(~is_plain).tolist():
        texts[n] = repr(values[n])
    return texts
