"""Between grids at an angle, points stand for voxels; what that does to a mode that lies in one region whole."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.spatial.transform import Rotation

from napari_atlas_assign import Atlas, Grid, Image, assign

N = 36
"""Voxels of the atlas along each axis, of 1 mm."""


@pytest.fixture(scope="module")
def everywhere():
    affine = np.eye(4)
    affine[:3, 3] = -(N - 1) / 2
    regions = pd.DataFrame({"id": [1], "name": ["everywhere"]})
    return Atlas.from_labels(np.ones((N, N, N), np.uint8), Grid((N, N, N), affine), regions)


@pytest.mark.parametrize(
    ("size", "width", "excess"), [(0.7, 1, 1e-6), (1.0001, 1, 0.13), (1.2, 3, 0.04), (1.5, 1, 0.03), (2, 1, 0.02)]
)
@pytest.mark.parametrize("angle", [5, 40])
def test_modes_hold_a_few_per_cent_more_of_a_region_than_their_volume_at_most(everywhere, size, width, excess, angle):
    turned = Rotation.from_rotvec(np.radians(angle) * np.array([0.36, 0.48, 0.8])).as_matrix()
    n = int(N / 2 / size / (width + 1)) * (width + 1)
    data = np.zeros((n, n, n), np.float32)
    inside = np.arange(n) % (width + 1) < width
    data[np.ix_(inside, inside, inside)] = 1
    affine = np.eye(4)
    affine[:3, :3] = turned * size
    affine[:3, 3] = -affine[:3, :3].sum(axis=1) * (n - 1) / 2
    result = assign(Image.from_array(data, affine), everywhere)
    contained = result.assignments["input containedness"].to_numpy()
    assert len(contained) == len(result.modes) == (n // (width + 1)) ** 3
    assert contained.max() <= 1 + excess
    assert contained.mean() == pytest.approx(1, abs=0.002)
    assert result.assignments["share"].to_numpy() + result.modes["unassigned share"].to_numpy() == pytest.approx(1)
