"""All regions of an atlas coloured by a column of the table of regions: a parametric map that can be hovered."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ...assignment.best_region import largest_of_each
from ...assignment.integrals.cache import region_integrals
from ...assignment.point_result import PointResult
from ...assignment.result import Result
from ...atlas.atlas import Atlas
from ...atlas.kept import kept_with_atlas
from ...errors import InputError
from ...grid import Floats, Grid
from ..layers.colors import direct_colors
from ..layers.convert import label_features
from ..layers.frame import Frame
from ..layers.geometry import KEY
from ..layers.map_colors import COLD, HOT, ramp
from ..layers.metadata import LayerData
from ..plain_text import plain, plain_features
from ..viewer.overlays import SHARE_COLORS, grid_of_overlays, overlay_metadata, put_overlay
from ..viewer.placing import find_frame


def show_regions_by(result: Result | PointResult, viewer: Any, column: str) -> Any:
    """Colour every region of an atlas by a column of `result.regions`; returns the Labels layer.

    Columns of one sign run from violet over green to yellow; of both, from blue over dark to red, with 0 in the middle.
    Regions without a value are clear.

    Parameters
    ----------
    result : Result or PointResult
        Of a stack or several atlases, take ``result.single(n)``.
    viewer : napari.Viewer
    column : str
        Such as ``mean``, ``active share`` or ``density per mm3``.

    Raises
    ------
    InputError
        If the table has no such column of numbers.
    """
    return put_overlay(viewer, regions_by_layer(result, column, find_frame(result, viewer)))


def regions_by_layer(result: Result | PointResult, column: str, frame: Frame) -> LayerData:
    """The atlas's regions as Labels in colours of a column; label = row of the atlas's region table + 1."""
    atlas, title = result.atlas, result.image.name if isinstance(result, Result) else result.points.name
    grid = grid_of_overlays(result) if isinstance(result, Result) else atlas.grid
    values = values_of(result, column)
    data, transform = frame.lay_out(most_probable(atlas, grid), grid)
    known = np.flatnonzero(np.isfinite(values))
    colors = dict(zip((known + 1).tolist(), colors_of(values[known]), strict=True))
    names = atlas.regions["name"].tolist()
    rows = {int(r) + 1: {"region": names[r], column: float(f"{values[r]:.4g}")} for r in known}
    return (
        data,
        {
            "name": plain(f"{title}: {column} ({atlas.name})"),
            "features": plain_features(label_features(rows, ["region", column])),
            "colormap": direct_colors(colors),
            "opacity": 0.8,
            "metadata": {KEY: overlay_metadata(result, frame, f"coloured regions {column}", 0)},
            **transform,
        },
        "labels",
    )


def values_of(result: Result | PointResult, column: str) -> Floats:
    """A column of the table of regions, for each row (R,) of the atlas's own table; NaN where it says nothing.

    Raises
    ------
    InputError
        If the table has no such column of numbers.
    """
    table = result.regions
    table = table[table["region id"].notna()]  # others are groups of these
    if column not in table or not pd.api.types.is_numeric_dtype(table[column]):
        numbers = [str(name) for name in table if pd.api.types.is_numeric_dtype(table[name])]
        raise InputError(f"the table of regions has no numbers {column!r}; it has {', '.join(numbers)}")
    of_id = dict(zip(table["region id"], table[column].astype(np.float64), strict=True))
    return np.array([of_id.get(i, np.nan) for i in result.atlas.regions["id"]], dtype=np.float64)


def colors_of(values: Floats) -> list[tuple[float, ...]]:
    """Opaque colours (N,) of finite values: from 0 to the one that is farthest from it."""
    low, high = min(values.min(initial=0.0), 0.0), max(values.max(initial=0.0), 0.0)
    if low < 0 < high:
        depth = np.abs(values) / max(-low, high)
        rgb = np.where((values < 0)[:, None], ramp(COLD, depth), ramp(HOT, depth))
    else:
        stops, at = np.array(SHARE_COLORS["colors"])[1:, :3], np.linspace(0, 1, 3)
        depth = np.abs(values) / (high - low or 1.0)
        rgb = np.column_stack([np.interp(depth, at, stops[:, channel]) for channel in range(3)])
    return [(*color, 1.0) for color in rgb.tolist()]


@kept_with_atlas(most=1)
def most_probable(atlas: Atlas, grid: Grid) -> NDArray[np.int32]:
    """Row + 1 of the region with the largest value in each voxel (X, Y, Z), the first of equals; 0 without any."""
    here = region_integrals(atlas, grid, np.arange(grid.n_voxels))
    row = np.asarray(here.row, dtype=np.int64)
    best = largest_of_each(
        row, np.asarray(here.region, dtype=np.int64), here.integral.astype(np.float64), grid.n_voxels
    )
    return (best + 1).astype(np.int32).reshape(grid.shape)
