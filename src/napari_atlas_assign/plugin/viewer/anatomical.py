"""Looking at a brain in napari: anatomical planes, neurological or radiological, and going to a place."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import numpy as np
from napari.utils.camera_orientations import DEFAULT_ORIENTATION_TYPED
from nibabel.orientations import io_orientation

from ...grid import Floats
from ..layers.geometry import ZYX_FROM_WORLD

Plane = Literal["axial", "coronal", "sagittal"]

Convention = Literal["neurological", "radiological"]
"""Which side of the screen the patient's right (in sagittal planes: anterior) is on: the right, or the left.

A radiological view is no mirror image: it is the brain seen from below (axial), from the front (coronal) or from the
left (sagittal), in 2D and in 3D.
"""

MARGIN = 0.15
"""Part of the canvas that is left free around the brain: the letters stand there."""

# World axes (x, y, z = 0, 1, 2) that each plane shows: through the slices, up the screen, across the screen.
_PLANES: dict[str, tuple[int, int, int]] = {"axial": (2, 1, 0), "coronal": (1, 2, 0), "sagittal": (0, 2, 1)}


def anatomical_view(
    viewer: Any,
    plane: Plane = "axial",
    view_from_world: Floats = ZYX_FROM_WORLD,
    convention: Convention | None = None,
) -> None:
    """Show a plane upright: superior (axial: anterior) up, nothing mirrored, in 2D and 3D.

    Parameters
    ----------
    viewer : napari.Viewer
        Or a ``ViewerModel``; with fewer than three axes it is left alone.
    plane : str
        ``axial``, ``coronal`` or ``sagittal``.
    view_from_world : (4, 4) float
        World mm to the viewer's last three axes, as the layers lie (`geometry.Placement.view_from_world`).
    convention : str, optional
        ``neurological`` (right on the right; sagittal: anterior on the right) or ``radiological``; without it, the one
        that the viewer is in.
    """
    if viewer.dims.ndim < 3:
        return
    convention = convention or convention_of(viewer, view_from_world)
    leading = viewer.dims.ndim - 3
    viewer.dims.order = (*range(leading), *(leading + axis for axis in axes_of(plane, view_from_world)))
    set_upright(viewer, view_from_world, convention)
    viewer.reset_view(margin=MARGIN)


def set_upright(viewer: Any, view_from_world: Floats = ZYX_FROM_WORLD, convention: Convention = "neurological") -> None:
    """Turn the camera so that the axes on the screen run up to superior or anterior and across as a convention says.

    napari's own camera has the second axis run down, which shows a brain upside down in 2D and as a mirror image in 3D.
    """
    order = _space_order(viewer)
    if order is not None:
        viewer.scene.camera.orientation = orientation_for(order, view_from_world, convention)


def is_turned(viewer: Any) -> bool:
    """Whether a viewer's camera is turned otherwise than napari opens it: by a user, or upright by this plugin."""
    return tuple(viewer.scene.camera.orientation) != tuple(DEFAULT_ORIENTATION_TYPED)


def convention_of(viewer: Any, view_from_world: Floats = ZYX_FROM_WORLD) -> Convention:
    """The convention that a viewer's camera is set to; neurological where it shows no space."""
    order = _space_order(viewer)
    if order is None:
        return "neurological"
    _, _, across = orientation_for(order, view_from_world)
    return "neurological" if str(viewer.scene.camera.orientation[2]) == across else "radiological"


def axes_of(plane: Plane, view_from_world: Floats) -> tuple[int, int, int]:
    """The viewer's last three axes in the order that shows a plane: through the slices, vertical, horizontal."""
    ornt = io_orientation(view_from_world)
    depth, up, right = (int(ornt[axis, 0]) for axis in _PLANES[plane])
    return depth, up, right


def orientation_for(
    order: Sequence[int], view_from_world: Floats, convention: Convention = "neurological"
) -> tuple[str, str, str]:
    """The camera's orientation (depth, vertical, horizontal) that shows the axes in an order upright and unmirrored."""
    ornt = io_orientation(view_from_world)
    world_axes = [int(np.flatnonzero(ornt[:, 0] == axis)[0]) for axis in order]
    rises = [bool(ornt[axis, 1] > 0) for axis in world_axes]
    depth, up, right = world_axes
    turned = convention == "radiological"
    # In the world, right x up points out of the screen; depth has to agree, or the 3D view is a mirror image.
    outwards = bool(np.cross(np.eye(3)[right], np.eye(3)[up])[depth] > 0) != turned
    return (
        "towards" if outwards == rises[0] else "away",
        "up" if rises[1] else "down",
        "right" if rises[2] != turned else "left",
    )


