"""Connected components of a mask, by its runs: rows of true voxels along the last axis.

There are far fewer runs than voxels. Runs of neighbouring rows that touch are found by binary search and joined.
In names, N voxels of the mask, R runs.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..grid import indices_of
from ..index_ranges import listed

Connectivity = Literal[6, 18, 26]

REACH: dict[Connectivity, int] = {6: 1, 18: 2, 26: 3}
"""Along how many axes at most neighbours differ: they share a face, also an edge, also a corner."""


def components(
    voxel: NDArray[np.int64], shape: tuple[int, ...], connectivity: Connectivity
) -> tuple[NDArray[np.int64], NDArray[np.int64], int]:
    """Find the connected components of some voxels.

    Parameters
    ----------
    voxel : (N,) int64
        Flat C-order numbers, rising.
    shape : tuple of 3 int
        Of the volume they are numbered in.
    connectivity : {6, 18, 26}

    Returns
    -------
    voxel : (N,) int64
        The same voxels by component, and rising in each.
    component : (N,) int64
        Which component each is in, 0, 1 and so on, in the order of their first voxels.
    n : int
        How many components there are.
    """
    start, stop = _runs(voxel, shape[2])
    if not len(start):
        return start, start, 0
    n, component = _joined(start, stop, shape, REACH[connectivity])
    order = np.argsort(component, kind="stable")
    run, voxel = listed(start[order], stop[order])
    return voxel, component[order][run], n


def label_components(mask: NDArray[np.bool_], connectivity: Connectivity) -> tuple[NDArray[np.int32], int]:
    """Number the connected components of a mask (X, Y, Z) from 1, by their first voxels; 0 is background."""
    voxel, component, n = components(true_voxels(mask), mask.shape, connectivity)
    labels = np.zeros(mask.shape, np.int32)
    labels.reshape(-1)[voxel] = component + 1
    return labels, n


def true_voxels(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Flat C-order numbers (N,), rising, of the true voxels of a mask (X, Y, Z)."""
    if mask.flags.c_contiguous or not mask.flags.f_contiguous:
        return np.flatnonzero(mask).astype(np.int64, copy=False)
    # As NIfTI files are read: searching in the order of the memory, and sorting what is found, is faster.
    k, j, i = indices_of(np.flatnonzero(mask.T), mask.shape[::-1])
    voxel = (i * mask.shape[1] + j) * mask.shape[2] + k
    return np.sort(voxel.astype(np.int32 if mask.size < 2**31 else np.int64)).astype(np.int64)  # short ones sort faster


def bounding_slices(mask: NDArray[np.bool_]) -> tuple[slice, slice, slice] | None:
    """The smallest box of slices around the true voxels; None where there is none."""
    voxel = true_voxels(mask)
    if not len(voxel):
        return None
    i, j, k = (slice(int(n.min()), int(n.max()) + 1) for n in indices_of(voxel, mask.shape))
    return i, j, k


def _runs(voxel: NDArray[np.int64], length: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First voxels, and those behind the last (R,), of the runs of voxels (N,), rising, in rows of a length."""
    first = np.flatnonzero(np.diff(voxel, prepend=-2) != 1)
    start = voxel[first]
    stop = start + np.diff(first, append=len(voxel))
    run, row = listed(start // length, (stop - 1) // length + 1)  # one at the end of a row may go on in the next
    return np.maximum(start[run], row * length), np.minimum(stop[run], (row + 1) * length)


def _joined(
    start: NDArray[np.int64], stop: NDArray[np.int64], shape: tuple[int, ...], reach: int
) -> tuple[int, NDArray[np.int64]]:
    """The number of components, and the component (R,) of each run."""
    row = start // shape[2]
    # Numbered as in a grid with an empty voxel behind each row and an empty row behind each plane, nothing wraps.
    pad = row + row // shape[1] * (shape[2] + 1)
    start, stop = start + pad, stop + pad
    along, across = shape[2] + 1, (shape[1] + 1) * (shape[2] + 1)
    touching = []
    for step, n_axes in ((along, 1), (across, 1), (across - along, 2), (across + along, 2)):
        if n_axes <= reach:
            further = int(n_axes < reach)  # neighbours may differ along the row, too
            begin = np.searchsorted(stop, start + (step - further), side="right")
            end = np.searchsorted(start, stop + (step + further), side="left")
            touching.append(listed(begin, np.maximum(begin, end)))
    a, b = (np.concatenate(runs) for runs in zip(*touching, strict=True))
    lowest = lowest_joined(len(start), a, b)
    is_lowest = lowest == np.arange(len(start))
    return int(is_lowest.sum()), (np.cumsum(is_lowest) - 1)[lowest]


def lowest_joined(n: int, a: NDArray[np.intp], b: NDArray[np.intp]) -> NDArray[np.intp]:
    """(n,) the lowest of the numbers 0..n-1 that each is joined with, by pairs (P,) and pairs of pairs.

    Of two that are joined, the higher one points to the lower one, and everything to where its way ends; then the
    pairs of ends go on, of which a brain leaves none after three times. scipy's graphs take twice as long.
    """
    to = np.arange(n)
    while len(a):
        np.minimum.at(to, np.maximum(a, b), np.minimum(a, b))
        while (to != (further := to[to])).any():
            to = further
        a, b = to[a], to[b]
        differ = a != b
        a, b = a[differ], b[differ]
    return to
