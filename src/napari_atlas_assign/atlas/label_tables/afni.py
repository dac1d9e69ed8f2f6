"""AFNI label tables (.niml.lt, and attributes of datasets): pairs of quoted strings, or a list of atlas points.

=========================================================  ==================
``<VALUE_LABEL_DTABLE ...> "0" "Unknown"  "122" "L A1"``   VALUE_LABEL_DTABLE
``<ATLAS_POINT ... STRUCT="CSF" VAL="1" ... />``           ATLAS_LABEL_TABLE
=========================================================  ==================
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

from ...errors import AtlasError, counted
from ...tables.frames import pd
from .table import Row, make_table, whole_number

NAME = "AFNI label table"
PRECEDENCE = 10

_PAIRS = re.compile(r"<VALUE_LABEL_DTABLE\b[^<>]*>(?P<pairs>[^<]*)")
_QUOTED = re.compile(r"\"([^\"\n]*)\"|'([^'\n]*)'|([^\s\"']+)")
_POINT = re.compile(r"<ATLAS_POINT\b(?P<attributes>[^<>]*)>")
_ATTRIBUTE = re.compile(r"\b(\w+)\s*=\s*\"([^\"]*)\"")


def sniff(text: str, path: Path) -> bool:
    """Whether one of the two lists is in the text."""
    return "<VALUE_LABEL_DTABLE" in text or "<ATLAS_POINT" in text


def parse(text: str, path: Path) -> pd.DataFrame:
    """Read the first list of pairs, or the atlas points."""
    pairs = _PAIRS.search(text)
    return make_table(_pairs(pairs["pairs"], path) if pairs else _points(text, path), path)


def _pairs(text: str, path: Path) -> Iterator[Row]:
    strings = [unescape("".join(match)) for match in _QUOTED.findall(text)]
    if len(strings) % 2:
        raise AtlasError(
            f"{path.name}: the label table has {counted(len(strings), 'string')}, which are no pairs; repair it"
        )
    for n, (number, name) in enumerate(zip(strings[::2], strings[1::2], strict=True), 1):
        yield Row(whole_number(number, f"pair {n}", path), name)


def _points(text: str, path: Path) -> Iterator[Row]:
    for n, match in enumerate(_POINT.finditer(text), 1):
        attributes = dict(_ATTRIBUTE.findall(match["attributes"]))
        number = whole_number(attributes.get("VAL", ""), f"ATLAS_POINT {n}", path)
        yield Row(number, unescape(attributes.get("STRUCT", "")))
