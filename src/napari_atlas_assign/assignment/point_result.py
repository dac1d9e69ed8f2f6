"""The result of an assignment of points."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter

import pandas as pd

from ..atlas.atlas import Atlas
from ..modes.points import PointSet
from .checks import check_atlases, space_notes
from .conventions import ConventionName
from .points import assign_points


@dataclass(frozen=True)
class PointResult:
    """What an assignment of points found.

    Parameters
    ----------
    points : PointSet
        What was compared.
    atlases : sequence of Atlas
        With what.
    assignments : DataFrame
        One row per point and region, columns `points.POINT_ASSIGNMENT_COLUMNS`; several atlases add ``atlas``.
    modes : DataFrame
        One row per point, columns `points.POINT_COLUMNS`; several atlases add ``atlas`` and have rows of their own.
    convention : {"default", "siibra"}
    warnings : tuple of str
        What the person should look at.
    timings : dict
        Seconds per stage.
    """

    points: PointSet
    atlases: Sequence[Atlas]
    assignments: pd.DataFrame
    modes: pd.DataFrame
    convention: ConventionName = "default"
    warnings: tuple[str, ...] = ()
    timings: dict[str, float] = field(default_factory=dict)

    @property
    def atlas(self) -> Atlas:
        """The atlas, or the first of several."""
        return self.atlases[0]

    def save(self, folder: str | os.PathLike[str], report: bool = False) -> Path:
        """Write the tables, the record and if wanted ``report.html`` into a new folder, whole or not at all.

        Raises
        ------
        InputError
            If the folder exists and holds anything but an earlier result, or cannot be written.
        """
        from ..report.folder import save_result  # as `Result.save`

        return save_result(self, Path(folder), report)

    def report(self, path: str | os.PathLike[str]) -> Path:
        """Write one self-contained HTML file with the tables and the record.

        Raises
        ------
        InputError
            If the name does not end in ``.html``, or the file cannot be written.
        """
        from ..report.html import save_report

        return save_report(self, path)


def assign_point_set(
    points: PointSet, atlases: Atlas | Sequence[Atlas], convention: ConventionName = "default"
) -> PointResult:
    """Compare points with every region map of the atlases; see `points.assign_points`.

    Raises
    ------
    InputError
        As `points.assign_points`, or if there is no atlas or two have one name.
    """
    atlases = [atlases] if isinstance(atlases, Atlas) else list(atlases)
    check_atlases(atlases)
    start = perf_counter()
    tables = [assign_points(points, atlas, convention) for atlas in atlases]
    if len(atlases) > 1:
        tables = [tuple(t.assign(atlas=atlas.name) for t in pair) for pair, atlas in zip(tables, atlases, strict=True)]  # type: ignore[misc]
    assignments, modes = (pd.concat(column, ignore_index=True) for column in zip(*tables, strict=True))
    return PointResult(
        points,
        tuple(atlases),
        assignments,
        modes,
        convention,
        tuple(space_notes(points.name, points.space, atlases)),
        {"points": perf_counter() - start},
    )
