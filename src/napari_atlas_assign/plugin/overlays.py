"""Overlays: what a result looks like as layers. They lie on the source layer's grid, with its transform."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..assignment.overlay import best_region_labels, best_regions
from ..assignment.result import Result
from ..errors import InputError
from ..image import Image
from ..space import Floats, Grid
from .colors import direct_colors, palette_color, region_color
from .geometry import KEY, ZYX_FROM_WORLD, Placement, copied_transform, place, place_of
from .layers import LayerData, describe, label_features, layer_kind, region_columns, region_rows


@dataclass(frozen=True)
class Frame:
    """Where in a viewer the things of a result belong: beside the layer that its image came from, if there is one."""

    view_from_world: Floats = field(default_factory=lambda: ZYX_FROM_WORLD)
    layer: Any = None
    place: Placement | None = None

    def lay_out(self, data: NDArray[Any], grid: Grid) -> tuple[NDArray[Any], dict[str, Any]]:
        """Turn a volume (X, Y, Z) for the viewer, and give the transform that puts it in place."""
        if self.place is not None and grid.matches(self.place.grid):
            return data.T, copied_transform(self.layer)
        orientation, transform = place(grid.shape, grid.affine, self.view_from_world)
        if self.layer is not None:
            transform |= {"units": tuple(self.layer.units)[-3:], "axis_labels": tuple(self.layer.axis_labels)[-3:]}
        return orientation.turn(data), transform

    def to_view(self, xyz: Iterable[float]) -> Floats:
        """The place of a world position (3,) along the viewer's last three axes."""
        return (self.view_from_world @ np.array([*xyz, 1.0]))[:3]


def frame_of(image: Image, layers: Iterable[Any]) -> Frame:
    """Find the layer that an image came from, by its name or its file, and take over its place in the viewer."""
    for layer in layers:
        if layer_kind(layer) == "image" and _is_source(layer, image):
            try:
                placement = place_of(layer)
            except InputError:
                continue
            return Frame(placement.view_from_world, layer, placement)
    return Frame()


def modes_layer(result: Result, frame: Frame) -> LayerData:
    """The modes as Labels; a label is the mode's number in the tables, and hovering tells its best region."""
    data, transform = frame.lay_out(result.components.data, result.components.grid)
    columns = ["region", "correlation", "peak", "mm3"]
    return (
        data,
        {
            "name": f"{result.image.name} modes",
            "features": label_features(_mode_rows(result), columns),
            "colormap": direct_colors({n: palette_color(n - 1) for n in result.modes["input structure"].tolist()}),
            "opacity": 0.4,  # no outlines: napari warns of them at every 3D drawing
            "metadata": {KEY: _about(result, frame, "modes")},
            **transform,
        },
        "labels",
    )


def regions_layer(result: Result, frame: Frame) -> LayerData:
    """Each mode's best region as Labels in the atlas's colours; label = row of the atlas's region table + 1."""
    labels = best_region_labels(result)
    data, transform = frame.lay_out(labels.data, labels.grid)
    atlas = result.atlas
    ids = atlas.regions["id"].tolist()
    rows = {r + 1: row | {"atlas_label": ids[r]} for r, row in enumerate(region_rows(atlas))}
    drawn = sorted(set(best_regions(result).values()))
    return (
        data,
        {
            "name": f"{result.image.name} regions",
            "features": label_features(rows, [*region_columns(atlas), "atlas_label"]),
            "colormap": direct_colors({r + 1: region_color(atlas, r) for r in drawn}),
            "opacity": 0.7,
            "metadata": {KEY: _about(result, frame, "regions")},
            **transform,
        },
        "labels",
    )


def _mode_rows(result: Result) -> dict[int, dict[str, Any]]:
    names = result.atlas.regions["name"].tolist()
    best = best_regions(result)
    pairs = result.assignments.set_index(["input structure", "volume"])["correlation"]
    rows = {}
    for mode in result.modes[["input structure", "peak value", "volume mm3"]].itertuples(index=False, name=None):
        number, peak, volume = mode
        region = best.get(number)
        rows[int(number)] = {
            "region": None if region is None else names[region],
            "correlation": None if region is None else round(float(pairs[number, region]), 3),
            "peak": round(float(peak), 3),
            "mm3": round(float(volume)),
        }
    return rows


def _about(result: Result, frame: Frame, role: str) -> dict[str, Any]:
    return describe(
        frame.view_from_world,
        role=role,
        image=result.image.name,
        atlas=result.atlas.name,
        space=result.image.space,
        parameters=result.parameters.as_dict(),
    )


def _is_source(layer: Any, image: Image) -> bool:
    if "layer" in image.source:
        return bool(layer.name == image.source["layer"])
    path = getattr(getattr(layer, "source", None), "path", None)
    return path is not None and "path" in image.source and Path(path).resolve() == Path(image.source["path"])
