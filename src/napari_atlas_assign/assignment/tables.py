"""The tables of a result."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ..atlas.atlas import Atlas
from ..atlas.lookup import nearest_regions, values_at
from ..grid import Floats, points_as_tuples
from ..modes.hemispheres import Midplane, hemisphere_shares
from ..modes.modes import Modes
from ..modes.peaks import find_peaks
from ..tables.parts import Part, Taken
from . import peak_table as peaks
from .best_region import BEST_BY, best_by_correlation, best_by_share, highest_here
from .columns import ASSIGNMENTS, INPUT_NAME, SCORES, in_order
from .conventions import get_convention
from .parameters import Parameters
from .places.midplane import midplane_for
from .region_texts import named_regions, names_of_regions
from .scores import map_maximum

if TYPE_CHECKING:
    from .comparison import Comparison

NOT_COVERED = 0.5
"""The atlas does not cover a mode whose outside share is above this."""


def assignment_parts(comparisons: Sequence[Comparison], parameters: Parameters, is_stack: bool) -> list[Part]:
    """One row per mode and region that overlap, by mode and then as the convention says."""
    return parts_of(comparisons, is_stack, lambda comparison: _pairs(comparison, parameters))


def mode_parts(comparisons: Sequence[Comparison], parameters: Parameters, is_stack: bool) -> list[Part]:
    """One row per mode; where the modes of one image are the same for every atlas, the atlases stand side by side."""
    return _row_per_mode(comparisons, parameters, is_stack, _modes, _summary)


def cluster_parts(comparisons: Sequence[Comparison], parameters: Parameters, is_stack: bool) -> list[Part]:
    """The table that papers print, one row per mode; several atlases as in `mode_parts`."""
    return _row_per_mode(comparisons, parameters, is_stack, _clusters, _at_peaks)


def _row_per_mode(
    comparisons: Sequence[Comparison],
    parameters: Parameters,
    is_stack: bool,
    of_modes: Callable[[Sequence[Comparison]], dict[str, Any]],
    of_atlas: Callable[[Comparison], dict[str, Any]],
) -> list[Part]:
    """Rows of columns (M,) that belong to the modes, and of such that belong to an atlas and are named by it."""
    several = _several_atlases(comparisons)
    own_modes = several and get_convention(parameters.convention).resample_to_atlas
    parts = []
    for group in _by_image(comparisons):
        for same_modes in [[comparison] for comparison in group] if own_modes else [group]:
            columns = of_modes(same_modes)
            for comparison in same_modes:
                suffix = f": {comparison.atlas.name}" if len(same_modes) > 1 else ""
                columns |= {f"{name}{suffix}": column for name, column in of_atlas(comparison).items()}
            parts.append(columns | _origin(same_modes[0], is_stack, own_modes))
    return parts


def peak_parts(comparisons: Sequence[Comparison], parameters: Parameters, is_stack: bool) -> list[Part]:
    """The highest local maxima of every mode, and the regions at those places."""

    def of_one(comparison: Comparison) -> Part:
        peaks_of_modes = find_peaks(comparison.modes, parameters.peaks, parameters.peak_distance_mm)
        return peaks.peak_columns(peaks_of_modes, comparison.modes, comparison.atlas)

    return parts_of(comparisons, is_stack, of_one)


def parts_of(
    comparisons: Sequence[Comparison], is_stack: bool, of_one: Callable[[Comparison], Mapping[str, Any]]
) -> list[Part]:
    """The parts of all comparisons, which say of what image and atlas they are where there are several."""
    several = _several_atlases(comparisons)
    return [{**of_one(one), **_origin(one, is_stack, several)} for one in comparisons]


def _pairs(comparison: Comparison, parameters: Parameters) -> Part:
    convention = get_convention(parameters.convention)
    modes, sums, atlas = comparison.modes, comparison.sums, comparison.atlas
    scores = {name: score(sums) for name, score in SCORES.items()}
    if convention.map_value_of_region:
        scores["map value"] = map_maximum(sums)
    if convention.rows_by_correlation:
        falling = np.where(np.isnan(scores["correlation"]), np.inf, -scores["correlation"])
        order = np.lexsort((sums.region, falling, sums.mode))
    else:
        order = np.arange(len(sums.mode))
    mode, region = sums.mode[order], sums.region[order]
    centroid = points_as_tuples(modes.centroids())
    columns: dict[str, Any] = {
        "input structure": modes.number[mode],
        "centroid": Taken(centroid.tolist(), lambda: centroid, mode),
        "volume": region,
        "region": named_regions(atlas, region),
    }
    columns |= {name: values[order] for name, values in scores.items()}
    columns["sign"] = modes.sign[mode].astype(np.int64)
    hemispheres = atlas.column("hemisphere")
    columns["hemisphere"] = hemispheres and Taken(hemispheres, lambda: atlas.regions["hemisphere"].array, region)
    part = in_order(ASSIGNMENTS, columns)
    part |= {name: column[mode] for name, column in _input_names(comparison).items()}
    if comparison.certainty is not None:
        part |= comparison.certainty.of_pairs(mode, region, columns["map mean"])
    return part


def _midplane(group: Sequence[Comparison]) -> Midplane | None:
    return midplane_for([comparison.atlas for comparison in group], group[0].image.space)


def _modes(group: Sequence[Comparison]) -> dict[str, Any]:
    """Columns of the table of modes (M,) that belong to no atlas."""
    modes = group[0].modes
    count, peak_value = modes.counts(), modes.peaks()[1]
    sides = hemisphere_shares(modes, _midplane(group))
    return {
        "input structure": modes.number,
        **_input_names(group[0]),
        "sign": modes.sign.astype(np.int64),
        "voxels": count,
        "volume mm3": count * modes.grid.voxel_volume,
        "centroid": points_as_tuples(modes.centroids()),
        "peak": points_as_tuples(_peak_places(modes)),
        "peak value": peak_value * modes.sign,
        "peak voxels": modes.peak_counts(),
        "mean value": modes.totals(modes.value) / count * modes.sign,
        "left share": sides[:, 0],
        "right share": sides[:, 1],
    }


def _input_names(comparison: Comparison) -> dict[str, NDArray[np.object_]]:
    """The column `INPUT_NAME` (M,), where regions of interest have names."""
    names, labels = comparison.image.names, comparison.modes.label
    if labels is None or not names:
        return {}
    return {INPUT_NAME.name: np.array([names.get(label) for label in labels.tolist()], object)}


def _summary(comparison: Comparison) -> Part:
    """Columns `SUMMARY` (M,) of one atlas."""
    atlas, sums, modes = comparison.atlas, comparison.sums, comparison.modes
    # Not cut off at 0: between grids at an angle, sampled overlaps may add up to a little more than the mode.
    unassigned = _exact(1 - np.bincount(sums.mode, SCORES["share"](sums), modes.n_modes).astype(np.float64))
    outside = _outside(comparison)
    best = {column: named_regions(atlas, find(sums, atlas, modes.n_modes)) for column, find in BEST_BY.items()}
    shares = {
        "unassigned share": unassigned,
        "outside share": outside,
        "undecided share": _exact(unassigned - outside),
    }
    nearest, distance = _nearest_where(outside > NOT_COVERED, modes, atlas)
    columns: Part = best | shares | {"nearest region": named_regions(atlas, nearest), "distance mm": distance}
    if comparison.certainty is not None:
        columns |= comparison.certainty.of_modes(best_by_share(sums, atlas, modes.n_modes), names_of_regions(atlas))
    return columns


def _clusters(group: Sequence[Comparison]) -> dict[str, Any]:
    """Columns `CLUSTERS` (M,) that belong to no atlas."""
    modes = group[0].modes
    count, peak = modes.counts(), np.round(_peak_places(modes), 2) + 0.0
    return {
        "cluster": modes.number,
        **_input_names(group[0]),
        "voxels": count,
        "volume mm3": count * modes.grid.voxel_volume,
        "peak value": modes.peaks()[1] * modes.sign,
        "x": peak[:, 0],
        "y": peak[:, 1],
        "z": peak[:, 2],
    }


def _at_peaks(comparison: Comparison) -> dict[str, Any]:
    """Columns `CLUSTERS` (M,) of one atlas."""
    atlas, n = comparison.atlas, comparison.modes.n_modes
    region, probability = highest_here(values_at(atlas, _peak_places(comparison.modes)), n)
    find_best = best_by_share if atlas.holds_probabilities else best_by_correlation
    return {
        "region": named_regions(atlas, region),
        "probability": probability,
        "best region": named_regions(atlas, find_best(comparison.sums, atlas, n)),
        "outside share": _outside(comparison),
    }


def _peak_places(modes: Modes) -> Floats:
    """(M, 3) world mm."""
    return modes.grid.to_world(modes.grid.unravel(modes.peaks()[0]))


def _outside(comparison: Comparison) -> Floats:
    """(M,) part of each mode outside all regions."""
    return _exact(1 - comparison.sums.modes.covered / comparison.sums.modes.volume)


def _exact(parts: Floats) -> Floats:
    """Parts of a whole (M,) without the rounding of what adds up to nothing."""
    return np.where(np.abs(parts) < 1e-12, 0.0, parts)


def _nearest_where(wanted: NDArray[np.bool_], modes: Modes, atlas: Atlas) -> tuple[NDArray[np.int64], Floats]:
    """Region (M,) nearest to the peaks of some modes and its distance (M,) in mm; -1 and NaN for the others."""
    region, distance = np.full(len(wanted), -1, np.int64), np.full(len(wanted), np.nan)
    if wanted.any():
        region[wanted], distance[wanted] = nearest_regions(atlas, _peak_places(modes)[wanted])
    return region, distance


def _origin(comparison: Comparison, is_stack: bool, several: bool) -> Part:
    """Of what image and atlas rows are, where there are several."""
    of_image = {"map": comparison.map_index, "map name": comparison.image.name} if is_stack else {}
    return of_image | ({"atlas": comparison.atlas.name} if several else {})


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
