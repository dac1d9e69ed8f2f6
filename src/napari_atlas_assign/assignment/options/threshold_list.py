"""The thresholds of a sweep, as users write them."""

from __future__ import annotations

from collections.abc import Sequence

from ...errors import InputError

MOST_THRESHOLDS = 1000
"""More are a slip of the keyboard."""


def thresholds_in(text: str) -> tuple[float, ...]:
    """Thresholds from a list (``2.3,2.6,3.1``), or the lowest, the highest and how many (``2.3:5:10``).

    Raises
    ------
    InputError
        If it is neither.
    """
    try:
        if ":" not in text:
            return tuple(map(float, text.split(",")))
        low, high, n = (kind(part) for kind, part in zip((float, float, int), text.split(":"), strict=True))
        if 2 <= n <= MOST_THRESHOLDS:
            return (*(low + (high - low) * step / (n - 1) for step in range(n - 1)), high)
    except ValueError:
        pass
    raise InputError(
        f"{text!r} holds no thresholds; give a list such as 2.3,2.6,3.1, or 2.3:5:10 for ten from 2.3 to 5"
    )


def thresholds_text(thresholds: Sequence[float]) -> str:
    """Thresholds as `thresholds_in` reads them, none lost."""
    return ", ".join(str(float(threshold)).removesuffix(".0") for threshold in thresholds)
