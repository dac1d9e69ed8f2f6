"""Layers that keep readable: maps are painted for the canvas, outlines are drawn only where napari draws them."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary, WeakSet

from ..layers.layer_results import itself
from ..layers.metadata import NAMES_OF, layer_kind, own_metadata
from .map_paint import fit_paint

OUTLINED = ("modes", "regions", "region outline")
"""Roles of the layers that are drawn as outlines, so that the map is seen in them."""

MARKS = ("peaks", "pins", NAMES_OF)
"""How the roles of layers begin that mark places: peaks, places that were pinned, and their names."""

_outlined: WeakSet[Any] = WeakSet()
"""Layers that were given an outline; from then on, how they are drawn is up to the user."""

_waiting: WeakKeyDictionary[Any, int] = WeakKeyDictionary()
"""Thickness that outlines get back when a viewer returns from 3D."""

_followed: WeakSet[Any] = WeakSet()
"""Events of the viewers that are followed; forgotten with them."""


def keep_readable(viewer: Any) -> None:
    """Fit the overlays of a viewer to its theme and to 2D or 3D, now and whenever these change."""
    _fit(viewer)
    events = getattr(viewer.events, "__wrapped__", viewer.events)
    if events in _followed:
        return
    _followed.add(events)

    # A closure is kept by the events that it listens to, and so lives and dies with the viewer.
    def follow(event: Any = None) -> None:
        _fit(viewer)

    viewer.events.theme.connect(follow)
    viewer.dims.events.ndisplay.connect(follow)


def is_mark(layer: Any) -> bool:
    """Whether a layer marks places, or names them."""
    return layer_kind(layer) == "points" and str(own_metadata(layer).get("role", "")).startswith(MARKS)


def is_outline(layer: Any) -> bool:
    """Whether a layer is drawn as outlines."""
    return str(own_metadata(layer).get("role", "")).startswith(OUTLINED)


def is_on_dark(viewer: Any) -> bool:
    """Whether a viewer's canvas is dark."""
    from napari.utils.theme import get_theme

    return bool(sum(get_theme(viewer.theme).canvas.as_rgb_tuple(alpha=False)) < 3 * 128)


def _fit(viewer: Any) -> None:
    for layer in viewer.layers:
        if layer_kind(layer) == "image":
            fit_paint(viewer, layer)
        elif is_outline(layer):
            _fit_outline(itself(layer), viewer.dims.ndisplay == 2)


def _fit_outline(layer: Any, is_flat: bool) -> None:
    """Draw outlines in 2D; in 3D labels are filled, since napari warns of outlines there at every drawing."""
    thickness = _waiting.pop(layer, layer.contour) if layer in _outlined else 1
    _outlined.add(layer)
    if not is_flat and thickness:
        _waiting[layer], thickness = thickness, 0
    if layer.contour != thickness:
        layer.contour = thickness
