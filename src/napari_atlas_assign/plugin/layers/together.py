"""Layers that lie in one viewer, of which not all say where they lie in a brain: any image and its labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from ...atlas.atlas import Atlas
from ...grid import Floats
from ...modes.rois import RoiImage
from .convert import atlas_from_layer
from .geometry import (
    AS_SHOWN,
    UNIT,
    full_resolution,
    is_placed,
    layer_in_view,
    mm_per_unit,
    world_as_shown,
    world_beside,
)
from .metadata import layer_kind
from .shape_layers import rois_from_shapes


def atlas_beside(layer: Any, source: Any = None) -> Atlas:
    """Make an atlas of a layer that is compared with a source layer, if there is one; see `world_of_atlas`."""
    return atlas_from_layer(layer, world_of_atlas(layer, source))


def world_of_atlas(layer: Any, source: Any = None) -> Floats | None:
    """What the viewer's coordinates mean for an atlas layer; None where it says it itself.

    Else it lies in the viewer as the source does; where the source does not say it either, both lie as they are shown.
    """
    if is_placed(layer):
        return None
    if source is not None and is_placed(source):
        return world_beside(layer, source)
    return world_as_shown(layer, [] if source is None else [source])


def world_of_source(layer: Any, atlases: Sequence[Any]) -> Floats | None:
    """What the viewer's coordinates mean for a layer that is explained by atlases, some of which may be layers.

    Returns
    -------
    (4, 4) float or None
        None where the layer says it itself, and where it is to be asked: because an atlas lies in a brain, and the
        layer has not its voxels.
    """
    if is_placed(layer) or not atlases:
        return None
    layers = [atlas for atlas in atlases if is_layer(atlas)]
    same = next((a for a in layers if is_placed(a) and has_voxels_of(layer, a)), None)
    if same is not None:
        return world_beside(layer, same)
    made = [atlas.source for atlas in atlases if isinstance(atlas, Atlas) and AS_SHOWN in atlas.source]
    if len(made) + sum(not is_placed(one) for one in layers) < len(atlases):
        return None
    if made and (mm_per_unit(layer) is None or UNIT in made[0]):
        return np.asarray(made[0][AS_SHOWN])
    return world_as_shown(layer, layers)


def rois_beside(layer: Any, atlases: Sequence[Any]) -> RoiImage:
    """Draw shapes on the grid of the atlas layer beside which they are shown; see `shape_layers.rois_from_shapes`."""
    world = world_of_source(layer, atlases)
    like = None if world is None else next(filter(is_layer, atlases), None)
    if like is None:
        return rois_from_shapes(layer, None, world)
    return rois_from_shapes(layer, like, None if is_placed(like) else world_as_shown(like, [layer]))


def is_drawn(layer: Any) -> bool:
    """Whether a layer was drawn in the viewer: points, shapes, and labels in a unit of length that no file holds."""
    if layer_kind(layer) == "labels":
        return layer.source.path is None and mm_per_unit(layer) is not None
    return layer_kind(layer) in ("points", "shapes")


def is_layer(thing: Any) -> bool:
    """Whether something is a layer of napari."""
    return layer_kind(thing) != ""


def has_voxels_of(layer: Any, other: Any) -> bool:
    """Whether two layers show the same voxels at the same places; points and shapes have none."""
    if {layer_kind(layer), layer_kind(other)} - {"image", "labels"}:
        return False
    shapes = [full_resolution(one).shape[-3:] for one in (layer, other)]
    return bool(shapes[0] == shapes[1] and np.allclose(layer_in_view(layer), layer_in_view(other), rtol=1e-4))
