"""Overlap sums: the only numbers that scores are made of.

A score in `scores.py` is arithmetic on these arrays, so that a new score is one function and no pass over a volume.
M modes, P pairs of a mode and a region that overlap, a a region map (0..1), b the image under the mode. Every sum is an
integral over space in mm3; boxes lie along the atlas's axes, in atlas voxel coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..atlas.atlas import Atlas, RegionSums
from ..modes.modes import Modes
from ..space import Floats, Grid, product, snap
from .integrals import RegionIntegrals


@dataclass(frozen=True)
class ModeSums:
    """What the scores need to know of each mode (M,)."""

    volume: Floats
    """mm3."""
    sum_b: Floats
    """Integral of b."""
    sum_bb: Floats
    """Integral of b squared."""
    maximum: Floats
    minimum: Floats
    box: Floats
    """(M, 2, 3): lower and upper corner of the smallest box around the mode."""


@dataclass(frozen=True)
class OverlapSums:
    """Sums of every pair (P,) of a mode and a region that overlap, sorted by mode, then region."""

    mode: NDArray[np.int64]
    """Which mode, 0..M-1."""
    region: NDArray[np.int64]
    """Row of the region table."""
    volume: Floats
    """Volume of the mode where a > 0."""
    sum_a: Floats
    """Integral of a over the mode."""
    sum_ab: Floats
    """Integral of a times b."""
    sum_share: Floats
    """Integral over the mode of a / max(1, sum of all regions' a)."""
    maximum: Floats
    """Largest a under the mode."""
    modes: ModeSums
    regions: RegionSums
    voxel_volume: float
    """Volume of one atlas voxel in mm3: a box of n voxels has n times this volume."""


def overlap_sums(modes: Modes, integrals: RegionIntegrals, atlas: Atlas) -> OverlapSums:
    """Sum every region map, and its product with the image, over every mode that it overlaps.

    `integrals` must be those of `atlas` over the voxels of `modes`.
    """
    key = modes.mode[integrals.row] * atlas.n_regions + integrals.region
    pairs, index = _distinct(key, modes.n_modes * atlas.n_regions)
    n = len(pairs)
    maximum = np.zeros(n)
    np.maximum.at(maximum, index, integrals.maximum.astype(np.float64))
    integral = integrals.integral.astype(np.float64, copy=False)
    return OverlapSums(
        mode=pairs // atlas.n_regions,
        region=pairs % atlas.n_regions,
        volume=totals(index, integrals.volume, n),
        sum_a=totals(index, integral, n),
        sum_ab=totals(index, integral * modes.value[integrals.row], n),
        sum_share=totals(index, integrals.share, n),
        maximum=maximum,
        modes=mode_sums(modes, atlas),
        regions=atlas.region_sums,
        voxel_volume=atlas.grid.voxel_volume,
    )


def mode_sums(modes: Modes, atlas: Atlas) -> ModeSums:
    """Sum the image over every mode."""
    unit, n = modes.grid.voxel_volume, modes.n_modes
    if n == 0:
        nothing = np.zeros(0)
        return ModeSums(nothing, nothing, nothing, nothing, nothing, np.zeros((0, 2, 3)))
    starts = modes.starts
    return ModeSums(
        volume=modes.counts() * unit,
        sum_b=totals(modes.mode, modes.value, n) * unit,
        sum_bb=totals(modes.mode, modes.value**2, n) * unit,
        maximum=np.maximum.reduceat(modes.value, starts),
        minimum=np.minimum.reduceat(modes.value, starts),
        box=mode_boxes(modes, atlas.grid),
    )


def totals(index: NDArray[np.integer], values: NDArray[np.floating], n: int) -> Floats:
    """(n,) sums of the values of each index."""
    return np.asarray(np.bincount(index, values, n), np.float64)


def mode_boxes(modes: Modes, grid: Grid) -> Floats:
    """(M, 2, 3): corners of the smallest box along the axes of `grid` around each mode, in its voxel coordinates."""
    transform = grid.inverse @ modes.grid.affine
    linear, offset = transform[:3, :3], transform[:3, 3]
    half = np.abs(linear).sum(axis=1) / 2
    starts = modes.starts
    if (np.abs(linear) > 1e-9 * np.abs(linear).max()).sum() == 3:  # along each axis, one index decides
        low, high = (
            product(np.stack([extreme.reduceat(index, starts) for index in modes.indices], axis=-1), linear) + offset
            for extreme in (np.minimum, np.maximum)
        )
    else:
        centre = product(np.stack(modes.indices, axis=-1), linear) + offset
        low, high = (extreme.reduceat(centre, starts, axis=0) for extreme in (np.minimum, np.maximum))
    return snap(np.stack([np.minimum(low, high) - half, np.maximum(low, high) + half], axis=1))


def _distinct(key: NDArray[np.int64], bound: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Distinct keys, rising, and the place of every key among them."""
    if bound > 2**24:  # a table of all possible keys would be larger than the keys' own sort is slow
        distinct, index = np.unique(key, return_inverse=True)
        return distinct, index
    present = np.zeros(bound, bool)
    present[key] = True
    return np.flatnonzero(present), (np.cumsum(present) - 1)[key]
