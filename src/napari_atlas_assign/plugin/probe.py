"""What is at a place: of the images, modes and atlases that a viewer holds. No Qt here, and nothing slow."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ..assignment.result import Result
from ..atlas.atlas import Atlas
from ..atlas.lookup import regions_at
from ..errors import InputError
from ..space import SAME_EDGE, Floats
from .background import space_shown
from .colors import palette_color, region_color
from .frames import view_frame, world_position
from .geometry import Placement, full_resolution, place_of
from .layers import atlas_from_layer, layer_kind, own_metadata
from .session import results_in


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


@dataclass(frozen=True)
class Here:
    """What is at a place."""

    xyz: tuple[float, float, float]
    """World mm."""
    values: list[tuple[str, float]]
    """Image layers, the uppermost first, and their values."""
    modes: list[tuple[str, int]]
    """Images, and the numbers of their modes."""
    regions: list[RegionHere]
    """By falling value."""
    space: str | None = None
    """The space of the coordinates, where the viewer's layers or results name it."""


class Cursor(NamedTuple):
    """Where the mouse is, as napari's mouse events tell: along all axes of the viewer."""

    position: tuple[float, ...]
    view_direction: NDArray[np.float64] | None
    """Into the picture; None in 2D."""


def what_is_here(viewer: Any, xyz: Floats) -> Here:
    """Look up a place (3,) in world mm, in all images, modes and atlases of a viewer.

    Atlases are those of results and of atlas layers, hidden ones too; images are the visible ones.
    """
    values, modes = [], []
    for layer in reversed(list(viewer.layers)):
        role = own_metadata(layer).get("role")
        is_map = layer_kind(layer) == "image" and role is None and layer.visible and not layer.rgb
        if not is_map and role != "modes":
            continue
        value = value_at(layer, xyz, viewer.dims.point)
        if value is None:
            continue
        if is_map:
            values.append((str(layer.name), float(value)))
        elif value > 0:
            modes.append((str(own_metadata(layer).get("image", layer.name)), int(value)))
    regions = sorted(_regions_here(viewer, xyz), key=lambda region: -region.value)
    x, y, z = (float(c) for c in xyz)
    return Here((x, y, z), values, modes, regions, space_shown(viewer))


def place_under(viewer: Any, cursor: Cursor) -> Floats | None:
    """The place (3,) in world mm under the cursor; None where there is none.

    In 3D, that is the first mode that the line of sight hits, else the first region, else the brightest voxel of the
    uppermost image along the line.
    """
    frame = view_frame(viewer)
    if frame is None or len(cursor.position) < 3:
        return None
    if cursor.view_direction is None:
        return world_position(frame, np.asarray(cursor.position))
    direction = np.asarray(cursor.view_direction, dtype=np.float64)
    if np.any(direction[:-3]):  # an axis that is no space is on the screen
        return None
    for layer, is_label in _targets(viewer):
        placement = _placement(layer)
        volume = _volume(layer, viewer.dims.point)
        if placement is None or volume is None:
            continue
        inverse = np.linalg.inv(placement.view)
        start = inverse[:3, :3] @ np.asarray(cursor.position)[-3:] + inverse[:3, 3]
        index = along_ray(volume, start, inverse[:3, :3] @ direction[-3:], is_label)
        if index is not None:
            return placement.world[:3, :3] @ index + placement.world[:3, 3]
    return None


def along_ray(volume: NDArray[Any], start: Floats, direction: Floats, is_label: bool) -> Floats | None:
    """The voxel (3,) that a ray in voxel coordinates shows: of labels the first above 0, else the largest value.

    None where the ray misses the volume, or meets no label.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        ends = np.array([(-0.5 - start) / direction, (np.array(volume.shape) - 0.5 - start) / direction])
    parallel = direction == 0
    if ((start < -0.5) | (start >= np.array(volume.shape) - 0.5))[parallel].any():
        return None
    near, far = ends.min(axis=0)[~parallel].max(), ends.max(axis=0)[~parallel].min()
    if not near < far:
        return None
    n = int(np.ceil((far - near) * np.linalg.norm(direction) * 2)) + 1  # two looks per voxel
    steps = np.linspace(near, far, n)
    index = np.round(start + steps[:, None] * direction).astype(np.int64)
    index = index[((index >= 0) & (index < volume.shape)).all(axis=1)]
    if not len(index):
        return None
    values = np.asarray(volume[tuple(index.T)])
    if is_label:
        hits = np.flatnonzero(values > 0)
        return index[hits[0]].astype(np.float64) if len(hits) else None
    return index[int(np.argmax(np.nan_to_num(values, nan=-np.inf)))].astype(np.float64)


def value_at(layer: Any, xyz: Floats, point: tuple[float, ...]) -> Any:
    """The value of a layer's voxel at a place (3,) in world mm; None outside, or where it would have to be computed.

    `point` is the place of the viewer's sliders, which pick the volume of a stack.
    """
    placement, volume = _placement(layer), _volume(layer, point)
    if placement is None or volume is None:
        return None
    inverse = np.linalg.inv(placement.world)
    index = np.floor(inverse[:3, :3] @ xyz + inverse[:3, 3] + 0.5 + SAME_EDGE).astype(np.int64)
    if (index < 0).any() or (index >= volume.shape).any():
        return None
    return volume[tuple(index)]


def peaks_in(viewer: Any) -> list[tuple[Result, Any]]:
    """The local maxima of all results of a viewer: the result, and a row of its table ``peaks``."""
    found = []
    for result in results_in(viewer):
        peaks = result.peaks
        peaks = peaks.drop_duplicates([c for c in ("map", "input structure", "peak") if c in peaks])
        found += [(result, row) for _, row in peaks.iterrows()]
    return found


# --- inside ---


def _regions_here(viewer: Any, xyz: Floats) -> Iterator[RegionHere]:
    seen: set[str] = set()
    for atlas in _atlases(viewer):
        if atlas.name in seen:
            continue
        seen.add(atlas.name)
        names = atlas.regions["name"]
        for row, value in regions_at(atlas, xyz):
            yield RegionHere(str(names.iloc[row]), value, atlas.name, region_color(atlas, row), row)
    for layer in viewer.layers:
        about = own_metadata(layer)
        if layer_kind(layer) != "labels" or about.get("role") not in ("atlas", None) or about.get("atlas") in seen:
            continue
        if layer.name in seen:  # a result named its atlas after this layer
            continue
        label = value_at(layer, xyz, viewer.dims.point)
        name = None if label is None or label <= 0 else name_of_label(layer.features, int(label))
        if name is not None:
            yield RegionHere(name, 1.0, str(about.get("atlas", layer.name)), _color(layer, int(label)), -1)


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


def _volume(layer: Any, point: tuple[float, ...]) -> NDArray[Any] | None:
    """The volume of a layer that is on the screen; None for data that are not in memory."""
    data = full_resolution(layer)
    if not isinstance(data, np.ndarray):
        return None
    leading = np.round(np.asarray(layer.world_to_data(point[-layer.ndim :]))[:-3]).astype(int)
    if len(leading) != data.ndim - 3:
        return None
    volume: NDArray[Any] = data[tuple(np.clip(leading, 0, np.array(data.shape[:-3]) - 1))]
    return volume
