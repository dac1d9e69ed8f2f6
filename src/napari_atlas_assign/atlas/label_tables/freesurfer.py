"""FreeSurfer ColorLUT: number, name, R, G, B and A (transparency, usually 0), sometimes a tissue class.

3D Slicer tables and many others have the same columns.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from ...errors import AtlasError
from ...tables.frames import pd
from .table import Row, color_of, content_lines, is_whole_number, make_table, unquoted, whole_number

NAME = "FreeSurfer ColorLUT"
PRECEDENCE = 60


def sniff(text: str, path: Path) -> bool:
    """Whether the first row is a number, a name and four or five numbers."""
    if text.lstrip().lower().startswith("# color table file"):
        return False  # 3D Slicer's
    first = next(content_lines(text), None)
    return first is not None and _cells(first[1]) is not None


def parse(text: str, path: Path) -> pd.DataFrame:
    """Read the table."""
    return make_table(_rows(text, path), path)


def _rows(text: str, path: Path) -> Iterator[Row]:
    for number, line in content_lines(text):
        where = f"line {number}"
        cells = _cells(line, below=True)
        if cells is None:
            raise AtlasError(f"{path.name}, {where}: not a number, a name and R G B A; correct {line[:80]!r}")
        id_, name, rgb = cells
        yield Row(whole_number(id_, where, path), name, color_of(rgb))


def _cells(line: str, below: bool = False) -> tuple[str, str, list[str]] | None:
    """Number, name and R, G, B; None where the columns are others. Below the first row, a name may be a number."""
    cells = line.split()
    for n_last in (5, 4):  # R G B A, with or without the tissue class
        name, last = cells[1:-n_last], cells[-n_last:]
        is_name = not all(map(is_whole_number, name)) or (below and len(name) == 1)
        if name and is_name and all(map(is_whole_number, [cells[0], *last])):
            return cells[0], unquoted(" ".join(name)), last[:3]
    return None
