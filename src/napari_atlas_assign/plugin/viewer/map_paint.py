"""Painting a map by the threshold of its result."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary

from napari.utils.colormaps import AVAILABLE_COLORMAPS

from ...assignment.result import Result
from ...modes.modes import Tail
from ..layers.layer_results import itself
from ..layers.map_colors import FAINT, NAMES, map_colormap
from ..layers.metadata import layer_kind, own_metadata

_painted: WeakKeyDictionary[Any, tuple[float, Tail]] = WeakKeyDictionary()
"""Threshold and tail by which maps were painted."""


def paint_by_threshold(viewer: Any, layer: Any, result: Result) -> None:
    """Let what is beyond the threshold of a result stand out in its map, unless the user chose other colours."""
    metadata, layer = own_metadata(layer), itself(layer)
    if layer_kind(layer) != "image" or not metadata or "role" in metadata:
        return
    is_grey = layer.colormap.name == "gray" and layer not in _painted  # as maps of one sign come
    look = float(result.comparisons[0].threshold), result.parameters.tail
    if _painted.get(layer) == look or not (is_grey or layer.colormap.name.startswith(NAMES)):
        return
    _painted[layer] = look
    _paint(viewer, layer)
    if is_grey:
        layer.blending = "translucent_no_depth"


def fit_paint(viewer: Any, layer: Any) -> None:
    """Fit a painted map to 2D or 3D."""
    layer = itself(layer)
    if layer in _painted and layer.colormap.name.startswith(NAMES):
        _paint(viewer, layer)


def _paint(viewer: Any, layer: Any) -> None:
    """In 3D, what is below the threshold is clear: every line of sight meets some of it, which would be a fog."""
    threshold, tail = _painted[layer]
    low, high = layer.contrast_limits
    faint = FAINT if viewer.dims.ndisplay == 2 else 0.0
    colormap = map_colormap((float(low), float(high)), threshold, tail, faint)
    AVAILABLE_COLORMAPS.pop(colormap["name"], None)  # napari would keep one for every threshold, under another name
    layer.colormap = colormap
