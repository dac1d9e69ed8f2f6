"""The scores, of sums that can be worked out in the head."""

from __future__ import annotations

import numpy as np
import pytest

from napari_atlas_assign.assignment import scores
from napari_atlas_assign.assignment.sums.overlap import ModeSums, OverlapSums
from napari_atlas_assign.atlas.atlas import RegionSums

A = np.array([0.0, 0.5, 0.25, 1.0, 0.0])
"""A region map of five voxels in a row."""

B = np.array([0.0, 3.0, 5.0, 0.0, 0.0])
"""The image under a mode of two of them."""

OTHER = np.array([0.0, 1.0, 0.75, 0.0, 0.0])
"""A second region's map."""

VOXEL = 8.0


def box_around(values: np.ndarray) -> np.ndarray:
    inside = np.flatnonzero(values)
    return np.array([[[inside[0] - 0.5, -0.5, -0.5], [inside[-1] + 0.5, 0.5, 0.5]]])


def sums_of(a: np.ndarray, b: np.ndarray) -> OverlapSums:
    """The sums of one mode and one region on equal grids, voxel by voxel."""
    mode, region = b > 0, a > 0
    modes = ModeSums(
        *(np.array([x]) for x in (mode.sum() * VOXEL, b.sum() * VOXEL, (b**2).sum() * VOXEL, b.max(), b[mode].min())),
        box=box_around(b),
        covered=np.array([(mode & (a + OTHER > 0)).sum() * VOXEL]),
    )
    regions = RegionSums(
        **{
            "volume": np.array([region.sum() * VOXEL]),
            "integral": np.array([a.sum() * VOXEL]),
            "integral_sq": np.array([(a**2).sum() * VOXEL]),
            "maximum": np.array([a.max()]),
            "minimum": np.array([a[region].min()]),
            "box": np.round(box_around(a) + np.array([[[0.5] * 3, [-0.5] * 3]])).astype(int),
        }
    )
    return OverlapSums(
        mode=np.array([0]),
        region=np.array([0]),
        volume=np.array([(mode & region).sum() * VOXEL]),
        sum_a=np.array([a[mode].sum() * VOXEL]),
        sum_ab=np.array([(a * b).sum() * VOXEL]),
        sum_share=np.array([(a / np.maximum(1, a + OTHER))[mode].sum() * VOXEL]),
        maximum=np.array([a[mode].max()]),
        largest=np.array([(a >= OTHER)[mode].sum() * VOXEL]),
        modes=modes,
        regions=regions,
        voxel_volume=VOXEL,
    )


@pytest.mark.parametrize(
    ("score", "expected"),
    [
        (scores.intersection_over_union, 2 / 3),
        (scores.map_value, 0.5),
        (scores.map_weighted_mean, (0.5 * 3 + 0.25 * 5) / 8),
        (scores.map_containedness, 2 / 3),
        (scores.input_weighted_mean, (0.5 * 3 + 0.25 * 5) / 1.75),
        (scores.input_containedness, 1.0),
        (scores.map_maximum, 1.0),
        (scores.map_mean, 0.75 / 2),
        (scores.share, (0.5 / 1.5 + 0.25) / 2),
        (scores.mpm_share, 0.0),
        (scores.dice, 4 / 5),
        (scores.overlap_mm3, 16.0),
        (scores.correlation, np.corrcoef(A[1:4], B[1:4])[0, 1]),
    ],
    ids=lambda value: getattr(value, "__name__", ""),
)
def test_a_score_is_its_definition(score, expected):
    assert score(sums_of(A, B)) == pytest.approx([expected])


@pytest.mark.parametrize(("a", "b"), [([0, 1, 1, 0, 0], [0, 3, 5, 0, 0]), ([0, 0.5, 1, 0, 0], [0, 2, 2, 0, 0])])
def test_a_correlation_with_what_is_constant_over_the_box_is_undefined(a, b):
    assert np.isnan(scores.correlation(sums_of(np.array(a, float), np.array(b, float)))).all()
