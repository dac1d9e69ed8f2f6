"""Resampling of an image to the atlas's grid, as siibra does it.

Rules R0 to R5 of the siibra convention (docs/conventions.md): linear interpolation, nearest only for images of 0 and 1;
the data type is kept; 0 outside the field of view; non-finite values are filled from their neighbours and their places
made background again.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import nibabel as nib
import numpy as np
import scipy
from numpy.typing import NDArray

from ...grid import Floats, Grid
from ...image import Image
from ...modes.labelling import bounding_slices


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
    return _resample(image, grid, order=0 if _is_binary(image.data) else 1)


def resample_labels(image: Image, grid: Grid) -> Image:
    """Resample an image of labels to a grid: each voxel takes the label of the nearest; returned as by `resample`."""
    return _resample(image, grid, order=0)


def _resample(image: Image, grid: Grid, order: int) -> Image:
    data = image.data.astype(image.data.dtype.newbyteorder("="), copy=False)
    if image.grid.shape == grid.shape and np.allclose(image.grid.affine, grid.affine):
        return Image(data, grid, image.name, image.space)
    finite = np.isfinite(data)
    filled: NDArray[Any] = data if finite.all() else _fill_non_finite(data, finite)
    transform = np.eye(4) if np.all(grid.affine == image.grid.affine) else image.grid.inverse @ grid.affine
    matrix, offset = transform[:3, :3], transform[:3, 3]
    box = (slice(0, grid.shape[0]), slice(0, grid.shape[1]), slice(0, grid.shape[2]))
    axes = _source_axes(matrix)
    if axes is not None:
        positions = _positions(matrix, offset, grid.shape, axes)
        if order == 0:
            values = _nearest(data.transpose(axes), positions)
        else:
            values, box = _linear(filled, positions, axes, data.dtype)
        holes = None if finite.all() else _nearest(~finite.transpose(axes), positions)
    else:
        affine_transform: Any = scipy.ndimage.affine_transform  # its stubs know fewer types than it takes
        values = affine_transform(filled, matrix, offset, grid.shape, output=data.dtype, order=order)
        holes = None if finite.all() else affine_transform(~finite, matrix, offset, grid.shape, order=0)
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


def _is_binary(data: NDArray[Any]) -> bool:
    # The extremes alone tell most images apart from masks.
    return bool(data.min() == 0 and data.max() == 1 and ((data == 0) | (data == 1)).all())


def _nearest(data: NDArray[Any], positions: list[Floats]) -> NDArray[Any]:
    """Take the nearest voxel at positions along each axis; 0 outside."""
    inside = [np.flatnonzero((p >= 0) & (p <= n - 1)) for p, n in zip(positions, data.shape, strict=True)]
    voxels = [np.floor(p[i] + 0.5).astype(np.intp) for p, i in zip(positions, inside, strict=True)]
    result = np.zeros([len(p) for p in positions], data.dtype)
    result[np.ix_(*inside)] = data[np.ix_(*voxels)]
    return result


def _linear(
    source: NDArray[Any], positions: list[Floats], axes: tuple[int, ...], dtype: np.dtype[Any]
) -> tuple[NDArray[Any], tuple[slice, slice, slice]]:
    """Interpolate axis by axis at positions along `axes`, on the box outside which the result is 0."""
    data = source.transpose(axes)
    filled = bounding_slices(data != 0)
    if filled is None:
        return np.zeros((1, 1, 1), dtype), (slice(0, 1), slice(0, 1), slice(0, 1))
    weights, slices = [], []
    for axis in range(3):
        of_axis = _weights(positions[axis], data.shape[axis])[:, filled[axis]]
        touched = np.flatnonzero(of_axis.any(axis=1))
        slices.append(slice(int(touched[0]), int(touched[-1]) + 1) if len(touched) else slice(0, 1))
        weights.append(of_axis[slices[axis]])
    values = _weighted(data[filled], weights)
    result = _cast(values, dtype)
    if dtype.kind in "iu" or data.min() < 0:
        doubtful = np.nonzero(_doubtful(values, data[filled], weights, dtype))
        if len(doubtful[0]):
            at = [p[s][i] for p, s, i in zip(positions, slices, doubtful, strict=True)]
            # On the image as it is, since scipy adds up in the order of its axes.
            at = [at[axes.index(axis)] for axis in range(3)]
            result[doubtful] = scipy.ndimage.map_coordinates(source, at, output=dtype, order=1)
    return result, (slices[0], slices[1], slices[2])


def _weights(positions: Floats, n: int) -> Floats:
    """(P, n) float: the weight of each of n voxels of an axis at each of P positions; 0 outside."""
    inside = np.flatnonzero((positions >= 0) & (positions <= n - 1))
    lower = np.floor(positions[inside]).astype(np.intp)
    of_lower = 1 - (positions[inside] - lower)
    weights = np.zeros((len(positions), n))
    weights[inside, lower] = of_lower
    weights[inside, np.minimum(lower + 1, n - 1)] += 1 - of_lower
    return weights


def _weighted(data: NDArray[Any], weights: list[Floats]) -> Floats:
    """Apply weights along the axes; the first axis last, in which planes lie together in memory."""
    result = data.astype(np.float64)
    for axis in (2, 1, 0):
        # At most two neighbours have a weight, so two additions do what a matrix product does in many.
        lower = (weights[axis] > 0).argmax(axis=1)
        upper = np.minimum(lower + 1, weights[axis].shape[1] - 1)
        rows = np.arange(len(lower))
        of_lower, of_upper = weights[axis][rows, lower], np.where(upper > lower, weights[axis][rows, upper], 0)
        if axis:
            column = [-1 if a == axis else 1 for a in range(3)]
            above = result.take(upper, axis) * of_upper.reshape(column)
            result = result.take(lower, axis) * of_lower.reshape(column)
            result += above
        else:  # plane by plane, since a plane stays in the processor's cache
            planes, above = result, np.empty(result.shape[1:])
            result = np.empty((len(lower), *planes.shape[1:]))
            for row in rows:
                np.multiply(planes[lower[row]], of_lower[row], out=result[row])
                np.multiply(planes[upper[row]], of_upper[row], out=above)
                result[row] += above
    return result


def _doubtful(values: Floats, data: NDArray[Any], weights: list[Floats], dtype: np.dtype[Any]) -> NDArray[np.bool_]:
    """Where the order of summation may decide on the sign, or on the integer to which a value is rounded."""
    slack = 1e-9 * max(abs(float(data.min())), abs(float(data.max())))
    if dtype.kind in "iu":
        return np.abs(np.abs(values) % 1 - 0.5) <= slack
    return (_weighted(np.abs(data), weights) > 0) & (np.abs(values) <= slack)


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
