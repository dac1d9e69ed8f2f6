"""The two hemispheres, by coordinates."""

from __future__ import annotations

import numpy as np

from ..grid import Floats, Grid, Ints, product
from .modes import Modes

_POINTS = np.array([-3, -1, 1, 3]) / 8
"""Where along a voxel's edge the points lie that stand for it where the midplane cuts it at an angle."""


def hemisphere_shares(modes: Modes, midplane: float | None = 0.0) -> Floats:
    """How much of each mode lies left and right of the midplane, by coordinates.

    Parameters
    ----------
    modes : Modes
    midplane : float or None
        Its x in world mm; None where it is not known.

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


def left_parts(grid: Grid, indices: tuple[Ints, Ints, Ints], midplane: float) -> Floats:
    """(N,) part of each voxel, given by its indices (N,) along the axes, left of the midplane, its x in world mm."""
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
