"""Resampling of an image to the atlas's grid, as siibra does it.

Rules R0 to R5 of the siibra convention (docs/conventions.md): linear interpolation, nearest only for images of 0 and 1;
the data type is kept; 0 outside the field of view; non-finite values are filled from their neighbours and their places
made background again.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import nibabel as nib
import numpy as np
import scipy
from numpy.typing import NDArray

from ...grid import Floats, Grid, Ints, indices_of
from ...image import Image
from ...index_ranges import slices
from ...modes.labelling import bounding_slices

_VALUES_AT_A_TIME = 2**17
"""Interpolated together: their arrays stay in the processor's cache."""


def packed_anew(image: Image) -> Image:
    """The image with the values that siibra reads (rule R0): it writes each into its cache, packed with a new scale."""
    if image.packed_as is None:
        return image
    written = nib.Nifti1Image(image.data, image.grid.affine, dtype=image.packed_as).to_bytes()
    data = np.asanyarray(nib.Nifti1Image.from_bytes(written).dataobj)
    return replace(image, data=data.reshape(image.grid.shape), packed_as=None)


def resample(image: Image, grid: Grid) -> Image:
    """Resample an image to a grid; returned on the part of that grid outside which it is 0.

    Returns
    -------
    Image
        Its grid is a box of voxels of `grid`.
    """
    return _resample(image, grid, nearest=False)


def resample_labels(image: Image, grid: Grid) -> Image:
    """Resample an image of labels to a grid: each voxel takes the label of the nearest; returned as by `resample`."""
    return _resample(image, grid, nearest=True)


def _resample(image: Image, grid: Grid, nearest: bool) -> Image:
    data = image.data.astype(image.data.dtype.newbyteorder("="), copy=False)
    if image.grid.shape == grid.shape and np.allclose(image.grid.affine, grid.affine):
        return Image(data, grid, image.name, image.space)
    extremes = float(data.min()), float(data.max())  # these tell most images apart from masks, and from those with NaN
    nearest = nearest or (extremes == (0, 1) and bool(((data == 0) | (data == 1)).all()))
    finite = None if np.isfinite(extremes).all() else np.isfinite(data)
    filled: NDArray[Any] = data if finite is None else _fill_non_finite(data, finite)
    transform = np.eye(4) if np.all(grid.affine == image.grid.affine) else image.grid.inverse @ grid.affine
    matrix, offset = transform[:3, :3], transform[:3, 3]
    box = (slice(0, grid.shape[0]), slice(0, grid.shape[1]), slice(0, grid.shape[2]))
    axes = _source_axes(matrix)
    if axes is not None:
        positions = _positions(matrix, offset, grid.shape, axes)
        if nearest:
            values = _nearest(data.transpose(axes), positions)
        else:
            values, box = _linear(filled, positions, axes, data.dtype)
        holes = None if finite is None else _nearest(~finite.transpose(axes), positions)
    else:
        affine_transform: Any = scipy.ndimage.affine_transform  # its stubs know fewer types than it takes
        order = 0 if nearest else 1
        values = affine_transform(filled, matrix, offset, grid.shape, output=data.dtype, order=order)
        holes = None if finite is None else affine_transform(~finite, matrix, offset, grid.shape, order=0)
    if holes is not None:
        values[holes[box]] = 0
    affine = grid.affine.copy()
    affine[:3, 3] = grid.to_world([b.start for b in box])
    return Image(values, Grid((values.shape[0], values.shape[1], values.shape[2]), affine), image.name, image.space)


def _source_axes(matrix: Floats) -> tuple[int, ...] | None:
    """The image's axis that each axis of the atlas runs along; None where it runs along several."""
    along = matrix != 0
    if not (along.sum(axis=0) == 1).all() or not (along.sum(axis=1) == 1).all():
        return None
    return tuple(along.argmax(axis=0).tolist())


def _positions(matrix: Floats, offset: Floats, shape: tuple[int, int, int], axes: tuple[int, ...]) -> list[Floats]:
    """Where the atlas's voxels lie along the image's axes, for each axis of the atlas.

    In the same steps as `scipy.ndimage.affine_transform` takes, so that ties and edges fall on the same side; it has
    two ways, one for grids with the same order of axes.
    """
    zooms, offsets = matrix[list(axes), range(3)].tolist(), offset[list(axes)].tolist()
    if axes == (0, 1, 2):
        return [(np.arange(n) + b / zoom) * zoom for n, zoom, b in zip(shape, zooms, offsets, strict=True)]
    return [np.arange(n) * zoom + b for n, zoom, b in zip(shape, zooms, offsets, strict=True)]


