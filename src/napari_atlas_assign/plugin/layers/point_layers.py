"""Points layers and Shapes layers in, assigned points out.

Coordinates of such layers count in the viewer's axes. What they mean in the brain is known together with a layer of
voxels whose place is known (`geometry.place_of`), or from what was stated (`geometry.set_geometry`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...assignment.point_result import PointResult
from ...errors import InputError
from ...grid import Floats
from ...image import Image
from ...modes.point_set import PointSet
from .colors import palette_color, region_color
from .frame import Frame
from .geometry import KEY, Placement, layer_in_view, own_world_from_view, place_of
from .metadata import LayerData, describe, layer_kind, own_metadata

MOST_SHAPE_VOXELS = 2**28
"""The largest grid that shapes are drawn on."""


def points_from_layer(
    layer: Any, sigma: float | Sequence[float] | NDArray[Any] = 0.0, world_from_view: Floats | None = None
) -> PointSet:
    """Make a set of points of a napari Points layer.

    Parameters
    ----------
    layer : napari.layers.Points
        Its last three axes are space. A column ``sigma`` of its features is each point's uncertainty in mm, a column
        ``name``, ``label`` or ``region`` its name.
    sigma : float or (N,) float
        The uncertainty where there is no such column, or where it is empty.
    world_from_view : (4, 4) float, optional
        What the viewer's coordinates mean; without it, what was stated for the layer.

    Raises
    ------
    InputError
        If the layer has no three axes or no place in the brain, or its sigmas are no numbers of at least 0.
    """
    matrix = _world_from_view(layer, world_from_view)
    data = np.asarray(layer.data, dtype=np.float64)
    view = np.array([layer.data_to_world(tuple(point))[-3:] for point in data]).reshape(-1, 3)
    xyz = view @ matrix[:3, :3].T + matrix[:3, 3]
    return PointSet(
        xyz, _sigmas(layer, sigma), _names(layer), layer.name, own_metadata(layer).get("space"), {"layer": layer.name}
    )


def rois_from_shapes(layer: Any, like: Any = None) -> Image:
    """Draw the shapes of a Shapes layer as regions of interest, by napari's own `to_labels`.

    Parameters
    ----------
    layer : napari.layers.Shapes
        Each shape is one region of interest, numbered from 1 in their order.
    like : napari layer, optional
        The layer of voxels that the shapes were drawn on; without it, one voxel is one unit of the shapes' coordinates.

    Raises
    ------
    InputError
        If there is no shape, the layer has not three axes, or its place in the brain is not known.
    """
    if not len(layer.data):
        raise InputError(f"the layer {layer.name!r} has no shape; draw one, or choose another layer")
    if layer.ndim < 3:
        raise InputError(f"the layer {layer.name!r} has {layer.ndim} axes; draw the shapes over a map with three axes")
    place = _place_of_shapes(layer, like)
    if np.prod(place.shape, dtype=np.int64) > MOST_SHAPE_VOXELS:
        raise InputError(f"the layer {layer.name!r} spans {place.shape} voxels, too many; draw smaller shapes")
    from napari.layers import Shapes

    # The same shapes in voxels of the grid, so that napari draws them on it.
    to_voxel = np.linalg.inv(place.view) @ layer_in_view(layer)
    corners = [np.asarray(c, float)[:, -3:] @ to_voxel[:3, :3].T + to_voxel[:3, 3] for c in layer.data]
    flat = [np.where(np.ptp(c, axis=0) < 1e-6, np.round(c), c) for c in corners]
    drawn = Shapes(flat, shape_type=list(layer.shape_type)).to_labels(labels_shape=place.shape)
    return Image(
        np.asarray(drawn, np.int32).T, place.grid, layer.name, own_metadata(layer).get("space"), {"layer": layer.name}
    )


def view_of_points(points: PointSet, layers: Iterable[Any]) -> Frame:
    """Where in a viewer points belong: on the layer that they came from, else as this plugin's own layers lie."""
    for layer in layers:
        if layer_kind(layer) == "points" and layer.name == points.source.get("layer"):
            matrix = own_world_from_view(layer)
            if matrix is not None:
                return Frame(np.linalg.inv(matrix), layer)
    return Frame()


