"""Points layers in, assigned points out.

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
from ...atlas.atlas import Atlas
from ...errors import InputError, counted
from ...grid import Floats
from ...modes.point_set import PointSet
from ...report.colors import palette_color
from ..plain_text import plain, plain_features
from .colors import region_color
from .frame import Frame
from .geometry import AS_SHOWN, KEY, check_space, own_world_from_view, source_of
from .metadata import LayerData, describe, layer_kind, own_metadata


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
        If the layer has no place in the brain or no visible point, or its sigmas are no numbers of at least 0.
    """
    matrix = world_of_drawing(layer, world_from_view)
    shown = np.asarray(layer.shown, bool)
    if not shown.any():
        raise InputError(f"the layer {layer.name!r} has no visible point; add one, or choose another layer")
    view = np.zeros((int(shown.sum()), 3))
    for row, point in enumerate(np.asarray(layer.data, dtype=np.float64)[shown]):
        view[row, -min(layer.ndim, 3) :] = layer.data_to_world(tuple(point))[-3:]
    xyz = view @ matrix[:3, :3].T + matrix[:3, 3]
    return PointSet(
        xyz,
        _sigmas(layer, sigma)[shown],
        _names(layer, shown),
        layer.name,
        own_metadata(layer).get("space"),
        source_of(layer, world_from_view),
    )


def view_of_points(points: PointSet, layers: Iterable[Any]) -> Frame:
    """Where in a viewer points belong: on the layer that they came from, else as this plugin's own layers lie."""
    for layer in layers:
        if layer_kind(layer) == "points" and layer.name == points.source.get("layer"):
            matrix, shown = own_world_from_view(layer), points.source.get(AS_SHOWN)
            if matrix is not None or shown is not None:
                world = np.asarray(shown if matrix is None else matrix)
                return Frame(np.linalg.inv(world), layer, is_anatomical=matrix is not None)
    return Frame()


def cells_to_layer(points: PointSet) -> LayerData:
    """Points as they are, in world mm."""
    frame = Frame()
    metadata = describe(frame.view_from_world, space=points.space)
    return (
        points.xyz[:, ::-1],
        {"name": plain(points.name), "size": 0.1, "metadata": {KEY: metadata}, **_units(frame)},
        "points",
    )


def assigned_points_layer(result: PointResult, frame: Frame) -> LayerData:
    """The points with their best region, in its colour; hovering tells the region and its probability there."""
    points, atlas = result.points, result.atlas
    rows = result.assignments
    if "atlas" in rows:
        rows = rows[rows["atlas"] == atlas.name]
    rows = rows.assign(probability=rows["map weighted mean"].fillna(rows["map value"]))  # of blobs, of exact points
    ordered = rows.sort_values("probability", ascending=False, kind="stable", na_position="last")
    best = ordered.drop_duplicates("input structure").sort_values("input structure")
    names = [name if isinstance(name, str) else None for name in best["region"]]
    features = pd.DataFrame(
        {
            "region": pd.Series(names, dtype=object),
            "probability": best["probability"].round(3).to_numpy(),
            "point": list(points.labels),
            "sigma": points.sigma,
        }
    )
    index = [None if pd.isna(v) else int(v) for v in best["volume"]]
    facts = {"role": "points", "image": points.name, "atlas": atlas.name, "space": points.space}
    return (
        np.array([frame.to_view(xyz) for xyz in points.xyz]).reshape(-1, 3)[:, -_n_axes(frame) :],
        {
            "name": plain(f"{points.name} regions"),
            "features": plain_features(features),
            "face_color": [("#808080" if i is None else region_color(atlas, i)) for i in index] or palette_color(0),
            "size": _size_of_points(atlas, frame),
            "projection_mode": "rescale_spherical",  # as balls of their size, in slices as thick as they are
            "metadata": {KEY: describe(frame.view_from_world, **facts)},
            **_units(frame),
        },
        "points",
    )


def _size_of_points(atlas: Atlas, frame: Frame) -> float:
    """4, which is seen on a human brain; in the brain of a small animal, a fortieth of its atlas's longest side."""
    ends = [frame.to_view(atlas.grid.to_world(np.array(corner))) for corner in ((0, 0, 0), atlas.grid.shape)]
    return min(4.0, float(np.ptp(ends, axis=0).max()) / 40)


def _units(frame: Frame) -> dict[str, Any]:
    if frame.layer is None:
        return {"units": ("mm",) * 3, "axis_labels": ("z", "y", "x")}
    return {"units": tuple(frame.layer.units)[-3:], "axis_labels": tuple(frame.layer.axis_labels)[-3:]}


def _n_axes(frame: Frame) -> int:
    return 3 if frame.layer is None else min(int(frame.layer.ndim), 3)


def world_of_drawing(layer: Any, given: Floats | None = None) -> Floats:
    """(4, 4): what the viewer's coordinates mean for Points or Shapes: what was stated for them, or what is given.

    Raises
    ------
    InputError
        If neither is known, or the layer has only two axes and what is known is a place in a brain.
    """
    check_space(layer)
    if layer.ndim < 3 and given is None:
        raise InputError(f"the layer {layer.name!r} has {counted(layer.ndim, 'axis')}; points in a brain have three")
    matrix = own_world_from_view(layer)
    matrix = given if matrix is None else matrix
    if matrix is None:
        raise InputError(
            f"the layer {layer.name!r} does not say where its coordinates lie in the brain; state it "
            "(napari_atlas_assign.viewer.set_geometry), or choose the layer that it was drawn on in the widget"
        )
    return matrix


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


def _names(layer: Any, shown: NDArray[np.bool_]) -> tuple[str, ...] | None:
    column = next((c for c in ("name", "label", "region") if c in layer.features), None)
    if column is None:
        return None
    names = [str(n + 1) if pd.isna(v) else str(v) for n, v in enumerate(layer.features[column])]
    return tuple(name for name, visible in zip(names, shown, strict=True) if visible)
