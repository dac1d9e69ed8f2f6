"""Overlap sums: the only numbers that scores are made of.

A score in `scores.py` is arithmetic on these arrays, so that a new score is one function and no pass over a volume.
M modes, P pairs of a mode and a region that overlap, a a region map (0..1), b the image under the mode. Every sum is an
integral over space in mm3; boxes lie along the atlas's axes, in atlas voxel coordinates.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ...atlas.atlas import Atlas, RegionSums
from ...grid import Floats, Grid, product, snap, stretches
from ...index_ranges import firsts, slices
from ...loops.pairs import add_up
from ...modes.modes import Modes
from ..integrals.cache import IntegralsOf, OnSameVoxels

VOXELS_AT_A_TIME = 2**14
"""Voxels whose integrals are added up together: their arrays stay in the processor's cache."""

_MOST_TABLED = 2**14
"""Pairs of a mode and a region that are added up in a table of all possible ones; sorting deals with more sooner."""


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
    covered: Floats
    """Volume of the mode where any region is above 0."""


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
    largest: Floats
    """Volume of the mode where a is the largest of all regions' (the first of equals) and not below a minimum."""
    modes: ModeSums
    regions: RegionSums
    voxel_volume: float
    """Volume of one atlas voxel in mm3: a box of n voxels has n times this volume."""


def overlap_sums(modes: Modes, integrals: IntegralsOf, atlas: Atlas, largest: IntegralsOf | None = None) -> OverlapSums:
    """Sum every region map, and its product with the image, over every mode that it overlaps.

    Parameters
    ----------
    modes : Modes
    integrals : callable
        Of `atlas` over the voxels of `modes`.
    atlas : Atlas
    largest : callable, optional
        The same of its maximum probability map with a minimum, where there is one.
    """
    pair, (volume, sum_a, sum_ab, sum_share, of_largest, maximum) = _sums_of_pairs(modes, integrals, atlas.n_regions)
    covered = by_mode(pair, of_largest, atlas.n_regions, modes.n_modes)
    if largest is not None:
        of_largest = at_pairs(pair, *_volumes_of_pairs(modes, largest, atlas.n_regions))
    return OverlapSums(
        mode=pair // atlas.n_regions,
        region=pair % atlas.n_regions,
        volume=volume,
        sum_a=sum_a,
        sum_ab=sum_ab,
        sum_share=sum_share,
        maximum=maximum,
        largest=of_largest,
        modes=replace(mode_sums(modes, atlas), covered=covered),
        regions=atlas.region_sums,
        voxel_volume=atlas.grid.voxel_volume,
    )


def at_pairs(pair: NDArray[np.int64], some: NDArray[np.int64], values: Floats) -> Floats:
    """Values (P,) of all pairs, rising, of those (Q,) of some of them; 0 for the others."""
    of_all = np.zeros(len(pair))
    of_all[np.searchsorted(pair, some)] = values
    return of_all


