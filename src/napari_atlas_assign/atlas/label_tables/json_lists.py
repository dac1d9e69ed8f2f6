"""JSON lists of labels: NiiVue colour maps, the sidecars of Julich-Brain maps, and plain lists or mappings.

=====================================================================================  ============
``{"R": [], "G": [], "B": [], "labels": [], "I": []}`` (``I`` optional: 0, 1, 2, ...)  NiiVue
``{"JulichBrainAtlas": {"Structures": {"Structure": [{"grayvalue": 1, "name": ""}]}}}`` Julich-Brain
``[{"id": 1, "name": "", "rgb_triplet": [255, 0, 0], "parent": ""}, ...]``             lists
``{"1": "Name", ...}``                                                                 mappings
=====================================================================================  ============
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from ...errors import AtlasError
from ..files.text import parse_json
from .columns import Columns, rows_of
from .table import Row, color_of, is_whole_number, make_table, whole_number

NAME = "JSON label list"


def sniff(text: str, path: Path) -> bool:
    """Whether this is JSON in one of the four shapes."""
    if not text.lstrip().startswith(("{", "[")):
        return False
    try:
        return _shape(parse_json(text, path.name)) is not None
    except AtlasError:
        return False


def parse(text: str, path: Path) -> pd.DataFrame:
    """Read the list."""
    content = parse_json(text, path.name)
    shape = _shape(content)
    if shape is None:
        raise AtlasError(f"{path.name} holds no known list of labels; give NiiVue's {{labels: [...]}}, or a table")
    return make_table(shape(content, path), path)


def _shape(content: Any) -> Any:
    """The function that reads the content, None where there is none."""
    if isinstance(content, dict):
        if isinstance(content.get("labels"), list):
            return _niivue
        if _structures(content):
            return _julich
        if content and all(is_whole_number(key) and isinstance(value, str) for key, value in content.items()):
            return _mapping
    if isinstance(content, list) and content and isinstance(content[0], dict) and Columns.find(list(content[0])):
        return _records
    return None


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


def _structures(content: dict[str, Any]) -> list[Any]:
    found: Any = content
    for key in ("JulichBrainAtlas", "Structures", "Structure"):
        found = found.get(key) if isinstance(found, dict) else None
    return found if isinstance(found, list) else []


def _julich(content: dict[str, Any], path: Path) -> Iterator[Row]:
    return _records(_structures(content), path)


def _mapping(content: dict[str, str], path: Path) -> Iterator[Row]:
    for key, value in content.items():
        yield Row(whole_number(key, "key", path), value)


def _records(content: list[Any], path: Path) -> Iterator[Row]:
    """Regions of a list of mappings, all with the keys of the first."""
    keys = [str(key) for key in content[0]] if isinstance(content[0], dict) else []
    columns = Columns.find(keys)
    if columns is None or not all(isinstance(record, dict) for record in content):
        raise AtlasError(f"{path.name}: not every region has a number and a name; complete it")
    cells = [(f"entry {n}", [_text(record.get(key)) for key in keys]) for n, record in enumerate(content, 1)]
    return rows_of(columns, cells, path)


def _text(value: Any) -> str:
    if value is None or isinstance(value, (dict, bool)):
        return ""
    if isinstance(value, list):
        return (color_of(map(str, value)) if len(value) == 3 else None) or ""
    return str(value)
