"""Places that the user pinned: points with names, in a layer of their own."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from ..layers.frame import Frame
from ..layers.geometry import KEY
from ..layers.metadata import describe, own_metadata
from ..plain_text import plain
from ..viewer.names import NO_TEXT, show_names
from ..viewer.oblique import points_beside
from ..viewer.overlays import BELOW, shortened
from ..viewer.viewer_frame import active_kept
from .lookup import Here

ROLE = "pins"

PIN_COLOR = "#ffdd33"


def add_pin(viewer: Any, here: Here, frame: Frame) -> Any:
    """Mark a place with its coordinates and its most probable region; returns the Points layer of all pins."""
    earlier = next((layer for layer in viewer.layers if own_metadata(layer).get("role") == ROLE), None)
    at = frame.to_view(here.xyz)
    row = {"label": plain(pin_label(here)), **dict(zip("xyz", here.xyz, strict=True))}
    if earlier is None:
        from_view, transform = points_beside(frame)
        with active_kept(viewer):
            earlier = viewer.add_points(
                (from_view[:3, :3] @ at + from_view[:3, 3])[None],
                name="Pinned places",
                features=pd.DataFrame([row]),
                text=NO_TEXT,
                size=4 / np.mean(transform["scale"]),
                symbol="cross",
                face_color=PIN_COLOR,
                blending="translucent_no_depth",
                metadata={KEY: describe(frame.view_from_world, role=ROLE)},
                **transform,
            )
        earlier.events.data.connect(partial(_name, viewer, earlier))
    else:
        rows = pd.concat([earlier.features, pd.DataFrame([row])], ignore_index=True)
        earlier.data = np.vstack([earlier.data, earlier.world_to_data(at)])
        earlier.features = rows
    _name(viewer, earlier)
    return earlier


def _name(viewer: Any, layer: Any, _: Any = None) -> None:
    """Name the pins where they are: the user may have moved some, or taken them out."""
    names = layer.features["label"].tolist()
    if len(names) == len(layer.data):
        show_names(viewer, layer, layer.data, names, BELOW)


def pin_label(here: Here) -> str:
    """What stands beside a pin."""
    place = ", ".join(f"{value:.0f}" for value in here.xyz).replace("-", "−")
    return place + (f"  {shortened(here.regions[0].name)}" if here.regions else "")
