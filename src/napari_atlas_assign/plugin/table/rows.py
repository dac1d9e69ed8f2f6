"""What a row of a results table is about: a mode, a region, a place. Without Qt."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Literal

import numpy as np

from ...assignment.best_overlap import best_overlap
from ...assignment.best_region import BEST_BY, best_to_show
from ...assignment.columns import (
    ASSIGNMENTS,
    MODES,
    PEAKS,
    POINT_ASSIGNMENTS,
    POINTS,
    REGION_TEST,
    REGIONS,
    SCORES,
    SWEEP,
    Column,
)
from ...assignment.comparison import Comparison
from ...assignment.point_result import PointResult
from ...assignment.result import Result
from ...atlas.hierarchy import TreeNode
from .filters import MODE_COLUMN
from .peak_probability import PEAK_PROBABILITY
from .values import TableValues

TableName = Literal["assignments", "modes", "peaks", "regions", "sweep", "region_test"]

Place = tuple[float, float, float]

SHOWN = "shown"
"""Stands for the region that is shown as a mode's best, where no column says which."""

OF_OVERLAP = frozenset({"volume", "region", "hemisphere", "atlas", *SCORES})
"""Columns of the table of assignments that are about the overlap of mode and region."""


@dataclass(frozen=True)
class Subject:
    """A mode, and the region of it that a row is about."""

    mode: int
    """Its number, ``input structure``; 0 where the row is about a region alone."""
    region: int | None = None
    """Row of the atlas's region table."""
    run: int = 0
    """Which of the result's runs; of a result of points, which of its atlases."""
    joined: TreeNode | None = None
    """Several regions together, in the place of one."""


def columns_of(result: Result | PointResult, table: TableName) -> Mapping[str, Column]:
    """The columns that a table of a result may have."""
    if table == "regions":
        return REGIONS
    if isinstance(result, PointResult):
        return POINT_ASSIGNMENTS if table == "assignments" else POINTS
    of_maps = {
        "assignments": {**ASSIGNMENTS, PEAK_PROBABILITY.name: PEAK_PROBABILITY},
        "modes": MODES,
        "peaks": PEAKS,
        "sweep": SWEEP,
        "region_test": REGION_TEST,
    }
    return of_maps[table]


