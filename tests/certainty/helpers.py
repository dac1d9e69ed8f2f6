"""Plain twins of the figures of certainty: loops over voxels and placements, nothing shared with the package."""

from __future__ import annotations

import numpy as np


def naive_share(modes, atlas, mode, move):
    """(R,) the share of one moved mode by 27,000 points in each of its voxels."""
    steps = (np.arange(30) + 0.5) / 30 - 0.5
    points = np.stack(np.meshgrid(steps, steps, steps, indexing="ij"), axis=-1).reshape(-1, 3)
    dense = np.stack([atlas.map_of(r) for r in range(atlas.n_regions)], axis=-1)
    dense = dense / np.maximum(dense.sum(axis=-1, keepdims=True), 1)
    total, n = np.zeros(atlas.n_regions), 0
    for voxel in modes.voxel[modes.mode == mode]:
        ijk = np.array(np.unravel_index(voxel, modes.grid.shape)) + points
        xyz = ijk @ modes.grid.affine[:3, :3].T + modes.grid.affine[:3, 3] + move
        inverse = np.linalg.inv(atlas.grid.affine)
        at = np.floor(xyz @ inverse[:3, :3].T + inverse[:3, 3] + 0.5).astype(int)
        inside = ((at >= 0) & (at < atlas.grid.shape)).all(axis=1)
        total += dense[tuple(at[inside].T)].sum(axis=0)
        n += len(points)
    return total / n


def naive_p(observed, placed):
    """Each region's p, and Westfall and Young's over regions, by counting."""
    every = [observed, *placed]
    n, regions = len(every), range(len(observed))
    p_of = [[sum(other[r] >= own[r] for other in every) / n for r in regions] for own in every]
    extreme = [[(p_of[i][r], -every[i][r]) for r in regions] for i in range(n)]
    most = [min(row) for row in extreme]
    return p_of[0], [sum(other <= extreme[0][r] for other in most) / n for r in regions]
