"""Points against region maps: every region's value at exact points, every score for the blobs of uncertain ones.

In names, N points, P pairs of a point and a region.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import scipy
from numpy.typing import NDArray

from ..atlas.atlas import Atlas
from ..atlas.lookup import ValuesAt, nearest_regions, values_at
from ..grid import Floats
from ..modes.point_set import PointSet
from ..modes.points import Runs, check_reach, sphere_runs
from ..tables.frames import pd
from .best_region import above_zero, large_enough, largest_of_each, largest_value
from .columns import POINT_ASSIGNMENTS, POINTS, SCORES, Columns, in_order
from .conventions import Convention, ConventionName, get_convention
from .region_texts import texts_of_regions
from .scores import map_maximum
from .sums.points import Chunks, sums_of_runs


def assign_points(
    points: PointSet,
    atlas: Atlas,
    convention: ConventionName = "default",
    minimum_probability: float = 0.0,
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Compare every point with every region map of an atlas.

    An exact point (sigma 0) has every region's value in the voxel that contains it (`map value`), and no other score.
    An uncertain point stands for a Gaussian blob, isotropic in mm, around the point itself, cut at a sphere of 3
    sigma (also where that leaves the atlas's grid), with the scores of a mode. In the siibra convention, a point with
    a sigma below 3 voxels is exact, and the others' blobs are siibra's: cubes around the nearest voxel centre,
    isotropic in voxels, cut at the border of the grid.

    Parameters
    ----------
    points : PointSet
        In the same space as the atlas; nothing is warped.
    atlas : Atlas
    convention : {"default", "siibra"}
    minimum_probability : float
        For ``mpm share``, values below it leave a place to no region.

    Returns
    -------
    assignments : DataFrame
        Columns `columns.POINT_ASSIGNMENTS`. One row per point and region; a point that meets no region, in the grid or
        far from it, has one row without region (None, `volume` missing, scores NaN) that names the nearest region and
        how many mm away it is. `input structure` counts points from 1 (siibra: from 0), `centroid` is the point. Rows
        are sorted by point, then falling correlation (of exact points: map value; siibra: by region).
    points : DataFrame
        Columns `columns.POINTS`, one row per point. `distance mm` is that of the point itself to the nearest voxel of
        a region, 0 inside.

    Raises
    ------
    InputError
        If the convention is unknown, or a coordinate or sigma is far too large for any brain.
    """
    rules = get_convention(convention)
    check_reach(points, atlas.grid)
    siibra = rules.name == "siibra"
    exact = points.sigma / atlas.grid.voxel_sizes.mean() < 3 if siibra else points.sigma == 0
    here = values_at(atlas, points.xyz)
    nearest, distance = nearest_regions(atlas, points.xyz, here)
    here = _at_siibra_voxels(points.xyz, atlas, exact) if siibra else _at(here, exact)
    pairs = _scored(points, atlas, exact, here, rules, minimum_probability)
    number = np.arange(len(points)) + (0 if siibra else 1)
    places = _Places(number, _as_given(points.xyz), nearest, distance)
    return _assignments(pairs, places, atlas, rules), _best_of_points(pairs, places, atlas, points)


class _Pairs(NamedTuple):
    """Pairs of a point and a region that it meets."""

    point: NDArray[np.int64]
    region: NDArray[np.int64]
    """(P,)"""
    scores: dict[str, Floats]
    """(P,) by name."""
    share: Floats
    """(P,) also of exact points, whose score it is not."""
    outside: Floats
    """(N,) each point's part beyond the grid or in no region."""


class _Places(NamedTuple):
    """What is known of every point (N,) without scores."""

    number: NDArray[np.int64]
    given: NDArray[np.object_]
    nearest: NDArray[np.int64]
    """Region, -1 for an atlas without any."""
    distance: Floats


def _assignments(pairs: _Pairs, places: _Places, atlas: Atlas, rules: Convention) -> pd.DataFrame:
    """The table of pairs, with a row for each point that is in none."""
    n = len(places.number)
    none = np.flatnonzero(np.bincount(pairs.point, minlength=n) == 0)
    point, region = _joined(pairs.point, none), _joined(pairs.region, np.full(len(none), -1))
    scores = {name: _joined(values, np.full(len(none), np.nan)) for name, values in pairs.scores.items()}
    order = _order(point, region, scores, n, rules)
    point, region = point[order], region[order]
    far = region < 0
    columns: dict[str, Any] = {
        "input structure": places.number[point],
        "centroid": places.given[point],
        "volume": pd.arrays.IntegerArray(np.where(far, 0, region), far),
        "region": _text(atlas, region),
        **{name: values[order] for name, values in scores.items()},
        "hemisphere": _text(atlas, region, "hemisphere"),
        "nearest region": _text(atlas, np.where(far, places.nearest[point], -1)),
        "distance mm": np.where(far, places.distance[point], np.nan),
    }
    return _table_of_own(POINT_ASSIGNMENTS, columns)


