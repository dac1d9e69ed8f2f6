"""The result of an assignment of points."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from ..atlas.atlas import Atlas
from ..atlas.hierarchy import atlas_at_level
from ..modes.point_set import PointSet
from ..modes.points import check_reach
from ..tables.frames import pd
from ..timings import timed
from .checks import check_atlases, notes_on
from .conventions import ConventionName
from .parameters import Parameters
from .places.placing import doubts_about_place, place_on_atlas
from .points import assign_points, point_summary, with_unlocated
from .regions.table import regions_of_points
from .saving import Saving


@dataclass(frozen=True, repr=False)
class PointResult(Saving):
    """What an assignment of points found.

    Parameters
    ----------
    points : PointSet
        What was compared.
    atlases : sequence of Atlas
        With what.
    convention : {"default", "siibra"}
    level : int, optional
        Level of the tree of regions at which was scored; None: the regions as they are.
    minimum_probability : float
        For ``mpm share``, values below it leave a place to no region.
    warnings : tuple of str
        What the user should look at.
    timings : dict
        Seconds per stage.
    """

    points: PointSet
    atlases: Sequence[Atlas]
    convention: ConventionName = "default"
    level: int | None = None
    minimum_probability: float = 0.0
    warnings: tuple[str, ...] = ()
    timings: dict[str, float] = field(default_factory=dict)

    @property
    def listed(self) -> pd.DataFrame:
        """The table ``modes`` with a row, empty but for the name, for every point whose place is not known."""
        return with_unlocated(self.modes, self.points.unlocated, [atlas.name for atlas in self.atlases])

    def summary(self) -> pd.DataFrame:
        """The short table, one row per point; columns `columns.LISTED_POINTS`.

        Several atlases stand side by side, named in the columns. Points whose place is not known have empty rows.
        """
        return point_summary(self.listed, [atlas.name for atlas in self.atlases])

    @property
    def atlas(self) -> Atlas:
        """The atlas, or the first of several."""
        return self.atlases[0]

    def single(self, number: int) -> PointResult:
        """The result of one of the atlases alone, counted from 0."""
        return replace(self, atlases=(self.atlases[number],))

    @property
    def assignments(self) -> pd.DataFrame:
        """One row per point and region, columns `columns.POINT_ASSIGNMENTS`; several atlases add ``atlas``."""
        return self._per_point[0]

    @property
    def modes(self) -> pd.DataFrame:
        """One row per point, columns `columns.POINTS`; several atlases add ``atlas`` and have rows of their own."""
        return self._per_point[1]

    @cached_property
    def regions(self) -> pd.DataFrame:
        """How many points lie in every region; columns `columns.REGIONS`, as far as they are defined for points.

        Several atlases add ``atlas``.
        """
        with timed(self.timings, "regions"):
            return self._joined([regions_of_points(self.points, atlas) for atlas in self.atlases])

    @cached_property
    def _per_point(self) -> tuple[pd.DataFrame, pd.DataFrame]:
        """The assignments and the points; worked out when one of them is asked for, since points may be millions."""
        with timed(self.timings, "points"):
            of_atlases = [
                assign_points(self.points, atlas, self.convention, self.minimum_probability) for atlas in self.atlases
            ]
            assignments, modes = zip(*of_atlases, strict=True)
            return self._joined(assignments), self._joined(modes)

    def _joined(self, tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
        """The tables of all atlases as one."""
        if len(tables) == 1:
            return tables[0]
        named = [table.assign(atlas=atlas.name) for table, atlas in zip(tables, self.atlases, strict=True)]
        return pd.concat(named, ignore_index=True)


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
    points = place_on_atlas(points, atlases)
    for atlas in atlases:
        check_reach(points, atlas.grid)
    return PointResult(
        points,
        tuple(atlases),
        convention,
        level,
        minimum_probability=minimum_probability,
        warnings=tuple(_notes(points, atlases)),
    )


def _notes(points: PointSet, atlases: Sequence[Atlas]) -> Iterator[str]:
    """Sentences about what the user should look at."""
    if len(points):
        yield from notes_on(atlases, points.name, points.space)
        yield from doubts_about_place(points, atlases[0])
    elif points.unlocated:
        yield f"{points.name} has no point with coordinates: all tables are empty of regions"
    else:
        yield f"{points.name} has no points: all tables are empty"
