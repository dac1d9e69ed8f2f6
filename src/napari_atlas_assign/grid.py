"""Grids, world coordinates, and how two grids relate.

A grid is a voxel array's shape plus the 4x4 affine that maps voxel indices to world mm (RAS+, as in NIfTI).
Voxels are boxes: voxel ``i`` of an axis reaches from ``i - 0.5`` to ``i + 0.5``.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .errors import GridError

Floats = NDArray[np.floating]
Ints = NDArray[np.integer]

SAME_EDGE = 1e-4
"""Voxel edges closer than this part of a voxel are the same edge.

Headers hold affines in float32, which moves edges by up to some 1e-5 of a voxel; without a tolerance, such noise would
make neighbours overlap in slivers.
"""


@dataclass(frozen=True, eq=False)
class Grid:
    """A voxel array's shape and its place in the world.

    Parameters
    ----------
    shape : (3,) int
        Number of voxels along each axis, at least 1.
    affine : (4, 4) float
        Maps voxel indices (of voxel centres) to world mm.

    Raises
    ------
    GridError
        If the shape is not three positive numbers, or the affine is not finite and invertible.
    """

    shape: tuple[int, int, int]
    affine: Floats

    def __post_init__(self) -> None:
        shape = tuple(int(n) for n in self.shape)
        affine = np.array(self.affine, dtype=np.float64)
        if len(shape) != 3 or min(shape) < 1:
            raise GridError(f"a grid needs three axes with at least one voxel each, not the shape {tuple(self.shape)}")
        if affine.shape != (4, 4) or not np.isfinite(affine).all():
            raise GridError("the affine is not a 4x4 matrix of finite numbers; repair the header's sform or qform")
        edges = np.linalg.norm(affine[:3, :3], axis=0)
        # Relative to the voxel edges, so that micrometre grids are not mistaken for flat ones.
        if edges.min() == 0 or abs(np.linalg.det(affine[:3, :3] / edges)) < 1e-6:
            raise GridError("the affine is singular (voxels without volume); repair the header's sform or qform")
        affine.setflags(write=False)
        object.__setattr__(self, "shape", shape)
        object.__setattr__(self, "affine", affine)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Grid) and self.shape == other.shape and np.array_equal(self.affine, other.affine)

    def __hash__(self) -> int:
        return hash((self.shape, self.affine.tobytes()))

    @cached_property
    def inverse(self) -> Floats:
        """(4, 4) float: maps world mm to voxel indices."""
        return np.linalg.inv(self.affine)

    @cached_property
    def voxel_sizes(self) -> Floats:
        """(3,) float: voxel edges in mm."""
        return np.linalg.norm(self.affine[:3, :3], axis=0)

    @cached_property
    def voxel_volume(self) -> float:
        """Volume of one voxel in mm3."""
        return float(abs(np.linalg.det(self.affine[:3, :3])))

    @property
    def n_voxels(self) -> int:
        """Number of voxels of the whole grid."""
        return math.prod(self.shape)

    def to_world(self, ijk: ArrayLike) -> Floats:
        """Map voxel indices (..., 3) to world mm (..., 3)."""
        return product(ijk, self.affine[:3, :3]) + self.affine[:3, 3]

    def to_voxel(self, xyz: ArrayLike) -> Floats:
        """Map world mm (..., 3) to fractional voxel indices (..., 3)."""
        return product(xyz, self.inverse[:3, :3]) + self.inverse[:3, 3]

    def containing(self, xyz: ArrayLike) -> NDArray[np.int64]:
        """Indices (..., 3) of the voxels that contain points (..., 3) in world mm; they may lie outside the grid.

        A point on the face between two voxels belongs to the one towards larger world x, y, z, however the grid is
        stored.
        """
        ijk = np.floor(self.to_voxel(np.asarray(xyz, dtype=np.float64) + self._nudge) + 0.5)
        return np.clip(ijk, -(2**62), 2**62).astype(np.int64)

    @cached_property
    def _nudge(self) -> Floats:
        """(3,) mm towards larger x, y, z."""
        # Steps of different lengths, so that no face of a turned grid is parallel to it.
        return np.array([1.0, 0.8, 0.6]) * SAME_EDGE * self.voxel_sizes.min()

    def numbers_of(self, xyz: ArrayLike) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Flat C-order numbers (N,) of the voxels that contain points (N, 3) in world mm, and whether they lie inside.

        Of a point outside the grid, the number is 0.
        """
        i, j, k = self.containing(xyz).T
        nx, ny, nz = self.shape
        inside = (i >= 0) & (i < nx) & (j >= 0) & (j < ny) & (k >= 0) & (k < nz)
        return np.where(inside, (i * ny + j) * nz + k, 0), inside

    def unravel(self, voxel: Ints) -> NDArray[np.int64]:
        """Split flat C-order voxel numbers (N,) into indices (N, 3)."""
        return np.stack(indices_of(voxel, self.shape), axis=-1).astype(np.int64, copy=False)

    def matches(self, other: Grid) -> bool:
        """Whether both grids have the same voxels (corners at most `SAME_EDGE` voxels apart)."""
        return self.shape == other.shape and self.voxels_in(other) == SameVoxels((0, 1, 2), (1, 1, 1), (0, 0, 0))

    def voxels_in(self, other: Grid) -> SameVoxels | None:
        """Which voxels of another grid this one's are; None where they differ.

        Grids may be shifted by whole voxels, and their axes in another order or direction.
        """
        return _same_voxels(self, other)


@dataclass(frozen=True)
class SameVoxels:
    """Of voxels that two grids share, indices in the other one.

    Along its axis ``d``, an index is ``offset[d]`` plus ``step[d]``, 1 or -1, times that along axis ``axis[d]`` of the
    first grid.
    """

    axis: tuple[int, ...]
    step: tuple[int, ...]
    offset: tuple[int, ...]


