"""Resampling of an image to the atlas's grid, as siibra does it.

Rules R0 to R5 of the siibra convention (docs/conventions.md): linear interpolation, nearest only for images of 0 and 1;
the data type is kept; 0 outside the field of view; non-finite values are filled from their neighbours and their places
made background again.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import nibabel as nib
import numpy as np
import scipy
from numpy.typing import NDArray

from ...grid import Floats, Grid, Ints, indices_of
from ...image import Image
from ...index_ranges import slices
from ...lazy import values_at
from ...modes.labelling import bounding_slices, voxels_beyond

_VALUES_AT_A_TIME = 2**17
"""Interpolated together: their arrays stay in the processor's cache."""


def packed_anew(image: Image) -> Image:
    """The image with the values that siibra reads (rule R0): it writes each into its cache, packed with a new scale."""
    if image.packed_as is None:
        return image
    written = nib.Nifti1Image(image.data, image.grid.affine, dtype=image.packed_as).to_bytes()
    data = np.asanyarray(nib.Nifti1Image.from_bytes(written).dataobj)
    return replace(image, data=data.reshape(image.grid.shape), packed_as=None)


def resample(image: Image, grid: Grid) -> tuple[NDArray[np.int64], Floats]:
    """Resample an image to a grid.

    Returns
    -------
    voxel : (N,) int64
        Flat C-order numbers, rising, of the voxels of the grid where the image is above 0.
    value : (N,) float
        Its values there, in the type of the data.
    """
    data = _native(image.data)
    if _is_same(image.grid, grid):
        return _above_zero(data)
    extremes = float(data.min()), float(data.max())  # these tell most images apart from masks, and from those with NaN
    is_mask = extremes == (0, 1) and bool(((data == 0) | (data == 1)).all())
    finite = None if np.isfinite(extremes).all() else np.isfinite(data)
    filled = data if finite is None else _fill_non_finite(data, finite)
    transform = _transform(image.grid, grid)
    axes = _source_axes(transform)
    if axes is None or is_mask:
        voxel, value = _above_zero(_dense(filled, transform, grid.shape, data.dtype, order=0 if is_mask else 1))
    else:
        voxel, value = _linear(filled, _positions(transform, grid.shape, axes), axes, data.dtype)
    if finite is not None:
        kept = _nearest_at(finite, voxel, transform, grid.shape)
        voxel, value = voxel[kept], value[kept]
    return voxel, value


def resample_labels(image: Image, grid: Grid) -> Image:
    """Resample an image of labels to a grid: each voxel takes the label of the nearest, 0 where that is not finite."""
    data = _native(image.data)
    if not _is_same(image.grid, grid):
        numbers = np.where(np.isfinite(data), data, data.dtype.type(0))
        data = _dense(numbers, _transform(image.grid, grid), grid.shape, data.dtype, order=0)
    return Image(data, grid, image.name, image.space)


def _native(data: NDArray[Any]) -> NDArray[Any]:
    return data.astype(data.dtype.newbyteorder("="), copy=False)


def _is_same(grid: Grid, other: Grid) -> bool:
    return grid.shape == other.shape and np.allclose(grid.affine, other.affine)


def _transform(source: Grid, grid: Grid) -> Floats:
    """(4, 4) maps indices of a grid to those of the image's."""
    return np.eye(4) if np.all(grid.affine == source.affine) else source.inverse @ grid.affine


def _above_zero(data: NDArray[Any]) -> tuple[NDArray[np.int64], Floats]:
    """See `resample`."""
    voxel = voxels_beyond(data, 0.0, 1)
    return voxel, values_at(data, voxel)


def _dense(
    data: NDArray[Any], transform: Floats, shape: tuple[int, int, int], dtype: np.dtype[Any], order: int
) -> NDArray[Any]:
    """Resample to all voxels of a grid, by the nearest (order 0) or linearly (1)."""
    axes = _source_axes(transform)
    if axes is not None and order == 0:
        return _nearest(data.transpose(axes), _positions(transform, shape, axes))
    affine_transform: Any = scipy.ndimage.affine_transform  # its stubs know fewer types than it takes
    resampled: NDArray[Any] = affine_transform(
        data, transform[:3, :3], transform[:3, 3], shape, output=dtype, order=order
    )
    return resampled


