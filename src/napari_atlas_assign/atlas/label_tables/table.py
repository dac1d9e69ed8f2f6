"""What the label-table dialects share: lines, numbers, colours, and the finished table.

A table has one row per region, in the order of the file, with the columns ``id`` (int64) and ``name``; where the file
tells at least one of them also ``color`` (``#rrggbb``), ``hemisphere`` (``left`` or ``right``), ``parent`` (a name) and
``abbreviation``, and ``file`` where each region lies in an image of its own.
Where no column tells hemispheres, the names may (see `sides`).
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ...encoding import one_line
from ...errors import AtlasError
from ...tables.frames import pd
from .hemispheres import with_sides

MAX_ROWS = 200_000
"""More rows than any atlas has regions."""

FROM_ZERO = "counts volumes from 0"
"""Key in ``table.attrs``: the ids are numbers of volumes from 0, and a label volume holds id + 1 (FSL)."""

BY_ROW = "counted by row"
"""Key in ``table.attrs``: the file gives no numbers, the ids (from 0) count its rows, and a title may be among them."""

_WHOLE = re.compile(r"[+-]?[0-9]{1,18}(\.0*)?")
_HEX_COLOR = re.compile(r"#?([0-9a-fA-F]{6})([0-9a-fA-F]{2})?")
_RGB = re.compile(r"\"?rgba?\(\s*(\d{1,3})[,;\s]+(\d{1,3})[,;\s]+(\d{1,3})([,;\s/]+[\d.]+)?\s*\)\"?", re.IGNORECASE)
_LEVELS = re.compile(r"[\[(]?\s*(\d{1,3})[\s,;]+(\d{1,3})[\s,;]+(\d{1,3})\s*[\])]?")
_SIDES = {"l": "left", "lh": "left", "left": "left", "r": "right", "rh": "right", "right": "right"}
_BOTH = ("b", "both", "bilateral", "bi", "lr", "m", "mid", "midline", "n/a", "none")


@dataclass(frozen=True)
class Row:
    """One region, as a dialect found it; None or an empty text where the file does not tell."""

    id: int
    name: str
    color: str | None = None
    hemisphere: str | None = None
    parent: str | None = None
    abbreviation: str | None = None
    file: str | None = None
    """The image that holds this region alone."""


@dataclass(frozen=True)
class Wanted:
    """The numbers that a table has to name."""

    numbers: NDArray[np.int64]
    """(N,): an image's labels, rising, or its volumes, counted from 0."""
    volumes: bool = False
    """Whether these are volumes, which tables may count from 1, too."""

    def share(self, ids: Sequence[int]) -> float:
        """Part of the numbers that a column of ids has."""
        if not len(self.numbers):
            return 0.0
        known = [number for number in ids if number < 2**63]
        shares = [float(np.isin(self.numbers + shift, known).mean()) for shift in range(1 + self.volumes)]
        return max(shares)

    @property
    def count(self) -> int:
        """How many rows a table has that counts regions by row: a label is the number of its row, from 1."""
        return len(self.numbers) if self.volumes else int(self.numbers.max(initial=0))


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
    kept = list(dict.fromkeys(kept))  # a row that stands there twice is one row
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
    for column in ("color", "hemisphere", "parent", "abbreviation", "file"):
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


def is_number(text: str) -> bool:
    """Whether a text writes a finite number."""
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


def unquoted(text: str) -> str:
    """The text without the quotation marks around it, if there is one on either side."""
    text = text.strip()
    return text[1:-1].strip() if len(text) > 1 and text[0] == text[-1] == '"' and '"' not in text[1:-1] else text


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


def hex_color(text: str, sure: bool = False) -> str | None:
    """``#rrggbb`` of a hexadecimal colour with or without ``#`` and opacity, or of three levels; None where it is none.

    With `sure`, digits without ``#`` are none.
    """
    match = _HEX_COLOR.fullmatch(text.strip())
    if match:
        return f"#{match[1].lower()}" if not sure or "#" in text else None
    levels = _LEVELS.fullmatch(text.strip())
    return color_of(levels.groups()) if levels else None


def hex_rgb(text: str) -> str:
    """The text with colours such as ``rgb(255, 0, 0)``, whose commas part no columns, as ``#ff0000``."""
    return _RGB.sub(lambda match: color_of(match.groups()[:3]) or match[0], text)


def side(text: str) -> str | None:
    """``left`` or ``right`` of ``L``, ``lh``, ``Left hemisphere`` and the like; None for anything else."""
    return _SIDES.get(_side_word(text))


def is_side(text: str) -> bool:
    """Whether a text names a hemisphere, or both."""
    return _side_word(text) in _SIDES or _side_word(text) in _BOTH


def _side_word(text: str) -> str:
    return text.strip().lower().removesuffix("hemisphere").strip()
