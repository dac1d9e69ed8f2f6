"""The layers of modes: a label is a mode's number in the tables, and hovering tells its region.

A stack numbers the modes of every volume from 1, so what its labels mean, and their colours, follow the volume shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...assignment.best_region import best_to_show
from ...assignment.comparison import Comparison
from ...assignment.result import Result
from ...assignment.scores import correlation
from ...modes.modes import Modes
from ...report.colors import mode_color
from ..plain_text import plain
from .colors import highlighted_colors, match_colors
from .convert import label_features
from .frame import Frame, title_of
from .geometry import KEY
from .metadata import LayerData, own_metadata
from .region_layers import label_type, result_metadata

SPARE = 16
"""Colours that a layer of modes has in store: a new table of colours costs far more than new voxels."""

Colors = dict[str, str]
"""Number of a mode, as text for JSON -> ``#rrggbb``."""


def modes_layers(result: Result, frame: Frame, earlier: Sequence[Any] = (), with_words: bool = True) -> list[LayerData]:
    """The modes as Labels: one layer, or one for each atlas where each has modes of its own.

    `earlier` are the layers of modes of an earlier result, whose colours are kept for modes that only grew or shrank.
    Without words, layers do not tell what the modes are, for which tables have to be made.
    """
    several = has_own_modes(result)
    layers = []
    for atlas in result.atlases if several else [result.atlas]:
        comparisons = comparisons_of(result, atlas.name)
        before = (x for x in earlier if not several or own_metadata(x).get("atlas") == atlas.name)
        layers.append(_modes_layer(result, comparisons, frame, next(before, None), several, with_words))
    return layers


def has_own_modes(result: Result) -> bool:
    """Whether each atlas has modes of its own, as in siibra's convention, which finds them on the atlas's grid."""
    return len(result.atlases) > 1 and result.comparisons[0].modes is not result.comparisons[1].modes


def highlight(layer: Any, picked: Mapping[int, Sequence[int]]) -> None:
    """Let modes, by volume, stand out in their layer, the others paler; without any, all are as before."""
    metadata = own_metadata(layer)
    known: list[Colors] = metadata.get("colors", [])
    chosen = [[c[str(n)] for n in picked.get(volume, ()) if str(n) in c] for volume, c in enumerate(known)]
    if chosen != metadata.get("highlighted", chosen):
        metadata["highlighted"] = chosen
        layer.colormap = modes_colormap(metadata)


def color_as_report(layer: Any) -> None:
    """Give modes the colours of their numbers, as reports do; while a threshold is dragged, they keep earlier ones."""
    metadata = own_metadata(layer)
    metadata["colors"] = [{number: mode_color(int(number)) for number in known} for known in metadata["colors"]]
    layer.colormap = modes_colormap(metadata)


# --- inside ---


def _modes_layer(
    result: Result, comparisons: Sequence[Comparison], frame: Frame, earlier: Any, name_atlas: bool, with_words: bool
) -> LayerData:
    highest = max(int(comparison.modes.number.max(initial=0)) for comparison in comparisons)
    volumes = [comparison.modes.components(label_type(highest + SPARE)) for comparison in comparisons]
    grid, atlas = comparisons[0].modes.grid, comparisons[0].atlas
    data, transform = frame.lay_out_stack(volumes, grid) if result.is_stack else frame.lay_out(volumes[0], grid)
    known = {} if earlier is None else own_metadata(earlier)
    picked = known.get("highlighted", [])
    volume = int(known.get("volume", 0))
    metadata = result_metadata(
        result,
        frame,
        "modes",
        atlas=atlas.name,
        volume=volume if volume < len(comparisons) else 0,
        colors=[{str(n): color for n, color in c.items()} for c in _colors(data, comparisons, earlier)],
        highlighted=picked if len(picked) == len(comparisons) else [[] for _ in comparisons],
    )
    words = {"features": mode_features(result, comparisons[metadata["volume"]])} if with_words else {}
    return (
        data,
        {
            "name": plain(f"{title_of(result)} modes" + (f" ({atlas.name})" if name_atlas else "")),
            **words,
            "colormap": modes_colormap(metadata),
            "metadata": {KEY: metadata},
            **transform,
        },
        "labels",
    )


def comparisons_of(result: Result, atlas: str) -> list[Comparison]:
    """An atlas's comparison of every image."""
    return [comparison for comparison in result.comparisons if comparison.atlas.name == atlas]


def modes_colormap(metadata: Mapping[str, Any]) -> Any:
    """The colours of the volume that is told; where modes of any volume stand out, all others are pale."""
    colors = {int(number): color for number, color in metadata["colors"][metadata["volume"]].items()}
    picked = metadata["highlighted"]
    return highlighted_colors(colors, picked[metadata["volume"]] if any(picked) else None)


