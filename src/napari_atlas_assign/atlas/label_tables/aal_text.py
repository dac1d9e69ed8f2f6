"""The AAL toolbox's ROI text: short name, name, index, separated by tabs; indices such as 2001, 2002, 2101."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from ...errors import AtlasError
from .table import Row, content_lines, is_whole_number, make_table, whole_number

NAME = "AAL ROI text"


def sniff(text: str, path: Path) -> bool:
    """Whether the first row is two words and a whole number."""
    first = next(content_lines(text), None)
    cells = first[1].split() if first else []
    return len(cells) == 3 and is_whole_number(cells[2]) and not is_whole_number(cells[0])


def parse(text: str, path: Path) -> pd.DataFrame:
    """Read the table; the short names are dropped."""
    return make_table(_rows(text, path), path)


def _rows(text: str, path: Path) -> Iterator[Row]:
    for number, line in content_lines(text):
        where = f"line {number}"
        cells = [cell.strip() for cell in (line.split("\t") if "\t" in line else line.split())]
        if len(cells) != 3:
            raise AtlasError(f"{path.name}, {where}: not a short name, a name and a number; correct {line[:80]!r}")
        yield Row(whole_number(cells[2], where, path), cells[1])
