"""A second view of a viewer's layers: napari's layers know one slice each, so another view has layers of its own.

They share the voxels with the viewer's layers, and follow how those are painted and placed.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from napari.layers import Layer

from ..layers.layer_results import itself

FOLLOWED = (
    *("visible", "opacity", "blending", "colormap", "contrast_limits", "gamma", "contour", "interpolation2d"),
    *("show_selected_label", "selected_label", "features", "scale", "translate", "rotate", "shear", "affine"),
)
"""What a mirrored layer takes over whenever it changes; layers have different ones of these."""


NOT_IN_TUPLES = ("contour", "selected_label", "show_selected_label")
"""Of these, those that napari's tuples of a layer leave out."""


class MirroredLayer:
    """A layer, and one like it in every other view."""

    def __init__(self, layer: Any, n_views: int) -> None:
        self._layer = itself(layer)
        self.mirrors = [_like(self._layer) for _ in range(n_views)]
        emitters = self._layer.events.emitters
        self._followed = [(emitters[name], self._take_over) for name in FOLLOWED if name in emitters]
        for event, callback in self._followed:
            event.connect(callback)

    def refresh(self) -> None:
        """Show the voxels, points or lines as they are now; voxels may have been written into."""
        for mirror in self.mirrors:
            if _is_same(mirror.data, self._layer.data):
                mirror.refresh(extent=False, thumbnail=False)
            else:
                mirror.data = self._layer.data

    def forget(self) -> None:
        """Let go of the layer."""
        for event, callback in self._followed:
            event.disconnect(callback)
        self._followed = []

    def _take_over(self, event: Any) -> None:
        value = getattr(self._layer, event.type)
        for mirror in self.mirrors:
            setattr(mirror, event.type, value)


def arrange(layers: Any, wanted: Iterable[Any]) -> None:
    """Make a layer list hold some layers in an order, touching only what differs."""
    wanted = list(wanted)
    for layer in [layer for layer in layers if layer not in wanted]:
        layers.remove(layer)
    for place, layer in enumerate(wanted):
        if layer not in layers:
            layers.insert(place, layer)
        elif layers.index(layer) != place:
            layers.move(layers.index(layer), place)


def _like(layer: Any) -> Any:
    mirror = Layer.create(*layer.as_layer_data_tuple())
    for name in NOT_IN_TUPLES:
        if hasattr(layer, name):
            setattr(mirror, name, getattr(layer, name))
    return mirror


def _is_same(one: Any, other: Any) -> bool:
    """Whether two layers show one array; points and lines, which are copied, whether they are equal."""
    if isinstance(one, np.ndarray) and isinstance(other, np.ndarray) and one is not other:
        return np.shares_memory(one, other) or (one.ndim == 2 and np.array_equal(one, other))
    return one is other or not isinstance(one, np.ndarray)
