"""What is at a place: of the images, modes and atlases that a viewer holds. No Qt here.

Voxels are read by a function that may answer that they are still to come, so that no look has to wait for a disk.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from nibabel.affines import apply_affine
from numpy.typing import NDArray

from ...assignment.result import Result
from ...atlas.atlas import Atlas
from ...atlas.lookup import nearest_regions, regions_at
from ...errors import InputError
from ...grid import SAME_EDGE, Floats
from ...lazy import as_dask
from ...report.colors import palette_color
from ..layers.colors import region_color
from ..layers.convert import atlas_from_layer
from ..layers.geometry import Placement, full_resolution, place_of
from ..layers.layer_results import results_in
from ..layers.metadata import layer_kind, own_metadata
from ..layers.mode_layers import has_own_modes
from ..viewer.oblique import world_under
from ..viewer.template import space_shown
from ..viewer.viewer_frame import view_frame, volume_shown

Read = Callable[[Any, NDArray[np.int64]], NDArray[Any] | None]
"""Given an array and indices (N, ndim) into it, the values (N,), or None where they are still to come."""


class RegionHere(NamedTuple):
    """A region at a place."""

    name: str
    value: float
    """Its map's value, 0 to 1."""
    atlas: str
    color: str
    """``#rrggbb``."""
    row: int
    """Row of the atlas's table of regions; -1 for a label of a layer."""


class NearestRegion(NamedTuple):
    """The nearest region of an atlas that has none at a place."""

    atlas: str
    name: str
    distance_mm: float


class ModeHere(NamedTuple):
    """A mode at a place."""

    image: str
    number: int
    atlas: str
    """The atlas of its layer: in siibra's convention, each has modes of its own."""
    volume: int
    """Of a stack."""


class Peak(NamedTuple):
    """A local maximum of a result."""

    result: Result
    run: int
    """Number of the run in whose modes it lies."""
    row: Any
    """Of the table ``peaks``."""


@dataclass(frozen=True)
class Here:
    """What is at a place."""

    xyz: tuple[float, float, float]
    """World mm."""
    values: list[tuple[str, float | None]]
    """Image layers, the uppermost first, and their values; None where it is still to come."""
    modes: list[ModeHere]
    regions: list[RegionHere]
    """By falling value."""
    space: str | None = None
    """The space of the coordinates, where the viewer's layers or results name it."""
    nearest: tuple[NearestRegion, ...] = ()
    """Of each atlas that does not cover the place."""


class Cursor(NamedTuple):
    """Where the mouse is, as napari's mouse events tell: along all axes of the viewer."""

    position: tuple[float, ...]
    view_direction: NDArray[np.float64] | None
    """Into the picture; None in 2D."""


def read_now(data: Any, index: NDArray[np.int64]) -> NDArray[Any]:
    """Read voxels (N, ndim) of an array, however long it takes."""
    if not isinstance(data, np.ndarray):
        if len(index) == 1:
            return np.asarray(data[tuple(index[0].tolist())]).reshape(1)
        data = as_dask(data).vindex
    return np.asarray(data[tuple(index.T)])


def read_in_memory(data: Any, index: NDArray[np.int64]) -> NDArray[Any] | None:
    """Read voxels (N, ndim) of an array that is in memory; of others, none are waited for."""
    return read_now(data, index) if isinstance(data, np.ndarray) else None


def what_is_here(viewer: Any, xyz: Floats, read: Read = read_now) -> Here:
    """Look up a place (3,) in world mm, in all images, modes and atlases of a viewer.

    Atlases are those of results and of atlas layers, hidden ones too; images are the visible ones.
    """
    values: list[tuple[str, float | None]] = []
    modes = []
    for layer in reversed(list(viewer.layers)):
        role = own_metadata(layer).get("role")
        is_map = layer_kind(layer) == "image" and role is None and layer.visible and not layer.rgb
        voxel = _voxel_at(layer, xyz, viewer.dims.point) if is_map or role == "modes" else None
        if voxel is None:
            continue
        value = read(*voxel)
        if is_map:
            values.append((str(layer.name), None if value is None else float(value[0])))
        elif value is not None and value[0] > 0:
            modes.append(_mode(layer, int(value[0]), viewer.dims.point))
    regions = sorted(_regions_here(viewer, xyz, read), key=lambda region: -region.value)
    x, y, z = (float(c) for c in xyz)
    return Here((x, y, z), values, modes, regions, space_shown(viewer), tuple(_nearest(viewer, xyz, regions)))


