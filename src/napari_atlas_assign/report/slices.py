"""Planes and boxes of the world on which figures are drawn, and the sampling of volumes there.

Everything is drawn in world mm (RAS+: x to the right, y to the front, z up), so that a figure does not depend on how a
file stores its voxels.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np
import scipy
from numpy.typing import NDArray

from ..grid import Floats, Grid
from ..image import Image
from ..modes.labelling import bounding_slices
from ..modes.modes import Modes

AXES = ("x", "y", "z")

ENDS = (("L", "R"), ("P", "A"), ("I", "S"))
"""The anatomical directions of low and high x, y, z."""

MIN_SAMPLES = 150
"""Samples along the longest side of a frame are at least this many, and at most two and a half times as many."""


MOST_VOXELS = 2**26
"""Voxels of a lazy image that are read for figures."""


class View(NamedTuple):
    """A plane of the body: which world axes run across and up, and which one it cuts."""

    name: str
    across: int
    up: int
    through: int


VIEWS = (View("axial", 0, 1, 2), View("coronal", 0, 2, 1), View("sagittal", 1, 2, 0))


@dataclass(frozen=True)
class ViewBox:
    """A box of the world, in cubes of one size: 1 mm for a human brain, less for a smaller one.

    Parameters
    ----------
    low : (3,) float
        Corner of least x, y, z in world mm.
    shape : (3,) int
        Cubes along x, y and z.
    step : float
        Edge of a cube in mm.
    """

    low: Floats
    shape: tuple[int, int, int]
    step: float

    @classmethod
    def around(cls, low: Floats, high: Floats, step: float | None = None) -> ViewBox:
        """The frame around a box of the world, given by its corners (3,) in mm; a fitting step where none is given."""
        step = step or nice_step(float((high - low).max()) / MIN_SAMPLES)
        first = np.floor(low / step)
        n = np.maximum(np.ceil(high / step) - first, 1).astype(int)
        return cls(first * step, (int(n[0]), int(n[1]), int(n[2])), step)

    @property
    def high(self) -> Floats:
        """(3,) corner of largest x, y, z in world mm."""
        return self.low + self.step * np.array(self.shape)

    def extent(self, axis: int) -> float:
        """Length of a side in mm."""
        return self.shape[axis] * self.step

    def part_around(self, grid: Grid) -> ViewBox:
        """The same cubes, but only those in and about the box around a grid's voxels."""
        low, high = corners_of(grid)
        room = grid.voxel_sizes.max()
        return ViewBox.around(low - room, high + room, self.step)

    def coarser(self, times: int) -> ViewBox:
        """The frame of larger cubes around this one."""
        return ViewBox.around(self.low, self.high, times * self.step)

    def grid(self) -> Grid:
        """All cubes."""
        return _cubes(self.low + self.step / 2, self.shape, self.step)

    def plane(self, view: View, position: float) -> Grid:
        """One layer of cubes, with its centre at a world position along the axis that the view cuts."""
        shape, start = list(self.shape), self.low + self.step / 2
        shape[view.through], start[view.through] = 1, position
        return _cubes(start, (shape[0], shape[1], shape[2]), self.step)


def nice_step(upper: float) -> float:
    """The largest of 1, 2, 5 times a power of ten that is not above a length."""
    power = 10.0 ** np.floor(np.log10(max(upper, 1e-12)))
    return float(max(nice * power for nice in (1, 2, 5) if nice * power <= upper * (1 + 1e-9)))


def sample(image: Image, grid: Grid, order: Literal[0, 1]) -> NDArray[np.float32]:
    """Sample an image at the centres of a grid's voxels; outside of the image's voxels it is 0.

    Parameters
    ----------
    image : Image
        Finite values.
    grid : Grid
        Shape (X, Y, Z).
    order : {0, 1}
        The value of the voxel that holds the centre, or the linear mixture of its neighbours.

    Returns
    -------
    (X, Y, Z) float32
    """
    to_voxel = image.grid.inverse @ grid.affine
    return scipy.ndimage.affine_transform(
        image.data,
        to_voxel[:3, :3],
        to_voxel[:3, 3],
        grid.shape,
        output=np.float32,
        order=order,
        mode="grid-constant",
        prefilter=False,
    )


def on_plane(image: Image, frame: ViewBox, view: View, position: float, order: Literal[0, 1]) -> NDArray[np.float32]:
    """Sample an image on a plane: rows (up, across), the first row at the bottom."""
    return sample(image, frame.plane(view, position), order).squeeze(view.through).T


def box_of(image: Image) -> tuple[Floats, Floats]:
    """Corners (3,), (3,) in world mm of the smallest box around the voxels above 0; around all if there are none."""
    return corners_of(image.grid, bounding_slices(image.data > 0))


def corners_of(grid: Grid, part: tuple[slice, ...] | None = None) -> tuple[Floats, Floats]:
    """Corners (3,), (3,) in world mm of the smallest box around a grid's voxels, or around a part of them."""
    part = part or tuple(slice(0, n) for n in grid.shape)
    corners = np.array(np.meshgrid(*[(s.start - 0.5, s.stop - 0.5) for s in part], indexing="ij")).reshape(3, -1).T
    xyz = grid.to_world(corners)
    return xyz.min(axis=0), xyz.max(axis=0)


def drawable(image: Image) -> Image:
    """An image in memory: of one that is lazy and large, every second, third ... voxel along each axis."""
    if not image.is_lazy:
        return image
    step = 1
    while math.prod(-(-n // step) for n in image.grid.shape) > MOST_VOXELS:
        step += 1
    data = np.asarray(image.data[::step, ::step, ::step])
    affine = image.grid.affine @ np.diag([step, step, step, 1.0])
    return Image(data, Grid((data.shape[0], data.shape[1], data.shape[2]), affine), image.name, image.space)


def volume_of(grid: Grid, voxel: NDArray[np.integer], value: NDArray | float, name: str = "") -> Image:
    """Lay voxels (N,), N > 0, out in the smallest volume (float32) that holds them."""
    ijk = np.stack(np.unravel_index(voxel, grid.shape), axis=-1)
    low, high = ijk.min(axis=0), ijk.max(axis=0)
    data = np.zeros(high - low + 1, np.float32)
    data[tuple((ijk - low).T)] = value
    affine = grid.affine.copy()
    affine[:3, 3] = grid.to_world(low)
    return Image(data, Grid(data.shape, affine), name)


def mode_volume(modes: Modes, mode: int) -> Image:
    """One mode (row of the table of modes) as 1 in the smallest volume that holds it."""
    return volume_of(modes.grid, modes.voxel[modes.mode == mode], 1.0)


def _cubes(first: Floats, shape: tuple[int, int, int], step: float) -> Grid:
    affine = np.diag([step, step, step, 1.0])
    affine[:3, 3] = first
    return Grid(shape, affine)
