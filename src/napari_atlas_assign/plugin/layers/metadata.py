"""The kind of a layer, what this plugin noted in its metadata, and its axes before space."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...lazy import as_dask, is_lazy
from .geometry import AXIS_LABELS, KEY, ZYX_FROM_WORLD, axes_not_of_space, axes_with_space_last, full_resolution

LayerData = tuple[Any, dict[str, Any], str]

NAMES_OF = "names of "
"""How the role of a layer of names begins; it goes on with that of the layer whose places it names."""

KINDS_OF_ROLES = {
    **dict.fromkeys(("modes", "regions", "atlas", "region outline", "coloured regions"), "labels"),
    **dict.fromkeys(("region map", "shares", "template"), "image"),
    **dict.fromkeys(("points", "peaks", "pins", NAMES_OF), "points"),
    "crosshair": "vectors",
    "region surface": "surface",
}
"""How the roles of this plugin's layers begin -> the kind of layer that has them."""


def layer_kind(layer: Any) -> str:
    """``image``, ``labels``, ``points`` ..., or ``""`` for what is no layer; works through napari's proxies."""
    kinds = {"Image", "Labels", "Points", "Shapes", "Surface", "Tracks", "Vectors"}
    return next((c.__name__.lower() for c in layer.__class__.__mro__ if c.__name__ in kinds), "")


def own_metadata(layer: Any) -> dict[str, Any]:
    """What this plugin noted about a layer; empty for layers of others.

    napari's "Convert to Image" takes the notes along: such a layer has its place, but no longer its role.
    """
    ours = (layer.metadata or {}).get(KEY)
    if not isinstance(ours, dict):
        return {}
    if "role" in ours and layer_kind(layer) != _kind_of_role(str(ours["role"])):
        return {name: ours[name] for name in ("world_from_view", "space") if name in ours}
    return ours


def _kind_of_role(role: str) -> str:
    return next((kind for start, kind in KINDS_OF_ROLES.items() if role.startswith(start)), "")


def n_volumes(layer: Any) -> int:
    """How many volumes a layer has along the axes before space; 1 for a layer with three axes."""
    return int(np.prod(full_resolution(layer).shape[:-3], dtype=np.int64))


def describe(view_from_world: NDArray[np.floating] = ZYX_FROM_WORLD, **facts: Any) -> dict[str, Any]:
    """What a layer of this plugin carries in its metadata; None is left out."""
    known = {name: value for name, value in facts.items() if value is not None}
    return {"world_from_view": np.linalg.inv(view_from_world).tolist(), **known}


def with_space_last(layer: Any) -> LayerData:
    """A layer as it is, but with its axes of time and channels, or else its last one, in front of those of space."""
    data, options, kind = layer.as_layer_data_tuple()
    order = axes_with_space_last(layer)
    levels = [np.transpose(as_dask(x) if is_lazy(x) else x, order) for x in (data if layer.multiscale else [data])]
    for name in ("scale", "translate", "units", "axis_labels"):
        options[name] = tuple(options[name][n] for n in order)
    if not axes_not_of_space(layer):
        options["axis_labels"] = ("t", *(f"axis {n}" for n in range(1, layer.ndim - 3)), *AXIS_LABELS)
    matrix = [*order, layer.ndim]
    options["affine"] = np.asarray(options["affine"])[np.ix_(matrix, matrix)]
    options["rotate"] = np.asarray(options["rotate"])[np.ix_(order, order)]
    return levels if layer.multiscale else levels[0], options, kind


def with_leading_axis(transform: dict[str, Any], *labels: str) -> dict[str, Any]:
    """Extend a transform of three axes by axes in front that count volumes from 0."""
    n = len(labels)
    extended = transform | {
        "scale": (1.0,) * n + transform["scale"],
        "units": ("pixel",) * n + transform["units"],
        "axis_labels": labels + transform["axis_labels"],
    }
    if "translate" in transform:
        extended["translate"] = (0.0,) * n + transform["translate"]
    if "affine" in transform:
        affine = np.eye(4 + n)
        affine[n:, n:] = transform["affine"]
        extended["affine"] = affine
    return extended
