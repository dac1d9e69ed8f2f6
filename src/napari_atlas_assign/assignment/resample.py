"""Resampling of an image to the atlas's grid, as siibra does it.

Rules R1 to R5 of the siibra convention (docs/conventions.md): linear interpolation, nearest only for images of 0 and 1;
the data type is kept; 0 outside the field of view; non-finite values are filled from their neighbours and their places
made background again.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ..image import Image
from ..modes.modes import bounding_slices
from ..space import Floats, Grid


def resample(image: Image, grid: Grid) -> Image:
    """Resample an image to a grid; returned on the part of that grid outside which it is 0.

    Returns
    -------
    Image
        Its grid is a box of voxels of `grid`.
    """
    return _resample(image, grid, order=0 if _is_binary(image.data) else 1)


def resample_labels(image: Image, grid: Grid) -> Image:
    """Resample an image of labels to a grid: each voxel takes the label of the nearest; returned as by `resample`."""
    return _resample(image, grid, order=0)


def _resample(image: Image, grid: Grid, order: int) -> Image:
    data = image.data.astype(image.data.dtype.newbyteorder("="), copy=False)
    if image.grid.shape == grid.shape and np.allclose(image.grid.affine, grid.affine):
        return Image(data, grid, image.name, image.space)
    finite = np.isfinite(data)
    transform = np.eye(4) if np.all(grid.affine == image.grid.affine) else image.grid.inverse @ grid.affine
    matrix, offset = transform[:3, :3], transform[:3, 3]
    filled = data if finite.all() else _fill_non_finite(data, finite)
    if np.all(np.diag(np.diag(matrix)) == matrix):
        values, box = _along_axes(filled, np.diag(matrix), offset, grid.shape, order)
    else:
        values = ndimage.affine_transform(filled, matrix, offset, grid.shape, output=data.dtype, order=order)
        box = (slice(0, grid.shape[0]), slice(0, grid.shape[1]), slice(0, grid.shape[2]))
    origin = np.array([b.start for b in box])
    if not finite.all():
        holes = ndimage.affine_transform(~finite, matrix, offset + matrix @ origin, values.shape, order=0)
        values[holes] = 0
    affine = grid.affine.copy()
    affine[:3, 3] = grid.to_world(origin)
    return Image(values, Grid((values.shape[0], values.shape[1], values.shape[2]), affine), image.name, image.space)


def _is_binary(data: NDArray[Any]) -> bool:
    # Looking for any third value first spares the sort of a whole volume.
    return bool(((data == 0) | (data == 1)).all()) and np.array_equal(np.unique(data), [0, 1])


def _along_axes(
    data: NDArray[Any], zoom: Floats, offset: Floats, shape: tuple[int, int, int], order: int
) -> tuple[NDArray[Any], tuple[slice, slice, slice]]:
    """Interpolate axis by axis: the matrix between the grids is diagonal, so that the weights are products.

    Positions are computed in the same steps as `scipy.ndimage.affine_transform` takes, so that a weight that is exactly
    0 there is exactly 0 here: foreground is everything above 0.
    """
    box = bounding_slices(data != 0)
    if box is None:
        return np.zeros((1, 1, 1), data.dtype), (slice(0, 1), slice(0, 1), slice(0, 1))
    result = data[box].astype(np.float64)
    slices = []
    for axis in range(3):
        weights = _axis_weights(shape[axis], data.shape[axis], zoom[axis], offset[axis], order)[:, box[axis]]
        touched = np.flatnonzero(weights.any(axis=1))
        first, stop = (int(touched[0]), int(touched[-1]) + 1) if len(touched) else (0, 1)
        slices.append(slice(first, stop))
        result = np.moveaxis(np.tensordot(weights[first:stop], result, axes=(1, axis)), 0, axis)
    return _cast(result, data.dtype), (slices[0], slices[1], slices[2])


def _axis_weights(n_out: int, n_in: int, zoom: float, offset: float, order: int) -> Floats:
    position = (np.arange(n_out) + offset / zoom) * zoom
    inside = np.flatnonzero((position >= 0) & (position <= n_in - 1))
    position = position[inside]
    weights = np.zeros((n_out, n_in))
    if order == 0:
        weights[inside, np.floor(position + 0.5).astype(int)] = 1
        return weights
    lower = np.floor(position).astype(int)
    upper = np.minimum(lower + 1, n_in - 1)
    part = position - lower
    weights[inside, lower] += 1 - part
    weights[inside, upper] += part
    return weights


def _cast(values: Floats, dtype: np.dtype[Any]) -> NDArray[Any]:
    if dtype.kind == "f":
        return values.astype(dtype)
    return np.trunc(values + np.copysign(0.5, values)).astype(dtype)


def _fill_non_finite(data: NDArray[Any], finite: NDArray[np.bool_]) -> NDArray[Any]:
    """Fill non-finite voxels with the mean of their finite face neighbours, twice; what is left with 0."""
    values = np.where(finite, data, 0).astype(np.float64)
    faces = ndimage.generate_binary_structure(3, 1).astype(np.float64)
    for _ in range(2):
        total = ndimage.convolve(values, faces, mode="constant")
        count = ndimage.convolve(finite.astype(np.float64), faces, mode="constant")
        reached = ~finite & (np.round(count) > 0)
        values[reached] = total[reached] / np.round(count[reached])
        finite = finite | reached
    return values.astype(data.dtype)
