"""The groups of subjects that the maps of a batch are of, and their region tables by group."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from ..assignment.columns import DESCRIPTION, GROUPS
from ..assignment.regions.groups import groups_of, summarised, values_of_subjects
from ..atlas.build import stem
from ..atlas.files.pairs import read_pairs
from ..errors import InputError
from ..tables.frames import pd
from .combine import ColumnKinds, TableWriter, tsv_line
from .inputs import MapFile
from .work import MapKey, key_of


class GroupTables(NamedTuple):
    """What the subjects have in every region."""

    described: pd.DataFrame
    """What each row is of."""
    values: pd.DataFrame
    """(subjects, rows)."""
    group_of: dict[str, str]
    summary: pd.DataFrame
    """Columns `columns.GROUPS`."""


class Design:
    """Which subject each map is of, and the group of each subject; takes the region tables one by one.

    Parameters
    ----------
    path : Path
        A table (TSV or CSV) with the columns ``subject`` and ``group``. A map is of the subject that has its name, or
        whose name its file's begins with, before an underscore, as in BIDS.
    maps : sequence of MapFile
    column : str
        Of the region tables.

    Raises
    ------
    InputError
        If the table cannot be read, or maps and subjects do not fit one to one.
    """

    def __init__(self, path: Path, maps: Sequence[MapFile], column: str) -> None:
        group_of = read_pairs(path, "subject")
        self.column = column
        self.subject_of: dict[MapKey, str] = {key_of(file): _subject(file, group_of, path.name) for file in maps}
        of_maps = list(self.subject_of.values())
        for subject in of_maps:
            if of_maps.count(subject) > 1:
                raise InputError(f"{path.name}: {subject!r} fits several maps; give one map for each subject")
        self.group_of = groups_of(path, of_maps)
        self._tables: dict[str, pd.DataFrame] = {}

    def cells(self, file: MapFile) -> dict[str, str]:
        """What the table of maps by regions says of a map besides."""
        subject = self.subject_of[key_of(file)]
        return {"subject": subject, "group": self.group_of[subject]}

    def add(self, file: MapFile, columns: ColumnKinds, rows: bytes) -> None:
        """Take the region table of a map, as the rows of a TSV file."""
        names = [name for name, _ in columns]
        wanted = [name for name in ("atlas", *DESCRIPTION, self.column) if name in names]
        table = pd.read_csv(
            io.BytesIO(rows), sep="\t", names=names, usecols=wanted, na_values="n/a", keep_default_na=False,
            encoding_errors="backslashreplace", converters={self.column: _number},
            dtype={"region id": "Int64", "level": "Int64"},
        )  # fmt: skip
        if len({line.split(b"\t", 2)[1] for line in rows.splitlines()}) > 1:
            raise InputError(
                f"{file.file} holds several maps; give one map for each subject, or choose it with --volume"
            )
        self._tables[self.subject_of[key_of(file)]] = table

    def tables(self) -> GroupTables | None:
        """The region tables of all maps that were taken; None where none was."""
        if not self._tables:
            return None
        described, values = values_of_subjects(self._tables, self.column)
        group_of = {name: group for name, group in self.group_of.items() if name in self._tables}
        return GroupTables(described, values, group_of, summarised(described, values, group_of))


def write_groups(table: pd.DataFrame, writer: TableWriter) -> None:
    """Write the table of regions by group."""
    kinds = [(str(name), GROUPS[str(name)].kind if name in GROUPS else "text") for name in table]
    rows = table.astype(object).where(table.notna(), None).itertuples(index=False)
    writer.add(kinds, b"".join(map(tsv_line, rows)))


def _subject(file: MapFile, group_of: dict[str, str], design: str) -> str:
    own = stem(file.path)
    for name in (file.name, own):
        if name in group_of:
            return str(name)
    begins = [subject for subject in group_of if own.startswith(f"{subject}_")]
    if not begins:
        raise InputError(f"{design} has no subject for the map {file.file}; add a line for {file.name or own!r}")
    return max(begins, key=len)


def _number(cell: str) -> float:
    return float("nan") if cell == "n/a" else float(cell)