def _nearest(data: NDArray[Any], positions: list[Floats]) -> NDArray[Any]:
    """Take the nearest voxel at positions along each axis; 0 outside."""
    inside = [np.flatnonzero((p >= 0) & (p <= n - 1)) for p, n in zip(positions, data.shape, strict=True)]
    voxels = [np.floor(p[i] + 0.5).astype(np.intp) for p, i in zip(positions, inside, strict=True)]
    result = np.zeros([len(p) for p in positions], data.dtype)
    result[np.ix_(*inside)] = data[np.ix_(*voxels)]
    return result


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
        """(C,) whether a voxel of the atlas lies in the cell."""
        self.voxel = voxel[order[np.minimum(first + slot, behind - 1)]]
        """(S, C) the voxels in it; a cell with fewer than S has its last one again."""
        self.of_lower = 1 - (positions[self.voxel] - corner)
        """(S, C) what the cell's lower corner weighs there."""
        self.touched = slice(int(voxel.min()), int(voxel.max()) + 1) if len(voxel) else slice(0, 1)
        """The voxels in all cells, and those between."""


def _linear(
    source: NDArray[Any], positions: list[Floats], axes: tuple[int, ...], dtype: np.dtype[Any]
) -> tuple[NDArray[Any], tuple[slice, slice, slice]]:
    """Interpolate axis by axis at positions along `axes`, on a box outside which the result is 0.

    Beyond a threshold most of an image is 0: only cells, between eight voxels, with another value at a corner count.
    """
    data = source.transpose(axes)
    filled = bounding_slices(data != 0)
    if filled is None:
        return np.zeros((1, 1, 1), dtype), (slice(0, 1), slice(0, 1), slice(0, 1))
    along = [_Cells(p, n, f) for p, n, f in zip(positions, data.shape, filled, strict=True)]
    i, j, k = (cells.touched for cells in along)
    result = np.zeros((i.stop - i.start, j.stop - j.start, k.stop - k.start), dtype)
    padded = np.pad(np.ascontiguousarray(data[filled], np.float64), 1)
    lowest, highest = float(padded.min()), float(padded.max())
    slack = 1e-9 * max(abs(lowest), abs(highest)) if dtype.kind in "iu" or lowest < 0 else None
    for cell in _cells_with_values(padded, along):
        corners = _corners(padded, cell)
        weights = [cells.of_lower.take(c, axis=1) for cells, c in zip(along, cell, strict=True)]
        voxel = [cells.voxel.take(c, axis=1) for cells, c in zip(along, cell, strict=True)]
        values = _interpolated(corners, weights)
        cast = _cast(values, dtype)
        if slack is not None:
            *slots, of_cell = np.nonzero(_doubtful(values, corners, weights, dtype, slack))
            at = [p[v[slot, of_cell]] for p, v, slot in zip(positions, voxel, slots, strict=True)]
            # On the image as it is, since scipy adds up in the order of its axes.
            at = [at[axes.index(axis)] for axis in range(3)]
            cast[*slots, of_cell] = scipy.ndimage.map_coordinates(source, at, output=dtype, order=1)
        row = (voxel[0] - i.start)[:, None] * result.shape[1] + (voxel[1] - j.start)
        result.reshape(-1)[row[:, :, None] * result.shape[2] + (voxel[2] - k.start)] = cast
    return result, (i, j, k)


def _cells_with_values(padded: Floats, along: list[_Cells]) -> Iterator[tuple[Ints, Ints, Ints]]:
    """Cells (N,), some at a time, by their places along the axes, that have voxels and a corner that is not 0."""
    has_value = padded != 0
    for axis in range(3):
        lower = [slice(None)] * axis + [slice(-1)]
        upper = [slice(None)] * axis + [slice(1, None)]
        has_value = has_value[*lower] | has_value[*upper]
    has_value[~along[0].is_met] = False
    has_value[:, ~along[1].is_met] = False
    has_value[:, :, ~along[2].is_met] = False
    number = np.flatnonzero(has_value)
    for some in slices(
        len(number), max(1, _VALUES_AT_A_TIME // math.prod(max(1, len(cells.voxel)) for cells in along))
    ):
        yield indices_of(number[some], has_value.shape)


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
    values = np.where(finite, data, 0).astype(np.float64)
    faces = scipy.ndimage.generate_binary_structure(3, 1).astype(np.float64)
    for _ in range(2):
        total = scipy.ndimage.convolve(values, faces, mode="constant")
        count = scipy.ndimage.convolve(finite.astype(np.float64), faces, mode="constant")
        reached = ~finite & (np.round(count) > 0)
        values[reached] = total[reached] / np.round(count[reached])
        finite = finite | reached
    return values
