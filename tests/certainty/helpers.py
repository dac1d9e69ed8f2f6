"""Plain twins of the figures of certainty: loops over voxels and placements, nothing shared with the package."""

from __future__ import annotations

import numpy as np

from tests.naive import components


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


def naive_sweep(data, levels, connectivity):
    """Modes of the positive tail along rising levels, as {(level, peak voxel): (number of voxels, into, merged)}.

    `into` is the peak voxel of the mode at the next lower level that a mode has become a part of, None where it goes on
    (or the level is the lowest); `merged` counts modes of the next higher level.
    """
    found = [components(data > level, connectivity) for level in levels]
    peaks = [[max(voxels, key=lambda v: data[v]) for voxels in at] for at in found]
    table = {}
    for n, level in enumerate(levels):
        for voxels, peak in zip(found[n], peaks[n], strict=True):
            holder = [p for v, p in zip(found[n - 1], peaks[n - 1], strict=True) if peak in v] if n else [peak]
            merged = sum(p in voxels for p in peaks[n + 1]) if n + 1 < len(levels) else 0
            table[level, peak] = len(voxels), None if holder == [peak] else holder[0], merged
    return table


def naive_region_test(values, shares, surrogates, tail):
    """For each region, given by shares of voxels: mean, expected, z, p, p corrected; by counting over all maps."""

    def mean(map_, share):
        return sum(w * x for w, x in zip(share, map_, strict=True)) / sum(share)

    strengths = {"positive": lambda z: z, "negative": lambda z: -z, "both": abs}[tail]
    means = [[mean(map_, share) for map_ in (values, *surrogates)] for share in shares]
    z = [[(m - np.mean(one)) / np.std(one) for m in one] for one in means]
    strength = [[strengths(value) for value in one] for one in z]
    strongest = [max(one[n] for one in strength) for n in range(len(surrogates) + 1)]
    rows = []
    for r, own in enumerate(strength):
        p, corrected = (np.mean([s >= own[0] - 1e-9 for s in among]) for among in (own, strongest))
        rows.append((means[r][0], np.mean(means[r][1:]), z[r][0], p, corrected))
    return rows
