"""Overlays of a result that the user asks for: region maps, shares painted onto regions, peaks.

Each lies on the grid of the image that was assigned, with the transform of its layer, and is named after its atlas, so
that ten of them stay readable. Asking twice updates; `close_overlays` takes all of them away. Of a stack or several
atlases, the first run is drawn: take ``result.single(n)`` for another.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...assignment.best_region_labels import PART_OF_MAXIMUM, territory
from ...assignment.integrals.cache import integral_of_region
from ...assignment.integrals.fine_grid import is_too_fine
from ...assignment.point_result import PointResult
from ...assignment.result import Result
from ...atlas.atlas import Atlas
from ...atlas.hierarchy import TreeNode, joined_region
from ...errors import InputError
from ...grid import Grid
from ..layers.colors import direct_colors, region_color
from ..layers.frame import Frame, frame_of
from ..layers.geometry import KEY
from ..layers.metadata import LayerData, describe, own_metadata
from ..plain_text import plain, plain_features
from .names import NO_TEXT, are_names, show_names
from .oblique import points_beside
from .placing import find_frame, find_layer, put, update
from .readability import is_mark, is_outline, keep_readable
from .viewer_frame import active_kept

LONGEST_NAME = 28
"""Characters of a region's name beside a peak."""

ABOVE, BELOW = -2, 2
"""Lines from a place to its name: names of peaks stand above their points, those of pins below; both mark one place."""


def show_region(result: Result | PointResult, viewer: Any, region: int | str | TreeNode, contour: bool = False) -> Any:
    """Show a region's map as an Image layer in the region's colour, or as an outline; returns the layer.

    Parameters
    ----------
    result : Result or PointResult
    viewer : napari.Viewer
    region : int, str or TreeNode
        Row of the atlas's table of regions (the column ``volume`` of the assignments), the region's name, or several
        regions together.
    contour : bool
        Draw the outline of where the map reaches `PART_OF_MAXIMUM` of its largest value, as a Labels layer.

    Raises
    ------
    InputError
        If the atlas has no such region.
    """
    chosen = region if isinstance(region, TreeNode) else region_row(result.atlas, region)
    draw = region_contour_layer if contour else region_map_layer
    layer = put_overlay(viewer, draw(result, chosen, find_frame(result, viewer)))
    if not contour:
        _link(viewer, "region map")
    return layer


def show_region_in(layer: Any, result: Result | PointResult, viewer: Any, region: int | TreeNode) -> Any:
    """Let a layer of a region's map show another region's; returns the layer with that map.

    It takes the layer's place in the list, and far less work and memory than a new layer. A layer that has the map
    already is brought up to date instead, and the other one is removed.
    """
    data, options, _ = region_map_layer(result, region, find_frame(result, viewer))
    metadata = options["metadata"][KEY]
    if find_layer(viewer, metadata["role"], metadata["image"]) is not None:
        viewer.layers.remove(layer)
        return show_region(result, viewer, region)
    layer.contrast_limits_range = options["contrast_limits"]
    update(layer, data, options)
    layer.name, layer.visible = options["name"], True
    return layer


def show_shares(result: Result, viewer: Any, mode: int) -> Any:
    """Paint each region's share of a mode onto the region's territory (a parametric map); returns the Image layer.

    Parameters
    ----------
    result : Result
    viewer : napari.Viewer
    mode : int
        The mode's number.

    Raises
    ------
    InputError
        If the result has no such mode.
    """
    return put_overlay(viewer, shares_layer(result, mode, frame_of(result.image, viewer.layers)))


def show_peaks(result: Result, viewer: Any) -> Any:
    """Show the peaks of all modes as a Points layer with names; returns the layer."""
    layer = put_overlay(viewer, peaks_layer(result, frame_of(result.image, viewer.layers)))
    show_names(viewer, layer, layer.data, layer.features["label"].tolist(), ABOVE)
    return layer


def close_overlays(viewer: Any) -> int:
    """Remove every layer that a function of this module added; returns how many there were."""
    layers = overlay_layers(viewer)
    for layer in layers:
        viewer.layers.remove(layer)
    return len(layers)


def overlay_layers(viewer: Any) -> list[Any]:
    """The layers that functions of this module added; names of places come and go with their layers."""
    return [layer for layer in viewer.layers if own_metadata(layer).get("overlay") and not are_names(layer)]


# --- what they look like, as plain data ---


