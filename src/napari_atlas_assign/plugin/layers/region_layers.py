"""Overlays: what a result looks like as layers. They lie on the source layer's grid, with its transform."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from ...assignment.best_region_labels import best_region_labels, best_regions
from ...assignment.result import Result
from ...atlas.atlas import Atlas
from ...atlas.kept import kept_with_atlas
from ..plain_text import plain
from .colors import direct_colors, region_color
from .convert import label_features, region_columns, region_rows
from .frame import Frame, title_of
from .geometry import KEY
from .metadata import LayerData, describe

MOST_COLORS = 1000
"""Regions that all get their colours at once: a new table of colours costs far more than new voxels."""


def label_type(highest: int) -> type[np.integer]:
    """The type of labels up to a number: napari hands bytes to the graphics card as they are, and maps larger ones."""
    return np.uint8 if highest <= 255 else np.int32


def regions_layers(result: Result, frame: Frame) -> list[LayerData]:
    """`regions_layer` for every atlas of a result."""
    atlases = result.atlases
    return [
        regions_layer(
            replace(result, comparisons=[r for r in result.comparisons if r.atlas is atlas]), frame, len(atlases) > 1
        )
        for atlas in atlases
    ]


def regions_layer(result: Result, frame: Frame, name_atlas: bool = False) -> LayerData:
    """Each mode's best region as Labels in the atlas's colours; label = row of the atlas's region table + 1."""
    singles = [result.single(n) for n in range(len(result.comparisons))]
    labels = [best_region_labels(single, label_type(result.atlas.n_regions)) for single in singles]
    if result.is_stack:
        data, transform = frame.lay_out_stack([image.data for image in labels], labels[0].grid)
    else:
        data, transform = frame.lay_out(labels[0].data, labels[0].grid)
    atlas = result.atlas
    return (
        data,
        {
            "name": plain(f"{title_of(result)} regions" + (f" ({atlas.name})" if name_atlas else "")),
            "features": _region_features(atlas),
            "colormap": _colors_shown(atlas, singles),
            "opacity": 0.7,
            "metadata": {KEY: result_metadata(result, frame, "regions")},
            **transform,
        },
        "labels",
    )


def _colors_shown(atlas: Atlas, singles: Iterable[Result]) -> Any:
    """The colours of all regions, or where these are many, of the best ones."""
    if atlas.n_regions <= MOST_COLORS:
        return _all_colors(atlas)
    return _colors(atlas, sorted({region for single in singles for region in best_regions(single).values()}))


@kept_with_atlas()
def _all_colors(atlas: Atlas) -> Any:
    """The colours of all regions; made once, since they are the same for every threshold."""
    return _colors(atlas, range(atlas.n_regions))


def _colors(atlas: Atlas, regions: Iterable[int]) -> Any:
    return direct_colors({region + 1: region_color(atlas, region) for region in regions})


@kept_with_atlas()
def _region_features(atlas: Atlas) -> pd.DataFrame:
    """What hovering over a region tells; made once, since it is the same for every threshold."""
    ids = atlas.regions["id"].tolist()
    rows = {r + 1: row | {"atlas_label": ids[r]} for r, row in enumerate(region_rows(atlas))}
    return label_features(rows, [*region_columns(atlas), "atlas_label"])


def result_metadata(result: Result, frame: Frame, role: str, **more: Any) -> dict[str, Any]:
    """What a layer of a result carries in its metadata."""
    facts = {"atlas": result.atlas.name, "parameters": result.parameters.as_dict(), **more}
    return describe(frame.view_from_world, role=role, image=title_of(result), space=result.image.space, **facts)
