"""Tables with a header: CSV, TSV, or columns separated by semicolons or blanks.

AtlasReader (``index,name``), BIDS (``index  name  abbreviation  color  mapping``), TemplateFlow's deviations, DiFuMo
(``Component  Difumo_names ...``), newer 3D Slicer tables (``LabelValue,Name,Color_R,...``), and whatever else names its
columns: the header is looked up in `columns.COLUMNS`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path

import pandas as pd

from ...errors import AtlasError
from .columns import Columns, rows_of
from .table import content_lines, make_table

NAME = "delimited"

_DELIMITERS = ("\t", ",", ";", None)


def sniff(text: str, path: Path) -> bool:
    """Whether the first line names a column of ids and one of names."""
    return _header(text) is not None


def parse(text: str, path: Path) -> pd.DataFrame:
    """Read the table; blank lines, and comments before the header or among the rows, are skipped."""
    header = _header(text)
    if header is None:
        raise AtlasError(
            f"{path.name} has no header that names a column of numbers (index, id, label, ...) and one of names; add it"
        )
    start, delimiter, n_columns, columns = header
    lines = ((number, line) for number, line in content_lines(text) if number > start)
    rows = ((f"line {number}", _split(line, delimiter, n_columns)) for number, line in lines)
    return make_table(rows_of(columns, _no_longer_than(n_columns, rows, path), path), path)


def _no_longer_than(
    n_columns: int, rows: Iterable[tuple[str, list[str]]], path: Path
) -> Iterator[tuple[str, list[str]]]:
    """Pass rows on, unless a name was parted that should have stood in quotation marks."""
    for where, cells in rows:
        if any(cells[n_columns:]):
            raise AtlasError(
                f"{path.name}, {where}: there are {len(cells)} columns, more than in the header; "
                "put names that hold the separator in quotation marks"
            )
        yield where, cells


def _header(text: str) -> tuple[int, str | None, int, Columns] | None:
    """Line number, delimiter, number and meaning of the columns, told by the first line or the first row.

    The first line may be commented out, but then tabs, commas or semicolons must part it: else it is prose.
    """
    for number, line in _first_lines(text):
        commented = line.lstrip().startswith("#")
        for delimiter in _DELIMITERS[:-1] if commented else _DELIMITERS:
            names = _split(line.lstrip("# \t") if commented else line, delimiter)
            columns = Columns.find(names)
            # Where blanks part the columns, a line of prose could pass for a header.
            if columns is not None and (delimiter or columns.place["id"] == 0):
                return number, delimiter, len(names), columns
    return None


def _first_lines(text: str) -> Iterator[tuple[int, str]]:
    yield from islice(content_lines(text, comment="\0"), 1)
    yield from islice(content_lines(text), 1)


def _split(line: str, delimiter: str | None, n_columns: int = 0) -> list[str]:
    if delimiter is None:
        return line.split(None, n_columns - 1)  # the last column may hold blanks
    try:
        # Line by line: a lone quotation mark then spoils one name, not the rest of the file.
        cells = next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error:
        cells = line.split(delimiter)
    return [cell.strip() for cell in cells]