def place_under(viewer: Any, cursor: Cursor, read: Read = read_now) -> Floats | None:
    """The place (3,) in world mm under the cursor; None where there is none, or where it is still to come.

    In 3D, that is the first mode that the line of sight hits, else the first region, else the brightest voxel of the
    uppermost image along the line.
    """
    frame = view_frame(viewer)
    if frame is None or len(cursor.position) < 3:
        return None
    if cursor.view_direction is None:
        return world_under(viewer, frame, cursor.position)
    direction = np.asarray(cursor.view_direction, dtype=np.float64)
    if np.any(direction[:-3]):  # an axis that is no space is on the screen
        return None
    for layer, is_label in _targets(viewer):
        placement = _placement(layer)
        if placement is None:
            continue
        inverse = np.linalg.inv(placement.view)
        start = apply_affine(inverse, np.asarray(cursor.position)[-3:])
        index = voxels_along(placement.shape, start, inverse[:3, :3] @ direction[-3:])
        values = read(*_in_stack(layer, index, viewer.dims.point)) if len(index) else np.zeros(0)
        if values is None:
            return None
        shown = shown_of(values, is_label)
        if shown is not None:
            return apply_affine(placement.world, index[shown])
    return None


def voxels_along(shape: tuple[int, int, int], start: Floats, direction: Floats) -> NDArray[np.int64]:
    """The voxels (N, 3) of a volume that a ray in voxel coordinates meets, in this order; some more than once."""
    none = np.zeros((0, 3), np.int64)
    with np.errstate(divide="ignore", invalid="ignore"):
        ends = np.array([(-0.5 - start) / direction, (np.array(shape) - 0.5 - start) / direction])
    parallel = direction == 0
    if ((start < -0.5) | (start >= np.array(shape) - 0.5))[parallel].any():
        return none
    near, far = ends.min(axis=0)[~parallel].max(), ends.max(axis=0)[~parallel].min()
    if not near < far:
        return none
    n = int(np.ceil((far - near) * np.linalg.norm(direction) * 2)) + 1  # two looks per voxel
    steps = np.linspace(near, far, n)
    index = np.round(start + steps[:, None] * direction).astype(np.int64)
    return index[((index >= 0) & (index < shape)).all(axis=1)]


def shown_of(values: NDArray[Any], is_label: bool) -> int | None:
    """Which of the values (N,) along a ray is seen: of labels the first above 0, else the largest; None without any."""
    if is_label:
        hits = np.flatnonzero(values > 0)
        return int(hits[0]) if len(hits) else None
    return int(np.argmax(np.nan_to_num(values, nan=-np.inf))) if len(values) else None


def value_at(layer: Any, xyz: Floats, point: tuple[float, ...], read: Read = read_now) -> Any:
    """The value of a layer's voxel at a place (3,) in world mm; None outside, or where it is still to come.

    `point` is the place of the viewer's sliders, which pick the volume of a stack.
    """
    voxel = _voxel_at(layer, xyz, point)
    value = None if voxel is None else read(*voxel)
    return None if value is None else value[0]


def peaks_in(viewer: Any) -> list[Peak]:
    """The local maxima of all results of a viewer, each once."""
    every = []
    for result in results_in(viewer):
        peaks = result.peaks
        own = ("atlas",) if has_own_modes(result) else ()
        peaks = peaks.drop_duplicates([c for c in ("map", *own, "input structure", "peak") if c in peaks])
        for _, row in peaks.iterrows():
            of = (row.get("map", result.comparisons[0].map_index), row.get("atlas", result.atlas.name))
            run = next(n for n, run in enumerate(result.comparisons) if (run.map_index, run.atlas.name) == of)
            every.append(Peak(result, run, row))
    return every


# --- inside ---