class ScreenDirections(NamedTuple):
    """Where the screen's directions point in the world: unit vectors (3,) in x, y, z."""

    towards: Floats
    """From the screen towards the viewer."""
    up: Floats
    right: Floats

    @property
    def is_mirrored(self) -> bool:
        """Whether the picture is a mirror image of the brain: the left would look like the right."""
        return bool(np.dot(np.cross(self.right, self.up), self.towards) < 0)


def screen_directions(viewer: Any, view_from_world: Floats = ZYX_FROM_WORLD) -> ScreenDirections | None:
    """Where up, right and towards on the screen point in the brain; None where the viewer shows another axis."""
    order = _space_order(viewer)
    if order is None:
        return None
    camera = viewer.scene.camera
    signs = [1 if str(said) == positive else -1 for said, positive in zip(camera.orientation, _POSITIVE, strict=True)]
    towards, up, right = np.diag(signs).astype(np.float64)
    if viewer.dims.ndisplay == 3:
        # The camera tells two of the three; the third follows as it does before the camera is turned.
        handed = np.dot(np.cross(up, towards), right)
        towards, up = -np.array(camera.view_direction, dtype=np.float64), np.array(camera.up_direction, np.float64)
        right = handed * np.cross(up, towards)
    world_from_view = np.linalg.inv(view_from_world)[:3, :3]
    return ScreenDirections(*(_unit(world_from_view @ _scatter(v, order)) for v in (towards, up, right)))


_POSITIVE = ("towards", "up", "right")


def letters_of(direction: Floats) -> str:
    """A direction (3,) in the brain as letters: R or L, A or P, S or I, the largest part first; RA lies between two."""
    names = [("L", "R"), ("P", "A"), ("I", "S")]
    parts = sorted(range(3), key=lambda axis: -abs(direction[axis]))
    return "".join(names[axis][int(direction[axis] > 0)] for axis in parts if abs(direction[axis]) > _BESIDE)


_BESIDE = 0.38
"""Cosine of some 67.5 degrees: a direction that is farther from an axis than that does not name it."""


def plane_shown(viewer: Any, view_from_world: Floats = ZYX_FROM_WORLD) -> Plane | None:
    """The plane that a viewer slices in; None in 3D and where it shows other axes than space."""
    order = _space_order(viewer)
    if order is None or viewer.dims.ndisplay != 2:
        return None
    planes: tuple[Plane, ...] = ("axial", "coronal", "sagittal")
    return next(plane for plane in planes if axes_of(plane, view_from_world)[0] == order[0])


def go_to(viewer: Any, position: Floats) -> None:
    """Move the slices to a place (3,) given along the viewer's last three axes, and the camera if it is out of view."""
    point = list(viewer.dims.point)
    n = min(len(point), 3)
    point[-n:] = [float(p) for p in position[-n:]]
    viewer.dims.point = tuple(point)
    shown = list(viewer.dims.displayed)
    if len(shown) == 2 and any(_is_in_view(layer, point, shown) for layer in viewer.layers):
        return
    centre = list(viewer.scene.camera.center)
    centre[-len(shown) :] = [point[axis] for axis in shown]
    viewer.scene.camera.center = tuple(centre)


def _is_in_view(layer: Any, point: Sequence[float], shown: Sequence[int]) -> bool:
    """Whether a place of the world lies in the part of a layer that the canvas shows."""
    axes = [axis - (len(point) - layer.ndim) for axis in shown]
    if min(axes) < 0:
        return False
    at = np.asarray(layer.world_to_data(point[-layer.ndim :]))[axes]
    first, last = np.asarray(layer.corner_pixels)[:, axes]
    return bool(((first < at) & (at < last)).all())


def _space_order(viewer: Any) -> list[int] | None:
    """The order of the viewer's last three axes, as 0, 1, 2; None where others are on the screen or slice it."""
    if viewer.dims.ndim < 3:
        return None
    order = [int(axis) - (viewer.dims.ndim - 3) for axis in viewer.dims.order[-3:]]
    return order if min(order) >= 0 else None


def _scatter(vector: Floats, order: Sequence[int]) -> Floats:
    """A vector along the displayed axes, along the viewer's last three."""
    scattered = np.zeros(3)
    scattered[list(order)] = vector
    return scattered


def _unit(vector: Floats) -> Floats:
    return vector / np.linalg.norm(vector)
