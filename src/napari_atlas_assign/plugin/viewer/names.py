"""Names beside places, each on a plate in the colour of the canvas: they can be read on a map of any colour.

They are a layer of points of their own, two at each place, of which the first is written as the plate. So the layer
whose places are named has each place once, and may be assigned or saved. A name that the edge of the canvas would cut
moves away from it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from math import ceil
from typing import Any
from weakref import WeakSet

import numpy as np
import pandas as pd
from qtpy.QtCore import QTimer

from ...grid import Floats
from ..layers.geometry import KEY
from ..layers.metadata import NAMES_OF, own_metadata
from .readability import is_on_dark
from .viewer_frame import active_kept

FULL_BLOCK, PLATE = "\u2588", 0.8
"""The character that fills its box, and how many of them are as wide as a character of a name, or a little wider."""

ON_DARK, ON_LIGHT = ("#000000b0", "#ffffff"), ("#ffffffb0", "#000000")
"""Colours of a plate, through which the brain is seen, and of the name on it."""

CHARACTER, SPACE, LINE = 9.2, 3.2, 15.0
"""Pixels of a character and of a space in a name, and from line to line."""

FREE = 6.0
"""Pixels between a name and the edge of the canvas."""

TEXT = {
    "string": "{shown}",
    "color": {"feature": "ink"},
    "size": 9,
    "blending": "translucent_no_depth",  # else, in 3D, what lies in front hides the names
}

NO_TEXT = {"string": "{label:.0} "}
"""A blank for each point of a layer that is named; points without any text, drawn alone, crash napari 0.9 on Mesa."""

_followed: WeakSet[Any] = WeakSet()
"""Events of the viewers that are followed; forgotten with them."""


def show_names(viewer: Any, layer: Any, at: Floats, names: Sequence[str], lines: int) -> Any:
    """Write names beside places (N, 3) in the coordinates of a layer; returns the layer of the names.

    `lines` is how far below its place each stands, or above. Asking again moves and changes them. They hide, and go,
    with the layer.
    """
    points, earlier = np.repeat(np.asarray(at, dtype=np.float64), 2, axis=0), names_of(viewer, layer)
    table = pd.DataFrame({"name": np.repeat(np.array(names, dtype=object), 2), "shown": " ", "ink": ON_DARK[1]})
    if earlier is not None and earlier.ndim == points.shape[1]:
        earlier.data = points
        earlier.features = _fitted(viewer, earlier, table)
        for name in ("scale", "translate", "affine"):
            setattr(earlier, name, getattr(layer, name))
        return earlier
    metadata = {**own_metadata(layer), "role": NAMES_OF + own_metadata(layer)["role"], "lines": lines, "overlay": True}
    with active_kept(viewer):
        layer_of_names = viewer.add_points(
            points, name=f"{layer.name} names", features=table, text=TEXT, size=1, visible=layer.visible,
            face_color="transparent", border_color="transparent", blending="translucent_no_depth",
            scale=layer.scale, translate=layer.translate, affine=layer.affine, units=layer.units,
            axis_labels=layer.axis_labels, metadata={KEY: metadata},
        )  # fmt: skip
    layer_of_names.features = _fitted(viewer, layer_of_names, table)
    _follow(viewer)

    # A closure is kept by the events that it listens to, and so lives and dies with the layer.
    def follow(event: Any = None) -> None:
        layer_of_names.visible = layer.visible

    layer.events.visible.connect(follow)
    return layer_of_names


def names_of(viewer: Any, layer: Any) -> Any | None:
    """The layer with the names of a layer's places."""
    metadata = own_metadata(layer)
    wanted = NAMES_OF + metadata.get("role", ""), metadata.get("image")
    return next((one for one in _layers_of_names(viewer) if _key(one) == wanted), None)


def are_names(layer: Any) -> bool:
    """Whether a layer holds names of another one's places."""
    return str(own_metadata(layer).get("role", "")).startswith(NAMES_OF)


def plate_of(name: str) -> str:
    """What is written under a name in the colour of the canvas."""
    return FULL_BLOCK * round(PLATE * len(name) + 1) if name.strip() else " "