def _regions_here(viewer: Any, xyz: Floats, read: Read) -> Iterator[RegionHere]:
    seen: set[str] = set()
    for atlas in _atlases(viewer):
        if atlas.name in seen:
            continue
        seen.add(atlas.name)
        names = atlas.regions["name"]
        for row, value in regions_at(atlas, xyz):
            yield RegionHere(str(names.iloc[row]), value, atlas.name, region_color(atlas, row), row)
    for layer in viewer.layers:
        metadata = own_metadata(layer)
        if (
            layer_kind(layer) != "labels"
            or metadata.get("role") not in ("atlas", None)
            or metadata.get("atlas") in seen
        ):
            continue
        if layer.name in seen:  # a result named its atlas after this layer
            continue
        label = value_at(layer, xyz, viewer.dims.point, read)
        name = None if label is None or not label > 0 else name_of_label(layer.features, int(label))
        if name is not None:
            yield RegionHere(name, 1.0, str(metadata.get("atlas", layer.name)), _color(layer, int(label)), -1)


def _nearest(viewer: Any, xyz: Floats, regions: list[RegionHere]) -> Iterator[NearestRegion]:
    """The nearest regions of the atlases that have none of these."""
    seen = {region.atlas for region in regions}
    for atlas in _atlases(viewer):
        if atlas.name in seen:
            continue
        seen.add(atlas.name)
        (row,), (distance,) = nearest_regions(atlas, xyz)
        if row >= 0:
            yield NearestRegion(atlas.name, str(atlas.regions["name"].iloc[row]), float(distance))


def _mode(layer: Any, number: int, point: tuple[float, ...]) -> ModeHere:
    metadata = own_metadata(layer)
    return ModeHere(metadata["image"], number, metadata["atlas"], volume_shown(layer, point))


def _atlases(viewer: Any) -> Iterator[Atlas]:
    for result in results_in(viewer):
        yield from result.atlases
    for layer in viewer.layers:
        if own_metadata(layer).get("role") == "region maps":
            try:
                yield atlas_from_layer(layer)
            except InputError:  # of an earlier session: its maps are drawn, but what they are is not known
                continue


def name_of_label(features: Any, label: int) -> str | None:
    """The region's name in a Labels layer's features; None where none is told."""
    column = next((c for c in ("region", "name", "label") if c in features), None)
    if column is None:
        return None
    if "index" in features:
        rows = np.flatnonzero(features["index"].to_numpy() == label)
        row = int(rows[0]) if len(rows) else -1
    else:
        row = label if label < len(features) else -1
    name = features[column].iloc[row] if row >= 0 else None
    return name if isinstance(name, str) else None


def _color(layer: Any, label: int) -> str:
    color = np.asarray(layer.get_color(label) if layer.get_color(label) is not None else (0, 0, 0, 0))
    if color[-1] == 0:
        return palette_color(label)
    red, green, blue = (round(255 * float(c)) for c in color[:3])
    return f"#{red:02x}{green:02x}{blue:02x}"


def _targets(viewer: Any) -> Iterator[tuple[Any, bool]]:
    """Visible layers in the order in which a line of sight is compared with them, and whether they hold labels."""
    visible = [layer for layer in reversed(list(viewer.layers)) if layer.visible]
    for role in ("modes", "regions"):
        yield from ((layer, True) for layer in visible if own_metadata(layer).get("role") == role)
    yield from ((layer, True) for layer in visible if layer_kind(layer) == "labels")
    yield from ((layer, False) for layer in visible if layer_kind(layer) == "image" and not layer.rgb)


def _placement(layer: Any) -> Placement | None:
    try:
        return place_of(layer)
    except InputError:
        return None


def _voxel_at(layer: Any, xyz: Floats, point: tuple[float, ...]) -> tuple[Any, NDArray[np.int64]] | None:
    """A layer's data and the index (1, ndim) of the voxel at a place (3,) in world mm; None outside."""
    placement = _placement(layer)
    if placement is None:
        return None
    index = np.floor(apply_affine(np.linalg.inv(placement.world), xyz) + 0.5 + SAME_EDGE).astype(np.int64)
    if (index < 0).any() or (index >= placement.shape).any():
        return None
    return _in_stack(layer, index[None], point)


def _in_stack(layer: Any, index: NDArray[np.int64], point: tuple[float, ...]) -> tuple[Any, NDArray[np.int64]]:
    """A layer's data, and voxels (N, 3) of the volume that is on the screen as indices (N, ndim) into them."""
    data = full_resolution(layer)
    leading = np.round(np.asarray(layer.world_to_data(point[-layer.ndim :]))[:-3]).astype(np.int64)
    leading = np.clip(leading, 0, np.array(data.shape[:-3], np.int64) - 1)
    return data, np.column_stack([np.broadcast_to(leading, (len(index), len(leading))), index[:, -layer.ndim :]])