def region_map_layer(result: Result | PointResult, region: int | TreeNode, frame: Frame) -> LayerData:
    """A region's mean probability in each voxel of the image, clear where it is 0; of points, around the region."""
    atlas, row = atlas_and_row(result.atlas, region)
    grid = _grid_of_map(result, atlas, row)
    values = region_map_on(atlas, row, grid)
    data, transform = frame.lay_out(values, grid)
    color = _rgb(region_color(atlas, row))
    return (
        data,
        {
            "name": plain(f"{atlas.name}: {name_of_region(atlas, row)} (map)"),
            "contrast_limits": (0.0, float(values.max(initial=0)) or 1.0),
            "colormap": {"name": f"clear to {region_color(atlas, row)}", "colors": [[*color, 0], [*color, 1]]},
            "blending": "translucent",
            "metadata": {KEY: overlay_metadata(result, frame, "region map", region)},
            **transform,
        },
        "image",
    )


def region_contour_layer(result: Result | PointResult, region: int | TreeNode, frame: Frame) -> LayerData:
    """The outline of a region in its colour; napari draws outlines in 2D, and the filled region in 3D."""
    atlas, row = atlas_and_row(result.atlas, region)
    grid = _grid_of_map(result, atlas, row)
    values = region_map_on(atlas, row, grid)
    inside = (values >= PART_OF_MAXIMUM * atlas.region_sums.maximum[row]) & (values > 0)
    data, transform = frame.lay_out(inside.astype(np.uint8), grid)
    return (
        data,
        {
            "name": plain(f"{atlas.name}: {name_of_region(atlas, row)} (outline)"),
            "colormap": direct_colors({1: region_color(atlas, row)}),
            "opacity": 1.0,
            "metadata": {KEY: overlay_metadata(result, frame, "region outline", region)},
            **transform,
        },
        "labels",
    )


def shares_layer(result: Result, mode: int, frame: Frame) -> LayerData:
    """Each region's share of a mode, painted where that region is the atlas's most probable one."""
    atlas, grid = result.atlas, grid_of_overlays(result)
    if mode not in result.mode_voxels.number:
        raise InputError(f"the result has no mode {mode}; its modes are {_listed(result.mode_voxels.number)}")
    rows = result.assignments
    rows = rows[rows["input structure"] == mode]
    values = np.zeros(grid.n_voxels, np.float32)
    for region, share in zip(rows["volume"], rows["share"], strict=True):
        values[territory(atlas, grid, int(region))] = share
    data, transform = frame.lay_out(values.reshape(grid.shape), grid)
    return (
        data,
        {
            "name": plain(f"{result.image.name}: shares of mode {mode} ({atlas.name})"),
            "contrast_limits": (0.0, float(rows["share"].max()) if len(rows) else 1.0),
            "colormap": SHARE_COLORS,
            "blending": "translucent",
            "interpolation3d": "nearest",  # between a region and nothing, no other share is to be seen
            "metadata": {KEY: overlay_metadata(result, frame, "shares", mode)},
            **transform,
        },
        "image",
    )


def peaks_layer(result: Result, frame: Frame) -> LayerData:
    """Peaks as points; the highest of each mode with the name of its region, the others with their numbers."""
    peaks = result.peaks[["input structure", "peak", "position", "value", "best region", "probability"]]
    places = np.array([frame.to_view(xyz) for xyz in peaks["position"]]).reshape(-1, 3)
    from_view, transform = points_beside(frame, result.image.grid)
    return (
        places @ from_view[:3, :3].T + from_view[:3, 3],
        {
            "name": plain(f"{result.image.name}: peaks ({result.atlas.name})"),
            "features": plain_features(peaks.drop(columns="position").assign(label=_peak_labels(peaks))),
            "text": NO_TEXT,
            "size": 4 / np.mean(transform["scale"]),
            "face_color": "transparent",
            "border_color": "#ffdd33",
            "border_width": 0.25,
            "blending": "translucent_no_depth",
            "metadata": {KEY: overlay_metadata(result, frame, "peaks", 0)},
            **transform,
        },
        "points",
    )


SHARE_COLORS = {
    "name": "shares",
    "colors": [[0, 0, 0, 0], [0.27, 0.0, 0.33, 1], [0.13, 0.57, 0.55, 1], [0.99, 0.91, 0.14, 1]],
    "controls": [0, 0.004, 0.5, 1],
}
"""Clear at 0, then from violet over green to yellow."""


