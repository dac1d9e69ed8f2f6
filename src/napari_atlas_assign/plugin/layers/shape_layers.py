"""Shapes layers in: each shape is a region of interest, drawn in its own plane, one slice thick, on a grid."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import InputError, counted
from ...grid import Floats, Grid
from ...modes.rois import RoiImage
from .geometry import Placement, is_placed, layer_in_view, place_of, source_of, units_between
from .metadata import own_metadata
from .point_layers import world_of_drawing

MOST_VOXELS = 2**28
"""The largest grid that shapes are drawn on, and the largest shape."""

_FLAT = 1e-6
"""Extent, in voxels, below which a shape has none."""

_STEP = 0.25
"""Voxels between two points by which a line is drawn."""

_CIRCLE = np.linspace(0, 2 * np.pi, 128, endpoint=False)


def rois_from_shapes(layer: Any, like: Any = None, world_from_view: Floats | None = None) -> RoiImage:
    """Draw the shapes of a Shapes layer as regions of interest, which may overlap.

    Parameters
    ----------
    layer : napari.layers.Shapes
        Each shape is one region of interest, numbered from 1 in their order. Lines and paths are one voxel wide.
    like : napari layer, optional
        The layer of voxels that the shapes were drawn on; without it, one voxel is one unit of the shapes' coordinates.
    world_from_view : (4, 4) float, optional
        What the viewer's coordinates mean where no layer says it (`geometry.world_as_shown`).

    Returns
    -------
    RoiImage
        Its notes tell of shapes that lie outside the grid, or between the voxels.

    Raises
    ------
    InputError
        If there is no shape, its place in the brain is not known, or no shape holds the centre of a voxel.
    """
    if not len(layer.data):
        raise InputError(f"the layer {layer.name!r} has no shape; draw one, or choose another layer")
    if layer.ndim < _fewest_axes(like, world_from_view):
        raise InputError(
            f"the layer {layer.name!r} has {counted(layer.ndim, 'axis')}; draw the shapes over a map with three axes"
        )
    place = _own_place(layer, world_from_view) if like is None else place_of(like, world_from_view)
    if np.prod(place.shape, dtype=np.int64) > MOST_VOXELS:
        raise InputError(f"the layer {layer.name!r} spans {place.shape} voxels, too many; draw smaller shapes")
    units = np.eye(4) if like is None else units_between(layer, like)
    to_voxel = np.linalg.inv(place.view) @ units @ layer_in_view(layer)
    rois: dict[int, NDArray[np.int64]] = {}
    notes: list[str] = []
    for number, (corners, kind) in enumerate(zip(_corners(layer), layer.shape_type, strict=True), start=1):
        drawn = voxels_of_shape(corners @ to_voxel[:3, :3].T + to_voxel[:3, 3], str(kind))
        inside = drawn[((drawn >= 0) & (drawn < place.shape)).all(axis=1)]
        if len(inside):
            rois[number] = np.unique(np.ravel_multi_index(tuple(inside[:, ::-1].T), place.grid.shape))
        notes += _notes(f"shape {number} of the layer {layer.name!r}", len(drawn), len(inside))
    if not rois:
        raise InputError(f"{notes[0]}; draw it over the map, over the middle of a voxel at least")
    source = source_of(layer, world_from_view)
    space = own_metadata(like if like is not None else layer).get("space")
    return RoiImage.from_voxels(place.grid, rois, layer.name, space, source, tuple(notes))


def voxels_of_shape(corners: Floats, kind: str) -> NDArray[np.int64]:
    """The voxels (N, 3) of a shape, inside or outside a grid, each once.

    Parameters
    ----------
    corners : (C, 3) float
        As napari has them, in voxels: those of an ellipse are those of the box around it.
    kind : str
        napari's type of shape. Areas are the voxels whose centres lie in them, edges included; one slice thick.
    """
    if kind == "ellipse" and len(corners) == 4:
        middle, one, other = corners.mean(axis=0), corners[1] - corners[0], corners[2] - corners[1]
        corners = middle + np.outer(np.cos(_CIRCLE), one / 2) + np.outer(np.sin(_CIRCLE), other / 2)
    if kind in ("line", "path"):
        return _along(corners)
    _, extents, axes = np.linalg.svd(corners - corners.mean(axis=0), full_matrices=False)
    if len(corners) < 3 or extents[1] < _FLAT:  # no area
        return _along(np.concatenate([corners, corners[:1]]))
    return _area(corners, axes[2] if len(axes) > 2 else np.cross(axes[0], axes[1]))


# --- inside ---


def _fewest_axes(like: Any, world_from_view: Floats | None) -> int:
    """How many axes shapes need: three in a brain, and as many as what they are shown on elsewhere."""
    if like is None:
        return 3 if world_from_view is None else 2
    return 3 if is_placed(like) else min(3, like.ndim)


def _corners(layer: Any) -> list[Floats]:
    """Corners (C, 3) of each shape; those of a 2D layer lie in slice 0."""
    data = [np.asarray(corners, dtype=np.float64)[:, -3:] for corners in layer.data]
    return [np.pad(corners, ((0, 0), (3 - corners.shape[1], 0))) for corners in data]


def _own_place(layer: Any, world_from_view: Floats | None) -> Placement:
    """Voxels of one unit of the layer's coordinates around all shapes, the first at their lowest corner."""
    matrix = world_of_drawing(layer, world_from_view)
    corners = np.concatenate(_corners(layer))
    shift = np.eye(4)
    shift[:3, 3] = corners.min(axis=0)
    z, y, x = (int(n) for n in np.ceil(np.ptp(corners, axis=0) - _FLAT) + 1)
    view = layer_in_view(layer) @ shift
    Grid((z, y, x), matrix @ view)  # tells what is wrong with it
    return Placement((z, y, x), matrix @ view, view)