# What relates two grids is asked at every threshold.
_kept = lru_cache(maxsize=64)


@_kept
def _same_voxels(grid: Grid, other: Grid) -> SameVoxels | None:
    steps = np.round(other.inverse[:3, :3] @ grid.affine[:3, :3])
    if not ((np.abs(steps).sum(axis=0) == 1).all() and (np.abs(steps).sum(axis=1) == 1).all()):
        return None
    corners = corners_of(grid.shape, margin=0.5)
    moved = other.to_voxel(grid.to_world(corners)) - product(corners, steps)
    offset = np.round(moved[0])
    if np.abs(moved - offset).max() > SAME_EDGE:
        return None
    axis = np.abs(steps).argmax(axis=1)
    along = steps[np.arange(3), axis]
    return SameVoxels(*(tuple(numbers.astype(np.int64).tolist()) for numbers in (axis, along, offset)))


def corners_of(shape: Sequence[int], margin: float = 0.0) -> Floats:
    """(8, 3) indices of the centres of a volume's outermost voxels; with a margin of 0.5, of the volume's corners."""
    return np.array(np.meshgrid(*[(-margin, n - 1 + margin) for n in shape], indexing="ij")).reshape(3, -1).T


def indices_of(voxel: ArrayLike, shape: tuple[int, ...]) -> tuple[Ints, Ints, Ints]:
    """Split flat C-order voxel numbers (N,) into indices (N,) along three axes; several times as fast as numpy does."""
    # Short numbers are divided in half the time.
    voxel = np.asarray(voxel, np.int32 if shape[0] * shape[1] * shape[2] < 2**31 else np.int64)
    line = voxel // shape[2]
    i = line // shape[1]
    j, k = line - i * shape[1], voxel - line * shape[2]
    return i.astype(np.int64), j.astype(np.int64), k.astype(np.int64)


def product(vectors: ArrayLike, matrix: Floats) -> Floats:
    """Multiply vectors (..., K) by a matrix (R, K), term by term: (..., R).

    The rounding of `numpy.matmul` depends on how many vectors there are and on how many threads work, so that a record
    would not run again to the same last bit.
    """
    along = np.asarray(vectors, dtype=np.float64).T
    weights = matrix.T.reshape(*matrix.T.shape, *[1] * (along.ndim - 1))
    total = weights[0] * along[0]
    for weight, component in zip(weights[1:], along[1:], strict=True):
        total += weight * component
    return total.T


def snap(edges: Floats) -> Floats:
    """Move positions that lie within `SAME_EDGE` of a voxel edge (at half-integers) onto it."""
    nearest = np.round(edges - 0.5) + 0.5
    return np.where(np.abs(edges - nearest) <= SAME_EDGE, nearest, edges)


def points_as_tuples(xyz: Floats) -> NDArray[np.object_]:
    """World positions (N, 3) as an array (N,) of tuples, rounded to 0.01 mm."""
    tuples = np.empty(len(xyz), dtype=object)
    tuples[:] = [tuple(row) for row in (np.round(xyz, 2) + 0.0).tolist()]
    return tuples


@dataclass(frozen=True)
class AxisMatch:
    """Which axes of an image grid run along which axes of an atlas grid.

    ``image_axis[d]`` is the image axis parallel to atlas axis ``d``; along it, image index ``i`` lies at atlas
    coordinate ``offset[d] + step[d] * i``.
    """

    image_axis: tuple[int, int, int]
    step: Floats
    offset: Floats


@_kept
def match_axes(image: Grid, atlas: Grid) -> AxisMatch | None:
    """Pair the axes of two grids that are parallel in the world, flipped or permuted or not.

    Returns None for grids at an angle: where following an axis over the whole image drifts by more than a
    thousandth of an atlas voxel along another axis.
    """
    transform = atlas.inverse @ image.affine
    linear = transform[:3, :3]
    image_axis = tuple(int(a) for a in np.abs(linear).argmax(axis=1))
    if sorted(image_axis) != [0, 1, 2]:
        return None
    drift = np.abs(linear) * np.array(image.shape)
    drift[np.arange(3), image_axis] = 0
    if drift.max() > 1e-3:
        return None
    # The centre of the image is kept in place, so that a neglected drift is halved.
    centre = (np.array(image.shape) - 1) / 2
    step = linear[np.arange(3), image_axis]
    offset = (linear @ centre + transform[:3, 3]) - step * centre[list(image_axis)]
    return AxisMatch((image_axis[0], image_axis[1], image_axis[2]), step, offset)


def axis_edges(match: AxisMatch, image: Grid, axis: int) -> tuple[Floats, Floats]:
    """Lower and upper edges (N,), in atlas voxel coordinates, of the image's voxels along one atlas axis."""
    n = image.shape[match.image_axis[axis]]
    edges = snap(match.offset[axis] + match.step[axis] * (np.arange(n + 1) - 0.5))
    return np.minimum(edges[:-1], edges[1:]), np.maximum(edges[:-1], edges[1:])


@_kept
def stretches(image: Grid, atlas: Grid) -> list[Floats] | None:
    """By which factors (N,) `snap` stretches the voxels along each axis of an image; None where it moves no edge."""
    match = match_axes(image, atlas)
    if match is None:
        return None
    factors: list[Floats] = [np.ones(n) for n in image.shape]
    for axis, image_axis in enumerate(match.image_axis):
        low, high = axis_edges(match, image, axis)
        factors[image_axis] = (high - low) / abs(match.step[axis])
    change = max(np.abs(along - 1).max() for along in factors)
    return factors if 1e-9 < change < 1 else None  # less is rounding; more, voxels hardly longer than `SAME_EDGE`
