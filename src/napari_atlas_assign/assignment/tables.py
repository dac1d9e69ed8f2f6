"""The tables of a result."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..atlas.atlas import Atlas
from ..atlas.lookup import nearest_regions
from ..grid import Floats, points_as_tuples
from ..modes.hemispheres import hemisphere_shares
from ..modes.modes import Modes
from ..modes.peaks import find_peaks
from . import peak_table as peaks
from .best_region import BEST_BY, best_by_share
from .columns import ASSIGNMENTS, SCORES, table_of
from .conventions import get_convention
from .midplane import midplane_for
from .parameters import Parameters
from .scores import map_maximum

if TYPE_CHECKING:
    from .comparison import Comparison

NOT_COVERED = 0.5
"""The atlas does not cover a mode whose outside share is above this."""


def assignment_table(comparisons: Sequence[Comparison], parameters: Parameters, is_stack: bool) -> pd.DataFrame:
    """One row per mode and region that overlap, by mode and then as the convention says."""
    return joined(comparisons, is_stack, lambda comparison: _pairs(comparison, parameters))


def mode_table(comparisons: Sequence[Comparison], parameters: Parameters, is_stack: bool) -> pd.DataFrame:
    """One row per mode; where the modes of one image are the same for every atlas, the atlases stand side by side."""
    several = _several_atlases(comparisons)
    own_modes = several and get_convention(parameters.convention).resample_to_atlas
    tables = []
    for group in _by_image(comparisons):
        if own_modes:
            for comparison in group:
                tables.append(
                    _with_origin(
                        pd.DataFrame(_modes(comparison.modes, _midplane([comparison])) | _summary(comparison)),
                        comparison,
                        is_stack,
                        True,
                    )
                )
            continue
        described = _modes(group[0].modes, _midplane(group))
        for comparison in group:
            columns = _summary(comparison)
            if several:
                columns = {f"{name}: {comparison.atlas.name}": column for name, column in columns.items()}
            described |= columns
        tables.append(_with_origin(pd.DataFrame(described), group[0], is_stack, False))
    return tables[0] if len(tables) == 1 else pd.concat(tables, ignore_index=True)


def peak_table(comparisons: Sequence[Comparison], parameters: Parameters, is_stack: bool) -> pd.DataFrame:
    """The highest local maxima of every mode, and the regions at those places."""

    def table(comparison: Comparison) -> pd.DataFrame:
        found = find_peaks(comparison.modes, parameters.peaks, parameters.peak_distance_mm)
        return peaks.peak_table(found, comparison.modes, comparison.atlas)

    return joined(comparisons, is_stack, table)


def joined(
    comparisons: Sequence[Comparison], is_stack: bool, table_of_one: Callable[[Comparison], pd.DataFrame]
) -> pd.DataFrame:
    """The tables of all comparisons as one, which says of what image and atlas a row is where there are several."""
    several = _several_atlases(comparisons)
    tables = [_with_origin(table_of_one(one), one, is_stack, several) for one in comparisons]
    return tables[0] if len(tables) == 1 else pd.concat(tables, ignore_index=True)


def _pairs(comparison: Comparison, parameters: Parameters) -> pd.DataFrame:
    convention = get_convention(parameters.convention)
    found, sums, regions = comparison.modes, comparison.sums, comparison.atlas.regions
    scores = {name: score(sums) for name, score in SCORES.items()}
    if convention.map_value_of_region:
        scores["map value"] = map_maximum(sums)
    if convention.rows_by_correlation:
        falling = np.where(np.isnan(scores["correlation"]), np.inf, -scores["correlation"])
        order = np.lexsort((sums.region, falling, sums.mode))
    else:
        order = np.arange(len(sums.mode))
    mode, region = sums.mode[order], sums.region[order]
    columns: dict[str, Any] = {
        "input structure": found.number[mode],
        "centroid": points_as_tuples(found.centroids())[mode],
        "volume": region,
        "region": regions["name"].array.take(region),
    }
    columns |= {name: values[order] for name, values in scores.items()}
    columns["sign"] = found.sign[mode].astype(np.int64)
    columns["hemisphere"] = regions["hemisphere"].array.take(region) if "hemisphere" in regions else None
    table = table_of(ASSIGNMENTS, columns)
    if comparison.certainty is not None:
        table = table.assign(**comparison.certainty.of_pairs(mode, region, columns["map mean"]))
    return table


def _midplane(group: Sequence[Comparison]) -> float | None:
    return midplane_for([comparison.atlas for comparison in group], group[0].image.space)


def _modes(found: Modes, midplane: float | None) -> dict[str, Any]:
    """Columns of the table of modes (M,) that belong to no atlas."""
    peak, peak_value = found.peaks()
    count = found.counts()
    sides = hemisphere_shares(found, midplane)
    return {
        "input structure": found.number,
        "sign": found.sign.astype(np.int64),
        "voxels": count,
        "volume mm3": count * found.grid.voxel_volume,
        "centroid": points_as_tuples(found.centroids()),
        "peak": points_as_tuples(found.grid.to_world(found.grid.unravel(peak))),
        "peak value": peak_value * found.sign,
        "peak voxels": found.peak_counts(),
        "mean value": found.totals(found.value) / count * found.sign,
        "left share": sides[:, 0],
        "right share": sides[:, 1],
    }


def _summary(comparison: Comparison) -> dict[str, NDArray[Any]]:
    """Columns `SUMMARY` (M,) of one atlas."""
    atlas, sums, found = comparison.atlas, comparison.sums, comparison.modes
    names = _names(atlas)
    # Not cut off at 0: between grids at an angle, sampled overlaps may add up to a little more than the mode.
    unassigned = _exact(1 - np.bincount(sums.mode, SCORES["share"](sums), found.n_modes).astype(np.float64))
    outside = _exact(1 - sums.modes.covered / sums.modes.volume)
    best = {column: names[find(sums, atlas, found.n_modes)] for column, find in BEST_BY.items()}
    shares = {
        "unassigned share": unassigned,
        "outside share": outside,
        "undecided share": _exact(unassigned - outside),
    }
    nearest, distance = _nearest_where(outside > NOT_COVERED, found, atlas)
    columns = best | shares | {"nearest region": names[nearest], "distance mm": distance}
    if comparison.certainty is not None:
        columns |= comparison.certainty.of_modes(best_by_share(sums, atlas, found.n_modes), names)
    return columns


def _names(atlas: Atlas) -> NDArray[np.object_]:
    """(R + 1,) names of the regions; the last, which -1 finds, is None: no region."""
    return np.array([*atlas.regions["name"], None], object)


def _exact(parts: Floats) -> Floats:
    """Parts of a whole (M,) without the rounding of what adds up to nothing."""
    return np.where(np.abs(parts) < 1e-12, 0.0, parts)


def _nearest_where(wanted: NDArray[np.bool_], found: Modes, atlas: Atlas) -> tuple[NDArray[np.int64], Floats]:
    """Region (M,) nearest to the peaks of some modes and its distance (M,) in mm; -1 and NaN for the others."""
    region, distance = np.full(len(wanted), -1, np.int64), np.full(len(wanted), np.nan)
    if wanted.any():
        peak = found.grid.to_world(found.grid.unravel(found.peaks()[0][wanted]))
        region[wanted], distance[wanted] = nearest_regions(atlas, peak)
    return region, distance


def _with_origin(table: pd.DataFrame, comparison: Comparison, is_stack: bool, several: bool) -> pd.DataFrame:
    if is_stack:
        origin: dict[str, Any] = {"map": comparison.map_index, "map name": comparison.image.name}
        table = table.assign(**origin)
    if several:
        table = table.assign(atlas=comparison.atlas.name)
    return table


def _several_atlases(comparisons: Sequence[Comparison]) -> bool:
    return any(comparison.map_index == comparisons[0].map_index for comparison in comparisons[1:])


def _by_image(comparisons: Sequence[Comparison]) -> Iterator[list[Comparison]]:
    group: list[Comparison] = []
    for comparison in comparisons:
        if group and comparison.map_index != group[0].map_index:
            yield group
            group = []
        group.append(comparison)
    yield group