def _source_axes(transform: Floats) -> tuple[int, ...] | None:
    """The image's axis that each axis of the atlas runs along; None where it runs along several."""
    along = transform[:3, :3] != 0
    if not (along.sum(axis=0) == 1).all() or not (along.sum(axis=1) == 1).all():
        return None
    return tuple(along.argmax(axis=0).tolist())


def _positions(transform: Floats, shape: tuple[int, int, int], axes: tuple[int, ...]) -> list[Floats]:
    """Where the atlas's voxels lie along the image's axes, for each axis of the atlas.

    In the same steps as `scipy.ndimage.affine_transform` takes, so that ties and edges fall on the same side; it has
    two ways, one for grids with the same order of axes.
    """
    zooms, offsets = transform[list(axes), range(3)].tolist(), transform[list(axes), 3].tolist()
    if axes == (0, 1, 2):
        return [(np.arange(n) + b / zoom) * zoom for n, zoom, b in zip(shape, zooms, offsets, strict=True)]
    return [np.arange(n) * zoom + b for n, zoom, b in zip(shape, zooms, offsets, strict=True)]


def _nearest(data: NDArray[Any], positions: list[Floats]) -> NDArray[Any]:
    """Take the nearest voxel at positions along each axis; 0 outside."""
    result = np.zeros([len(p) for p in positions], data.dtype)
    filled = bounding_slices(data != 0)
    if filled is not None:
        near = [np.floor(p + 0.5) for p in positions]
        ends = zip(positions, near, data.shape, filled, strict=True)
        inside = [np.flatnonzero((p >= 0) & (p <= n - 1) & (v >= f.start) & (v < f.stop)) for p, v, n, f in ends]
        voxels = [v[i].astype(np.intp) for v, i in zip(near, inside, strict=True)]
        result[np.ix_(*inside)] = data[np.ix_(*voxels)]
    return result


def _nearest_at(
    mask: NDArray[np.bool_], voxel: NDArray[np.int64], transform: Floats, shape: tuple[int, int, int]
) -> NDArray[np.bool_]:
    """(N,) what a mask of the image is at the nearest voxel of each of a grid's voxels, which lie in the image."""
    axes = _source_axes(transform)
    if axes is None:
        return ~_dense(~mask, transform, shape, mask.dtype, order=0).reshape(-1)[voxel]
    near = [np.floor(p + 0.5) for p in _positions(transform, shape, axes)]
    at = [n[index].astype(np.intp) for n, index in zip(near, indices_of(voxel, shape), strict=True)]
    is_true: NDArray[np.bool_] = mask.transpose(axes)[tuple(at)]
    return is_true


class _Cells:
    """The cells between neighbouring voxels of an image along one axis (C), and the atlas's voxels in them.

    Parameters
    ----------
    positions : (P,) float
        Where the atlas's voxels lie along the axis.
    n : int
        Number of the image's voxels.
    filled : slice
        Of these, from the first to the last that is not 0: cells without a corner among them do not count.
    """

    def __init__(self, positions: Floats, n: int, filled: slice) -> None:
        near = (positions >= max(0, filled.start - 1)) & (positions <= n - 1) & (positions < filled.stop)
        voxel = np.flatnonzero(near)
        lower = np.floor(positions[voxel]).astype(np.intp)
        order = np.argsort(lower, kind="stable")  # positions may fall
        corner = np.arange(filled.start - 1, filled.stop)
        first, behind = (np.searchsorted(lower[order], corner, side) for side in ("left", "right"))
        slot = np.arange((behind - first).max())[:, None]
        self.is_met = behind > first
        """(C,) whether a voxel lies in the cell."""
        self.voxel = voxel[order[np.minimum(first + slot, behind - 1)]]
        """(S, C) the voxels in it; a cell with fewer than S has its last one again."""
        self.of_lower = 1 - (positions[self.voxel] - corner)
        """(S, C) what the cell's lower corner weighs there."""
        self.voxels, self.cell_of = voxel, lower - corner[0]
        """(V,) all voxels in cells, rising, and the cell of each."""


