"""Label tables: which number is which region.

Each dialect is one module with ``NAME``, ``PRECEDENCE`` (the order in which they are asked), ``sniff(text, path)``
(told by content) and ``parse(text, path)``. Where a table may lie is told by `beside`, and which one fits an image by
`choice`.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from ...errors import AtlasError, counted
from ...tables.frames import pd
from ..dialects import dialects_in
from ..files.text import parse_json, read_text
from . import text_table
from .table import BY_ROW, FROM_ZERO, Wanted, for_label_volume

__all__ = ["Wanted", "dialects", "for_label_volume", "is_table", "parse_table", "read_table"]


@cache
def dialects() -> tuple[Any, ...]:
    """The dialects, those that are told apart more surely first: the first that fits reads the table."""
    return dialects_in(__package__)


def read_table(path: Path, wanted: Wanted | None = None) -> pd.DataFrame:
    """Read a label table of any dialect.

    Parameters
    ----------
    path : Path
        Text in UTF-8, UTF-16 with a byte order mark, or Latin-1, at most 20 MiB.
    wanted : Wanted, optional
        The numbers that an image has: of several columns of numbers, the one that fits holds the ids; where regions are
        counted by row, a title is told by their count; and ids come as the image counts.

    Returns
    -------
    DataFrame
        One row per region, in the order of the file: ``id`` (int64), ``name``; where known ``color`` (``#rrggbb``),
        ``hemisphere`` (left or right), ``parent`` (a name), ``abbreviation``. Rows for the background are kept.

    Raises
    ------
    AtlasError
        If the file cannot be read, is of no dialect, gives an id twice, has text where a number is expected, or counts
        regions by row and has too few.
    """
    return parse_table(read_text(path), path, wanted)


def parse_table(text: str, path: Path, wanted: Wanted | None = None) -> pd.DataFrame:
    """Read a label table that was found in a file; see `read_table`."""
    if path.suffix.lower() == ".json":
        parse_json(text, path.name)  # which says what is wrong with it
    for dialect in dialects():
        if dialect.sniff(text, path):
            table = text_table.parse(text, path, wanted) if dialect is text_table else dialect.parse(text, path)
            return table if wanted is None else _counted_as(table, wanted, path)
    raise AtlasError(
        f"{path.name} is no label table that is known (tried {', '.join(d.NAME for d in dialects())}); "
        "give a table with the columns index and name"
    )


def _counted_as(table: pd.DataFrame, wanted: Wanted, path: Path) -> pd.DataFrame:
    """The table with the ids by which the image counts."""
    if table.attrs.get(BY_ROW):
        more = len(table) - wanted.count
        if more < 0 or (more > 1 and wanted.volumes):
            what = counted(wanted.count, "volume" if wanted.volumes else "region")
            why = "" if wanted.volumes else ", by its highest label"
            raise AtlasError(
                f"{path.name} has {counted(len(table), 'name')} without numbers, but the image {what}{why}; "
                "give a table with the columns index and name"
            )
        if more == 1:  # a title, or the background
            attrs = table.attrs
            table = table.iloc[1:].assign(id=np.arange(wanted.count)).reset_index(drop=True)
            table.attrs = attrs
    if wanted.volumes or not table.attrs.get(FROM_ZERO):
        return table
    by_row = table.attrs.get(BY_ROW)
    table = for_label_volume(table)
    table.attrs |= {BY_ROW: True} if by_row else {}
    return table


def is_table(path: Path) -> bool:
    """Whether a file looks like a label table, and not like a binary colour map, say, or JSON of other content."""
    try:
        text = read_text(path)
    except AtlasError:
        return False
    return any(dialect.sniff(text, path) for dialect in dialects())
