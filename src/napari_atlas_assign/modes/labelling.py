"""Connected components of a mask, by its runs: rows of true voxels along the last axis.

There are far fewer runs than voxels. Runs of neighbouring rows that touch are found by binary search and joined.
In names, N voxels of the mask, R runs.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ..grid import indices_of
from ..index_ranges import lengths, listed, sorted_by
from ..lazy import as_stored
from ..loops.components import join, search, sort

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
    order : (N,) int
        The voxels by component, and rising in each.
    component : (N,) int64
        Which component each of these is in, 0, 1 and so on, in the order of their first voxels.
    n : int
        How many components there are.
    """
    start, stop = _runs(voxel, shape[2])
    if not len(start):
        return start, start, 0
    n, component = _joined(start, stop, shape, REACH[connectivity])
    by_component = np.argsort(component.astype(np.min_scalar_type(n)), kind="stable")  # small numbers sort faster
    length = (stop - start)[by_component]
    begin = (np.cumsum(stop - start) - (stop - start))[by_component]
    run, order = listed(begin, begin + length)
    return order, component[by_component][run], n


def label_components(mask: NDArray[np.bool_], connectivity: Connectivity) -> tuple[NDArray[np.int32], int]:
    """Number the connected components of a mask (X, Y, Z) from 1, by their first voxels; 0 is background."""
    voxel = true_voxels(mask)
    order, component, n = components(voxel, mask.shape, connectivity)
    labels = np.zeros(mask.shape, np.int32)
    labels.reshape(-1)[voxel[order]] = component + 1
    return labels, n


def voxels_beyond(data: NDArray[Any], threshold: float, sign: int) -> NDArray[np.int64]:
    """Flat C-order numbers (N,), rising, of the voxels above a threshold, or for a sign of -1, below its negative."""
    stored, backwards = as_stored(data), [stride < 0 for stride in data.strides]
    is_first_fastest = stored.flags.f_contiguous and not stored.flags.c_contiguous
    values = stored.T if is_first_fastest else stored
    is_plain = data.dtype in (np.float32, np.float64) and values.flags.c_contiguous and data.size < 2**31
    if backwards[2] or not (is_plain and search.is_ready and sort.is_ready):
        return true_voxels(data > threshold if sign > 0 else data < -threshold)
    kind, (ni, nj, nk) = data.dtype.type, data.shape
    steps = [-step if back else step for step, back in zip((nj * nk, nk, 1), backwards, strict=True)]
    first = -sum(step * (n - 1) for step, n in zip(steps, data.shape, strict=True) if step < 0)
    found = np.empty(data.size, np.int32)
    n = search(values, kind(sign), kind(threshold), tuple(steps[::-1] if is_first_fastest else steps), found)
    number = found[:n] + np.int32(first) if first else found[:n]
    if not is_first_fastest and not any(backwards):
        return number.astype(np.int64)
    voxel = np.empty(n, np.int64)
    sort(number, nk, np.zeros(ni * nj + 1, np.int32), voxel)
    return voxel


def true_voxels(mask: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Flat C-order numbers (N,), rising, of the true voxels of a mask (X, Y, Z)."""
    if mask.flags.c_contiguous or not mask.flags.f_contiguous:
        return np.flatnonzero(mask).astype(np.int64, copy=False)
    # As NIfTI files are read: searching in the order of the memory, and sorting what is found, is faster.
    k, j, i = indices_of(np.flatnonzero(mask.T), mask.shape[::-1])
    return ((i * mask.shape[1] + j) * mask.shape[2] + k)[sorted_by([i, j])]


def bounding_slices(mask: NDArray[np.bool_]) -> tuple[slice, slice, slice] | None:
    """The smallest box of slices around the true voxels; None where there is none."""
    voxel = true_voxels(mask)
    if not len(voxel):
        return None
    i, j, k = (slice(int(n.min()), int(n.max()) + 1) for n in indices_of(voxel, mask.shape))
    return i, j, k


def _runs(voxel: NDArray[np.int64], length: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """First voxels, and those behind the last (R,), of the runs of voxels (N,), rising, in rows of a length."""
    is_first = np.ones(len(voxel), bool)
    np.not_equal(voxel[1:] - voxel[:-1], 1, out=is_first[1:])
    first = is_first.nonzero()[0]
    start = voxel[first]
    stop = start + lengths(first, len(voxel))
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
    steps = [(step, n) for step, n in ((along, 1), (across, 1), (across - along, 2), (across + along, 2)) if n <= reach]
    if join.is_ready:
        lowest = np.arange(len(start))
        for step, n_axes in steps:
            join(start, stop, step, int(n_axes < reach), lowest)
        lowest = _ends(lowest)
    else:
        lowest = lowest_joined(len(start), *_touching(start, stop, steps, reach))
    is_lowest = lowest == np.arange(len(start))
    return int(is_lowest.sum()), (np.cumsum(is_lowest) - 1)[lowest]


def _touching(
    start: NDArray[np.int64], stop: NDArray[np.int64], steps: list[tuple[int, int]], reach: int
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Pairs (P,) of runs, one some step behind the other, that overlap or, within the reach, lie next to each other."""
    step = np.array([step for step, _ in steps])[:, None]
    further = np.array([n_axes < reach for _, n_axes in steps])[:, None]
    begin = np.searchsorted(stop, (start + step - further).reshape(-1), side="right")
    end = np.searchsorted(start, (stop + step + further).reshape(-1), side="left")
    run, other = listed(begin, np.maximum(begin, end))
    return run % len(start), other


def lowest_joined(n: int, a: NDArray[np.intp], b: NDArray[np.intp]) -> NDArray[np.intp]:
    """(n,) the lowest of the numbers 0..n-1 that each is joined with, by pairs (P,) and pairs of pairs.

    Of two that are joined, the higher one points to the lower one, and everything to where its way ends; then the
    pairs of ends go on, of which a brain leaves none after three times. scipy's graphs take twice as long.
    """
    to = np.arange(n)
    while len(a):
        np.minimum.at(to, np.maximum(a, b), np.minimum(a, b))
        to = _ends(to)
        a, b = to[a], to[b]
        differ = a != b
        a, b = a[differ], b[differ]
    return to


def _ends(to: NDArray[np.intp]) -> NDArray[np.intp]:
    """(n,) where the ways from each number to a lower one end."""
    while (to != (further := to[to])).any():
        to = further
    return to
