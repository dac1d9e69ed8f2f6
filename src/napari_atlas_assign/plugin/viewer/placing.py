"""Put the layers of a result into a viewer, update those of an earlier one, and go to a place."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
from napari.layers import Layer
from numpy.typing import NDArray

from ...assignment.point_result import PointResult
from ...assignment.result import Result
from ...image import Image
from ...modes.point_set import PointSet
from ...report.colors import mode_color
from ..layers.frame import Frame, frame_beside, frame_of, title_of
from ..layers.geometry import KEY, own_world_from_view
from ..layers.layer_results import remember
from ..layers.metadata import LayerData, layer_kind, own_metadata
from ..layers.mode_layers import features_shown, has_own_modes, modes_layers
from ..layers.point_layers import assigned_points_layer, view_of_points
from ..layers.region_layers import regions_layers
from ..turns import at_once
from .anatomical import is_turned, set_upright
from .map_paint import paint_by_threshold
from .mode_volume import follow_volume
from .oblique import go_to_world
from .readability import keep_readable
from .viewer_frame import show_volume, status_at_rest

KEPT = frozenset({"name", "opacity", "size", "symbol"})
"""What the user may have changed in a layer, and an update leaves as it is."""


def find_frame(result: Result | PointResult, viewer: Any) -> Frame:
    """Where in a viewer the layers of a result belong."""
    if isinstance(result, PointResult):
        return view_of_points(result.points, viewer.layers)
    return frame_of(result.image, viewer.layers)


def find_frame_of_layer(layer: Any, source: Any) -> Frame:
    """As `find_frame`, for what is made of a layer: images, or points."""
    if layer_kind(layer) in ("image", "labels"):
        image = source if isinstance(source, Image) else source[0]
        return frame_beside(layer, image) or Frame()
    if isinstance(source, PointSet):
        return view_of_points(source, [layer])
    matrix = own_world_from_view(layer)
    return Frame() if matrix is None else Frame(np.linalg.inv(matrix), layer)


def find_modes_layer(result: Result | PointResult, viewer: Any, run: int = 0) -> Any | None:
    """The layer with the modes of one of a result's runs, counted from 0."""
    if isinstance(result, PointResult):
        return None
    return find_layer(
        viewer, "modes", title_of(result), result.comparisons[run].atlas.name if has_own_modes(result) else None
    )


def color_of_mode(viewer: Any, result: Result | PointResult, run: int, mode: int) -> str:
    """The colour (``#rrggbb``) in which a viewer shows a mode of one of a result's runs."""
    layer = find_modes_layer(result, viewer, run)
    if layer is None or not isinstance(result, Result):
        return mode_color(mode)
    colors = own_metadata(layer)["colors"][result.comparisons[run].map_index]
    return str(colors.get(str(mode), mode_color(mode)))


def find_layers(viewer: Any, role: str, image: str) -> list[Any]:
    """This plugin's layers of a role (``modes``, ``regions``, ``points``) for the image of a name."""
    with_metadata = [(layer, own_metadata(layer)) for layer in viewer.layers]
    return [
        layer for layer, metadata in with_metadata if (metadata.get("role"), metadata.get("image")) == (role, image)
    ]


def find_layer(viewer: Any, role: str, image: str, atlas: str | None = None) -> Any | None:
    """As `find_layers`, the first, and where given that of an atlas of a name."""
    layers = find_layers(viewer, role, image)
    return next((x for x in layers if atlas in (None, own_metadata(x).get("atlas"))), None)


def rename_results(viewer: Any, before: str, after: str) -> None:
    """Let the layers of a map's results follow it to another name, so that the next result updates them."""
    for layer in viewer.layers:
        metadata = own_metadata(layer)
        if metadata.get("image") == before and "role" in metadata:
            metadata["image"] = after
            if layer.name.startswith(before):
                layer.name = after + layer.name.removeprefix(before)


def draw(
    result: Result | PointResult, frame: Frame, earlier: Sequence[Any] = (), with_words: bool = True
) -> list[LayerData]:
    """The layers of a result; nothing in the viewer is touched, so that a thread can do it.

    `earlier` are the layers of modes that an earlier result of the same image left, for their colours. Without words,
    layers do not tell what the modes are: `tell_modes` lets them.
    """
    if isinstance(result, PointResult):
        return [assigned_points_layer(result, frame)]
    return [*regions_layers(result, frame), *modes_layers(result, frame, earlier, with_words)]


def tell_modes(viewer: Any, result: Result | PointResult) -> None:
    """Let the layers of a result's modes tell what the modes are."""
    if isinstance(result, Result):
        for layer in find_layers(viewer, "modes", title_of(result)):
            layer.features = features_shown(layer, result)


def put_layers(viewer: Any, result: Result | PointResult, layers: Sequence[LayerData], frame: Frame) -> None:
    """Add the layers of a result, as `draw` gives them, or update those that an earlier result left."""
    at_once(put_in_turns(viewer, result, layers, frame))


