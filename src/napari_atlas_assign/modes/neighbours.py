"""Which voxels of a mode touch each other."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

import numpy as np
from numpy.typing import NDArray

from .labelling import REACH, Connectivity
from .modes import Modes


def neighbour_pairs(modes: Modes, connectivity: Connectivity) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Pairs of neighbouring voxels of the same mode, each pair once, one step after the other.

    Yields
    ------
    a, b : (P,) int
        Rows of the modes' arrays; within one step, no row comes twice in `a` or twice in `b`.
    """
    # A border of one voxel keeps steps from wrapping around to the other side.
    _, ny, nz = (n + 2 for n in modes.grid.shape)
    ijk = modes.grid.unravel(modes.voxel) + 1
    place = (ijk[:, 0] * ny + ijk[:, 1]) * nz + ijk[:, 2]
    size = (modes.grid.shape[0] + 2) * ny * nz
    key = modes.mode * size + place  # rising, because modes and their voxels are
    reach = REACH[connectivity]
    for step in product((0, 1), (-1, 0, 1), (-1, 0, 1)):
        ahead = (step[0] * ny + step[1]) * nz + step[2]
        if ahead <= 0 or np.abs(step).sum() > reach:
            continue
        nearest = np.minimum(np.searchsorted(key, key + ahead), len(key) - 1)
        a = np.flatnonzero(key[nearest] == key + ahead) if len(key) else nearest
        yield a, nearest[a]
