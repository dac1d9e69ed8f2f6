"""A crosshair at the place that the viewer went to, seen in the slices through it, and what lies there by name."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from nibabel.affines import apply_affine

from ...grid import Floats, corners_of
from ..layers.frame import Frame
from ..layers.geometry import KEY, full_resolution
from ..layers.metadata import NAMES_OF, describe, own_metadata
from ..turns import at_once
from .names import show_names
from .oblique import points_beside
from .viewer_frame import active_kept

ROLE = "crosshair"

COLOR = "#8fdc3c"

GAP_MM = 5.0
"""Left free on either side of the place, so that what lies there is seen."""


THINNEST = 1.5
"""Pixels."""

BELOW_PINS = 4
"""Lines by which the name stands below the place, and below the name of a pin."""


def show_crosshair(viewer: Any, frame: Frame, xyz: Any, name: str = "") -> Any | None:
    """Draw lines through a place (3,) in world mm, across the layer of a frame, with a name; returns the layer.

    None where the frame has no layer of a brain. Asking again moves the lines, and the name goes or changes.
    """
    at_once(show_crosshair_in_turns(viewer, frame, xyz, name))
    return crosshair_of(viewer) if _has_brain(frame) else None


def show_crosshair_in_turns(viewer: Any, frame: Frame, xyz: Any, name: str = "") -> Iterator[None]:
    """As `show_crosshair`, but pause before the name."""
    if not _has_brain(frame):
        return
    assert frame.place is not None
    from_view, transform = points_beside(frame, frame.place.grid)
    at = frame.to_view(xyz)
    layer = _show_lines(viewer, frame, _lines(frame, from_view, at), from_view, transform)
    yield
    # Also where there is no name yet: napari takes long to draw a layer of points for the first time.
    show_names(viewer, layer, apply_affine(from_view, at)[None], [name], BELOW_PINS)


def _has_brain(frame: Frame) -> bool:
    return frame.layer is not None and frame.place is not None and frame.is_anatomical


def _show_lines(viewer: Any, frame: Frame, lines: Floats, from_view: Floats, transform: dict[str, Any]) -> Any:
    """Draw the lines of a crosshair, or move those that are drawn; returns their layer."""
    earlier = crosshair_of(viewer)
    if earlier is not None and earlier.ndim == 3:
        earlier.data, earlier.edge_width = lines, _thickness(viewer, from_view)
        _place(earlier, transform)
        return earlier
    metadata = describe(frame.view_from_world, role=ROLE, overlay=True)
    with active_kept(viewer):
        return viewer.add_vectors(
            lines, name="crosshair", vector_style="line", edge_color=COLOR, edge_width=_thickness(viewer, from_view),
            opacity=0.8, metadata={KEY: metadata}, **transform,
        )  # fmt: skip


def crosshair_of(viewer: Any) -> Any | None:
    """The crosshair of a viewer."""
    return next((layer for layer in viewer.layers if own_metadata(layer).get("role") == ROLE), None)


def is_of_crosshair(layer: Any) -> bool:
    """Whether a layer is a crosshair or its name."""
    return own_metadata(layer).get("role") in (ROLE, NAMES_OF + ROLE)


def _place(layer: Any, transform: dict[str, Any]) -> None:
    for name in ("scale", "translate", "affine"):
        if name in transform:
            setattr(layer, name, transform[name])


def _lines(frame: Frame, from_view: Floats, at: Floats) -> Floats:
    """(6, 2, 3): starts and directions of half lines from the edges of the layer towards a place, in its coordinates.

    napari shows a line in the slice in which it starts; so a line across the slices is not seen in any. They reach to
    the centres of the outermost voxels: beyond, the viewer's sliders would step from edge to edge of voxels.
    """
    to_view = np.linalg.inv(from_view)
    place, sizes = apply_affine(from_view, at), np.linalg.norm(to_view[:3, :3], axis=0)
    corners = corners_of(full_resolution(frame.layer).shape[-3:])
    assert frame.place is not None
    reached = apply_affine(from_view @ frame.place.view, corners)
    low, high = reached.min(axis=0), reached.max(axis=0)
    lines = np.tile(place, (6, 2, 1))
    for axis in range(3):
        for side, edge in ((0, low[axis]), (1, high[axis])):
            gap, outwards = GAP_MM / sizes[axis], 1 if side else -1
            lines[2 * axis + side, 0, axis] = edge
            lines[2 * axis + side, 1] = 0
            lines[2 * axis + side, 1, axis] = -outwards * max(outwards * (edge - place[axis]) - gap, 0)
    return lines


def _thickness(viewer: Any, from_view: Floats) -> float:
    """A millimetre in the layer's coordinates, or in small views so much more that the lines are seen."""
    return float(np.linalg.norm(from_view[:3, :3], axis=0).mean()) * max(1.0, THINNEST / viewer.scene.camera.zoom)