def _colors(data: NDArray[np.integer], comparisons: Sequence[Comparison], earlier: Any) -> Iterator[dict[int, str]]:
    """For each volume a colour for each mode, and for some more that may come, so that they need no new table."""
    same = earlier is not None and earlier.data.shape == data.shape
    noted: list[Colors] = own_metadata(earlier).get("colors", []) if same else []
    for number, comparison in enumerate(comparisons):
        palette = {n: mode_color(n) for n in _numbers_and_spare(comparison.modes)}
        if not noted:
            yield palette
            continue
        known = {int(n): color for n, color in noted[number].items()}
        before, after = (volume.reshape(-1, *volume.shape[-3:])[number] for volume in (earlier.data, data))
        matched = match_colors(*_labels_of_modes(before, after, comparison.modes), known)
        yield (known if known.keys() >= set(comparison.modes.number.tolist()) else palette | known) | matched


def _numbers_and_spare(modes: Modes) -> list[int]:
    """The numbers of modes, which regions of interest may have in the millions, and some more that may come."""
    numbers = modes.number.tolist()
    highest = max(numbers, default=0)
    return [*numbers, *range(highest + 1, highest + SPARE + 1)]


def _labels_of_modes(
    before: NDArray[np.integer], after: NDArray[np.integer], modes: Modes
) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
    """Earlier and new labels (N,) at the voxels of the new modes."""
    if after.T.flags.c_contiguous and before.T.flags.c_contiguous:
        # Voxels of modes are counted in this very order: no search through the volume.
        return before.T.reshape(-1)[modes.voxel], modes.number[modes.mode]
    voxels = np.nonzero(after)
    return before[voxels], after[voxels]


def features_shown(layer: Any, result: Result) -> pd.DataFrame:
    """What hovering over the modes in a result's layer tells, of the volume that it shows."""
    metadata = own_metadata(layer)
    return mode_features(result, comparisons_of(result, metadata["atlas"])[metadata["volume"]])


def mode_features(result: Result, comparison: Comparison) -> pd.DataFrame:
    """What hovering over a mode tells: its best region, of several atlases that of each, and few numbers."""
    atlases = [other for other in result.comparisons if other.modes is comparison.modes]
    names = ["region"] if len(atlases) == 1 else [other.atlas.name for other in atlases]
    modes = result.modes
    for column, own in (("map", comparison.map_index), ("atlas", comparison.atlas.name)):
        if column in modes:
            modes = modes[modes[column] == own]
    numbers = modes["input structure"].tolist()
    rows: dict[int, dict[str, Any]] = {number: {} for number in numbers}
    for name, other in zip(names, atlases, strict=True):
        suffix = f": {other.atlas.name}" if f"outside share: {other.atlas.name}" in modes else ""
        nearest, away = modes[f"nearest region{suffix}"].tolist(), modes[f"distance mm{suffix}"].tolist()
        for number, region, distance in zip(numbers, nearest, away, strict=True):
            if isinstance(region, str):
                rows[number][name] = f"not covered by {other.atlas.name}; nearest: {region} at {distance:.1f} mm"
        for number, (region, value) in _best(other).items():
            rows[number].update({name: rows[number].get(name, region), "correlation": value})
        if (shifted := f"best region under shifts{suffix}") in modes:
            undecided = zip(numbers, modes[shifted].tolist(), strict=True)
            rows_of = {n: words for n, words in undecided if isinstance(words, str) and words.startswith("undecided")}
            for number, words in rows_of.items():
                rows[number][name] = words
    for number, peak, volume in zip(numbers, modes["peak value"].tolist(), modes["volume mm3"].tolist(), strict=True):
        rows[number].update({"peak": round(peak, 3), "mm3": round(volume)})
    return label_features(rows, [*names, *(["correlation"] if len(atlases) == 1 else []), "peak", "mm3"])


def _best(comparison: Comparison) -> dict[int, tuple[str, float]]:
    """Number of each mode that a region names -> its best region, and their correlation."""
    sums, modes = comparison.sums, comparison.modes
    score = correlation(sums)
    best = best_to_show(sums, comparison.atlas, modes.n_modes)
    names = comparison.atlas.regions["name"].to_numpy(object)
    pairs = np.flatnonzero(sums.region == best[sums.mode])
    numbers, regions = modes.number[sums.mode[pairs]].tolist(), names[sums.region[pairs]].tolist()
    return {n: (r, round(v, 3)) for n, r, v in zip(numbers, regions, score[pairs].tolist(), strict=True)}
