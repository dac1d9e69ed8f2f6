"""Places that the user pinned: points with names, in a layer of their own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from ..layers.frame import Frame
from ..layers.geometry import KEY
from ..layers.metadata import describe, own_metadata
from ..plain_text import plain
from ..viewer.oblique import points_beside
from ..viewer.overlays import BELOW, shortened
from ..viewer.readability import keep_readable
from ..viewer.viewer_frame import active_kept
from .lookup import Here

ROLE = "pins"

PIN_COLOR = "#ffdd33"

PIN_TEXT = {
    "string": BELOW,
    "size": 9,
    "blending": "translucent_no_depth",  # else, in 3D, what lies in front hides the names
}


def add_pin(viewer: Any, here: Here, frame: Frame) -> Any:
    """Mark a place with its coordinates and its most probable region; returns the Points layer of all pins."""
    earlier = next((layer for layer in viewer.layers if own_metadata(layer).get("role") == ROLE), None)
    at = frame.to_view(here.xyz)
    row = {"label": plain(pin_label(here)), **dict(zip("xyz", here.xyz, strict=True))}
    if earlier is None:
        from_view, transform = points_beside(frame)
        with active_kept(viewer):
            layer = viewer.add_points(
                (from_view[:3, :3] @ at + from_view[:3, 3])[None],
                name="Pinned places",
                features=pd.DataFrame([row]),
                text=PIN_TEXT,
                size=4 / np.mean(transform["scale"]),
                symbol="cross",
                face_color=PIN_COLOR,
                blending="translucent_no_depth",
                metadata={KEY: describe(frame.view_from_world, role=ROLE)},
                **transform,
            )
        keep_readable(viewer)
        return layer
    rows = pd.concat([earlier.features, pd.DataFrame([row])], ignore_index=True)
    earlier.data = np.vstack([earlier.data, earlier.world_to_data(at)])
    earlier.features = rows
    earlier.text.refresh(earlier.features)
    return earlier


def pin_label(here: Here) -> str:
    """What stands beside a pin."""
    place = ", ".join(f"{value:.0f}" for value in here.xyz).replace("-", "−")
    return place + (f"  {shortened(here.regions[0].name)}" if here.regions else "")
