"""MRIcron and MRIcroGL text: number and name on each line, parted by a tab or blanks; further columns are dropped.

WFU PickAtlas lists (``[Atlas]`` on top) and SPM's plain lists read alike.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pandas as pd

from ...errors import AtlasError
from .table import Row, content_lines, is_whole_number, make_table, whole_number

NAME = "MRIcron text"

_ROW = re.compile(r"(\S+?)[\s,;]+(.+)")
_ROW_WITH_CODE = re.compile(r"\S+\s+\S+\s+\d{4,}")


def sniff(text: str, path: Path) -> bool:
    """Whether the first row is a whole number and then text."""
    first = next(_lines(text), None)
    match = _ROW.fullmatch(first[1]) if first else None
    return match is not None and is_whole_number(match[1]) and any(letter.isalpha() for letter in match[2])


def parse(text: str, path: Path) -> pd.DataFrame:
    """Read the table."""
    return make_table(_rows(text, path), path)


def _rows(text: str, path: Path) -> Iterator[Row]:
    lines = list(_lines(text))
    # "1 Precentral_L 2001" on every line: the last column is AAL's code, not part of the name.
    coded = all(_ROW_WITH_CODE.fullmatch(line) for _, line in lines)
    for number, line in lines:
        where = f"line {number}"
        match = _ROW.fullmatch(line)
        if match is None:
            raise AtlasError(f"{path.name}, {where}: not a number and a name; correct {line[:80]!r}")
        name = match[2].split("\t")[0]
        yield Row(whole_number(match[1], where, path), (name.split()[0] if coded else name).strip('" '))


def _lines(text: str) -> Iterator[tuple[int, str]]:
    stripped = ((number, line.strip()) for number, line in content_lines(text))
    return ((number, line) for number, line in stripped if not (line.startswith("[") and line.endswith("]")))
