"""The layers of modes: a label is a mode's number in the tables, and hovering tells its region.

A stack numbers the modes of every volume from 1, so what its labels mean, and their colours, follow the volume shown.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from weakref import WeakSet, ref

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..assignment.result import Result, Run
from ..assignment.scores import correlation
from ..assignment.tables import best_of_modes
from ..modes.modes import Modes
from .colors import highlighted_colors, match_colors, palette_color
from .frames import volume_shown
from .geometry import KEY
from .layers import LayerData, label_features, own_metadata
from .overlays import Frame, about_result, label_type, title_of
from .session import itself, result_of

SPARE = 16
"""Colours that a layer of modes has in store: a new table of colours costs far more than new voxels."""

Colors = dict[str, str]
"""Number of a mode, as text for JSON -> ``#rrggbb``."""


def modes_layers(result: Result, frame: Frame, earlier: Sequence[Any] = ()) -> list[LayerData]:
    """The modes as Labels: one layer, or one for each atlas where each has modes of its own.

    `earlier` are the layers of modes of an earlier result, whose colours are kept for modes that only grew or shrank.
    """
    several = has_own_modes(result)
    layers = []
    for atlas in result.atlases if several else [result.atlas]:
        runs = _runs_of(result, atlas.name)
        before = (x for x in earlier if not several or own_metadata(x).get("atlas") == atlas.name)
        layers.append(_modes_layer(result, runs, frame, next(before, None), several))
    return layers


def has_own_modes(result: Result) -> bool:
    """Whether each atlas has modes of its own, as in siibra's convention, which finds them on the atlas's grid."""
    return len(result.atlases) > 1 and result.runs[0].found is not result.runs[1].found


def highlight(layer: Any, picked: Mapping[int, Sequence[int]]) -> None:
    """Let modes, by volume, stand out in their layer, the others paler; without any, all are as before."""
    about = own_metadata(layer)
    known: list[Colors] = about.get("colors", [])
    chosen = [[c[str(n)] for n in picked.get(volume, ()) if str(n) in c] for volume, c in enumerate(known)]
    if chosen != about.get("highlighted", chosen):
        about["highlighted"] = chosen
        layer.colormap = _colormap(about)


def follow_volume(viewer: Any, layer: Any) -> None:
    """Keep what a layer of a stack's modes tells and shows that of the volume in the viewer."""
    layer = itself(layer)
    _tell_volume(viewer, layer)
    if layer in _following:
        return
    _following.add(layer)
    weak = ref(layer)

    def follow(event: Any = None) -> None:
        there = weak()
        if there is None or there not in viewer.layers:
            viewer.dims.events.current_step.disconnect(follow)
            _following.discard(there)
        else:
            _tell_volume(viewer, there)

    viewer.dims.events.current_step.connect(follow)


_following: WeakSet[Any] = WeakSet()

# --- inside ---


def _modes_layer(result: Result, runs: Sequence[Run], frame: Frame, earlier: Any, name_atlas: bool) -> LayerData:
    highest = max(int(run.found.number.max(initial=0)) for run in runs)
    volumes = [run.found.components(label_type(highest + SPARE)) for run in runs]
    grid, atlas = runs[0].found.grid, runs[0].atlas
    data, transform = frame.lay_out_stack(volumes, grid) if result.is_stack else frame.lay_out(volumes[0], grid)
    known = {} if earlier is None else own_metadata(earlier)
    picked = known.get("highlighted", [])
    volume = int(known.get("volume", 0))
    about = about_result(
        result,
        frame,
        "modes",
        atlas=atlas.name,
        volume=volume if volume < len(runs) else 0,
        colors=[{str(n): color for n, color in c.items()} for c in _colors(data, runs, earlier)],
        highlighted=picked if len(picked) == len(runs) else [[] for _ in runs],
    )
    return (
        data,
        {
            "name": f"{title_of(result)} modes" + (f" ({atlas.name})" if name_atlas else ""),
            "features": _features(result, runs[about["volume"]]),
            "colormap": _colormap(about),
            "opacity": 0.4,  # no outlines: napari warns of them at every 3D drawing
            "metadata": {KEY: about},
            **transform,
        },
        "labels",
    )