def grid_of_overlays(result: Result) -> Grid:
    """The image's grid, or the atlas's where the image is so much finer that maps on it would not fit in memory."""
    grid = result.image.grid
    return result.atlas.grid if is_too_fine(result.atlas, grid) else grid


def _grid_of_map(result: Result | PointResult, atlas: Atlas, region: int) -> Grid:
    """The grid for a region's map: of points, which have none, the part of the atlas's that holds the region."""
    if isinstance(result, Result):
        return grid_of_overlays(result)
    first, last = atlas.region_sums.box[region]
    affine = atlas.grid.affine.copy()
    affine[:3, 3] = atlas.grid.to_world(first[None])[0]
    return Grid(tuple((np.maximum(last, first) - first + 1).tolist()), affine)


def atlas_and_row(atlas: Atlas, region: int | TreeNode) -> tuple[Atlas, int]:
    """An atlas that has a region, or several together, as one of its regions, and its row there."""
    return (joined_region(atlas, region), 0) if isinstance(region, TreeNode) else (atlas, region)


def region_map_on(atlas: Atlas, region: int, grid: Grid) -> NDArray[np.float32]:
    """A region's mean probability in each voxel (X, Y, Z) of a grid."""
    voxel, integral = integral_of_region(atlas, grid, region)
    values = np.zeros(grid.n_voxels, np.float32)
    values[voxel] = integral / grid.voxel_volume
    return values.reshape(grid.shape)


def region_row(atlas: Atlas, region: int | str) -> int:
    """Row of the table of regions, of a row or a name.

    Raises
    ------
    InputError
        If there is no such region.
    """
    if isinstance(region, str):
        rows = np.flatnonzero(atlas.regions["name"].to_numpy(object) == region)
        if not len(rows):
            raise InputError(f"{atlas.name} has no region {region!r}; names are in the table atlas.regions")
        return int(rows[0])
    if not 0 <= region < atlas.n_regions:
        raise InputError(f"{atlas.name} has no region {region}; it has {atlas.n_regions}, counted from 0")
    return int(region)


def put_overlay(viewer: Any, layer_data: LayerData) -> Any:
    """Add an overlay below outlines and names, or update the one of the same role and image; returns the layer."""
    with active_kept(viewer):
        layer = put(viewer, layer_data)
        for are_above in (is_outline, is_mark):
            for above in filter(are_above, list(viewer.layers)):
                viewer.layers.move(viewer.layers.index(above), len(viewer.layers))
    keep_readable(viewer)
    return layer


def _link(viewer: Any, role: str) -> None:
    """Let maps of regions share their opacity and blending: one slider for all."""
    from napari.experimental import link_layers, unlink_layers

    layers = [layer for layer in overlay_layers(viewer) if own_metadata(layer)["role"].startswith(role)]
    itself = [getattr(layer, "__wrapped__", layer) for layer in layers]
    unlink_layers(itself)
    if len(itself) > 1:
        link_layers(itself, ("opacity", "blending"))


def overlay_metadata(result: Result | PointResult, frame: Frame, role: str, what: int | TreeNode) -> dict[str, Any]:
    """What an overlay carries in its metadata: its role with what it shows, by which a later one finds it."""
    source = result.image if isinstance(result, Result) else result.points
    return describe(
        frame.view_from_world,
        role=f"{role} {result.atlas.name} {what.name if isinstance(what, TreeNode) else what}",
        image=source.name,
        atlas=result.atlas.name,
        space=source.space,
        overlay=True,
    )


def _peak_labels(peaks: Any) -> list[str]:
    labels = []
    for mode, rank, region in peaks[["input structure", "peak", "best region"]].itertuples(index=False, name=None):
        if rank > 1:
            labels.append(f"{mode}.{rank}")
        else:
            labels.append(f"{mode} {shortened(region)}" if isinstance(region, str) else str(mode))
    return labels


def shortened(name: str) -> str:
    """A long name without its middle: what tells regions apart is often at the end."""
    half = LONGEST_NAME // 2
    return name if len(name) <= LONGEST_NAME else f"{name[:half]}…{name[1 - half :]}"


def name_of_region(atlas: Atlas, region: int) -> str:
    """Of a row of the table of regions."""
    return str(atlas.regions["name"].iloc[region])


def _rgb(color: str) -> list[float]:
    return [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]


def _listed(numbers: NDArray[np.integer]) -> str:
    shown = ", ".join(map(str, numbers[:8].tolist()))
    return f"{shown} … {numbers[-1]}" if len(numbers) > 8 else shown or "none"
