"""Places that a person pinned: points with names, in a layer of their own."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from .geometry import KEY
from .layers import describe, own_metadata
from .overlays import Frame
from .probe import Here

ROLE = "pins"


def add_pin(viewer: Any, here: Here, frame: Frame) -> Any:
    """Mark a place with its coordinates and its most probable region; returns the Points layer of all pins."""
    earlier = next((layer for layer in viewer.layers if own_metadata(layer).get("role") == ROLE), None)
    place = frame.to_view(here.xyz)
    row = {"label": pin_label(here), **dict(zip("xyz", here.xyz, strict=True))}
    if earlier is None:
        return viewer.add_points(
            place[None],
            name="Pinned places",
            features=pd.DataFrame([row]),
            text={
                "string": "{label}",
                "size": 9,
                "color": "#ffdd33",
                "anchor": "lower_left",
                "blending": "translucent_no_depth",
            },
            size=4,
            symbol="cross",
            face_color="#ffdd33",
            blending="translucent_no_depth",
            metadata={KEY: describe(frame.view_from_world, role=ROLE)},
            **frame.axes,
        )
    rows = pd.concat([earlier.features, pd.DataFrame([row])], ignore_index=True)
    earlier.data = np.vstack([earlier.data, place])
    earlier.features = rows
    earlier.text.refresh(earlier.features)
    return earlier


def pin_label(here: Here) -> str:
    """What stands beside a pin."""
    place = ", ".join(f"{value:.0f}" for value in here.xyz).replace("-", "−")
    return f" ({place})" + (f" {here.regions[0].name}" if here.regions else "")
