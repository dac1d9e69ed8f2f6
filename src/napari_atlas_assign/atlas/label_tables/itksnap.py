"""ITK-SNAP label descriptions: number, R, G, B, A (0 to 1), two visibilities, name in quotation marks."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from ...errors import AtlasError
from ...tables.frames import pd
from .table import Row, color_of, content_lines, make_table, whole_number

NAME = "ITK-SNAP label description"
PRECEDENCE = 50

_ROW = re.compile(
    r'\s*(?P<id>\S+)\s+(?P<rgb>\d+\s+\d+\s+\d+)\s+[\d.eE+-]+\s+\d+\s+\d+\s+"(?P<name>.*)"\s*',
)


def sniff(text: str, path: Path) -> bool:
    """Whether the first row is seven numbers and a quoted name."""
    first = next(content_lines(text), None)
    return first is not None and _ROW.fullmatch(first[1]) is not None


def parse(text: str, path: Path) -> pd.DataFrame:
    """Read the table; label 0 is "Clear Label"."""
    return make_table(_rows(text, path), path)


def _rows(text: str, path: Path) -> Iterator[Row]:
    for number, line in content_lines(text):
        where = f"line {number}"
        match = _ROW.fullmatch(line)
        if match is None:
            raise AtlasError(f'{path.name}, {where}: not "number R G B A visible mesh "name""; correct {line[:80]!r}')
        yield Row(whole_number(match["id"], where, path), match["name"], color_of(match["rgb"].split()))
