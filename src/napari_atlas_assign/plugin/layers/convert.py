"""Layers of napari <-> images and atlases.

What goes to napari is a LayerData tuple ``(data, keyword arguments, layer type)`` of plain types, so that readers,
sample data, the widget and scripts share it, and tests need no viewer. Nothing here imports napari.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from typing import Any
from uuid import uuid4
from weakref import WeakValueDictionary

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...atlas.atlas import Atlas
from ...atlas.load import load_atlas
from ...errors import AssignmentWarning, AtlasError, GridError, InputError
from ...grid import Floats, Grid
from ...header import Stated, check_volume
from ...image import Image
from ...lazy import LARGEST_IN_MEMORY, as_dask, in_memory, is_lazy, n_bytes
from ..plain_text import plain, plain_features
from .colors import direct_colors, region_color
from .geometry import KEY, Orientation, full_resolution, is_placed, place, place_of, source_of
from .map_colors import map_colormap
from .metadata import LayerData, describe, layer_kind, n_volumes, own_metadata, with_leading_axis

MOST_FEATURE_ROWS = 20_000
"""Up to this label value, row i of a features table describes label i, which napari's own table of features expects."""

_shown: WeakValueDictionary[str, Atlas] = WeakValueDictionary()
"""Atlases behind the region layers of this session."""


# --- layers in ---


def image_from_layer(layer: Any, volume: int | None = None, world_from_view: Floats | None = None) -> Image:
    """Make an image of a napari Image layer, or of the regions of interest of a Labels layer.

    Parameters
    ----------
    layer : napari.layers.Image or Labels
        Its last three axes are space; its place in the brain must be known (`geometry.place_of`).
    volume : int, optional
        Which volume, from 0, where the layer has axes before space.
    world_from_view : (4, 4) float, optional
        What the viewer's coordinates mean where the layer does not say it (`geometry.world_as_shown`).

    Returns
    -------
    Image
        With the axes of the layer's data reversed (x, y, z for a layer z, y, x). ``source`` names the layer. Data of
        dask, zarr or HDF5 larger than `lazy.LARGEST_IN_MEMORY` stay where they are.

    Raises
    ------
    InputError
        If it is no such layer, RGB, of unknown geometry, or a stack without a choice of volume.
    """
    kind = layer_kind(layer)
    if kind not in ("image", "labels"):
        raise InputError(
            f"the layer {layer.name!r} is a {kind.capitalize() or 'strange'} layer; choose an Image or Labels layer"
        )
    if kind == "image" and layer.rgb:
        raise InputError(f"the layer {layer.name!r} is a colour (RGB) image; choose a map with one value per voxel")
    grid = place_of(layer, world_from_view).grid
    data, volume = _one_volume(layer, volume)
    source = source_of(layer, world_from_view)
    if volume is not None:
        source["volume"] = volume
    path = getattr(getattr(layer, "source", None), "path", None)
    if path:
        source["path"] = str(path)
    # Small ones are read: a change of threshold then reads nothing again.
    data = as_dask(data) if is_lazy(data) and n_bytes(data) > LARGEST_IN_MEMORY else np.asarray(data)
    metadata = own_metadata(layer)
    stated = Stated.from_dict(metadata.get("stated"))
    return Image(data.T.reshape(grid.shape), grid, layer.name, metadata.get("space"), source, stated=stated)


