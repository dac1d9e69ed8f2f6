"""The two hemispheres, by coordinates, or by a volume that tells them voxel by voxel."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import product as product_of

import numpy as np
from numpy.typing import NDArray

from ..grid import Floats, Grid, Ints, product
from .modes import Modes

_POINTS = np.array([-3, -1, 1, 3]) / 8
"""Where along a voxel's edge the points lie that stand for it where the midplane cuts it at an angle."""


@dataclass(frozen=True, eq=False)
class Hemispheres:
    """The side of each voxel of a volume, where no plane parts the hemispheres."""

    grid: Grid
    side: NDArray[np.uint8]
    """(X, Y, Z) 1 left, 2 right, else neither: such places, and those outside, are told by the plane."""
    plane: float
    """The x, in world mm, of the plane that parts them best."""

    def left(self, xyz: Floats) -> Floats:
        """(N,) 1 for places (N, 3) on the left, 0 for those on the right, 0.5 on the plane where that tells."""
        voxel, inside = self.grid.numbers_of(xyz)
        side = np.where(inside, self.side.reshape(-1)[voxel], 0)
        return np.where(side == 1, 1.0, np.where(side == 2, 0.0, _left_of_plane(xyz, self.plane)))


Midplane = float | Hemispheres
"""What parts the hemispheres: the x of a plane, in world mm, or a volume."""


def on_the_left(xyz: Floats, midplane: Midplane) -> Floats:
    """(N,) 1 for places (N, 3) on the left, 0 for those on the right, 0.5 between."""
    return midplane.left(xyz) if isinstance(midplane, Hemispheres) else _left_of_plane(xyz, midplane)


def _left_of_plane(xyz: Floats, x: float) -> Floats:
    left: Floats = ((xyz[:, 0] < x).astype(np.float64) + (xyz[:, 0] <= x)) / 2
    return left


def hemisphere_shares(modes: Modes, midplane: Midplane | None = 0.0) -> Floats:
    """How much of each mode lies left and right of the midplane.

    Parameters
    ----------
    modes : Modes
    midplane : float, Hemispheres or None
        Its x in world mm, or which voxels are on which side; None where neither is known.

    Returns
    -------
    (M, 2) float
        Parts of the mode's volume at smaller x (left in RAS+) and larger x; they add up to 1. Voxels that the plane
        cuts count by their parts: exactly where axes are parallel to the world's, else by 4 x 4 x 4 points. NaN where
        the midplane is not known.
    """
    if midplane is None:
        return np.full((modes.n_modes, 2), np.nan)
    share = modes.totals(left_parts(modes.grid, modes.indices, midplane)) / modes.counts()
    return np.stack([share, 1 - share], axis=-1)


def left_parts(grid: Grid, indices: tuple[Ints, Ints, Ints], midplane: Midplane) -> Floats:
    """(N,) part of each voxel, given by its indices (N,) along the axes, left of the midplane, its x in world mm."""
    if isinstance(midplane, Hemispheres):
        return _left_parts_by_voxel(grid, np.stack(indices, axis=-1), midplane)
    edges, offset = grid.affine[0, :3], grid.affine[0, 3] - midplane
    width, axis = np.abs(edges).sum(), int(np.abs(edges).argmax())
    if np.abs(edges[axis]) > width * (1 - 1e-6):
        centre = (np.array(grid.shape) - 1) / 2
        centre[axis] = 0
        x = edges[axis] * np.arange(grid.shape[axis]) + offset + edges @ centre
        return np.clip(0.5 - x / width, 0, 1)[indices[axis]]
    x = product(np.stack(indices, axis=-1), edges[None])[:, 0] + offset
    cut = np.flatnonzero(np.abs(x) < width / 2)
    left = (x < 0).astype(np.float64)
    offsets = sum(np.meshgrid(*(_POINTS * edge for edge in edges), indexing="ij"))
    at = x[cut][:, None] + np.asarray(offsets).reshape(-1)
    left[cut] = ((at < -1e-9 * width).mean(axis=1) + (at <= 1e-9 * width).mean(axis=1)) / 2
    return left


def _left_parts_by_voxel(grid: Grid, ijk: Ints, hemispheres: Hemispheres) -> Floats:
    """(N,) part of each voxel (N, 3) on the left: of equal grids its own side, else by 4 x 4 x 4 points in it."""
    if grid.matches(hemispheres.grid):
        return hemispheres.left(grid.to_world(ijk))
    left = np.zeros(len(ijk))
    for offset in product_of(_POINTS, repeat=3):
        left += hemispheres.left(grid.to_world(ijk + np.array(offset)))
    return left / len(_POINTS) ** 3
