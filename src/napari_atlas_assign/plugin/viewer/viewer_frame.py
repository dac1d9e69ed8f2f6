"""Where the brain lies in a viewer, and where a place of the viewer lies in the brain."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from ...errors import InputError
from ...grid import Floats
from ..layers.frame import Frame
from ..layers.geometry import ZYX_FROM_WORLD, full_resolution, place_of


def view_frame(viewer: Any) -> Frame | None:
    """The frame of the active layer, or else of the uppermost one that says where its voxels lie; None without any."""
    active = viewer.layers.selection.active
    candidates = [*([] if active is None else [active]), *reversed(list(viewer.layers))]
    for layer in candidates:
        frame = frame_of_layer(layer)
        if frame is not None:
            return frame
    return None


def view_from_world(viewer: Any) -> Floats:
    """(4, 4): from world mm to the viewer's last three axes, in the frame of `view_frame`, or else as z, y, x."""
    frame = view_frame(viewer)
    return ZYX_FROM_WORLD if frame is None else frame.view_from_world


@contextmanager
def active_kept(viewer: Any) -> Iterator[None]:
    """Leave the user's layer active: napari makes every new layer the active one."""
    active = viewer.layers.selection.active
    with status_at_rest(viewer):
        yield
        if active is not None and active in viewer.layers:
            viewer.layers.selection.active = active


@contextmanager
def status_at_rest(viewer: Any) -> Iterator[None]:
    """Let napari not look up what is under the mouse while layers come.

    It does so for each; and for labels in 3D, napari 0.9 fails at it until the mouse has moved there.
    """
    over, viewer.mouse_over_canvas = viewer.mouse_over_canvas, False
    try:
        yield
    finally:
        viewer.mouse_over_canvas = over


def volume_shown(layer: Any, point: Sequence[float]) -> int:
    """Number of the volume of a stack at the place `point` of the viewer's sliders, from 0; 0 where there is one."""
    shape = full_resolution(layer).shape[:-3]
    place = np.round(np.asarray(layer.world_to_data(point))[: len(shape)]).astype(int)
    return int(np.ravel_multi_index(tuple(np.clip(place, 0, np.array(shape) - 1)), shape)) if shape else 0


def show_volume(viewer: Any, layer: Any, volume: int) -> None:
    """Move the viewer's sliders to a volume of a stack, counted from 0; the places in space stay."""
    shape = full_resolution(layer).shape[:-3]
    if not shape or volume_shown(layer, viewer.dims.point) == volume:
        return
    place = layer.data_to_world((*np.unravel_index(volume, shape), 0, 0, 0))
    first = viewer.dims.ndim - layer.ndim
    viewer.dims.set_point(range(first, first + len(shape)), [float(p) for p in place[: len(shape)]])


def frame_of_layer(layer: Any) -> Frame | None:
    """The frame of a layer of voxels; None of others, and where it does not say where it lies."""
    if getattr(layer, "ndim", 0) < 3 or not hasattr(layer, "data"):
        return None
    try:
        placement = place_of(layer)
    except (InputError, AttributeError, TypeError):  # Points and Shapes have no voxels
        return None
    return Frame(placement.view_from_world, layer, placement)
