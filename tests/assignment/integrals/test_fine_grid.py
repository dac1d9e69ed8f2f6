"""Integrals over the voxels of modes alone."""

from __future__ import annotations

import numpy as np
import pytest

from napari_atlas_assign import Grid
from napari_atlas_assign.assignment.integrals import fine_grid
from napari_atlas_assign.assignment.integrals.fine_grid import integrals_at, is_too_fine


def test_a_voxel_inside_one_of_the_atlas_has_its_value_times_its_volume(small_atlas):
    shift = np.diag([0.5, 0.5, 0.5, 1.0])
    shift[:3, 3] = -0.25
    shape = tuple(2 * n for n in small_atlas.grid.shape)
    grid = Grid(shape, small_atlas.grid.affine @ shift)
    maps = np.stack([small_atlas.map_of(r) for r in range(small_atlas.n_regions)])
    of_fine = maps.repeat(2, 1).repeat(2, 2).repeat(2, 3)
    voxel = np.flatnonzero(of_fine.any(axis=0))[::7]
    expected = of_fine.reshape(len(maps), -1)[:, voxel].astype(float)
    made = integrals_at(small_atlas, grid, voxel)
    dense = {"volume": np.zeros(expected.shape), "integral": np.zeros(expected.shape)}
    for name, values in dense.items():
        values[made.region, made.row] = getattr(made, name)
    np.testing.assert_allclose(dense["integral"], expected * grid.voxel_volume, rtol=1e-6)
    np.testing.assert_allclose(dense["volume"], (expected > 0) * grid.voxel_volume, rtol=1e-6)


@pytest.mark.parametrize(("size", "most", "expected"), [(0.5, 10, True), (2.0, 10, False), (0.5, 2**60, False)])
def test_a_grid_is_too_fine_if_it_is_finer_and_its_pairs_are_too_many(small_atlas, monkeypatch, size, most, expected):
    monkeypatch.setattr(fine_grid, "MOST_ENTRIES", most)
    assert is_too_fine(small_atlas, Grid((9, 9, 9), np.diag([size, size, size, 1]))) is expected
