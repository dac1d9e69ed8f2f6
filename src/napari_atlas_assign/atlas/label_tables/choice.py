"""Which of the tables beside an image names its regions: the one that fits its labels, if it is the only one."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ...errors import AtlasError
from ...tables.frames import pd
from ..build import stem
from ..remarks import remark
from . import is_table, read_table
from .background import names_background
from .beside import Candidates, Place, tables_beside
from .table import BY_ROW, Wanted
from .text_table import node_index

_ENOUGH: dict[Place, float] = {"own": 0.5, "shared": 0.5, "folder": 0.9, "above": 0.5, "only": 1.0}
"""Part of an image's labels that a table has to name, by where it lies."""

HOW = "give the table with labels= (command line: --labels)"


@dataclass
class TableChoice:
    """Chooses the table once the image's labels are known, and keeps which one it was.

    Parameters
    ----------
    name : str
        The atlas, for remarks.
    candidates : Candidates
        Where to look.
    own : DataFrame, optional
        Names that the image itself carries.
    """

    name: str
    candidates: Candidates
    own: pd.DataFrame | None = None
    used: Path | None = field(default=None, init=False)
    """The table that was taken, once there is one."""

    def __call__(self, wanted: Wanted) -> pd.DataFrame | None:
        """The table with the ids that the image counts by; None, and one remark, where there is not exactly one."""
        if not len(wanted.numbers):
            return None  # an image without labels is refused, whatever lies beside it
        reasons: list[str] = []
        for place, paths in self.candidates.groups:
            fits = self._fitting(place, paths, wanted, reasons)
            if not fits:
                continue
            tables = [table for _, table in fits] + ([] if self.own is None else [self.own])
            if self.own is None and not all(_same_names(tables[0], table, wanted) for table in tables[1:]):
                names = " and ".join(path.name for path, _ in fits)
                reasons = [f"{names} fit its labels alike, with different names"]
                break
            best = max(tables, key=lambda table: _richness(table, wanted))
            self.used = next((path for path, table in fits if table is best), fits[0][0])
            return _with_columns_of(best, tables)
        if self.own is None:
            self._say(reasons)
        return self.own

    def _fitting(
        self, place: Place, paths: tuple[Path, ...], wanted: Wanted, reasons: list[str]
    ) -> list[tuple[Path, pd.DataFrame]]:
        """The tables of one place that name most of what is wanted; why others do not is added to the reasons."""
        fits: list[tuple[float, Path, pd.DataFrame]] = []
        for path in paths:
            try:
                table = read_table(path, wanted)
            except AtlasError as error:
                if place == "own" and path.suffix.lower() != ".json":
                    reasons.append(f"{path.name} beside it is not understood ({error})")
                continue
            share = fit(table, wanted)
            if "file" in table and table["file"].nunique() > 1:
                continue  # of a folder with one image for each region
            if place == "only" and table.attrs.get(BY_ROW):
                continue  # any table with as many rows would do
            if share >= _ENOUGH[place] and _has_names(table):
                fits.append((share, path, table))
            elif place in ("own", "shared"):
                reasons.append(f"{path.name} beside it does not fit its {'volumes' if wanted.volumes else 'labels'}")
        most = max((share for share, _, _ in fits), default=0)
        return [(path, table) for share, path, table in fits if share == most]

    def _say(self, reasons: list[str]) -> None:
        tables = dict.fromkeys((*self._elsewhere(), *self.candidates.others))
        others = [path.name for path in tables if path.suffix.lower() != ".json" or is_table(path)]
        if not reasons and others:
            some = ", ".join(others[:5]) + (", ..." if len(others) > 5 else "")
            reasons = [f"in its folder lie{'s' if len(others) == 1 else ''} {some}"]
        why = "".join(f"{reason}; " for reason in reasons[:3])
        remark(f"{self.name}: regions are named by their numbers; {why}{HOW}")

    def _elsewhere(self) -> list[Path]:
        return [path for place, paths in self.candidates.groups if place != "own" for path in paths]


def names_for(
    image: Path, labels: Path | None, *, own: pd.DataFrame | None = None, name: str = ""
) -> GivenTable | TableChoice:
    """What names an image's regions: the table that was given, or else the one that `TableChoice` finds."""
    return GivenTable(labels) if labels is not None else TableChoice(name or stem(image), tables_beside(image), own)


def table_files(image: Path, labels: Path | None = None) -> list[Path]:
    """All tables that `names_for` looks at, for the stored index."""
    if labels is None:
        return tables_beside(image).files
    index = node_index(labels)
    return [labels] if index is None else [labels, index]


@dataclass
class GivenTable:
    """The table that the user gave, whatever it is called."""

    used: Path | None

    def __call__(self, wanted: Wanted) -> pd.DataFrame | None:
        """The table with the ids that the image counts by."""
        return None if self.used is None else read_table(self.used, wanted)


def fit(table: pd.DataFrame, wanted: Wanted) -> float:
    """Part of the wanted numbers that a table names, 0 where it is of another image."""
    ids = table["id"].tolist()
    if table.attrs.get(BY_ROW):
        return float(len(table) == wanted.count)
    regions = [id_ for id_ in ids if id_ != 0] if names_background(table) else ids
    if wanted.volumes and regions and (max(regions) > wanted.count or {0, wanted.count} <= set(regions)):
        return 0.0
    if not wanted.volumes and 0 in regions and wanted.share([id_ + 1 for id_ in regions]) > wanted.share(regions):
        return 0.0  # counts from 0, so that names would be one off
    return wanted.share(regions)


def names_in_order(table: pd.DataFrame, wanted: Wanted) -> list[str]:
    """The names of all wanted numbers, in their order; none where the table does not name each."""
    names = _by_number(table, wanted) if fit(table, wanted) == 1 else {}
    return [names[number] for number in wanted.numbers.tolist()] if len(names) == len(wanted.numbers) else []


def _has_names(table: pd.DataFrame) -> bool:
    """Whether the names are more than numbers."""
    return not all(re.fullmatch(r"[\d.]+", name) for name in table["name"])


def _same_names(one: pd.DataFrame, other: pd.DataFrame, wanted: Wanted) -> bool:
    """Whether two tables name what is wanted alike; case, blanks and punctuation do not count."""
    return _plain_names(one, wanted) == _plain_names(other, wanted)


def _plain_names(table: pd.DataFrame, wanted: Wanted) -> dict[int, str]:
    return {id_: re.sub(r"[\W_]+", "", name.lower()) for id_, name in _by_number(table, wanted).items()}


def _by_number(table: pd.DataFrame, wanted: Wanted) -> dict[int, str]:
    shift = int(wanted.volumes and wanted.count in table["id"].to_numpy())
    rows = zip((table["id"] - shift).tolist(), table["name"], strict=True)
    numbers = set(wanted.numbers.tolist())
    return {id_: name for id_, name in rows if id_ in numbers}


def _richness(table: pd.DataFrame, wanted: Wanted) -> tuple[float, int, int]:
    named = np.isin(wanted.numbers, table["id"]).mean() if len(wanted.numbers) else 0
    return (float(named), table["name"].nunique(), len(table.columns))


def _with_columns_of(best: pd.DataFrame, tables: list[pd.DataFrame]) -> pd.DataFrame:
    """The best table, with colours and whatever else only another one tells."""
    attrs = best.attrs
    for table in tables:
        known = table.drop_duplicates("id").set_index("id")
        for column in table.columns.difference(best.columns):
            best = best.copy()
            best[column] = [known[column].get(id_) for id_ in best["id"]]
    best.attrs = attrs
    return best