def atlas_from_layer(layer: Any, world_from_view: Floats | None = None) -> Atlas:
    """Make an atlas of a layer: of the region layer that this plugin made, or of a Labels layer.

    A layer that was opened here as an atlas and is as it was has all that its files say: tree, hemispheres, colours.
    Otherwise region names come from the layer's features: a column ``region``, ``name`` or ``label``, in the row of the
    label, or where a column ``index`` (or ``atlas_label``) holds the label. `world_from_view` is as in
    `image_from_layer`.

    Raises
    ------
    InputError
        If the layer is none of these, or its place in the brain is unknown.
    """
    metadata = own_metadata(layer)
    if metadata.get("role") == "region maps":
        return _shown_atlas(layer.name, metadata)
    if layer_kind(layer) != "labels" or n_volumes(layer) != 1:
        raise InputError(
            f"the layer {layer.name!r} is no atlas; choose a Labels layer with two or three axes, or open an atlas here"
        )
    opened = _as_opened(layer)
    if opened is not None:
        return opened
    grid = place_of(layer, world_from_view).grid
    labels = in_memory(full_resolution(layer), f"the layer {layer.name!r}")
    values = np.unique(labels)
    if values[0] < 0:
        raise InputError(f"the layer {layer.name!r} holds negative labels; an atlas has labels from 1 and background 0")
    values = values[values > 0].astype(np.int64)
    names = names_of_labels(layer.features)
    regions = pd.DataFrame({"id": values, "name": [names.get(v, f"label {v}") for v in values.tolist()]})
    if not len(values):
        raise InputError(f"the layer {layer.name!r} has no label; paint one, or choose another atlas")
    labels = labels.T.reshape(grid.shape)
    source = source_of(layer, world_from_view)
    return Atlas.from_labels(labels, grid, regions, name=layer.name, space=metadata.get("space"), source=source)


def _as_opened(layer: Any) -> Atlas | None:
    """The atlas of a Labels layer that was opened here; None where it was painted, moved, or its file is gone."""
    metadata = own_metadata(layer)
    if metadata.get("role") != "atlas" or not isinstance(metadata.get("source"), str):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AssignmentWarning)  # told when it was opened
            atlas = load_atlas(metadata["source"], labels=metadata.get("labels"))
        placed = place_of(layer)
    except (InputError, OSError, TypeError):
        return None
    if not atlas.is_labelled or atlas.name != metadata.get("atlas"):
        return None
    world = place(atlas.grid.shape, atlas.grid.affine)[0].world_of(atlas.grid)
    if not np.allclose(placed.world, world, atol=1e-4) or not np.array_equal(
        full_resolution(layer), _turned_labels(atlas)
    ):
        return None
    return atlas if layer.name == plain(atlas.name) else atlas.described(name=layer.name)


def may_be_atlas(layer: Any) -> bool:
    """Whether a layer can be picked as an atlas: region maps, or Labels that are no result of this plugin."""
    role = own_metadata(layer).get("role")
    return role == "region maps" or (layer_kind(layer) == "labels" and role in (None, "atlas"))


def is_atlas(layer: Any) -> bool:
    """Whether a layer is an atlas without being picked: opened here as one, or Labels with a table of names.

    Any other Labels layer may as well be regions of interest that are being painted.
    """
    return may_be_atlas(layer) and ("role" in own_metadata(layer) or bool(names_of_labels(layer.features)))


def atlas_grid(layer: Any) -> Grid | None:
    """The grid of the array in an atlas's own file, else of the layer's; None where it does not say where it lies."""
    array = own_metadata(layer).get("array")
    if array is not None:
        try:
            return Grid(tuple(array["shape"]), np.asarray(array["affine"], dtype=float))
        except (GridError, KeyError, TypeError, ValueError):  # somebody else wrote there
            return None
    if not is_placed(layer):
        return None
    placed = place_of(layer)
    return Grid(placed.shape, placed.world)


def names_of_labels(features: pd.DataFrame) -> dict[int, str]:
    """Names by label, of a column region, name or label in a layer's table of features."""
    column = next((c for c in ("region", "name", "label") if c in features), None)
    if column is None:
        return {}
    index = next((features[c] for c in ("index", "atlas_label") if c in features), pd.Series(range(len(features))))
    named = zip(pd.to_numeric(index, errors="coerce"), features[column], strict=True)
    return {int(i): n for i, n in named if i == i and isinstance(n, str) and n}


