"""Numbers, places and names as they are shown."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from ..errors import plural
from ..tables.cells import is_missing

MISSING = "–"
"""Shown for what is undefined."""


def number(value: Any, decimals: int) -> str:
    """A number with so many decimals, thin spaces between thousands and a real minus; very small ones in powers of ten.

    >>> number(60507.0, 0), number(-0.00004, 3), number(float("nan"), 2)
    ('60\u202f507', '−4.0e−05', '–')
    """
    if is_missing(value):
        return MISSING
    if value and math.isfinite(value) and (abs(value) >= 1e9 or abs(value) < 0.5 * 10.0**-decimals):
        return f"{value:.1e}".replace("-", "−")
    return fixed(value, decimals)


def fixed(value: Any, decimals: int) -> str:
    """A number with so many decimals, however small it is."""
    if is_missing(value):
        return MISSING
    if not math.isfinite(value):
        return "∞" if value > 0 else "−∞"
    # Adding 0 turns -0.0 into 0.0.
    text = f"{round(float(value), decimals) + 0.0:,.{decimals}f}"
    return text.replace(",", "\N{NARROW NO-BREAK SPACE}").replace("-", "−")


def rounded(value: Any) -> str:
    """A number in four digits, without zeros at the end of its decimals; all digits before the point.

    >>> rounded(351.0), rounded(3.0199), rounded(0.01234)
    ('351', '3.02', '0.01234')
    """
    if is_missing(value) or not math.isfinite(value) or abs(value) >= 1000:
        return number(value, 0)
    return f"{value:.4g}".replace("-", "−")


def percent(part: Any) -> str:
    """A part as per cent: ``17.2 %``, ``< 0.1 %``."""
    if is_missing(part):
        return MISSING
    return "< 0.1 %" if 0 < part < 0.0005 else f"{fixed(100 * part, 1)} %"


def place(xyz: Iterable[float]) -> str:
    """A position in world mm: ``(39, −22, 55.5)``."""
    return "(" + ", ".join(coordinate(value) for value in xyz) + ")"


def coordinate(value: float) -> str:
    """One coordinate in mm, to 0.01 as in the tables, without zeros at the end."""
    return f"{round(float(value), 2) + 0.0:.10g}".replace("-", "−")


def shortened(text: Any, length: int = 80) -> str:
    """Text from outside on one line, with what cannot be printed left out, cut in the middle where it is long."""
    line = "".join(c for c in " ".join(str(text).split()) if c.isprintable())
    if len(line) <= length:
        return line
    return f"{line[: length // 2]}…{line[-(length - length // 2 - 1) :]}"


def listed(names: Sequence[str]) -> str:
    """``a, b and c``; of no names an empty text."""
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)


def counted(n: int, noun: str) -> str:
    """``1 mode``, ``2 modes``; ``2 regions of interest``."""
    return f"{number(n, 0)} {plural(n, noun)}"
