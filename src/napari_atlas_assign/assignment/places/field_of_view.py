"""Whether an image lies where the atlas is, judged by its signal."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...grid import Floats, Grid, corners_of, indices_of
from ...lazy import values_at
from ...modes.labelling import true_voxels

if TYPE_CHECKING:  # names of spaces are known below images and atlases
    from ...atlas.atlas import Atlas
    from ...image import Image


_SAMPLE = 2_000
"""Voxels that are looked at to judge where the signal of an image lies."""


_ENOUGH = 100
"""Voxels with a signal by which a half of it is told."""


def field_of_view_warning(
    image: Image, atlas: Atlas, looked_at: tuple[NDArray[np.int64], Floats] | None = None
) -> str | None:
    """A sentence about an image that cannot lie where its header says; None where nothing is amiss.

    That is so if more than half of its signal (the sum of absolute values) lies outside the atlas's grid. Whole-brain
    maps have at most a tenth there, and without a position in their header, nine tenths. `looked_at` are flat voxel
    numbers (N,) and values (N,) to judge by; without it, all of the image is.
    """
    if _lies_inside(image.grid, atlas.grid):
        return None
    if looked_at is None:
        voxel, values, is_inside = _some_of(image, atlas.grid)
    else:
        step = _step(len(looked_at[0]))
        voxel, values = looked_at[0][::step], looked_at[1][::step]
        is_inside = _are_inside(voxel, image.grid, atlas.grid)
    signal = np.abs(values.astype(np.float64))
    finite = np.isfinite(signal)
    signal, total = signal[finite], signal[finite].sum()
    if not total:
        return None
    outside = 1 - float(signal[is_inside[finite]].sum() / total)
    if outside <= 0.5:
        return None
    if _has_no_position(image, atlas):
        return (
            f"the header of {image.name} gives no position (its first voxel lies at 0, 0, 0 mm), and {outside:.0%} of "
            f"its signal lies outside the grid of {atlas.name}; give it the affine of the map that it was made from"
        )
    xyz = image.grid.to_world(image.grid.unravel(voxel[finite]))
    guesses = {
        "mirrored it would lie inside, so left and right may be exchanged in its header": xyz * [-1, 1, 1],
        "its coordinates may be metres instead of millimetres": xyz * 1000,
        "its coordinates may be micrometres instead of millimetres": xyz / 1000,
    }
    hints = [hint for hint, moved in guesses.items() if _would_fit(moved, signal, atlas)]
    return f"{outside:.0%} of the signal of {image.name} lies outside the grid of {atlas.name}; " + (
        hints[0] if hints else "check that both are in the same space and that the header's orientation is right"
    )


def _would_fit(xyz: Floats, signal: Floats, atlas: Atlas) -> bool:
    """Whether a signal lies inside the atlas, and is no speck in it, as all is that shrinks towards the origin."""
    extent = np.ptp(atlas.grid.to_voxel(xyz), axis=0) / atlas.grid.shape
    return _part_inside(xyz, signal, atlas) >= 0.9 and bool(extent.max() > 0.1)


def _part_inside(xyz: Floats, signal: Floats, atlas: Atlas) -> float:
    return float(signal[_is_inside(xyz, atlas.grid)].sum() / signal.sum())


def _some_of(image: Image, grid: Grid) -> tuple[NDArray[np.int64], NDArray[Any], NDArray[np.bool_]]:
    """Voxels (N,) of an image, enough to tell a half; their values, and whether they lie inside another grid."""
    voxel = _sample(image.grid)
    values = values_at(image.data, voxel)
    if np.count_nonzero(values) >= _ENOUGH:
        return voxel, values, _is_sample_inside(image.grid, grid)
    voxel = _filled(image.data)
    voxel = voxel[:: _step(len(voxel))]
    return voxel, values_at(image.data, voxel), _are_inside(voxel, image.grid, grid)


def _filled(data: NDArray[Any]) -> NDArray[np.int64]:
    """Flat numbers (N,) of voxels that are not 0: of every third along each axis where these are enough, or of all."""
    thirds = true_voxels(data[::3, ::3, ::3] != 0)
    if len(thirds) < _ENOUGH:
        return true_voxels(data != 0)
    ijk = indices_of(thirds, tuple(-(-n // 3) for n in data.shape))
    return np.ravel_multi_index([3 * index for index in ijk], data.shape)


def _sample(grid: Grid) -> NDArray[np.int64]:
    return np.arange(0, grid.n_voxels, _step(grid.n_voxels))


def _step(n: int) -> int:
    """Of `n` voxels, every so many are looked at; odd steps do not keep in time with rows of voxels."""
    return n // _SAMPLE | 1


@lru_cache(maxsize=64)
def _is_sample_inside(grid: Grid, other: Grid) -> NDArray[np.bool_]:
    """Kept: the same for all images of a grid."""
    return _are_inside(_sample(grid), grid, other)


@lru_cache(maxsize=64)
def _lies_inside(grid: Grid, other: Grid) -> bool:
    """Whether the centres of all voxels of one grid lie inside another one: of a box, the corners tell."""
    return bool(_is_inside(grid.to_world(corners_of(grid.shape)), other).all())


def _are_inside(voxel: NDArray[np.int64], grid: Grid, other: Grid) -> NDArray[np.bool_]:
    """Whether the centres of voxels (N,) of one grid lie inside another one."""
    return _is_inside(grid.to_world(grid.unravel(voxel)), other)


def _is_inside(xyz: Floats, grid: Grid) -> NDArray[np.bool_]:
    ijk = grid.to_voxel(xyz)
    return np.asarray(((ijk > -0.5) & (ijk < np.array(grid.shape) - 0.5)).all(axis=1))


def _has_no_position(image: Image, atlas: Atlas) -> bool:
    """Whether the first voxel lies at the origin, which the atlas surrounds."""
    if np.abs(image.grid.affine[:3, 3]).max() > 1e-6:
        return False
    origin = atlas.grid.to_voxel([0.0, 0.0, 0.0])
    margin = 0.1 * np.array(atlas.grid.shape)
    return bool(((origin > margin) & (origin < np.array(atlas.grid.shape) - margin)).all())
