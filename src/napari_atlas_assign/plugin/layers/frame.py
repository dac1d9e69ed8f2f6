"""Where in a viewer the layers of a result belong: beside the layer that its image came from, if there is one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...assignment.result import Result
from ...atlas.build import stem
from ...errors import InputError
from ...grid import Floats, Grid
from ...image import Image
from .geometry import (
    AS_SHOWN,
    AXIS_LABELS,
    ZYX_FROM_WORLD,
    Placement,
    copied_transform,
    full_resolution,
    place,
    place_of,
)
from .metadata import layer_kind, n_volumes, with_leading_axis


@dataclass(frozen=True)
class Frame:
    """Where in a viewer the things of a result belong: beside the layer that its image came from, if there is one."""

    view_from_world: Floats = field(default_factory=lambda: ZYX_FROM_WORLD)
    layer: Any = None
    place: Placement | None = None
    is_anatomical: bool = True
    """Whether the layer says where it lies in a brain; else it is taken as it is shown, and nothing is turned."""

    def lay_out(self, data: NDArray[Any], grid: Grid) -> tuple[NDArray[Any], dict[str, Any]]:
        """Turn a volume (X, Y, Z) for the viewer, and give the transform that puts it in place."""
        if self.place is not None and grid.matches(self.place.grid):
            shape = full_resolution(self.layer).shape[-3:]
            return data.T.reshape(shape), copied_transform(self.layer)
        orientation, transform = place(grid.shape, grid.affine, self.view_from_world)
        return orientation.turn(data), transform | self.axes

    @property
    def axes(self) -> dict[str, Any]:
        """Units and axis labels of the three axes: napari drops all units where layers differ."""
        if self.layer is None:
            return {"units": ("mm",) * 3, "axis_labels": AXIS_LABELS}
        units, labels = tuple(self.layer.units), tuple(self.layer.axis_labels)
        return {"units": (units[0], *units)[-3:], "axis_labels": ("z", *labels)[-3:]}

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
            frame = frame_beside(layer, image)
            if frame is not None:
                return frame
    return Frame()


def frame_beside(layer: Any, image: Image) -> Frame | None:
    """The frame of the layer of voxels that an image came from; None where the layer does not say where it lies."""
    try:
        placement = place_of(layer)
        return Frame(placement.view_from_world, layer, placement)
    except InputError:
        if AS_SHOWN not in image.source:
            return None
    placement = place_of(layer, np.asarray(image.source[AS_SHOWN]))
    return Frame(placement.view_from_world, layer, placement, is_anatomical=False)


def title_of(result: Result) -> str:
    """What the layers of a result are named after: the layer of its image, or of a stack that of all its volumes."""
    image = result.image
    name = image.name.removesuffix(f"[{image.source.get('volume')}]") if result.is_stack else image.name
    if "layer" in image.source:
        return str(image.source["layer"]) if result.is_stack else name
    path = Path(image.source.get("path", ""))
    return stem(path) if path.name == name else name  # as the reader calls the layer of a file


def _is_source(layer: Any, image: Image) -> bool:
    if "layer" in image.source:
        return bool(layer.name == image.source["layer"])
    path = getattr(getattr(layer, "source", None), "path", None)
    return path is not None and "path" in image.source and Path(path).resolve() == Path(image.source["path"])
