"""Connected components of a mask. In names, N voxels of the mask."""

from __future__ import annotations

from typing import Literal

import numpy as np
import scipy
from numpy.typing import NDArray

from ..space import indices_of

Connectivity = Literal[6, 18, 26]

REACH: dict[Connectivity, int] = {6: 1, 18: 2, 26: 3}
"""Along how many axes at most neighbours differ: they share a face, also an edge, also a corner."""


def components(mask: NDArray[np.bool_], connectivity: Connectivity) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Find the connected components of a mask (X, Y, Z).

    Returns
    -------
    voxel : (N,) int64
        Flat C-order numbers of the true voxels, rising.
    component : (N,) int64
        Which component each is in, from 0, in no particular order.
    n : int
        How many components there are.
    """
    voxel = true_voxels(mask)
    if not len(voxel):
        return voxel, voxel, 0
    ijk = indices_of(voxel, mask.shape)
    # The cost of labelling follows the box around the mask, which for a thresholded map is far smaller than the grid.
    first = [int(index.min()) for index in ijk]
    box = np.zeros([int(index.max()) - start + 3 for index, start in zip(ijk, first, strict=True)], bool)
    i, j, k = (index - (start - 1) for index, start in zip(ijk, first, strict=True))
    at = (i * box.shape[1] + j) * box.shape[2] + k
    box.reshape(-1)[at] = True
    labels, n = _label(box, connectivity)
    return voxel, labels.reshape(-1)[at].astype(np.int64) - 1, n


def label_components(mask: NDArray[np.bool_], connectivity: Connectivity) -> tuple[NDArray[np.int32], int]:
    """Number the connected components of a mask (X, Y, Z) from 1, in no particular order; 0 is background."""
    voxel, component, n = components(mask, connectivity)
    labels = np.zeros(mask.shape, np.int32)
    labels.reshape(-1)[voxel] = component + 1
    return labels, n


def true_voxels(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Flat C-order numbers (N,), rising, of the true voxels of a mask (X, Y, Z)."""
    if mask.flags.c_contiguous or not mask.flags.f_contiguous:
        return np.flatnonzero(mask).astype(np.int64, copy=False)
    # As NIfTI files are read: searching in the order of the memory, and sorting what is found, is faster.
    k, j, i = indices_of(np.flatnonzero(mask.T).astype(np.int64, copy=False), mask.shape[::-1])
    voxel = (i * mask.shape[1] + j) * mask.shape[2] + k
    voxel.sort()
    return voxel


def bounding_slices(mask: NDArray[np.bool_]) -> tuple[slice, slice, slice] | None:
    """The smallest box of slices around the true voxels; None where there is none."""
    voxel = true_voxels(mask)
    if not len(voxel):
        return None
    i, j, k = (slice(int(n.min()), int(n.max()) + 1) for n in indices_of(voxel, mask.shape))
    return i, j, k


def _label(box: NDArray[np.bool_], connectivity: Connectivity) -> tuple[NDArray[np.integer], int]:
    """Number the components of a mask that has a border of background: cc3d 4.1 may run out of labels without one."""
    try:
        import cc3d  # several times faster than scipy, where it is installed
    except ImportError:
        structure = scipy.ndimage.generate_binary_structure(3, REACH[connectivity])
        by_scipy = np.zeros(box.shape, np.int32)
        return by_scipy, int(scipy.ndimage.label(box, structure, output=by_scipy))
    labels, n = cc3d.connected_components(box, connectivity=connectivity, return_N=True)
    return labels, int(n)