def _runs_of(result: Result, atlas: str) -> list[Run]:
    """An atlas's run of every image."""
    return [run for run in result.runs if run.atlas.name == atlas]


def _tell_volume(viewer: Any, layer: Any) -> None:
    about, result = own_metadata(layer), result_of(layer)
    volume = volume_shown(layer, viewer.dims.point)
    if volume == about["volume"] or not isinstance(result, Result):
        return
    before, about["volume"] = about["volume"], volume
    layer.features = _features(result, _runs_of(result, about["atlas"])[volume])
    if any(about[name][before] != about[name][volume] for name in ("colors", "highlighted")):
        layer.colormap = _colormap(about)


def _colormap(about: Mapping[str, Any]) -> Any:
    """The colours of the volume that is told; where modes of any volume stand out, all others are pale."""
    colors = {int(number): color for number, color in about["colors"][about["volume"]].items()}
    picked = about["highlighted"]
    return highlighted_colors(colors, picked[about["volume"]] if any(picked) else None)


def _colors(data: NDArray[np.integer], runs: Sequence[Run], earlier: Any) -> Iterator[dict[int, str]]:
    """For each volume a colour for each mode, and for some more that may come, so that they need no new table."""
    same = earlier is not None and earlier.data.shape == data.shape
    noted: list[Colors] = own_metadata(earlier).get("colors", []) if same else []
    for number, run in enumerate(runs):
        highest = int(run.found.number.max(initial=0))
        palette = {n: palette_color(n - 1) for n in range(1, highest + SPARE + 1)}
        if not noted:
            yield palette
            continue
        known = {int(n): color for n, color in noted[number].items()}
        before, after = (volume.reshape(-1, *volume.shape[-3:])[number] for volume in (earlier.data, data))
        matched = match_colors(*_labels_of_modes(before, after, run.found), known)
        yield (known if highest <= max(known) else palette | known) | matched


def _labels_of_modes(
    before: NDArray[np.integer], after: NDArray[np.integer], found: Modes
) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
    """Earlier and new labels (N,) at the voxels of the new modes."""
    if after.T.flags.c_contiguous and before.T.flags.c_contiguous:
        # Voxels of modes are counted in this very order: no search through the volume.
        return before.T.reshape(-1)[found.voxel], found.number[found.mode]
    voxels = np.nonzero(after)
    return before[voxels], after[voxels]


def _features(result: Result, run: Run) -> pd.DataFrame:
    """What hovering over a mode tells: its best region, of several atlases that of each, and few numbers."""
    atlases = [other for other in result.runs if other.found is run.found]
    names = ["region"] if len(atlases) == 1 else [other.atlas.name for other in atlases]
    modes = result.modes
    for column, own in (("map", run.map_index), ("atlas", run.atlas.name)):
        if column in modes:
            modes = modes[modes[column] == own]
    numbers = modes["input structure"].tolist()
    rows: dict[int, dict[str, Any]] = {number: {} for number in numbers}
    for name, other in zip(names, atlases, strict=True):
        for number, (region, value) in _best(other).items():
            rows[number].update({name: region, "correlation": value})
    for number, peak, volume in zip(numbers, modes["peak value"].tolist(), modes["volume mm3"].tolist(), strict=True):
        rows[number].update({"peak": round(peak, 3), "mm3": round(volume)})
    return label_features(rows, [*names, *(["correlation"] if len(atlases) == 1 else []), "peak", "mm3"])


def _best(run: Run) -> dict[int, tuple[str, float]]:
    """Number of each mode that overlaps the atlas -> the region with the largest correlation, and that."""
    sums, found = run.sums, run.found
    score = correlation(sums)
    best = best_of_modes(sums, score, found.n_modes)
    names = run.atlas.regions["name"].to_numpy(object)
    pairs = np.flatnonzero(sums.region == best[sums.mode])
    numbers, regions = found.number[sums.mode[pairs]].tolist(), names[sums.region[pairs]].tolist()
    return {n: (r, round(v, 3)) for n, r, v in zip(numbers, regions, score[pairs].tolist(), strict=True)}
