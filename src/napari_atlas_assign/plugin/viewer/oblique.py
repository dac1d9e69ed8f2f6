"""What napari draws where. Of a layer whose axes are at an angle to the viewer's, it shows slices as if they were not.

In 2D, napari takes the slice that the part of the transform for the sliced axes finds, and lays it out by the part for
the axes on the screen. What is under the cursor of an oblique image then lies elsewhere in the world than the cursor
says, and points are seen beside the image unless they have its transform.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from nibabel.affines import apply_affine

from ...grid import Floats, Grid
from ..layers.frame import Frame
from ..layers.geometry import Placement, place, transform_of
from .anatomical import go_to


def world_under(viewer: Any, frame: Frame, position: Sequence[float]) -> Floats:
    """World mm (3,) of what a frame's layer shows at a place along the viewer's axes."""
    at = np.asarray(position, dtype=np.float64)[-3:]
    if frame.place is None:
        return apply_affine(np.linalg.inv(frame.view_from_world), at)
    return apply_affine(frame.place.world, voxel_drawn_at(frame.place, at, space_displayed(viewer)))


def go_to_world(viewer: Any, frame: Frame, xyz: Sequence[float]) -> None:
    """Move slices and camera to where a frame's layer shows a place (3,) in world mm."""
    if frame.place is None:
        go_to(viewer, frame.to_view(xyz))
        return
    voxel = apply_affine(np.linalg.inv(frame.place.world), np.asarray(xyz, dtype=np.float64))
    go_to(viewer, place_drawn(frame.place, voxel, space_displayed(viewer)))


def voxel_drawn_at(placement: Placement, position: Floats, displayed: Sequence[int]) -> Floats:
    """The voxel (3,), not rounded, that napari draws at a place (3,) along the viewer's last three axes.

    `displayed` are those of the three axes that are on the screen.
    """
    view, voxel = placement.view, np.empty(3)
    shown, sliced = _parts(displayed)
    inverse = np.linalg.inv(view)
    voxel[sliced] = inverse[np.ix_(sliced, sliced)] @ position[sliced] + inverse[sliced, 3]
    voxel[shown] = np.linalg.solve(view[np.ix_(shown, shown)], position[shown] - view[shown, 3])
    return voxel


def place_drawn(placement: Placement, voxel: Floats, displayed: Sequence[int]) -> Floats:
    """Where along the viewer's last three axes (3,) napari draws a voxel (3,): the reverse of `voxel_drawn_at`."""
    view, position = placement.view, np.empty(3)
    shown, sliced = _parts(displayed)
    inverse = np.linalg.inv(view)
    position[sliced] = np.linalg.solve(inverse[np.ix_(sliced, sliced)], voxel[sliced] - inverse[sliced, 3])
    position[shown] = view[np.ix_(shown, shown)] @ voxel[shown] + view[shown, 3]
    return position


def space_displayed(viewer: Any) -> list[int]:
    """Which of the viewer's last three axes, as 0, 1, 2, are on the screen."""
    axes = [int(axis) - (viewer.dims.ndim - 3) for axis in viewer.dims.displayed]
    return sorted(axis for axis in axes if axis >= 0)


def points_beside(frame: Frame, grid: Grid | None = None) -> tuple[Floats, dict[str, Any]]:
    """What a layer of points counts in, (4, 4) from the view to there, and its transform: that of a frame's layer.

    Its units are voxels of the grid, or of the layer, since napari shows a point in slices within half a unit of it.
    """
    if frame.place is not None and (grid is None or grid.matches(frame.place.grid)):
        transform = transform_of(frame.place.view, frame.place.shape)
    elif grid is not None:
        _, transform = place(grid.shape, grid.affine, frame.view_from_world)
    else:
        transform = {"scale": (1.0, 1.0, 1.0)}
    scale = np.abs(transform["scale"])
    if "affine" not in transform:  # in mm from the origin: nothing but the size of a unit is taken over
        return np.diag([*1 / scale, 1.0]), {"scale": tuple(scale.tolist()), **frame.axes}
    matrix = transform["affine"] @ np.diag([*scale, 1.0])
    return np.linalg.inv(matrix), {"scale": transform["scale"], "affine": transform["affine"], **frame.axes}


def _parts(displayed: Sequence[int]) -> tuple[list[int], list[int]]:
    return [a for a in range(3) if a in displayed], [a for a in range(3) if a not in displayed]
