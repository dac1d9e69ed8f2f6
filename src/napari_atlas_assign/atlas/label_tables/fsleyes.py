"""FSLeyes lookup tables (.lut): value, R, G, B (0 to 1, or 0 to 255), name."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ...errors import AtlasError
from .table import Row, color_of, content_lines, is_whole_number, make_table, whole_number

NAME = "FSLeyes lookup table"


def sniff(text: str, path: Path) -> bool:
    """Whether the first row is a whole number, three numbers and a name that is not quoted."""
    first = next(content_lines(text), None)
    cells = first[1].split(None, 4) if first else []
    return (
        len(cells) == 5
        and is_whole_number(cells[0])
        and all(_is_level(cell) for cell in cells[1:4])
        and not cells[4].split()[0].replace(".", "").isdecimal()
    )


def parse(text: str, path: Path) -> pd.DataFrame:
    """Read the table; colours are in 0..255 if any level is above 1."""
    rows = []
    for number, line in content_lines(text):
        where = f"line {number}"
        cells = line.split(None, 4)
        if len(cells) < 5 or not all(_is_level(cell) for cell in cells[1:4]):
            raise AtlasError(f"{path.name}, {where}: not a number, R G B and a name; correct {line[:80]!r}")
        rows.append((whole_number(cells[0], where, path), cells[1:4], cells[4]))
    unit = all(float(level) <= 1 for _, rgb, _ in rows for level in rgb)
    return make_table((Row(id_, name, color_of(rgb, unit)) for id_, rgb, name in rows), path)


def _is_level(text: str) -> bool:
    try:
        return 0 <= float(text) <= 255
    except ValueError:
        return False