# --- layers out ---


def image_to_layer(image: Image, **facts: Any) -> LayerData:
    """Lay an image out as an Image layer, z, y, x in mm; `facts` are added to the metadata."""
    orientation, transform = place(image.grid.shape, image.grid.affine)
    data = orientation.turn(image.data)
    return (
        data,
        {
            "name": plain(image.name),
            "metadata": {KEY: describe(space=image.space, **_cited(image), **facts)},
            **intensity(data),
            **transform,
        },
        "image",
    )


def _cited(image: Image) -> dict[str, Any]:
    """How an image asks to be cited, which its layer carries on."""
    return {key: image.source.get(key) for key in ("citation", "licence")}


def atlas_to_layer(atlas: Atlas) -> LayerData:
    """Lay an atlas out: a labelled one as Labels with names and colours, others as a stack of region maps."""
    return _labels_layer(atlas) if atlas.is_labelled else _region_maps_layer(atlas)


def intensity(data: NDArray[Any]) -> dict[str, Any]:
    """Contrast limits and colour map for a map: symmetric around 0, and clear there, where it has both signs."""
    if data.dtype.kind not in "iuf" or not data.size:
        return {}
    finite = data[np.isfinite(data)] if data.dtype.kind == "f" else data
    if not finite.size:
        return {"contrast_limits": (0.0, 1.0)}
    low, high = float(finite.min()), float(finite.max())
    if low < 0 < high:
        limits = -max(-low, high), max(-low, high)
        return {"contrast_limits": limits, "colormap": map_colormap(limits)}
    return {"contrast_limits": (low, high) if low < high else (low, low + 1)}


def label_features(rows: Mapping[int, Mapping[str, Any]], columns: list[str]) -> pd.DataFrame:
    """A features table for a Labels layer: row i describes label i; row 0, the background, and gaps are empty.

    Where labels are too large for that, the table has one row per label and a column ``index``.
    """
    labels = np.array(sorted(rows), dtype=np.int64)
    dense = not len(labels) or labels[-1] <= MOST_FEATURE_ROWS
    index = np.arange(labels.max(initial=0) + 1) if dense else np.concatenate([[0], labels])
    # Python floats in object columns: napari leaves None out of its status line, but prints an empty text.
    table = {c: [rows.get(int(i), {}).get(c) for i in index] for c in columns}
    frame = plain_features(pd.DataFrame({c: pd.Series(v, dtype=_dtype(v)) for c, v in table.items()}))
    if not dense:
        frame.insert(0, "index", index)
    return frame


# --- inside ---


def _one_volume(layer: Any, volume: int | None) -> tuple[Any, int | None]:
    data = full_resolution(layer)
    leading = data.shape[:-3]
    n = n_volumes(layer)
    if n != 1 and volume is None:
        raise InputError(
            f"the layer {layer.name!r} has {n} volumes; pick one, counted from 0: image_from_layer(layer, volume=0), "
            "or move the slider to it in the viewer and use the widget"
        )
    check_volume(volume, n, f"the layer {layer.name!r}")
    if not leading:
        return data, None
    return data[tuple(int(i) for i in np.unravel_index(volume or 0, leading))], volume


def _shown_atlas(name: str, metadata: dict[str, Any]) -> Atlas:
    atlas = _shown.get(metadata.get("token", ""))
    if atlas is not None:
        return atlas
    source = metadata.get("source")
    if source is None:
        raise InputError(f"the layer {name!r} has lost the atlas that it was made of; open the atlas again")
    try:
        return load_atlas(source, labels=metadata.get("labels"))
    except AtlasError as error:
        raise AtlasError(f"the layer {name!r} has lost the atlas that it was made of: {error}") from error


