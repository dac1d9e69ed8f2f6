"""One column of the region tables of many maps as a table of maps by regions, as statistics over subjects need it."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from itertools import groupby

from ..assignment.columns import REGIONS
from ..errors import InputError
from .combine import ColumnKinds, tsv_line
from .work import ORIGIN

_NUMBERS = ("number", "fraction")


def check_matrix_column(name: str, columns: Sequence[str]) -> None:
    """Raise an InputError for what is none of the columns of numbers that the region tables have."""
    possible = [column for column in columns if REGIONS[column].kind in _NUMBERS]
    if name not in possible:
        raise InputError(f"the table of regions has no numbers {name!r}; give one of {', '.join(possible)}")


def matrix_rows(
    columns: ColumnKinds, rows: bytes, name: str, besides: Mapping[str, str] | None = None
) -> tuple[ColumnKinds, bytes]:
    """The rows of region tables, one map after the other, as one row per map; and the columns of these.

    Columns are named by the region's number and its name, ancestors without a number by their name; of several atlases,
    by that of the atlas first. `besides` are more cells of these maps, by the names of their columns.
    """
    besides = besides or {}
    names = [column for column, _ in columns]
    lines = csv.DictReader(io.StringIO(rows.decode("utf-8", "backslashreplace"), newline=""), names, delimiter="\t")
    regions: dict[str, None] = {}
    wide = []
    for origin, of_map in groupby(lines, lambda line: [line[part] for part in ORIGIN]):
        cells = {_region(line): line[name] for line in of_map}
        regions |= dict.fromkeys(cells)
        wide.append((origin, cells))
    kinds = {column: kind for column, kind in columns}
    heads = [*((part, kinds[part]) for part in ORIGIN), *((more, "text") for more in besides)]
    lines_of_maps = (
        tsv_line([*origin, *besides.values(), *(cells[region] for region in regions)]) for origin, cells in wide
    )
    return [*heads, *((region, "number") for region in regions)], b"".join(lines_of_maps)


def _region(line: dict[str, str]) -> str:
    number = "" if line["region id"] == "n/a" else f"{line['region id']} "
    atlas = f"{line['atlas']}: " if "atlas" in line else ""
    return f"{atlas}{number}{line['region']}"
