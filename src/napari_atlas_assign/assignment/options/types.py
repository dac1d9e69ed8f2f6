"""The arguments of `napari_atlas_assign.assign` by the kinds of source for which they count, for type checkers."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from typing import Any, TypedDict

from numpy.typing import NDArray

from ...modes.modes import Connectivity, Tail
from ...modes.point_set import Coordinates
from ..conventions import ConventionName
from ..parameters import Threshold
from ..places.voxels import VoxelOrder


class PointOptions(TypedDict, total=False):
    """The arguments of `assign` that count for points."""

    minimum_probability: float
    level: int | None
    convention: ConventionName
    sigma: float | Sequence[float] | NDArray[Any]
    coordinates: Coordinates | None


class RoiOptions(TypedDict, total=False):
    """The arguments of `assign` that count for regions of interest; ``rois`` itself stands apart."""

    split_rois: bool
    labels: str | os.PathLike[str] | None
    connectivity: Connectivity
    peaks: int
    peak_distance_mm: float
    minimum_probability: float
    level: int | None
    registration_sd_mm: float
    placements: int
    seed: int
    convention: ConventionName
    volume: int | None
    on_atlas_voxels: VoxelOrder | bool
    progress: Callable[[int, int], None] | None


class ThresholdedOptions(RoiOptions, total=False):
    """The arguments of `assign` that count for maps; ``threshold`` itself stands apart."""

    tail: Tail
    min_volume_mm3: float
    min_voxels: int
    keep_largest: int | None
    split_height: float | None
    surrogates: int
    sweep: Sequence[float]


class MapOptions(ThresholdedOptions, total=False):
    """The arguments of `assign` that count for what is no set of points."""

    threshold: float | Threshold | None
    rois: bool


class AnyOptions(MapOptions, total=False):
    """All arguments of `assign`."""

    sigma: float | Sequence[float] | NDArray[Any]
    coordinates: Coordinates | None
