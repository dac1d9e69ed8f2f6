"""Overlays: what a result looks like as layers. They lie on the source layer's grid, with its transform."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from weakref import WeakKeyDictionary

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..assignment.overlay import best_region_labels, best_regions
from ..assignment.result import Result
from ..atlas.atlas import Atlas
from ..errors import InputError
from ..image import Image
from ..space import Floats, Grid
from .colors import direct_colors, region_color
from .geometry import AXIS_LABELS, KEY, ZYX_FROM_WORLD, Placement, copied_transform, full_resolution, place, place_of
from .layers import (
    LayerData,
    describe,
    label_features,
    layer_kind,
    n_volumes,
    region_columns,
    region_rows,
    with_leading_axis,
)

MOST_COLORS = 1000
"""Regions that all get their colours at once: a new table of colours costs far more than new voxels."""


def label_type(highest: int) -> type[np.integer]:
    """The type of labels up to a number: napari hands bytes to the graphics card as they are, and maps larger ones."""
    return np.uint8 if highest <= 255 else np.int32


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
        return orientation.turn(data), transform | self.axes

    @property
    def axes(self) -> dict[str, Any]:
        """Units and axis labels of the three axes: napari drops all units where layers differ."""
        if self.layer is None:
            return {"units": ("mm",) * 3, "axis_labels": AXIS_LABELS}
        return {"units": tuple(self.layer.units)[-3:], "axis_labels": tuple(self.layer.axis_labels)[-3:]}

    def lay_out_stack(self, volumes: Sequence[NDArray[Any]], grid: Grid) -> tuple[NDArray[Any], dict[str, Any]]:
        """As `lay_out`, for the volumes of a stack along axes in front, which follow those of the source layer."""
        laid_out = [self.lay_out(volume, grid) for volume in volumes]
        stack, transform = np.stack([data for data, _ in laid_out]), laid_out[0][1]
        if self.layer is None or n_volumes(self.layer) != len(volumes):
            return stack, with_leading_axis(transform, "map")
        leading = full_resolution(self.layer).shape[:-3]
        transform = with_leading_axis(transform, *self.layer.axis_labels[:-3])
        for name in ("scale", "translate", "units"):
            if name in transform:
                transform[name] = (*tuple(getattr(self.layer, name))[:-3], *transform[name][-3:])
        return stack.reshape(*leading, *stack.shape[1:]), transform

    def to_view(self, xyz: Iterable[float]) -> Floats:
        """The place of a world position (3,) along the viewer's last three axes."""
        return (self.view_from_world @ np.array([*xyz, 1.0]))[:3]


def frame_of(image: Image, layers: Iterable[Any]) -> Frame:
    """Find the layer that an image came from, by its name or its file, and take over its place in the viewer."""
    for layer in layers:
        if layer_kind(layer) in ("image", "labels") and _is_source(layer, image):
            try:
                placement = place_of(layer)
            except InputError:
                continue
            return Frame(placement.view_from_world, layer, placement)
    return Frame()


def title_of(result: Result) -> str:
    """What the layers of a result are named after: its image, or of a stack what its volumes belong to."""
    image = result.image
    if not result.is_stack:
        return image.name
    return str(image.source.get("layer", image.name.removesuffix(f"[{image.source.get('volume')}]")))


def regions_layers(result: Result, frame: Frame) -> list[LayerData]:
    """`regions_layer` for every atlas of a result."""
    atlases = result.atlases
    return [
        regions_layer(replace(result, runs=[r for r in result.runs if r.atlas is atlas]), frame, len(atlases) > 1)
        for atlas in atlases
    ]


def regions_layer(result: Result, frame: Frame, name_atlas: bool = False) -> LayerData:
    """Each mode's best region as Labels in the atlas's colours; label = row of the atlas's region table + 1."""
    singles = [result.single(n) for n in range(len(result.runs))]
    labels = [best_region_labels(single, label_type(result.atlas.n_regions)) for single in singles]
    if result.is_stack:
        data, transform = frame.lay_out_stack([image.data for image in labels], labels[0].grid)
    else:
        data, transform = frame.lay_out(labels[0].data, labels[0].grid)
    atlas = result.atlas
    colored: Iterable[int] = range(atlas.n_regions)
    if atlas.n_regions > MOST_COLORS:
        colored = sorted({region for single in singles for region in best_regions(single).values()})
    return (
        data,
        {
            "name": f"{title_of(result)} regions" + (f" ({atlas.name})" if name_atlas else ""),
            "features": _region_features(atlas),
            "colormap": direct_colors({r + 1: region_color(atlas, r) for r in colored}),
            "opacity": 0.7,
            "metadata": {KEY: about_result(result, frame, "regions")},
            **transform,
        },
        "labels",
    )


_features: WeakKeyDictionary[Atlas, pd.DataFrame] = WeakKeyDictionary()


def _region_features(atlas: Atlas) -> pd.DataFrame:
    """What hovering over a region tells; made once, since it is the same for every threshold."""
    if atlas not in _features:
        ids = atlas.regions["id"].tolist()
        rows = {r + 1: row | {"atlas_label": ids[r]} for r, row in enumerate(region_rows(atlas))}
        _features[atlas] = label_features(rows, [*region_columns(atlas), "atlas_label"])
    return _features[atlas]


def about_result(result: Result, frame: Frame, role: str, **more: Any) -> dict[str, Any]:
    """What a layer of a result carries in its metadata."""
    about = {"atlas": result.atlas.name, "parameters": result.parameters.as_dict(), **more}
    return describe(frame.view_from_world, role=role, image=title_of(result), space=result.image.space, **about)


def _is_source(layer: Any, image: Image) -> bool:
    if "layer" in image.source:
        return bool(layer.name == image.source["layer"])
    path = getattr(getattr(layer, "source", None), "path", None)
    return path is not None and "path" in image.source and Path(path).resolve() == Path(image.source["path"])