def by_mode(pair: NDArray[np.int64], values: Floats, n_regions: int, n_modes: int) -> Floats:
    """Values (P,) of pairs added up (M,) by mode."""
    return np.bincount(pair // n_regions, values, n_modes).astype(np.float64)  # no pairs would give whole numbers


def mode_sums(modes: Modes, atlas: Atlas) -> ModeSums:
    """Sum the image over every mode; what regions cover of it is left at 0."""
    unit = modes.grid.voxel_volume
    if not modes.n_modes:
        nothing = np.zeros(0)
        return ModeSums(nothing, nothing, nothing, nothing, nothing, np.zeros((0, 2, 3)), nothing)
    starts = modes.starts
    size = _sizes(modes, atlas.grid)
    return ModeSums(
        volume=(modes.counts() if size is None else modes.totals(size)) * unit,
        sum_b=modes.totals(_times(modes.value, size)) * unit,
        sum_bb=modes.totals(_times(modes.value**2, size)) * unit,
        maximum=np.maximum.reduceat(modes.value, starts),
        minimum=np.minimum.reduceat(modes.value, starts),
        box=mode_boxes(modes, atlas.grid),
        covered=np.zeros(modes.n_modes),
    )


def _sizes(modes: Modes, grid: Grid) -> Floats | None:
    """Sizes (N,) of the modes' voxels between the edges that overlaps with `grid` have, in voxels; None if all are 1.

    So no voxel overlaps regions by more than its size, and none varies over a box that it fills.
    """
    factors = stretches(modes.grid, grid)
    if factors is None:
        return None
    i, j, k = (along[index] for along, index in zip(factors, modes.indices, strict=True))
    return i * j * k


def _times(values: Floats, size: Floats | None) -> Floats:
    return values if size is None else values * size


def mode_boxes(modes: Modes, grid: Grid) -> Floats:
    """(M, 2, 3): corners of the smallest box along the axes of `grid` around each mode, in its voxel coordinates."""
    transform = grid.inverse @ modes.grid.affine
    linear, offset = transform[:3, :3], transform[:3, 3]
    half = np.abs(linear).sum(axis=1) / 2
    starts = modes.starts
    if (np.abs(linear) > 1e-9 * np.abs(linear).max()).sum() == 3:  # along each axis, one index decides
        first_and_last = [
            [extreme.reduceat(index, starts) for index in modes.indices] for extreme in (np.minimum, np.maximum)
        ]
        low, high = product(np.moveaxis(np.array(first_and_last), 1, -1), linear) + offset
    else:
        centre = product(np.stack(modes.indices, axis=-1), linear) + offset
        low, high = (extreme.reduceat(centre, starts, axis=0) for extreme in (np.minimum, np.maximum))
    return snap(np.stack([np.minimum(low, high) - half, np.maximum(low, high) + half], axis=1))


def _volumes_of_pairs(modes: Modes, integrals: IntegralsOf, n_regions: int) -> tuple[NDArray[np.int64], Floats]:
    """Pairs (P,), rising, and the volume (P,) that mode and region share."""
    pair, sums = _sums_of_pairs(modes, integrals, n_regions)
    return pair, sums[0]


def _sums_of_pairs(modes: Modes, integrals: IntegralsOf, n_regions: int) -> tuple[NDArray[np.int64], Floats]:
    """Pairs (P,), rising, and (6, P): volume, sums of a, ab and shares, volume where a is the largest, maximum of a."""
    blocks = slices(len(modes.voxel), VOXELS_AT_A_TIME)
    parts = [_part_sums(modes, rows, integrals, n_regions) for rows in blocks]
    if len(parts) == 1:
        return parts[0][0].astype(np.int64), parts[0][1:]
    columns = np.concatenate([np.zeros((7, 0)), *parts], axis=1)
    columns = columns[:, np.argsort(columns[0], kind="stable")]
    first = firsts(columns[0])
    if not len(first):
        return np.zeros(0, np.int64), columns[1:]
    added = np.add.reduceat(columns[1:6], first, axis=1)
    return columns[0, first].astype(np.int64), np.vstack([added, np.maximum.reduceat(columns[6], first)])


def _part_sums(modes: Modes, rows: slice, integrals: IntegralsOf, n_regions: int) -> Floats:
    """(7, P) of some rows of the modes: pair (by mode, then region), then as `_sums_of_pairs`."""
    first, last = modes.mode[rows][[0, -1]].tolist()
    n_pairs = (last - first + 1) * n_regions
    first_pair = (modes.mode[rows] - first) * n_regions
    pair = np.arange(n_pairs)
    plain = integrals if isinstance(integrals, OnSameVoxels) and integrals.atlas.is_listed else None
    if add_up.is_ready and plain is not None and n_pairs <= _MOST_TABLED:
        entries = np.asarray(plain.atlas.region), np.asarray(plain.atlas.value)
        sums = np.zeros((n_pairs, 6))
        add_up(*plain.bounds(rows), first_pair, modes.value[rows], *entries, plain.atlas.grid.voxel_volume, sums)
        table = sums.T
    else:
        part = integrals(rows)
        key = part.region.astype(np.intp) if first == last else first_pair[part.row] + part.region
        if n_pairs > _MOST_TABLED:
            pair, key = np.unique(key, return_inverse=True)
        a = part.integral.astype(np.float64, copy=False)
        columns = (part.volume, a, a * modes.value[rows][part.row], part.share, part.largest)
        maximum = np.zeros(len(pair), part.maximum.dtype)
        np.maximum.at(maximum, key, part.maximum)
        table = np.stack([*(np.bincount(key, column, len(pair)) for column in columns), maximum])
    met = table[0] > 0
    return np.concatenate([(pair + first * n_regions)[None, met], table[:, met]])
