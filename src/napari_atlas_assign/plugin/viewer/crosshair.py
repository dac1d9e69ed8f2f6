"""A crosshair at the place that the viewer went to, seen in the slices through it."""

from __future__ import annotations

from typing import Any

import numpy as np
from nibabel.affines import apply_affine

from ...grid import Floats
from ..layers.frame import Frame
from ..layers.geometry import KEY, full_resolution
from ..layers.metadata import describe, own_metadata
from .oblique import points_beside
from .viewer_frame import active_kept

ROLE = "crosshair"

COLOR = "#8fdc3c"

GAP_MM = 5.0
"""Left free on either side of the place, so that what lies there is seen."""


def show_crosshair(viewer: Any, frame: Frame, xyz: Any) -> Any | None:
    """Draw lines through a place (3,) in world mm, across the layer of a frame; returns the layer.

    None where the frame has no layer of a brain. Asking again moves the lines.
    """
    if frame.layer is None or frame.place is None or not frame.is_anatomical:
        return None
    from_view, transform = points_beside(frame, frame.place.grid)
    lines = _lines(frame, from_view, frame.to_view(xyz))
    earlier = crosshair_of(viewer)
    if earlier is not None and earlier.ndim == 3:
        earlier.data = lines
        for name in ("scale", "translate", "affine"):
            if name in transform:
                setattr(earlier, name, transform[name])
        return earlier
    about = describe(frame.view_from_world, role=ROLE, overlay=True)
    with active_kept(viewer):
        return viewer.add_vectors(
            lines, name="crosshair", vector_style="line", edge_color=COLOR, edge_width=_thickness(from_view),
            opacity=0.8, metadata={KEY: about}, **transform,
        )  # fmt: skip


def crosshair_of(viewer: Any) -> Any | None:
    """The crosshair of a viewer."""
    return next((layer for layer in viewer.layers if own_metadata(layer).get("role") == ROLE), None)


def _lines(frame: Frame, from_view: Floats, at: Floats) -> Floats:
    """(6, 2, 3): starts and directions of half lines from the edges of the layer towards a place, in its coordinates.

    napari shows a line in the slice in which it starts; so a line across the slices is not seen in any.
    """
    to_view = np.linalg.inv(from_view)
    place, sizes = apply_affine(from_view, at), np.linalg.norm(to_view[:3, :3], axis=0)
    shape = np.array(full_resolution(frame.layer).shape[-3:])
    corners = np.stack(np.meshgrid(*[(-0.5, n - 0.5) for n in shape], indexing="ij"), -1).reshape(-1, 3)
    assert frame.place is not None
    reached = apply_affine(from_view @ frame.place.view, corners)
    low, high = reached.min(axis=0), reached.max(axis=0)
    lines = np.tile(place, (6, 2, 1))
    for axis in range(3):
        for side, edge in ((0, low[axis]), (1, high[axis])):
            towards = place[axis] + (GAP_MM if side else -GAP_MM) / sizes[axis] - edge
            lines[2 * axis + side, 0, axis] = edge
            lines[2 * axis + side, 1] = 0
            lines[2 * axis + side, 1, axis] = towards
    return lines


def _thickness(from_view: Floats) -> float:
    """A millimetre in the layer's coordinates: at least a pixel where a whole brain is in view."""
    return float(np.linalg.norm(from_view[:3, :3], axis=0).mean())