def _order(
    point: NDArray[np.int64], region: NDArray[np.int64], scores: dict[str, Floats], n: int, rules: Convention
) -> NDArray[np.intp]:
    """(P,) the pairs by point, then as the convention has them."""
    if len(point) == n:  # one row each: there is nothing to rank
        return np.argsort(point, kind="stable")
    if not rules.rows_by_correlation:
        return np.lexsort((region, point))
    rank = np.where(np.isnan(scores["correlation"]), scores["map value"] - 2, scores["correlation"])
    return np.lexsort((region, -rank, point))


def _best_of_points(pairs: _Pairs, places: _Places, atlas: Atlas, points: PointSet) -> pd.DataFrame:
    """The table of points."""
    n = len(points)
    mean = pairs.scores["map weighted mean"]  # of blobs alone
    probability = np.where(np.isnan(mean), pairs.scores["map value"], mean)
    unassigned = np.clip(1 - np.bincount(pairs.point, pairs.share, n), 0, 1)

    def best_by(score: Floats) -> Any:
        return _text(atlas, largest_of_each(pairs.point, pairs.region, score, n))

    columns: dict[str, Any] = {
        "input structure": places.number,
        "name": _labels(points),
        "position": places.given,
        "sigma mm": points.sigma.copy(),
        "best region by map value": best_by(probability),
        "probability": largest_value(pairs.point, probability, n),
        "best region by correlation": best_by(above_zero(pairs.scores["correlation"])),
        "best region by share": best_by(large_enough(pairs.share, atlas)),
        "unassigned share": unassigned,
        "outside share": pairs.outside,
        "undecided share": unassigned - pairs.outside,
        "nearest region": _text(atlas, places.nearest),
        "distance mm": places.distance,
    }
    return _table_of_own(POINTS, columns)


def _labels(points: PointSet) -> Any:
    """(N,) the points' labels, as pandas keeps text."""
    if points.names is None and len(points):  # a million numbers need no million texts of Python
        return pd.Series(np.arange(1, len(points) + 1)).astype("str").array
    return np.array(points.labels, dtype=object)


def _at(here: ValuesAt, exact: NDArray[np.bool_]) -> ValuesAt:
    """The values at the exact points alone; `place` counts all points."""
    if exact.all():
        return here
    of = exact[here.place]
    return ValuesAt(here.place[of], here.region[of], here.value[of])


def _scored(
    points: PointSet,
    atlas: Atlas,
    exact: NDArray[np.bool_],
    here: ValuesAt,
    rules: Convention,
    minimum_probability: float,
) -> _Pairs:
    """Exact points with what lies `here`, and the others with what their blobs overlap."""
    blurred = np.flatnonzero(~exact)
    if rules.name == "siibra":
        chunks: Chunks = _cube_runs(points.xyz[blurred], points.sigma[blurred], atlas)
    else:
        chunks = sphere_runs(PointSet(points.xyz[blurred], points.sigma[blurred], name=points.name), atlas.grid)
    sums = sums_of_runs(chunks, len(blurred), atlas, rules.box_padding, minimum_probability)
    of_blobs = {name: score(sums) for name, score in SCORES.items()}
    share = _joined(here.share, of_blobs["share"])
    if rules.map_value_of_region:
        of_blobs["map value"] = map_maximum(sums)
    nothing = np.full(len(here.place), np.nan)
    scores = {
        name: _joined(here.value if name == "map value" else nothing, values) for name, values in of_blobs.items()
    }
    outside = np.ones(len(points))
    outside[here.place] = 0
    outside[blurred] = np.clip(1 - sums.modes.covered / sums.modes.volume, 0, 1)
    point, region = _joined(here.place, blurred[sums.mode]), _joined(here.region, sums.region)
    return _Pairs(point, region, scores, share, outside)


def _joined(first: NDArray[Any], second: NDArray[Any]) -> NDArray[Any]:
    """Both in one array (only to be read); where one is empty, the other itself, since points may be millions."""
    return np.concatenate([first, second]) if len(first) and len(second) else first if len(first) else second


def _text(atlas: Atlas, region: NDArray[np.int64], column: str = "name") -> Any:
    """(N,) what a column of the table of regions says of regions, as pandas keeps text; None for region -1."""
    texts = texts_of_regions(atlas, column)
    return np.full(len(region), None) if texts.is_missing[region].all() else texts.array.take(region)


def _table_of_own(columns: Columns, values: Mapping[str, Any]) -> pd.DataFrame:
    """A table of columns in their order, of arrays that nothing else holds, so that they need not be copied."""
    return pd.DataFrame(in_order(columns, values), copy=False)


def _as_given(xyz: Floats) -> NDArray[np.object_]:
    tuples = np.empty(len(xyz), dtype=object)
    tuples[:] = list(zip(*xyz.T.tolist(), strict=True))
    return tuples


