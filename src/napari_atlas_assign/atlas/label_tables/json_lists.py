"""JSON lists of labels.

=====================================================================================  ============
``{"R": [], "G": [], "B": [], "labels": [], "I": []}`` (``I`` optional: 0, 1, 2, ...)  NiiVue
``{"JulichBrainAtlas": {"Structures": {"Structure": [{"grayvalue": 1, "name": ""}]}}}`` Julich-Brain
``[{"id": 1, "name": "", "rgb_triplet": [255, 0, 0], "parent": ""}, ...]``             lists
``{"rois": [{"index": 1, "label": ""}, ...]}``, ``{"regions": ["", ...]}``             lists under a key
``{"index": [1, ...], "name": ["", ...]}``, ``[[1, ""], ...]``                         columns, pairs
``{"1": "Name", ...}``, ``{"Name": 1, ...}``, ``{"1": {"name": ""}, ...}``             mappings
=====================================================================================  ============

Regions without numbers are counted from 0.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

from ...errors import AtlasError
from ...tables.frames import pd
from ..files.text import parse_json
from .columns import IDS, ColumnRoles, is_header, rows_of
from .table import BY_ROW, FROM_ZERO, Row, color_of, is_whole_number, make_table, whole_number

NAME = "JSON label list"
PRECEDENCE = 30

_DEEPEST = 4
"""How many keys may stand above a list."""

Reader = Callable[[Any, Path], Iterable[Row]]


def sniff(text: str, path: Path) -> bool:
    """Whether this is JSON with a list of one of the shapes."""
    if not text.lstrip().startswith(("{", "[")):
        return False
    try:
        return _shape(parse_json(text, path.name)) is not None
    except AtlasError:
        return False


def parse(text: str, path: Path) -> pd.DataFrame:
    """Read the list; ``attrs[BY_ROW]`` is set where regions are counted by their place in it."""
    shape = _shape(parse_json(text, path.name))
    if shape is None:
        raise AtlasError(f"{path.name} holds no known list of labels; give NiiVue's {{labels: [...]}}, or a table")
    content, reader = shape
    table = make_table(reader(content, path), path)
    if reader is _strings or (reader is _records and "id" not in _columns(content).place):
        table.attrs |= {FROM_ZERO: True, BY_ROW: True}
    return table


def _shape(content: Any, depth: int = 0) -> tuple[Any, Reader] | None:
    """The first part of the content that lists labels, and the function that reads it; None where there is none."""
    if isinstance(content, dict):
        if columns := _columns_as_records(content):
            return columns, _records
        if _is_niivue(content):
            return content, _niivue
        if content and all(is_whole_number(key) and isinstance(value, (str, dict)) for key, value in content.items()):
            return content, _mapping
        if content and all(isinstance(v, int) and not isinstance(v, bool) for v in content.values()):
            return (content, _inverse) if len(set(content.values())) == len(content) > 1 else None
        parts = (_shape(value, depth + 1) for value in content.values()) if depth < _DEEPEST else iter(())
        return next((part for part in parts if part is not None), None)
    if isinstance(content, list) and content:
        if all(isinstance(entry, str) for entry in content):
            return (content, _strings) if len(content) > 1 and depth < 2 else None
        if all(map(_is_pair, content)):
            return [{"id": number, "name": name} for number, name in content], _records
        if isinstance(content[0], dict) and _is_list_of_labels([str(key) for key in content[0]]):
            return content, _records
    return None


def _is_pair(entry: Any) -> bool:
    """Whether an entry is a number and a name."""
    return isinstance(entry, list) and [type(part) for part in entry] == [int, str]


def _columns_as_records(content: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of ``{"index": [1, 2], "name": ["", ""]}``; none where the lists differ in length, or are no columns."""
    lists = {str(key): value for key, value in content.items() if isinstance(value, list) and value}
    ids = [key for key in lists if re.sub(r"[\W_]+", "", key.lower()) in IDS]
    if not ids or not is_header(list(lists)) or len({len(value) for value in lists.values()}) > 1:
        return []
    return [dict(zip(lists, row, strict=True)) for row in zip(*lists.values(), strict=True)]


def _is_list_of_labels(keys: list[str]) -> bool:
    return is_header(keys)


def _is_niivue(content: dict[str, Any]) -> bool:
    labels = content.get("labels")
    return isinstance(labels, list) and not any(isinstance(label, (dict, list)) for label in labels)


def _niivue(content: dict[str, Any], path: Path) -> Iterator[Row]:
    labels = content["labels"]
    numbers = content.get("I", list(range(len(labels))))
    if not isinstance(numbers, list) or len(numbers) != len(labels):
        raise AtlasError(f"{path.name}: the lists I and labels differ in length; repair it")
    levels = [content.get(part) for part in "RGB"]
    coloured = all(isinstance(level, list) and len(level) == len(labels) for level in levels)
    for n, (number, name) in enumerate(zip(numbers, labels, strict=True)):
        color = color_of(str(level[n]) for level in levels) if coloured else None  # type: ignore[index]
        # NiiVue leaves the names of values that do not occur empty.
        if str(name).strip():
            yield Row(whole_number(str(number), f"label {n}", path), str(name), color)


def _mapping(content: dict[str, Any], path: Path) -> Iterator[Row]:
    for key, value in content.items():
        records = [{"id": key} | value] if isinstance(value, dict) else []
        yield from _records(records, path) if records else [Row(whole_number(key, "key", path), str(value))]


def _inverse(content: dict[str, int], path: Path) -> Iterator[Row]:
    for name, number in content.items():
        yield Row(whole_number(str(number), name, path), name)


def _strings(content: list[str], path: Path) -> Iterator[Row]:
    return (Row(n, name) for n, name in enumerate(content))


def _records(content: list[Any], path: Path) -> Iterator[Row]:
    """Regions of a list of mappings, all with the keys of the first."""
    keys = [str(key) for key in content[0]] if isinstance(content[0], dict) else []
    if not is_header(keys) or not all(isinstance(record, dict) for record in content):
        raise AtlasError(f"{path.name}: not every region has a number and a name; complete it")
    cells = [(f"entry {n}", row) for n, row in enumerate(_cells(content, keys), 1)]
    return rows_of(_columns(content), cells, path)


def _columns(content: list[Any]) -> ColumnRoles:
    keys = [str(key) for key in content[0]]
    return ColumnRoles.judge(keys, _cells(content, keys)) or ColumnRoles({"name": 0})


def _cells(content: list[Any], keys: list[str]) -> list[list[str]]:
    return [[_cell(record.get(key)) for key in keys] for record in content]


def _cell(value: Any) -> str:
    if value is None or isinstance(value, (dict, bool)):
        return ""
    if isinstance(value, list):
        return (color_of(map(str, value)) if len(value) == 3 else None) or ""
    return str(value)
