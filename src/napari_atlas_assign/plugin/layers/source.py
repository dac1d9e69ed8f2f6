"""What a napari layer is assigned as: a map, a stack of maps, regions of interest, or points."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from numpy.typing import NDArray

from ...grid import Floats
from ...image import Image
from ...modes.point_set import PointSet
from .convert import image_from_layer, names_of_labels
from .metadata import layer_kind, n_volumes, own_metadata


def source_from_layer(
    layer: Any,
    volume: int | None = None,
    sigma: float | Sequence[float] | NDArray[Any] = 0.0,
    world_from_view: Floats | None = None,
) -> tuple[Image | list[Image] | PointSet, dict[str, Any]]:
    """What a layer holds, as `napari_atlas_assign.source.as_source` gives it back.

    An Image layer is a map, or with axes before space a stack; a Labels layer regions of interest; Points are points.
    For a Shapes layer see `together.rois_beside`. `world_from_view` is as in `convert.image_from_layer`.

    Raises
    ------
    InputError
        If the layer is of another kind, or its data or its place in the brain cannot be used.
    """
    from .point_layers import points_from_layer

    kind = layer_kind(layer)
    if kind == "points":
        return points_from_layer(layer, sigma, world_from_view), {}
    if kind == "labels":
        image = image_from_layer(layer, volume, world_from_view)
        is_result = own_metadata(layer).get("role") == "modes"  # whose features name what lies below
        return replace(image, names={} if is_result else names_of_labels(layer.features)), {"rois": True}
    if volume is None and kind == "image" and n_volumes(layer) > 1:
        volumes = [image_from_layer(layer, v, world_from_view) for v in range(n_volumes(layer))]
        return [replace(image, name=f"{layer.name}[{v}]") for v, image in enumerate(volumes)], {}
    return image_from_layer(layer, volume, world_from_view), {}
