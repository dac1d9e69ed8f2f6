"""The result of an assignment of points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from time import perf_counter

import pandas as pd

from ..atlas.atlas import Atlas
from ..atlas.hierarchy import atlas_at_level
from ..modes.point_set import PointSet
from .checks import check_atlases, notes_on
from .conventions import ConventionName
from .parameters import Parameters
from .points import assign_points
from .saving import Saving


@dataclass(frozen=True)
class PointResult(Saving):
    """What an assignment of points found.

    Parameters
    ----------
    points : PointSet
        What was compared.
    atlases : sequence of Atlas
        With what.
    assignments : DataFrame
        One row per point and region, columns `columns.POINT_ASSIGNMENTS`; several atlases add ``atlas``.
    modes : DataFrame
        One row per point, columns `columns.POINTS`; several atlases add ``atlas`` and have rows of their own.
    convention : {"default", "siibra"}
    level : int, optional
        Level of the tree of regions at which was scored; None: the regions as they are.
    minimum_probability : float
        For ``mpm share``, values below it leave a place to no region.
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
    level: int | None = None
    minimum_probability: float = 0.0
    warnings: tuple[str, ...] = ()
    timings: dict[str, float] = field(default_factory=dict)

    @property
    def atlas(self) -> Atlas:
        """The atlas, or the first of several."""
        return self.atlases[0]


def assign_point_set(
    points: PointSet,
    atlases: Atlas | Sequence[Atlas],
    convention: ConventionName = "default",
    level: int | None = None,
    minimum_probability: float = 0.0,
) -> PointResult:
    """Compare points with every region map of the atlases; see `points.assign_points`.

    With a `level`, the regions' ancestors at this level of the tree are taken, 0 at the root, instead of the regions.

    Raises
    ------
    InputError
        As `points.assign_points`; or if there is no atlas, two have one name, or one has no such level.
    """
    Parameters(convention=convention, level=level, minimum_probability=minimum_probability)  # checks them
    atlases = [atlas_at_level(a, level) for a in ([atlases] if isinstance(atlases, Atlas) else atlases)]
    check_atlases(atlases)
    start = perf_counter()
    tables = [assign_points(points, atlas, convention, minimum_probability) for atlas in atlases]
    if len(atlases) > 1:
        tables = [tuple(t.assign(atlas=atlas.name) for t in pair) for pair, atlas in zip(tables, atlases, strict=True)]  # type: ignore[misc]
    assignments, modes = (pd.concat(column, ignore_index=True) for column in zip(*tables, strict=True))
    return PointResult(
        points,
        tuple(atlases),
        assignments,
        modes,
        convention,
        level,
        minimum_probability=minimum_probability,
        warnings=tuple(notes_on(atlases, points.name, points.space)),
        timings={"points": perf_counter() - start},
    )
