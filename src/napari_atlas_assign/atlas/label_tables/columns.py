"""Which column of a table with names for its columns means what."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from ...errors import AtlasError
from .table import MAX_ROWS, Row, color_of, hex_color, is_whole_number, side, whole_number

COLUMNS = {
    "id": (
        "index", "labelvalue", "annotationvalue", "grayvalue", "labelid", "labelindex", "labelnumber", "regionid",
        "regionindex", "regionnumber", "roiid", "roiindex", "roinumber", "parcelid", "parcelindex", "structureid",
        "intensity", "value", "idx", "id", "key", "number", "num", "no", "component", "label", "roi", "region",
    ),
    "name": (
        "name", "labelname", "regionname", "roiname", "parcelname", "areaname", "structurename", "fullname", "longname",
        "difumonames", "region", "regions", "structure", "area", "label", "labels", "roi", "rois", "parcel",
        "anatomicalname", "description", "shortname", "abbreviation", "acronym",
    ),
    "color": ("color", "colour", "hex", "hexcolor", "colorhex", "colorhextriplet"),
    "hemisphere": ("hemisphere", "hemi", "hem", "side", "laterality"),
    "parent": ("parent", "parentname", "parentregion", "parentstructure", "parentlabel"),
    "parent_id": ("parentid", "parentidentifier", "parentindex", "parentstructureid"),
    "red": ("r", "red", "colorr"),
    "green": ("g", "green", "colorg"),
    "blue": ("b", "blue", "colorb"),
}  # fmt: skip
"""For each meaning the spellings that have it, the surest first; case, blanks and punctuation do not count."""


@dataclass(frozen=True)
class Columns:
    """Number of the column of each meaning; meanings without a column are missing."""

    place: dict[str, int]

    @classmethod
    def find(cls, header: Sequence[str]) -> Columns | None:
        """Look up the columns of a header; None unless it names one column of ids and another of names."""
        if any(is_whole_number(name) for name in header):
            return None
        plain = [re.sub(r"[\W_]+", "", name.lower()) for name in header]
        place: dict[str, int] = {}
        for meaning, spellings in COLUMNS.items():
            # "label" and "region" may be either: what serves as the id is no name.
            found = next((s for s in spellings if s in plain and plain.index(s) not in place.values()), None)
            if found is not None:
                place[meaning] = plain.index(found)
        return cls(place) if {"id", "name"} <= place.keys() else None


def rows_of(columns: Columns, lines: Iterable[tuple[str, Sequence[str]]], path: Path) -> Iterator[Row]:
    """Yield the region of each line, given as where it stands (``line 3``) and its cells.

    A parent that is given by its id is named.
    """
    lines = list(islice(lines, MAX_ROWS + 1))  # one too many, for `make_table` to refuse
    rows = [_row(columns, where, cells, path) for where, cells in lines]
    by_id = {str(row.id): row.name for row in rows}
    for (_, cells), row in zip(lines, rows, strict=True):
        parent = _cell(columns, cells, "parent")
        parent = by_id.get(parent, parent) or by_id.get(_cell(columns, cells, "parent_id").removesuffix(".0"), "")
        yield Row(row.id, row.name, row.color, row.hemisphere, parent)


def _row(columns: Columns, where: str, cells: Sequence[str], path: Path) -> Row:
    name = _cell(columns, cells, "name")
    if len(cells) <= max(columns.place["id"], columns.place["name"]):
        raise AtlasError(f"{path.name}, {where}: there are {len(cells)} columns, fewer than in the header; complete it")
    if not name:
        raise AtlasError(f"{path.name}, {where}: the region has no name; complete it")
    color = hex_color(_cell(columns, cells, "color"))
    if color is None and {"red", "green", "blue"} <= columns.place.keys():
        color = color_of(_cell(columns, cells, part) for part in ("red", "green", "blue"))
    number = whole_number(_cell(columns, cells, "id"), where, path)
    return Row(number, name, color, side(_cell(columns, cells, "hemisphere")))


def _cell(columns: Columns, cells: Sequence[str], meaning: str) -> str:
    place = columns.place.get(meaning, len(cells))
    text = cells[place].strip() if place < len(cells) else ""
    return "" if text.lower() in ("n/a", "nan", "none", "null") else text
