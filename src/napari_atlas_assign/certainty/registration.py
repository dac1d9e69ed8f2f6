"""Would the answer stand if the image lay a little differently? Shares of modes that are moved by random translations.

All modes of an image move together by each of `DRAWS` translations from N(0, sd^2 I), and their shares are worked out
anew: exactly where the axes of image and atlas are parallel, else by 64 points for each voxel of the image. In names, D
draws, M modes, N voxels of modes, P pairs of a mode and a region, R regions.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..assignment.best_region import LEAST_SHARE
from ..assignment.integrals.integrate import SAMPLE_POINTS
from ..atlas.atlas import Atlas
from ..grid import Floats, match_axes, product
from ..index_ranges import listed, slices
from ..modes.modes import Modes

DRAWS = 50
"""Translations that are drawn."""

HELD = 0.8
"""Part of the draws in which a best region must be the same, to be called decided."""


_VOXELS_AT_A_TIME = 2**12
"""Voxels of modes whose parts are listed together, so that memory stays bounded."""


@dataclass(frozen=True)
class MovedShares:
    """Shares of moved modes."""

    shares: Floats
    """(D, M, R) share of each mode that each region accounts for."""

    def sd(self) -> Floats:
        """(M, R) standard deviation over the draws (of a sample: divided by D - 1)."""
        return self.shares.std(axis=0, ddof=1)

    def best(self) -> NDArray[np.int64]:
        """(D, M) the region with the largest share, the first of equals; -1 where none reaches `LEAST_SHARE`."""
        best = self.shares.argmax(axis=2)
        return np.where(self.shares.max(axis=2, initial=0) >= LEAST_SHARE, best, -1)

    def stability(self, region: NDArray[np.integer]) -> Floats:
        """(M,) part of the draws in which a mode's best region is `region` (M,); NaN where that is -1."""
        return np.where(region >= 0, (self.best() == region).mean(axis=0), np.nan)

    def rivals(self, region: NDArray[np.integer]) -> NDArray[np.int64]:
        """(M,) the region that is most often best where `region` (M,) is not; -1 where there is none."""
        best = self.best()
        rivals = np.full(len(region), -1, np.int64)
        for mode, own in enumerate(region):
            others = best[(best[:, mode] != own) & (best[:, mode] >= 0), mode]
            if len(others):
                rivals[mode] = np.bincount(others).argmax()
        return rivals

    def in_words(self, region: NDArray[np.integer], names: NDArray[np.object_]) -> NDArray[np.object_]:
        """(M,) the name of the best region `region` (M,) of each mode if it holds, else that it is undecided."""
        words = np.full(len(region), None, object)
        stability, rivals = self.stability(region), self.rivals(region)
        for mode in np.flatnonzero(np.asarray(region) >= 0):
            name, rival = names[region[mode]], "none" if rivals[mode] < 0 else names[rivals[mode]]
            words[mode] = name if stability[mode] >= HELD else f"undecided: {name} or {rival}"
        return words


def translations(sd_mm: float, seed: int) -> Floats:
    """(D, 3) mm: the translations of a seed, which are the same for every image and every atlas."""
    return np.random.default_rng(seed).normal(0.0, sd_mm, (DRAWS, 3))


def moved_shares(
    modes: Modes, atlas: Atlas, moves: Floats, progress: Callable[[int, int], None] | None = None
) -> MovedShares:
    """The share of every moved mode that every region accounts for.

    Parameters
    ----------
    modes : Modes
        As they are found; they keep their shape.
    atlas : Atlas
    moves : (D, 3) float
        Translations in world mm.
    progress : callable, optional
        Called with the number of draws done and of all, after each; what it raises ends the work.
    """
    parts = _parts_of_voxels(modes, atlas)
    size = np.maximum(modes.counts(), 1)[:, None]
    shares = np.zeros((len(moves), modes.n_modes, atlas.n_regions))
    for draw, move in enumerate(moves):
        for rows in slices(len(modes.voxel), _VOXELS_AT_A_TIME):
            row, voxel, part = parts(rows, move)
            begin, end = atlas.entries_at(voxel)
            which, entry = listed(begin, end)
            pair = modes.mode[rows][row][which] * atlas.n_regions + atlas.region_of(entry)
            shares[draw] += np.bincount(pair, part[which] * atlas.share[entry], shares[draw].size).reshape(
                size.size, -1
            )
        shares[draw] /= size
        if progress is not None:
            progress(draw + 1, len(moves))
    return MovedShares(shares)


Parts = tuple[NDArray[np.intp], NDArray[np.int64], Floats]
"""Which of the voxels of modes, the atlas voxel that it overlaps, and the part of it that lies there."""


def _parts_of_voxels(modes: Modes, atlas: Atlas) -> Callable[[slice, Floats], Parts]:
    """Gives the parts of some voxels of modes, moved, that lie in voxels of the atlas."""
    match = match_axes(modes.grid, atlas.grid)
    ijk = np.stack(modes.indices)
    if match is None:
        points = np.stack(np.meshgrid(*[SAMPLE_POINTS] * 3, indexing="ij"), axis=-1).reshape(-1, 3)

        def sampled(rows: slice, move: Floats) -> Parts:
            xyz = modes.grid.to_world(ijk[:, rows].T[:, None] + points) + move
            index = atlas.grid.containing(xyz.reshape(-1, 3)).T
            n = ijk[:, rows].shape[1]
            row, part = np.repeat(np.arange(n), len(points)), np.full(n * len(points), 1 / len(points))
            return _inside(row, index, part, atlas)

        return sampled

    centre = np.stack([match.offset[d] + match.step[d] * ijk[match.image_axis[d]] for d in range(3)])
    half = np.abs(match.step) / 2

    def boxes(rows: slice, move: Floats) -> Parts:
        shift = product(move, atlas.grid.inverse[:3, :3])
        along = [_overlaps(centre[d, rows] + shift[d], half[d]) for d in range(3)]
        (i, a), (j, b), (k, c) = along
        part = (a[:, :, None, None] * b[:, None, :, None] * c[:, None, None, :]).reshape(-1)
        shape = (len(a), a.shape[1], b.shape[1], c.shape[1])
        index = np.stack(
            [
                np.broadcast_to(i[:, :, None, None], shape).reshape(-1),
                np.broadcast_to(j[:, None, :, None], shape).reshape(-1),
                np.broadcast_to(k[:, None, None, :], shape).reshape(-1),
            ]
        )
        return _inside(np.repeat(np.arange(len(a)), np.prod(shape[1:])), index, part, atlas)

    return boxes


def _overlaps(centre: Floats, half: float) -> tuple[NDArray[np.int64], Floats]:
    """The atlas voxels (N, K) along one axis that boxes around `centre` (N,) overlap, and the part (N, K) in each."""
    first = np.floor(centre - half + 0.5).astype(np.int64)
    index = first[:, None] + np.arange(int(np.ceil(2 * half)) + 1)
    low, high = np.maximum(index - 0.5, (centre - half)[:, None]), np.minimum(index + 0.5, (centre + half)[:, None])
    return index, np.maximum(high - low, 0) / (2 * half)


def _inside(row: NDArray[np.intp], index: NDArray[np.int64], part: Floats, atlas: Atlas) -> Parts:
    """Leave out what lies outside the atlas's grid, and parts of nothing."""
    _, ny, nz = atlas.grid.shape
    kept = np.flatnonzero(((index >= 0) & (index < np.array(atlas.grid.shape)[:, None])).all(axis=0) & (part > 0))
    i, j, k = index[:, kept]
    return row[kept], (i * ny + j) * nz + k, part[kept]
