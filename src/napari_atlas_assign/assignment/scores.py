"""The scores: pure functions of the overlap sums.

To add a score, write one function of `OverlapSums` here and one entry in `columns.py`, which says how it is named and
what it means. a is a region map, b the image under the mode, M the mode, A where a > 0, I the volume of M and A
together.
"""

from __future__ import annotations

import numpy as np

from ..grid import Floats
from .sums.overlap import OverlapSums


def correlation(sums: OverlapSums) -> Floats:
    """Pearson correlation of a and b over the smallest box along the atlas's axes around A and M, zeros included."""
    low = np.minimum(sums.modes.box[sums.mode, 0], sums.regions.box[sums.region, 0] - 0.5)
    high = np.maximum(sums.modes.box[sums.mode, 1], sums.regions.box[sums.region, 1] + 0.5)
    box = (high - low).prod(axis=1) * sums.voxel_volume
    sum_a, sum_b = sums.regions.integral[sums.region], sums.modes.sum_b[sums.mode]
    covariance = box * sums.sum_ab - sum_a * sum_b
    variance_a = box * sums.regions.integral_sq[sums.region] - sum_a**2
    variance_b = box * sums.modes.sum_bb[sums.mode] - sum_b**2
    # Undefined where either is constant over the box. Told by volumes and extrema: a difference of sums is rarely 0.
    constant_a = _fills(sums.regions.volume[sums.region], box) & (
        sums.regions.minimum[sums.region] == sums.regions.maximum[sums.region]
    )
    constant_b = _fills(sums.modes.volume[sums.mode], box) & (
        sums.modes.minimum[sums.mode] == sums.modes.maximum[sums.mode]
    )
    with np.errstate(invalid="ignore", divide="ignore"):
        r = covariance / np.sqrt(variance_a) / np.sqrt(variance_b)
    return np.where(constant_a | constant_b, np.nan, r)


def intersection_over_union(sums: OverlapSums) -> Floats:
    """I / (|A| + |M| - I)."""
    return sums.volume / (sums.regions.volume[sums.region] + sums.modes.volume[sums.mode] - sums.volume)


def map_value(sums: OverlapSums) -> Floats:
    """The largest a under the mode."""
    return sums.maximum


def map_weighted_mean(sums: OverlapSums) -> Floats:
    """Mean of the map, weighted by the image: integral of a b / integral of b."""
    return sums.sum_ab / sums.modes.sum_b[sums.mode]


def map_containedness(sums: OverlapSums) -> Floats:
    """I / |A|: the part of the region that the mode covers."""
    return sums.volume / sums.regions.volume[sums.region]


def input_weighted_mean(sums: OverlapSums) -> Floats:
    """Mean of the image, weighted by the map: integral of a b / integral of a."""
    return sums.sum_ab / sums.regions.integral[sums.region]


def input_containedness(sums: OverlapSums) -> Floats:
    """I / |M|: the part of the mode that lies in the region."""
    return sums.volume / sums.modes.volume[sums.mode]


def map_maximum(sums: OverlapSums) -> Floats:
    """The largest a anywhere."""
    return sums.regions.maximum[sums.region]


def map_mean(sums: OverlapSums) -> Floats:
    """Mean of a over M."""
    return sums.sum_a / sums.modes.volume[sums.mode]


def share(sums: OverlapSums) -> Floats:
    """Mean over M of a / max(1, sum of all regions' a); shares and the unassigned share add up to 1."""
    return sums.sum_share / sums.modes.volume[sums.mode]


def mpm_share(sums: OverlapSums) -> Floats:
    """Part of M where a is the largest of all regions' (first of equals) and not below `minimum_probability`."""
    return sums.largest / sums.modes.volume[sums.mode]


def dice(sums: OverlapSums) -> Floats:
    """2 I / (|A| + |M|)."""
    return 2 * sums.volume / (sums.regions.volume[sums.region] + sums.modes.volume[sums.mode])


def overlap_mm3(sums: OverlapSums) -> Floats:
    """I, in mm3."""
    return sums.volume


def _fills(volume: Floats, box: Floats) -> np.ndarray:
    return volume >= box * (1 - 1e-6)
