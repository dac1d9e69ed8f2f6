"""What several tests of modes, points and their sums share."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st
from numpy.typing import NDArray

from napari_atlas_assign import Grid
from napari_atlas_assign.grid import Floats
from napari_atlas_assign.index_ranges import listed
from napari_atlas_assign.modes.modes import Modes
from napari_atlas_assign.modes.point_set import PointSet
from napari_atlas_assign.modes.points import sphere_runs
from tests.cases import atlas_to_world


def blobs(points: PointSet, grid: Grid) -> Modes:
    """The blobs of points as modes numbered 1..N, voxel by voxel, on `grid` extended to hold every blob whole."""
    chunks = [(chunk, runs()) for chunk, runs in sphere_runs(points, grid)]
    low, high = np.zeros(3, np.int64), np.array(grid.shape)
    for _, runs in chunks:
        low = np.minimum(low, [runs.i.min(), runs.j.min(), runs.start.min()])
        high = np.maximum(high, [runs.i.max() + 1, runs.j.max() + 1, runs.stop.max()])
    shape = tuple(int(n) for n in high - low)
    affine = grid.affine.copy()
    affine[:3, 3] = grid.to_world(low)
    extended = Grid((shape[0], shape[1], shape[2]), affine)
    voxels: list[NDArray[np.int64]] = [np.zeros(0, np.int64)] * len(points)
    values: list[Floats] = [np.zeros(0)] * len(points)
    for chunk, runs in chunks:
        run, k = listed(runs.start, runs.stop)
        voxel = np.ravel_multi_index((runs.i[run] - low[0], runs.j[run] - low[1], k - low[2]), shape)
        value = runs.factor[run] * runs.profile[runs.row[run], k - runs.origin[runs.row[run]]]
        bounds = np.searchsorted(runs.point[run], np.arange(len(chunk) + 1))
        for p, point in enumerate(chunk):
            voxels[point], values[point] = voxel[bounds[p] : bounds[p + 1]], value[bounds[p] : bounds[p + 1]]
    n = len(points)
    return Modes(
        extended,
        np.concatenate([np.zeros(0, np.int64), *voxels]),
        np.repeat(np.arange(n), [len(v) for v in voxels]),
        np.concatenate([np.zeros(0), *values]),
        np.arange(1, n + 1),
        np.ones(n, np.int8),
    )


@st.composite
def grids_and_points(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    affine = atlas_to_world(rng)
    if draw(st.booleans()):  # axes that are not at right angles
        affine[:3, :3] = affine[:3, :3] @ (np.eye(3) + np.triu(rng.uniform(-0.4, 0.4, (3, 3)), 1))
    grid = Grid(draw(st.tuples(*[st.integers(1, 5)] * 3)), affine)
    n = draw(st.integers(0, 4))
    xyz = grid.to_world(rng.uniform(-2, 6, (n, 3)))
    return grid, PointSet.from_array(xyz, rng.choice([0, 0.1, 0.7, 1.3], n))