class RowReader:
    """Reads the rows of one table of a result."""

    def __init__(self, result: Result | PointResult, table: TableName, columns: TableValues) -> None:
        self.result, self.table, self.columns = result, table, columns
        self._identities: dict[int, dict[int, int]] = {}
        self._best: dict[tuple[int, str], dict[int, int]] = {}

    def subject(self, row: int) -> Subject:
        """What a row is about."""
        return self._subject(row, SHOWN)

    def mode(self, row: int) -> tuple[int, int]:
        """The run and the number of the mode that a row is about."""
        subject = self._subject(row, None)
        return subject.run, subject.mode

    def modes(self) -> list[int]:
        """(N,) the number of each row's mode."""
        return self.columns.values(MODE_COLUMN)

    def keys(self) -> list[Hashable]:
        """(N,) tell rows again in the table of a later result: a mode that grows or shrinks is the same mode.

        Its number changes with the threshold, its peak does not.
        """
        runs = self._runs_of_rows()
        if self.table == "peaks":
            return list(zip(runs, self.columns.values("position"), strict=True))
        modes = self.columns.values(MODE_COLUMN)
        if not self._is_points:
            modes = [self._identities_of(run)[mode] for run, mode in zip(runs, modes, strict=True)]
        regions = self.columns.values("volume") if self.table == "assignments" else [None] * len(modes)
        return list(zip(runs, modes, regions, strict=True))

    def place(self, row: int, column: str) -> Place | None:
        """Where to go for a cell, in world mm: the centroid, the best overlap or the peak, as its column suggests."""
        for name in ("position", "centroid"):
            if column == name or (name in self.columns and self._is_points):
                return self._point(name, row)
        if self.table == "peaks":
            return self._point("position", row)
        name, _, atlas = column.partition(": ")
        if self.table == "assignments" and column in OF_OVERLAP:
            subject = self.subject(row)
        elif name in BEST_BY:
            subject = self._subject(row, name, atlas or None)
        else:
            return self.peak(row)
        overlap = None
        if subject.region is not None:
            overlap = best_overlap(self._runs[subject.run], subject.mode, subject.region)
        return overlap or self.peak(row)

    def peak(self, row: int) -> Place | None:
        """The peak of a row's mode; of points, the point."""
        if self._is_points:
            return self.place(row, "position")
        subject = self._subject(row, None)
        modes = self._runs[subject.run].modes
        voxel = np.array([self._identities_of(subject.run)[subject.mode]])
        x, y, z = (np.round(modes.grid.to_world(modes.grid.unravel(voxel)), 2) + 0.0)[0].tolist()
        return x, y, z

    # --- inside ---

    @property
    def _is_points(self) -> bool:
        return isinstance(self.result, PointResult)

    @property
    def _runs(self) -> list[Comparison]:
        assert isinstance(self.result, Result)
        return list(self.result.comparisons)

    @cached_property
    def _run_numbers(self) -> dict[tuple[int, str | None], int]:
        """Map and atlas, or map alone -> the first such run."""
        if isinstance(self.result, PointResult):
            origins = [(0, atlas.name) for atlas in self.result.atlases]
        else:
            origins = [(run.map_index, run.atlas.name) for run in self.result.comparisons]
        numbers: dict[tuple[int, str | None], int] = {}
        for number, (index, atlas) in enumerate(origins):
            numbers.setdefault((index, atlas), number)
            numbers.setdefault((index, None), number)
        return numbers

    def _cell(self, name: str, row: int) -> Any:
        return self.columns.values(name)[row] if name in self.columns else None

    def _point(self, name: str, row: int) -> Place | None:
        place: Place | None = self._cell(name, row)
        return place

    def _subject(self, row: int, best_by: str | None, atlas: str | None = None) -> Subject:
        """`best_by` is the column whose region stands for a whole mode; without it, none does."""
        run = self._run_numbers.get((self._cell("map", row) or 0, atlas or self._cell("atlas", row)), 0)
        mode = int(self._cell(MODE_COLUMN, row))
        region = None
        if self.table == "assignments":
            region = self._cell("volume", row)
        elif self.table == "peaks":
            region = self._named(run, self._cell("best region", row))
        elif best_by is not None and not self._is_points:
            region = self._best_regions(run, best_by).get(mode)
        elif best_by is not None:
            region = self._named(run, self._cell("best region by map value", row))
        return Subject(mode, None if region is None else int(region), run)

    def _named(self, run: int, name: str | None) -> int | None:
        atlas = self.result.atlases[run] if isinstance(self.result, PointResult) else self._runs[run].atlas
        rows = np.flatnonzero((atlas.regions["name"] == name).to_numpy())  # no row has the name None
        return int(rows[0]) if len(rows) else None

    def _best_regions(self, run: int, best_by: str) -> dict[int, int]:
        if (run, best_by) not in self._best:
            comparison = self._runs[run]
            modes = comparison.modes
            best = {**BEST_BY, SHOWN: best_to_show}[best_by](comparison.sums, comparison.atlas, modes.n_modes)
            pairs = zip(modes.number.tolist(), best.tolist(), strict=True)
            self._best[run, best_by] = {mode: region for mode, region in pairs if region >= 0}
        return self._best[run, best_by]

    def _runs_of_rows(self) -> list[int]:
        if len(self._run_numbers) <= 2:  # one map, one atlas
            return [0] * len(self.columns)
        maps = self.columns.values("map") if "map" in self.columns else [0] * len(self.columns)
        atlases = self.columns.values("atlas") if "atlas" in self.columns else [None] * len(self.columns)
        return [self._run_numbers.get(origin, 0) for origin in zip(maps, atlases, strict=True)]

    def _identities_of(self, run: int) -> dict[int, int]:
        """Number of each mode -> the voxel of its peak."""
        if run not in self._identities:
            modes = self._runs[run].modes
            self._identities[run] = dict(zip(modes.number.tolist(), modes.peaks()[0].tolist(), strict=True))
        return self._identities[run]
