"""What the form says in words: how much came out, and which region map the viewer shows."""

from __future__ import annotations

from typing import Any

from ...assignment.point_result import PointResult
from ...assignment.result import Result
from ...atlas.atlas import Atlas
from ...atlas.hierarchy import n_levels
from ...errors import AtlasError, counted
from ..layers.metadata import own_metadata


def region_shown(viewer: Any) -> str | None:
    """Name of the region whose map the uppermost visible region stack shows; None where there is no such stack."""
    for layer in reversed(list(viewer.layers)):
        names = own_metadata(layer).get("regions")
        if names and layer.visible:
            index = round(float(layer.world_to_data(viewer.dims.point)[0]))
            return str(names[min(max(index, 0), len(names) - 1)])
    return None


def summary_of(result: Result | PointResult) -> str:
    """How much came out, in a sentence."""
    pairs = counted(int(result.assignments["region"].notna().sum()), "assignment")
    if isinstance(result, PointResult):
        return f"{counted(len(result.points), 'point')}, {pairs}."
    modes = f"{counted(len(result.modes), 'mode')}, {pairs}."
    if result.is_stack:
        return f"{counted(len(result.images), 'map')}, {modes}"
    volume = result.image.source.get("volume")
    return modes if volume is None else f"Volume {volume}, at the slider: {modes}"


def levels_in(result: Result | PointResult) -> int:
    """How many levels the trees of a result's atlases have at most."""
    return max(_n_levels(atlas) for atlas in result.atlases)


def _n_levels(atlas: Atlas) -> int:
    try:
        return n_levels(atlas)
    except AtlasError:  # parents that contradict each other
        return 1
