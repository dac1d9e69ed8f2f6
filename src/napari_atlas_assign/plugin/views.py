"""Looking at a brain in napari: anatomical planes, and going to a place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from nibabel.orientations import io_orientation

from ..space import Floats
from .geometry import ZYX_FROM_WORLD

Plane = Literal["axial", "coronal", "sagittal"]

# World axes (x, y, z = 0, 1, 2) that each plane shows: through the slices, up the screen, to the right of the screen.
_PLANES: dict[str, tuple[int, int, int]] = {"axial": (2, 1, 0), "coronal": (1, 2, 0), "sagittal": (0, 2, 1)}


def anatomical_view(viewer: Any, plane: Plane = "axial", view_from_world: Floats = ZYX_FROM_WORLD) -> None:
    """Show a plane upright: superior (axial: anterior) up, right (sagittal: anterior) on the right, in 2D and 3D."""
    if viewer.dims.ndim < 3:
        return
    leading = viewer.dims.ndim - 3
    viewer.dims.order = (*range(leading), *(leading + axis for axis in axes_of(plane, view_from_world)))
    set_upright(viewer, view_from_world)
    viewer.reset_view()


def set_upright(viewer: Any, view_from_world: Floats = ZYX_FROM_WORLD) -> None:
    """Turn the camera so that the axes on the screen run up to superior or anterior and to the right or anterior.

    napari's own camera has the second axis run down, which shows a brain upside down in 2D and as a mirror image in 3D.
    """
    order = [axis - (viewer.dims.ndim - 3) for axis in viewer.dims.order[-3:]]
    if viewer.dims.ndim >= 3 and min(order) >= 0:
        viewer.scene.camera.orientation = orientation_for(order, view_from_world)


def axes_of(plane: Plane, view_from_world: Floats) -> tuple[int, int, int]:
    """The viewer's last three axes in the order that shows a plane: through the slices, vertical, horizontal."""
    ornt = io_orientation(view_from_world)
    depth, up, right = (int(ornt[axis, 0]) for axis in _PLANES[plane])
    return depth, up, right


def orientation_for(order: Sequence[int], view_from_world: Floats) -> tuple[str, str, str]:
    """The camera's orientation (depth, vertical, horizontal) that shows the axes in an order upright and unmirrored."""
    ornt = io_orientation(view_from_world)
    world_axes = [int(np.flatnonzero(ornt[:, 0] == axis)[0]) for axis in order]
    rises = [bool(ornt[axis, 1] > 0) for axis in world_axes]
    depth, up, right = world_axes
    # In the world, right x up points out of the screen; depth has to agree, or the 3D view is a mirror image.
    outwards = bool(np.cross(np.eye(3)[right], np.eye(3)[up])[depth] > 0)
    return (
        "towards" if outwards == rises[0] else "away",
        "up" if rises[1] else "down",
        "right" if rises[2] else "left",
    )


def go_to(viewer: Any, position: Floats) -> None:
    """Move the slices and the camera to a place (3,) given along the viewer's last three axes."""
    point = list(viewer.dims.point)
    point[-3:] = [float(p) for p in position]
    viewer.dims.point = tuple(point)
    shown = list(viewer.dims.displayed)
    centre = list(viewer.scene.camera.center)
    centre[-len(shown) :] = [point[axis] for axis in shown]
    viewer.scene.camera.center = tuple(centre)
