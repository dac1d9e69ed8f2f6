"""Points against region maps: every region's value at exact points, every score for the blobs of uncertain ones.

In names, N points, P pairs of a point and a region.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import scipy
from numpy.typing import NDArray

from ..atlas.atlas import Atlas
from ..atlas.lookup import nearest_regions, values_at
from ..grid import Floats
from ..modes.point_set import PointSet
from ..modes.points import Runs, check_reach, sphere_runs
from .best_region import above_zero, large_enough, largest_of_each, largest_value
from .columns import POINT_ASSIGNMENTS, POINTS, SCORES, table_of
from .conventions import Convention, ConventionName, get_convention
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
    point, region, scores, shares, outside = _scored(points, atlas, exact, rules, minimum_probability)
    nearest, distance = nearest_regions(atlas, points.xyz)
    # Region -1, no region, finds the last name: None.
    names: NDArray[Any] = np.array([*atlas.regions["name"], None], dtype=object)

    none = np.flatnonzero(np.bincount(point, minlength=len(points)) == 0)
    point, region = np.concatenate([point, none]), np.concatenate([region, np.full(len(none), -1)])
    scores = {name: np.concatenate([values, np.full(len(none), np.nan)]) for name, values in scores.items()}
    rank = np.where(np.isnan(scores["correlation"]), scores["map value"] - 2, scores["correlation"])
    if len(point) == len(points):  # one row each: there is nothing to rank
        order = np.argsort(point, kind="stable")
    else:
        order = np.lexsort((region, -rank, point)) if rules.rows_by_correlation else np.lexsort((region, point))
    far = region[order] < 0
    places = _as_given(points.xyz)
    number = np.arange(len(points)) + (0 if siibra else 1)
    columns: dict[str, Any] = {
        "input structure": number[point[order]],
        "centroid": places[point[order]],
        "volume": pd.array(np.where(far, 0, region[order]), dtype="Int64"),
        "region": names[region[order]],
        **{name: values[order] for name, values in scores.items()},
        "hemisphere": np.array([*atlas.regions.get("hemisphere", [None] * atlas.n_regions), None], object)[
            region[order]
        ],
        "nearest region": names[np.where(far, nearest[point[order]], -1)],
        "distance mm": np.where(far, distance[point[order]], np.nan),
    }
    assignments = table_of(POINT_ASSIGNMENTS, columns)
    assignments.loc[far, "volume"] = pd.NA
    n = len(points)
    mean = scores["map weighted mean"]  # of blobs alone
    probability = np.where(np.isnan(mean), scores["map value"], mean)
    unassigned = np.clip(1 - np.bincount(point[: len(shares)], shares, n), 0, 1)
    table = table_of(
        POINTS,
        {
            "input structure": number,
            "name": np.array(points.labels, dtype=object),
            "position": places,
            "sigma mm": points.sigma,
            "best region by map value": names[largest_of_each(point, region, probability, n)],
            "probability": largest_value(point, probability, n),
            "best region by correlation": names[largest_of_each(point, region, above_zero(scores["correlation"]), n)],
            "best region by share": names[
                largest_of_each(point[: len(shares)], region[: len(shares)], large_enough(shares, atlas), n)
            ],
            "unassigned share": unassigned,
            "outside share": outside,
            "undecided share": unassigned - outside,
            "nearest region": names[nearest],
            "distance mm": distance,
        },
    )
    return assignments, table


def _scored(
    points: PointSet, atlas: Atlas, exact: NDArray[np.bool_], rules: Convention, minimum_probability: float
) -> tuple[NDArray[np.int64], NDArray[np.int64], dict[str, Floats], Floats, Floats]:
    """Pairs (P,) of point and region, their scores and shares (known for exact points, too); outside shares (N,)."""
    at = np.flatnonzero(exact)
    blurred = np.flatnonzero(~exact)
    if rules.name == "siibra":
        here = values_at(atlas, _siibra_voxel_centres(points.xyz[at], atlas))
        chunks: Chunks = _cube_runs(points.xyz[blurred], points.sigma[blurred], atlas)
    else:
        here = values_at(atlas, points.xyz[at])
        chunks = sphere_runs(PointSet(points.xyz[blurred], points.sigma[blurred], name=points.name), atlas.grid)
    sums = sums_of_runs(chunks, len(blurred), atlas, rules.box_padding, minimum_probability)
    of_blobs = {name: score(sums) for name, score in SCORES.items()}
    shares = np.concatenate([here.share, of_blobs["share"]])
    if rules.map_value_of_region:
        of_blobs["map value"] = map_maximum(sums)
    nothing = np.full(len(here.place), np.nan)
    scores = {
        name: np.concatenate([here.value if name == "map value" else nothing, values])
        for name, values in of_blobs.items()
    }
    outside = np.ones(len(points))
    outside[at[here.place]] = 0
    outside[blurred] = np.clip(1 - sums.modes.covered / sums.modes.volume, 0, 1)
    return (
        np.concatenate([at[here.place], blurred[sums.mode]]),
        np.concatenate([here.region, sums.region]),
        scores,
        shares,
        outside,
    )


def _as_given(xyz: Floats) -> NDArray[np.object_]:
    tuples = np.empty(len(xyz), dtype=object)
    tuples[:] = list(zip(*xyz.T.tolist(), strict=True))
    return tuples


# --- the siibra convention's blobs ---


def _siibra_voxel_centres(xyz: Floats, atlas: Atlas) -> Floats:
    return atlas.grid.to_world(np.floor(atlas.grid.to_voxel(xyz) + 0.5))


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
