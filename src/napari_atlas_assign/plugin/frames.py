"""Where the brain lies in a viewer, and where a place of the viewer lies in the brain."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from ..errors import InputError
from ..space import Floats
from .geometry import place_of
from .overlays import Frame


def view_frame(viewer: Any) -> Frame | None:
    """The frame of the active layer, or else of the uppermost one that says where its voxels lie; None without any."""
    active = viewer.layers.selection.active
    candidates = [*([] if active is None else [active]), *reversed(list(viewer.layers))]
    for layer in candidates:
        frame = _frame_of_layer(layer)
        if frame is not None:
            return frame
    return None


@contextmanager
def active_kept(viewer: Any) -> Iterator[None]:
    """Leave the person's layer active: napari makes every new layer the active one."""
    active = viewer.layers.selection.active
    yield
    if active is not None and active in viewer.layers:
        viewer.layers.selection.active = active


def world_position(frame: Frame, position: Floats) -> Floats:
    """World x, y, z in mm (3,) of a place along the viewer's axes, of which the last three are space."""
    return (np.linalg.inv(frame.view_from_world) @ np.array([*position[-3:], 1.0]))[:3]


def _frame_of_layer(layer: Any) -> Frame | None:
    if getattr(layer, "ndim", 0) < 3 or not hasattr(layer, "data"):
        return None
    try:
        placement = place_of(layer)
    except (InputError, AttributeError, TypeError):  # Points and Shapes have no voxels
        return None
    return Frame(placement.view_from_world, layer, placement)
