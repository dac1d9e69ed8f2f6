"""What the label-table dialects share: lines, numbers, colours, and the finished table.

A table has one row per region, in the order of the file, with the columns ``id`` (int64) and ``name``; where the file
tells at least one of them also ``color`` (``#rrggbb``), ``hemisphere`` (``left`` or ``right``) and ``parent`` (a name).
Where no column tells hemispheres, the names may (see `sides`).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from ...encoding import one_line
from ...errors import AtlasError
from .hemispheres import with_sides

MAX_ROWS = 200_000
"""More rows than any atlas has regions."""

FROM_ZERO = "counts volumes from 0"
"""Key in ``table.attrs``: the ids are numbers of volumes from 0, and a label volume holds id + 1 (FSL)."""

_WHOLE = re.compile(r"[+-]?[0-9]{1,18}(\.0*)?")
_HEX_COLOR = re.compile(r"#?([0-9a-fA-F]{6})([0-9a-fA-F]{2})?")
_SIDES = {"l": "left", "lh": "left", "left": "left", "r": "right", "rh": "right", "right": "right"}


@dataclass(frozen=True)
class Row:
    """One region, as a dialect found it; None or an empty text where the file does not tell."""

    id: int
    name: str
    color: str | None = None
    hemisphere: str | None = None
    parent: str | None = None


def make_table(rows: Iterable[Row], path: Path) -> pd.DataFrame:
    """Make the table of a file's rows.

    Raises
    ------
    AtlasError
        If there are no rows, too many, two with the same id, or one without a name.
    """
    kept: list[Row] = []
    for row in rows:
        kept.append(row)
        if len(kept) > MAX_ROWS:
            raise AtlasError(f"{path.name} has more than {MAX_ROWS} rows; tables are smaller, check the file")
    if not kept:
        raise AtlasError(f"{path.name} has no rows; give a table with one region per line")
    names = [one_line(row.name) for row in kept]
    nameless = next((row for row, name in zip(kept, names, strict=True) if not name), None)
    if nameless is not None:
        raise AtlasError(f"{path.name}: the region {nameless.id} has no name; complete the table")
    ids = pd.Series([row.id for row in kept], dtype=np.int64)
    if ids.duplicated().any():
        twice = int(ids[ids.duplicated()].iloc[0])
        both = " and ".join(repr(row.name) for row in kept if row.id == twice)
        raise AtlasError(f"{path.name} gives the id {twice} more than once ({both[:200]}); remove all but one row")
    table = pd.DataFrame({"id": ids, "name": names})
    for column in ("color", "hemisphere", "parent"):
        values = [one_line(getattr(row, column) or "") or None for row in kept]
        if any(values):
            table[column] = values
    return with_sides(table)


def for_label_volume(table: pd.DataFrame) -> pd.DataFrame:
    """The table with the ids that a label volume holds: one more, where they count volumes from 0 (`FROM_ZERO`)."""
    if not table.attrs.get(FROM_ZERO):
        return table
    table = table.assign(id=table["id"] + 1)
    table.attrs = {}
    return table


def content_lines(text: str, comment: str = "#") -> Iterator[tuple[int, str]]:
    """Number from 1 and text of each line that is neither blank nor a comment."""
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip() and not line.lstrip().startswith(comment):
            yield number, line


def whole_number(text: str, where: str, path: Path) -> int:
    """The whole number that a text writes, such as ``12`` or ``12.0``; `where` names the place, for the message.

    Raises
    ------
    AtlasError
        If the text is something else, or does not fit in 64 bits.
    """
    text = text.strip()
    if not _WHOLE.fullmatch(text):
        raise AtlasError(f"{path.name}, {where}: {text[:80]!r} stands where a whole number is expected; correct it")
    return int(text.split(".")[0])


def is_whole_number(text: str) -> bool:
    """Whether a text writes a whole number."""
    return bool(_WHOLE.fullmatch(text.strip()))


def color_of(parts: Iterable[str], unit: bool = False) -> str | None:
    """``#rrggbb`` of red, green and blue in 0..255, or in 0..1 if `unit`; None where they are no colour."""
    scale = 255 if unit else 1
    try:
        levels = [round(float(part) * scale) for part in parts]
    except (ValueError, OverflowError):
        return None
    if len(levels) != 3 or not all(0 <= level <= 255 for level in levels):
        return None
    return "#{:02x}{:02x}{:02x}".format(*levels)


def hex_color(text: str) -> str | None:
    """``#rrggbb`` of a hexadecimal colour with or without ``#`` and opacity; None where it is none."""
    match = _HEX_COLOR.fullmatch(text.strip())
    return f"#{match[1].lower()}" if match else None


def side(text: str) -> str | None:
    """``left`` or ``right`` of ``L``, ``lh``, ``Left hemisphere`` and the like; None for anything else."""
    word = text.strip().lower().removesuffix("hemisphere").strip()
    return _SIDES.get(word)