def put_in_turns(
    viewer: Any, result: Result | PointResult, layers: Sequence[LayerData], frame: Frame
) -> Iterator[None]:
    """As `put_layers`, but pause before and after each layer that is new: napari takes long to add one."""
    of_each = [options["metadata"][KEY] for _, options, _ in layers]
    if (
        frame.is_anatomical
        and not is_turned(viewer)
        and all(find_layer(viewer, metadata["role"], metadata["image"]) is None for metadata in of_each)
    ):
        set_upright(viewer, frame.view_from_world)
    n_before = len(viewer.layers)
    for role in ("regions", "modes"):
        _forget_other_atlases(viewer, [metadata for metadata in of_each if metadata["role"] == role])
    roles = [metadata["role"] for metadata in of_each]
    for layer_data, metadata in zip(layers, of_each, strict=True):
        layer = _updated(viewer, layer_data, metadata["atlas"] if roles.count(metadata["role"]) > 1 else None)
        is_new = layer is None
        if is_new:
            made = _new_layer(layer_data)
            yield
            with status_at_rest(viewer):
                layer = viewer.add_layer(made)
        remember(layer, result)
        if metadata["role"] == "modes" and isinstance(result, Result) and result.is_stack:
            follow_volume(viewer, layer)
        if is_new:
            yield
    if len(viewer.layers) != n_before:
        keep_readable(viewer)
    if isinstance(result, Result) and frame.layer is not None:
        paint_by_threshold(viewer, frame.layer, result)


def put(viewer: Any, layer_data: LayerData, atlas: str | None = None) -> Any:
    """Add a layer, or update the one of the same role and image, and where given of the same atlas; returns it."""
    layer = _updated(viewer, layer_data, atlas)
    return viewer.add_layer(_new_layer(layer_data)) if layer is None else layer


def update(layer: Any, data: NDArray[Any], options: dict[str, Any]) -> None:
    """Bring a layer up to date, touching only what differs: everything that is set is a redrawing."""
    ndim = np.ndim(data)
    neutral: dict[str, Any] = {"affine": np.eye(ndim + 1)}
    if ndim <= 3:
        n_shears = ndim * (ndim - 1) // 2
        neutral |= {"translate": np.zeros(ndim), "rotate": np.eye(ndim), "shear": np.zeros(n_shears)}
    in_place = layer_kind(layer) == "labels" and _fits(layer.data, data)
    if in_place:
        moved = not np.array_equal(layer.data, data)
        np.copyto(layer.data, data)
    else:
        moved = False
        layer.data = data
    differing = {
        name: value for name, value in (neutral | options).items() if name not in KEPT and _differs(layer, name, value)
    }
    for name, value in differing.items():
        setattr(layer, name, value)
    if moved and "colormap" not in differing:  # which draws the layer again
        layer.refresh(extent=False, thumbnail=False)


def go_to_place(viewer: Any, result: Result | PointResult, xyz: Sequence[float], run: int = 0) -> None:
    """Move a viewer to a place (3,) in world mm, and to the volume of a stack that one of the runs is of."""
    frame = find_frame(result, viewer)
    if isinstance(result, Result):
        image, layer = result.comparisons[run].image, find_modes_layer(result, viewer, run)
        if result.is_stack and layer is not None:
            show_volume(viewer, layer, result.comparisons[run].map_index)
        elif frame.layer is not None and "volume" in image.source:
            show_volume(viewer, frame.layer, image.source["volume"])
    go_to_world(viewer, frame, xyz)


def _forget_other_atlases(viewer: Any, of_each: Sequence[dict[str, Any]]) -> None:
    """Remove layers of one role of atlases that the new result was not compared with, where there are several."""
    old = find_layers(viewer, of_each[0]["role"], of_each[0]["image"]) if of_each else []
    new = [metadata["atlas"] for metadata in of_each]
    if max(len(new), len(old)) > 1:
        for layer in old:
            if own_metadata(layer).get("atlas") not in new:
                viewer.layers.remove(layer)


def _updated(viewer: Any, layer_data: LayerData, atlas: str | None) -> Any | None:
    """The earlier layer for which a layer is meant, brought up to date; None where a new one has to be made."""
    data, options, kind = layer_data
    metadata = options["metadata"][KEY]
    earlier = find_layer(viewer, metadata["role"], metadata["image"], atlas)
    if earlier is None:
        return None
    # napari can change neither what a surface is made of nor the number of axes: a stack in place of a volume.
    if kind == "surface" or (kind == "labels" and earlier.ndim != np.ndim(data)):
        viewer.layers.remove(earlier)
        return None
    update(earlier, data, options)
    return earlier


def _new_layer(layer_data: LayerData) -> Layer:
    """A layer with its own copy of an array, since later updates write into it."""
    data, options, kind = layer_data
    return Layer.create(data if kind == "surface" else np.array(data, order="K"), dict(options), kind)


def _fits(earlier: Any, data: NDArray[Any]) -> bool:
    """Whether data can be written into an earlier array."""
    return (
        isinstance(earlier, np.ndarray)
        and earlier.flags.writeable
        and (earlier.shape, earlier.dtype) == (data.shape, data.dtype)
    )


def _differs(layer: Any, name: str, value: Any) -> bool:
    now = getattr(layer, name)
    if name == "metadata":
        return True
    if name == "colormap":
        if not isinstance(value, dict):
            return not isinstance(now, type(value))
        known = getattr(now, "color_dict", {})
        if not known.keys() >= value.keys():
            return True
        colors = np.array([known[label] for label in value]), np.array([_rgba(color) for color in value.values()])
        return not np.allclose(*colors, atol=2e-3)
    if name == "features":
        return not now.equals(value)
    if name in ("scale", "translate", "rotate", "shear", "affine"):
        return np.shape(now) != np.shape(value) or not np.array_equal(np.asarray(now), np.asarray(value))
    if name in ("units", "axis_labels"):
        return [str(u) for u in now] != [_LONG.get(str(u), str(u)) for u in value]
    return True


_LONG = {"mm": "millimeter"}
"""Units by the names that napari gives back."""


def _rgba(color: Any) -> tuple[float, ...]:
    return (*(part / 255 for part in bytes.fromhex(color[1:])), 1.0) if isinstance(color, str) else tuple(color)