def assigned_points_layer(result: PointResult, frame: Frame) -> LayerData:
    """The points with their best region, in its colour; hovering tells the region and its probability there."""
    points, atlas = result.points, result.atlas
    rows = result.assignments
    if "atlas" in rows:
        rows = rows[rows["atlas"] == atlas.name]
    ordered = rows.sort_values("map value", ascending=False, kind="stable", na_position="last")
    best = ordered.drop_duplicates("input structure").sort_values("input structure")
    names = [name if isinstance(name, str) else None for name in best["region"]]
    features = pd.DataFrame(
        {
            "region": pd.Series(names, dtype=object),
            "probability": best["map value"].round(3).to_numpy(),
            "point": list(points.labels),
            "sigma": points.sigma,
        }
    )
    index = [None if pd.isna(v) else int(v) for v in best["volume"]]
    about = {"role": "points", "image": points.name, "atlas": atlas.name, "space": points.space}
    return (
        np.array([frame.to_view(xyz) for xyz in points.xyz]).reshape(-1, 3),
        {
            "name": f"{points.name} regions",
            "features": features,
            "face_color": [("#808080" if i is None else region_color(atlas, i)) for i in index] or palette_color(0),
            "size": 4.0,
            "projection_mode": "rescale_spherical",  # as balls of their size, in slices as thick as they are
            "metadata": {KEY: describe(frame.view_from_world, **about)},
            **_units(frame),
        },
        "points",
    )


def _units(frame: Frame) -> dict[str, Any]:
    if frame.layer is None:
        return {"units": ("mm",) * 3, "axis_labels": ("z", "y", "x")}
    return {"units": tuple(frame.layer.units)[-3:], "axis_labels": tuple(frame.layer.axis_labels)[-3:]}


def _world_from_view(layer: Any, given: Floats | None) -> Floats:
    if layer.ndim < 3:
        raise InputError(f"the layer {layer.name!r} has {layer.ndim} axes; points in a brain have three")
    matrix = own_world_from_view(layer) if given is None else given
    if matrix is None:
        raise InputError(
            f"the layer {layer.name!r} does not say where its coordinates lie in the brain; in the widget choose the "
            "layer that it was drawn on, or state it (set_geometry)"
        )
    return matrix


def _place_of_shapes(layer: Any, like: Any) -> Placement:
    if like is not None:
        return place_of(like)
    matrix, view = _world_from_view(layer, None), layer_in_view(layer)
    corner = np.max([np.asarray(c)[:, -3:].max(axis=0) for c in layer.data], axis=0)
    shape = tuple(int(n) for n in np.round(corner).clip(0) + 1)
    return Placement((shape[0], shape[1], shape[2]), matrix @ view, view)


def _sigmas(layer: Any, sigma: float | Sequence[float] | NDArray[Any]) -> NDArray[np.floating]:
    n = len(layer.data)
    given = np.broadcast_to(np.asarray(sigma, dtype=np.float64), (n,)).copy()
    if "sigma" not in layer.features:
        return given
    column = layer.features["sigma"]
    numbers = pd.to_numeric(column, errors="coerce").to_numpy(np.float64)
    if (column.notna().to_numpy() & np.isnan(numbers)).any():
        raise InputError(f"the layer {layer.name!r} has a sigma that is no number; give mm, or leave it empty")
    return np.where(np.isnan(numbers), given, numbers)


def _names(layer: Any) -> tuple[str, ...] | None:
    column = next((c for c in ("name", "label", "region") if c in layer.features), None)
    if column is None:
        return None
    return tuple(str(n + 1) if pd.isna(v) else str(v) for n, v in enumerate(layer.features[column]))
