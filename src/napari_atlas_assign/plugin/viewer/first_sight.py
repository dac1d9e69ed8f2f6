"""What is seen first: a brain upright, lettered, on a template and at its peak, until it is moved by hand."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import numpy as np

from ...errors import InputError
from ...grid import Floats
from ..layers.frame import Frame
from ..layers.geometry import full_resolution
from ..layers.metadata import layer_kind, own_metadata
from .anatomical import anatomical_view, is_turned, set_upright
from .crosshair import show_crosshair
from .keep_in_view import shows_all
from .oblique import go_to_world
from .orientation_letters import show_letters
from .template import ROLE, add_template, space_shown
from .viewer_frame import frame_of_layer

HEAD_MM = (110.0, 320.0)
"""Between these, each edge of an image may be that of a human head; a mouse brain is far smaller."""

MOST_VOXELS = 2 * 10**7
"""Of larger maps, the peak is not looked for at first sight."""


def present(viewer: Any, layer: Any) -> bool:
    """Show the first map of a viewer upright with letters, on a template, at its peak.

    Nothing is done where the layer does not say where it lies in a brain, where there are other layers, or where the
    user has turned, zoomed or sliced by hand. Returns whether anything was done.
    """
    frame = None if _is_atlas_alone(layer) else frame_of_layer(layer)
    if frame is None or not _is_fresh(viewer, layer):
        return False
    whole = shows_all(viewer)
    if _may_be_human(viewer, frame):
        with suppress(InputError):  # no template of the space is installed
            add_template(viewer)
    if whole:
        anatomical_view(viewer, "axial", frame.view_from_world)
    else:
        set_upright(viewer, frame.view_from_world)
    show_letters(viewer)
    peak = peak_of(layer, frame)
    if peak is not None:
        go_to_world(viewer, frame, peak.tolist())
        show_crosshair(viewer, frame, peak)
    return True


def peak_of(layer: Any, frame: Frame) -> Floats | None:
    """World mm (3,) of the largest value of a map; None of other layers, stacks, and maps that are not in memory."""
    data = full_resolution(layer)
    if layer_kind(layer) != "image" or not isinstance(data, np.ndarray) or data.ndim != 3 or data.size > MOST_VOXELS:
        return None
    if frame.place is None or not np.isfinite(data).any():
        return None
    voxel = np.unravel_index(int(np.nanargmax(np.where(np.isfinite(data), data, -np.inf))), data.shape)
    return np.asarray((frame.place.world @ np.array([*voxel, 1.0]))[:3])


def _is_atlas_alone(layer: Any) -> bool:
    return layer_kind(layer) != "image" or "role" in own_metadata(layer)


def _is_fresh(viewer: Any, layer: Any) -> bool:
    """Whether a layer is the only one, and the viewer as napari opens it."""
    others = [
        one
        for one in viewer.layers
        if one != layer and own_metadata(one).get("role") not in (ROLE, "atlas", "region maps")
    ]
    dims = viewer.dims
    as_opened = not is_turned(viewer) and dims.ndisplay == 2 and tuple(dims.order) == tuple(range(dims.ndim))
    return not others and as_opened and dims.ndim == layer.ndim >= 3


def _may_be_human(viewer: Any, frame: Frame) -> bool:
    """Whether a human template belongs behind a layer: its space says so, or is unknown and the layer as large."""
    if space_shown(viewer) is not None or frame.place is None:
        return frame.place is not None
    edges = np.linalg.norm(frame.place.world[:3, :3], axis=0) * frame.place.shape
    return bool((edges >= HEAD_MM[0]).all() and (edges <= HEAD_MM[1]).all())
