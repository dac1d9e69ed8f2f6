"""Overlays that keep readable: names stand out from the canvas, outlines are drawn only where napari draws them."""

from __future__ import annotations

from typing import Any
from weakref import WeakSet

from ..layers.metadata import layer_kind, own_metadata

ON_DARK, ON_LIGHT = "white", "#e8308c"
"""Colours of names: the second stands out from a white canvas and from the black of a map alike."""

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


def has_names(layer: Any) -> bool:
    """Whether a layer holds points with names: peaks, or places that were pinned."""
    return layer_kind(layer) == "points" and str(own_metadata(layer).get("role", "")).startswith(("peaks", "pins"))


def is_outline(layer: Any) -> bool:
    """Whether a layer is the outline of a region."""
    return str(own_metadata(layer).get("role", "")).startswith("region outline")


def color_of_names(viewer: Any) -> str:
    """The colour of text on a viewer's canvas."""
    from napari.utils.theme import get_theme

    red, green, blue = get_theme(viewer.theme).canvas.as_rgb_tuple(alpha=False)
    return ON_DARK if red + green + blue < 3 * 128 else ON_LIGHT


def _fit(viewer: Any) -> None:
    for layer in viewer.layers:
        if has_names(layer):
            layer.text.color = color_of_names(viewer)
        elif is_outline(layer):
            layer.contour = int(viewer.dims.ndisplay == 2)  # in 3D it is filled: napari would warn at every drawing