def _labels_layer(atlas: Atlas) -> LayerData:
    _, transform = place(atlas.grid.shape, atlas.grid.affine)
    ids = atlas.regions["id"].to_numpy(np.int64)
    rows = {int(i): row for i, row in zip(ids, region_rows(atlas), strict=True)}
    colors = direct_colors({int(i): region_color(atlas, r) for r, i in enumerate(ids)})
    return (
        _turned_labels(atlas),
        {
            "name": plain(atlas.name),
            "features": label_features(rows, region_columns(atlas)),
            "colormap": colors,
            "opacity": 0.6,
            "metadata": {KEY: describe(role="atlas", space=atlas.space, **_origin(atlas))},
            **transform,
        },
        "labels",
    )


def _turned_labels(atlas: Atlas) -> NDArray[Any]:
    """The numbers of a labelled atlas's regions, as its layer has them."""
    orientation, _ = place(atlas.grid.shape, atlas.grid.affine)
    ids = atlas.regions["id"].to_numpy(np.int64)
    volume = np.zeros(atlas.grid.n_voxels, np.min_scalar_type(int(ids.max(initial=0))) if ids.min() >= 0 else np.int64)
    for part in atlas.parts():
        volume[atlas.voxel_of(part)] = ids[atlas.region_of(part)]
    return orientation.turn(volume.reshape(atlas.grid.shape))


def region_columns(atlas: Atlas) -> list[str]:
    """What is said of a region when the cursor is over it; few columns, since napari prints all of them."""
    return ["region", *(c for c in ("hemisphere", "parent") if c in atlas.regions)]


def region_rows(atlas: Atlas) -> list[dict[str, Any]]:
    """`region_columns` of every region of an atlas."""
    table = atlas.regions.rename(columns={"name": "region"})[region_columns(atlas)].astype(object)
    rows = table.where(table.notna(), None).to_numpy().tolist()
    return [dict(zip(table.columns, row, strict=True)) for row in rows]


def _region_maps_layer(atlas: Atlas) -> LayerData:
    orientation, transform = place(atlas.grid.shape, atlas.grid.affine)
    token = uuid4().hex
    _shown[token] = atlas
    metadata = describe(
        role="region maps",
        token=token,
        space=atlas.space,
        regions=atlas.regions["name"].astype(str).tolist(),
        **_origin(atlas),
    )
    return (
        _lazy_stack(atlas, orientation),
        {
            "name": plain(atlas.name),
            "contrast_limits": (0.0, float(atlas.region_sums.maximum.max(initial=0)) or 1.0),
            "colormap": "inferno",
            "metadata": {KEY: metadata},
            **with_leading_axis(transform, "region"),
        },
        "image",
    )


def _lazy_stack(atlas: Atlas, orientation: Orientation) -> Any:
    """A dask array (R, z, y, x) that makes each region's dense map when it is looked at."""
    import dask.array as da

    def one(block_id: tuple[int, ...]) -> NDArray[np.float32]:
        return orientation.turn(atlas.map_of(block_id[0]))[None]

    shape = orientation.turn(np.broadcast_to(np.float32(0), atlas.grid.shape)).shape
    chunks = ((1,) * atlas.n_regions, *((n,) for n in shape))
    # Named by hand: dask would hash the whole atlas to find a name.
    name = f"region-maps-{uuid4().hex}"
    return da.map_blocks(one, chunks=chunks, name=name, dtype=np.float32, meta=np.zeros((0, 0, 0, 0), np.float32))


def _origin(atlas: Atlas) -> dict[str, Any]:
    """Where the atlas can be loaded from again."""
    source = atlas.source.get("catalogue") or atlas.source.get("path")
    labels = None if "catalogue" in atlas.source else atlas.source.get("labels")
    array = {"shape": list(atlas.grid.shape), "affine": atlas.grid.affine.tolist()}  # the layer's is turned
    return {"atlas": atlas.name, "source": source, "labels": labels, "array": array}


def _dtype(values: list[Any]) -> type:
    return float if any(isinstance(v, float) for v in values) else object
