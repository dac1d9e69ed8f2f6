"""Label tables: which number is which region.

Each dialect is one module with ``NAME``, ``sniff(text, path)`` (told by content) and ``parse(text, path)``.
"""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from ...errors import AtlasError
from ..files.text import parse_json, read_text
from . import aal_text, afni, delimited, freesurfer, fsleyes, itksnap, json_lists, mricron, slicer, xml_lists
from .table import for_label_volume

__all__ = ["DIALECTS", "for_label_volume", "is_table", "parse_table", "read_table"]

DIALECTS = (afni, xml_lists, json_lists, slicer, itksnap, freesurfer, fsleyes, delimited, aal_text, mricron)
"""The dialects, those that are told apart more surely first: the first that fits reads the table."""


def read_table(path: Path) -> pd.DataFrame:
    """Read a label table of any dialect.

    Parameters
    ----------
    path : Path
        Text in UTF-8, UTF-16 with a byte order mark, or Latin-1, at most 20 MiB.

    Returns
    -------
    DataFrame
        One row per region, in the order of the file: ``id`` (int64), ``name``; where known ``color`` (``#rrggbb``),
        ``hemisphere`` (left or right), ``parent`` (a name). Rows for the background (id 0) are kept.

    Raises
    ------
    AtlasError
        If the file cannot be read, is of no dialect, gives an id twice, or has text where a number is expected.
    """
    return parse_table(read_text(path), path)


def parse_table(text: str, path: Path) -> pd.DataFrame:
    """Read a label table that was found in a file; see `read_table`."""
    if path.suffix.lower() == ".json":
        parse_json(text, path.name)  # which says what is wrong with it
    for dialect in DIALECTS:
        if dialect.sniff(text, path):
            return dialect.parse(text, path)
    raise AtlasError(
        f"{path.name} is no label table that is known (tried {', '.join(d.NAME for d in DIALECTS)}); "
        "give a table with the columns index and name"
    )


def is_table(path: Path) -> bool:
    """Whether a file looks like a label table, and not like a binary colour map, say, or JSON of other content."""
    try:
        text = read_text(path)
    except AtlasError:
        return False
    return any(dialect.sniff(text, path) for dialect in DIALECTS)