def _linear(
    source: NDArray[Any], positions: list[Floats], axes: tuple[int, ...], dtype: np.dtype[Any]
) -> tuple[NDArray[np.int64], Floats]:
    """Interpolate axis by axis at positions along `axes`; see `resample`.

    Beyond a threshold most of an image is 0: only cells, between eight voxels, with another value at a corner count.
    """
    data = source.transpose(axes)
    filled = bounding_slices(data != 0)
    along = [_Cells(p, n, f) for p, n, f in zip(positions, data.shape, filled or [slice(0, 0)] * 3, strict=True)]
    if not all(len(cells.voxels) for cells in along):
        return np.zeros(0, np.int64), np.zeros(0, dtype)
    padded = np.pad(np.ascontiguousarray(data[filled], np.float64), 1)
    lowest, highest = float(padded.min()), float(padded.max())
    slack = 1e-9 * max(abs(lowest), abs(highest)) if dtype.kind in "iu" or lowest < 0 else None
    counts = _with_value_at_a_corner(padded)
    rows = _Rows(np.asarray(counts.any(axis=2)), along, [len(p) for p in positions], dtype)
    number = np.flatnonzero(counts & along[0].is_met[:, None, None] & along[1].is_met[:, None] & along[2].is_met)
    for some in slices(len(number), max(1, _VALUES_AT_A_TIME // math.prod(len(cells.voxel) for cells in along))):
        cell = indices_of(number[some], counts.shape)
        corners = _corners(padded, cell)
        weights = [cells.of_lower.take(c, axis=1) for cells, c in zip(along, cell, strict=True)]
        voxel = [cells.voxel.take(c, axis=1) for cells, c in zip(along, cell, strict=True)]
        values = _interpolated(corners, weights)
        cast = _cast(values, dtype)
        if slack is not None:
            *slots, of_cell = np.nonzero(_doubtful(values, corners, weights, dtype, slack))
            at = [p[v[slot, of_cell]] for p, v, slot in zip(positions, voxel, slots, strict=True)]
            cast[*slots, of_cell] = _by_scipy(source, at, axes, dtype)
        rows.put(voxel, cast)
    return rows.above_zero()


def _by_scipy(source: NDArray[Any], at: list[Floats], axes: tuple[int, ...], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Interpolate at positions (N,) along `axes`, on the image as it is: scipy adds up in the order of its axes."""
    in_order = [at[axes.index(axis)] for axis in range(3)]
    values: NDArray[Any] = scipy.ndimage.map_coordinates(source, in_order, output=dtype, order=1)
    return values


class _Rows:
    """Values in rows of voxels along the last axis of a grid, of which only those that pass a cell are held (R).

    Parameters
    ----------
    counts : (Ci, Cj) bool
        Whether any cell counts, for its places along the first two axes.
    along : (3,) list of _Cells
    shape : (3,) list of int
        Of the grid.
    dtype : numpy dtype
    """

    def __init__(self, counts: NDArray[np.bool_], along: list[_Cells], shape: list[int], dtype: np.dtype[Any]) -> None:
        i, j, k = along
        is_held = np.zeros(shape[:2], bool)
        is_held[np.ix_(i.voxels, j.voxels)] = counts[np.ix_(i.cell_of, j.cell_of)]
        self._row = np.cumsum(is_held) - 1
        """(I * J,) which row, 0..R-1, where it is held."""
        first = np.flatnonzero(is_held) * shape[2] + k.voxels[0]
        self._n_j, self._k = shape[1], k.voxels[0]
        self._values = np.zeros((len(first), k.voxels[-1] + 1 - k.voxels[0]), dtype)
        self._further = first - np.arange(len(first)) * self._values.shape[1]
        """(R,) by how much the number of a voxel in the grid is larger than its place among the values."""

    def put(self, voxel: Sequence[Ints], values: NDArray[Any]) -> None:
        """Set the values (Si, Sj, Sk, N) of voxels with indices (S, N) along each axis."""
        row = self._row[voxel[0][:, None] * self._n_j + voxel[1]]
        self._values.reshape(-1)[(row * self._values.shape[1])[:, :, None] + (voxel[2] - self._k)] = values

    def above_zero(self) -> tuple[NDArray[np.int64], Floats]:
        """See `resample`."""
        place, value = _above_zero(self._values[None])
        row, *_ = indices_of(place, (*self._values.shape, 1))
        return place + self._further[row], value


def _with_value_at_a_corner(padded: Floats) -> NDArray[np.bool_]:
    """Of each cell between the voxels of an array, one less along each axis, whether a corner is not 0."""
    has_value = padded != 0
    for axis in range(3):
        lower = [slice(None)] * axis + [slice(-1)]
        upper = [slice(None)] * axis + [slice(1, None)]
        has_value = has_value[*lower] | has_value[*upper]
    return has_value


def _corners(padded: Floats, cell: tuple[Ints, Ints, Ints]) -> Floats:
    """(2, 2, 2, N) the values at the corners of cells."""
    _, nj, nk = padded.shape
    lowest = (cell[0] * nj + cell[1]) * nk + cell[2]
    steps = np.array([[[0, 1], [nk, nk + 1]], [[nj * nk, nj * nk + 1], [nj * nk + nk, nj * nk + nk + 1]]])
    return padded.reshape(-1)[steps[..., None] + lowest]


def _interpolated(corners: Floats, of_lower: list[Floats]) -> Floats:
    """(Si, Sj, Sk, N) values at the voxels of cells, of the corners (2, 2, 2, N), the last axis first."""
    values = corners
    for axis in (2, 1, 0):
        lower, upper = (values.take([side], axis) for side in (0, 1))
        weight = of_lower[axis].reshape(len(of_lower[axis]), *[1] * (2 - axis), -1)
        values = lower * weight
        values += upper * (1 - weight)
    return values


def _doubtful(
    values: Floats, corners: Floats, of_lower: list[Floats], dtype: np.dtype[Any], slack: float
) -> NDArray[np.bool_]:
    """Where the order of summation may decide on the sign, or on the integer to which a value is rounded."""
    if dtype.kind in "iu":
        return np.abs(np.abs(values) % 1 - 0.5) <= slack
    return (_interpolated(np.abs(corners), of_lower) > 0) & (np.abs(values) <= slack)


def _cast(values: Floats, dtype: np.dtype[Any]) -> NDArray[Any]:
    if dtype.kind == "f":
        return values.astype(dtype)
    return np.trunc(values + np.copysign(0.5, values)).astype(dtype)


def _fill_non_finite(data: NDArray[Any], finite: NDArray[np.bool_]) -> Floats:
    """Fill non-finite voxels with the mean of their finite face neighbours, twice; what is left with 0."""
    values = np.zeros(data.shape)
    filled = bounding_slices(finite & (data != 0))
    if filled is not None:
        # Farther away all means are 0; the borders of the box are so far that none that is cut off is another.
        box = tuple(slice(max(0, f.start - 4), f.stop + 4) for f in filled)
        values[box] = _filled(data[box], finite[box])
    return values


def _filled(data: NDArray[Any], finite: NDArray[np.bool_]) -> Floats:
    """See `_fill_non_finite`."""
    values = np.where(finite, data, 0).astype(np.float64)
    faces = scipy.ndimage.generate_binary_structure(3, 1).astype(np.float64)
    for _ in range(2):
        total = scipy.ndimage.convolve(values, faces, mode="constant")
        count = scipy.ndimage.convolve(finite.astype(np.float64), faces, mode="constant")
        reached = ~finite & (np.round(count) > 0)
        values[reached] = total[reached] / np.round(count[reached])
        finite = finite | reached
    return values