# --- the siibra convention's blobs ---


def _at_siibra_voxels(xyz: Floats, atlas: Atlas, exact: NDArray[np.bool_]) -> ValuesAt:
    """The values at the exact points' nearest voxel centres, halves rounded up; `place` counts all points."""
    at = np.flatnonzero(exact)
    here = values_at(atlas, atlas.grid.to_world(np.floor(atlas.grid.to_voxel(xyz[at]) + 0.5)))
    return here._replace(place=at[here.place])


def _cube_runs(xyz: Floats, sigma: Floats, atlas: Atlas) -> Chunks:
    """Siibra's kernels, one at a time: a filtered impulse in a cube of voxels, cut at the grid's border."""
    centres = np.floor(atlas.grid.to_voxel(xyz) + 0.5).astype(np.int64)
    in_voxels = (sigma / atlas.grid.voxel_sizes.mean()).tolist()
    for p, (centre, spread) in enumerate(zip(centres, in_voxels, strict=True)):
        yield np.array([p]), partial(_cube, centre, spread, atlas.grid.shape)


def _cube(centre: NDArray[np.int64], in_voxels: float, shape: tuple[int, int, int]) -> Runs:
    half = int(3 * in_voxels)
    impulse = np.zeros(2 * half + 1)
    impulse[half] = 1
    # The filter works axis by axis, so that the kernel is a product of its profiles along the axes.
    profile = scipy.ndimage.gaussian_filter1d(impulse, in_voxels, mode="nearest", truncate=4.0)
    profile /= profile.sum()
    steps = np.arange(-half, half + 1)
    i, j = (a.reshape(-1) for a in np.meshgrid(steps, steps, indexing="ij"))
    n = len(i)
    runs = Runs(
        point=np.zeros(n, np.int64),
        i=centre[0] + i,
        j=centre[1] + j,
        start=np.full(n, centre[2] - half),
        stop=np.full(n, centre[2] + half + 1),
        factor=profile[i + half] * profile[j + half],
        row=np.zeros(n, np.int64),
        profile=profile[None],
        origin=centre[2:] - half,
    )
    return runs.clipped(shape)


# --- the rows of points without a place, and several atlases side by side ---

_OF_ATLAS = ("region", "probability", "nearest region", "distance mm")
"""Columns `LISTED_POINTS` that belong to an atlas."""


def with_unlocated(table: pd.DataFrame, unlocated: Mapping[int, str], atlases: Sequence[str]) -> pd.DataFrame:
    """A table of points, columns `columns.POINTS`, with the rows of points whose place is not known.

    Parameters
    ----------
    table : DataFrame
        One row per point that has a place; of several atlases, the rows of each in turn.
    unlocated : mapping
        Name of each point without a place, by its row (from 0) in the list of all.
    atlases : sequence of str
        Names of the atlases.
    """
    if not unlocated:
        return table
    if len(atlases) == 1:
        return _with_rows(table, unlocated)
    parts = [_with_rows(table[table["atlas"] == name], unlocated).assign(atlas=name) for name in atlases]
    return pd.concat(parts, ignore_index=True)


def _with_rows(table: pd.DataFrame, unlocated: Mapping[int, str]) -> pd.DataFrame:
    n = len(table) + len(unlocated)
    rows = np.full(n, -1)
    rows[np.setdiff1d(np.arange(n), [*unlocated])] = np.arange(len(table))
    known = rows >= 0
    # Whole numbers stay whole where some are missing.
    columns = {"input structure": table["input structure"].astype("Int64")}
    listed = table.assign(**columns).astype({"position": object}).reset_index(drop=True).reindex(rows)
    listed = listed.reset_index(drop=True)
    listed.loc[~known, "name"] = [unlocated[row] or None for row in np.flatnonzero(~known).tolist()]
    return listed


def point_summary(listed: pd.DataFrame, atlases: Sequence[str]) -> pd.DataFrame:
    """Columns `columns.LISTED_POINTS` of a table of points; those of several atlases are named by them."""
    parts = [listed] if len(atlases) == 1 else [listed[listed["atlas"] == name] for name in atlases]
    places = [xyz if isinstance(xyz, tuple) else (np.nan,) * 3 for xyz in parts[0]["position"]]
    x, y, z = np.array(places, np.float64).reshape(-1, 3).T
    first = parts[0].reset_index(drop=True)
    columns = {"point": first["input structure"], "name": first["name"], "x": x, "y": y, "z": z}
    columns["sigma mm"] = first["sigma mm"]
    for name, part in zip(atlases, parts, strict=True):
        suffix = "" if len(atlases) == 1 else f": {name}"
        of_atlas = part.rename(columns={"best region by map value": "region"}).reset_index(drop=True)
        columns |= {f"{column}{suffix}": of_atlas[column] for column in _OF_ATLAS}
    return pd.DataFrame(columns)