def _along(points: Floats) -> NDArray[np.int64]:
    """Voxels along a line through points (C, 3)."""
    parts = [points]
    for start, end in pairwise(points):
        n = int(np.ceil(np.linalg.norm(end - start) / _STEP))
        _check_size(n)
        parts.append(start + np.linspace(0, 1, n + 1)[:, None] * (end - start))
    return np.unique(_nearest(np.concatenate(parts)), axis=0)


def _area(corners: Floats, normal: Floats) -> NDArray[np.int64]:
    """Voxels of a polygon: drawn as seen along the axis nearest to its normal, each at the polygon's depth there."""
    from skimage.draw import polygon

    depth = int(np.argmax(np.abs(normal)))
    across = [axis for axis in range(3) if axis != depth]
    flat = corners[:, across]
    first = np.floor(flat.min(axis=0))
    _check_size(np.prod(np.ptp(flat, axis=0) + 1))
    cells = np.stack(polygon(*(flat - first).T), axis=-1) + first
    slopes = -normal[across] / normal[depth]
    drawn = np.empty((len(cells), 3))
    drawn[:, across] = cells
    drawn[:, depth] = corners.mean(axis=0)[depth] + (cells - flat.mean(axis=0)) @ slopes
    return _nearest(drawn)


def _nearest(places: Floats) -> NDArray[np.int64]:
    """The voxels of places (N, 3); midway between two slices, the upper one, whatever the rounding."""
    return np.floor(places + 0.5 + _FLAT).astype(np.int64)


def _check_size(n_voxels: float) -> None:
    if n_voxels > MOST_VOXELS:
        raise InputError("a shape spans too many voxels; draw a smaller one")


def _notes(name: str, n_drawn: int, n_inside: int) -> Sequence[str]:
    if not n_drawn:
        return [f"{name} lies between the centres of the voxels and is left out"]
    if not n_inside:
        return [f"{name} lies outside the grid of the map and is left out"]
    if n_inside < n_drawn:
        return [f"{name} lies partly outside the grid of the map: {1 - n_inside / n_drawn:.0%} of it is cut off"]
    return []