# --- inside ---


def _layers_of_names(viewer: Any) -> Iterator[Any]:
    return filter(are_names, list(viewer.layers))


def _key(layer: Any) -> tuple[str, str | None]:
    metadata = own_metadata(layer)
    return str(metadata.get("role", "")), metadata.get("image")


def _follow(viewer: Any) -> None:
    """Let names fit to a viewer's canvas, camera and theme, and go with the layers that they name."""
    events = getattr(viewer.events, "__wrapped__", viewer.events)
    if events in _followed:
        return
    _followed.add(events)

    # A closure is kept by the events that it listens to, and so lives and dies with the viewer.
    def fit(event: Any = None) -> None:
        for layer in _layers_of_names(viewer):
            table = _fitted(viewer, layer, layer.features)
            if not table.equals(layer.features):
                layer.features = table

    def go(event: Any = None) -> None:
        if hasattr(viewer, "window"):  # whose sliders miss a change of axes that comes while they follow another
            QTimer.singleShot(0, partial(_remove_orphans, viewer))
        else:
            _remove_orphans(viewer)

    camera, dims = viewer.scene.camera.events, viewer.dims.events
    for event in (viewer.events.theme, viewer.canvas.events.size, camera.zoom, camera.center, camera.orientation):
        event.connect(fit)
    for event in (dims.ndisplay, dims.order):
        event.connect(fit)
    viewer.layers.events.removed.connect(go)


def _remove_orphans(viewer: Any) -> None:
    """Remove the names of layers that are gone."""
    named = {(NAMES_OF + role, image) for role, image in map(_key, viewer.layers)}
    for layer in _layers_of_names(viewer):
        if _key(layer) not in named:
            viewer.layers.remove(layer)


def _fitted(viewer: Any, layer: Any, table: pd.DataFrame) -> pd.DataFrame:
    """A table of names with what is shown of each, and in which colour: the plate, then the name."""
    lines, (plate, ink) = own_metadata(layer)["lines"], ON_DARK if is_on_dark(viewer) else ON_LIGHT
    names = table["name"].tolist()[::2]
    shown = []
    for name, (beyond, below) in zip(names, _cut_off(viewer, layer, names, lines), strict=True):
        for text in (plate_of(name), name or " "):
            shown.append(_beside(_away(text, beyond), -lines if below else lines))
    return pd.DataFrame({"name": table["name"], "shown": shown, "ink": [plate, ink] * len(names)})


def _cut_off(viewer: Any, layer: Any, names: Sequence[str], lines: int) -> Iterator[tuple[float, bool]]:
    """By how many pixels each name would reach beyond the right edge, negative: the left; and the lower or upper."""
    if viewer.dims.ndisplay == 3:
        yield from [(0.0, False)] * len(names)
        return
    height, width = viewer.canvas.size
    camera = viewer.scene.camera
    _, vertical, horizontal = map(str, camera.orientation)
    axes = np.array(viewer.dims.displayed) - (viewer.dims.ndim - layer.ndim)
    for name, place in zip(names, layer.data[::2], strict=True):
        down, right = camera.zoom * (np.asarray(layer.data_to_world(place))[axes] - np.array(camera.center)[-2:])
        x = width / 2 + (right if horizontal == "right" else -right)
        y = height / 2 + (down if vertical == "down" else -down)
        half = len(name) * CHARACTER / 2 + FREE
        reach = y + LINE * (lines + np.sign(lines) / 2)
        yield max(x + half - width, 0.0) - max(half - x, 0.0), not 0 <= reach <= height


def _away(text: str, pixels: float) -> str:
    """A text that stands so many pixels further left, or right: it is centred with the spaces that it has then."""
    spaces = " " * ceil(2 * abs(pixels) / SPACE)
    return text + spaces if pixels > 0 else spaces + text


def _beside(text: str, lines: int) -> str:
    """A text so many lines below its place, or above: centred, with empty lines, which napari can in 3D, too."""
    return "\n" * lines + text if lines > 0 else text + "\n " * -lines
