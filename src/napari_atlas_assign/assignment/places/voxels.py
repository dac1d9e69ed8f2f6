"""Images whose arrays are the voxels of an atlas, whatever their headers say of their place."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal, get_args

import nibabel as nib
import numpy as np

from ...atlas.atlas import Atlas
from ...errors import InputError
from ...grid import Floats, Grid
from ...header import Stated
from ...image import Image
from ...modes.point_set import PointSet

VoxelOrder = Literal["atlas", "RAS"]
"""How an array lies: as the atlas's own, or once its affine turns it, towards right, anterior, superior."""


def source_on_voxels(
    source: Image | list[Image] | PointSet, atlas: Atlas, order: VoxelOrder | Literal[True]
) -> Image | list[Image]:
    """See `on_atlas_voxels`; points are refused."""
    if isinstance(source, PointSet):
        raise InputError("on_atlas_voxels: not for points, of which coordinates says what they count; leave it out")
    if isinstance(source, Image):
        return on_atlas_voxels([source], atlas, order)[0]
    return on_atlas_voxels(source, atlas, order)


def on_atlas_voxels(images: Sequence[Image], atlas: Atlas, order: VoxelOrder | Literal[True]) -> list[Image]:
    """Images placed on the voxels of an atlas, of images that have its shape.

    Parameters
    ----------
    images : sequence of Image
        All of one shape; their own place is not used.
    atlas : Atlas
    order : {True, "atlas", "RAS"}
        How their arrays lie: as the atlas's own array, or turned to right, anterior and superior by their affine. True:
        whichever fits by shape and voxel size.

    Raises
    ------
    InputError
        If they do not fit, or fit in both ways.
    """
    if order is not True and order not in get_args(VoxelOrder):
        raise InputError(f"on_atlas_voxels is {order!r}; give True, 'atlas' or 'RAS'")
    first = images[0]
    fits = voxel_orders(first.grid, atlas.grid)
    if order is not True:
        fits = {word: grid for word, grid in fits.items() if word == order}
    if not fits:
        shape, voxel = first.grid.shape, np.round(first.grid.voxel_sizes, 4).tolist()
        raise InputError(
            f"{first.name} (shape {shape}, voxels of {voxel} mm) does not lie on the voxels of {atlas.name} (shape "
            f"{atlas.grid.shape}, {np.round(atlas.grid.voxel_sizes, 4).tolist()} mm); give one registered to it"
        )
    if len(fits) > 1:
        raise InputError(
            f"{first.name} fits the voxels of {atlas.name} in two ways; say whether its axes are those of the atlas's "
            "array, on_atlas_voxels='atlas', or towards right, anterior, superior, 'RAS' (command line: "
            "--on-atlas-voxels atlas)"
        )
    ((word, grid),) = fits.items()
    return [
        replace(i, grid=grid, space=atlas.space, source=i.source | {"on_atlas_voxels": word}, stated=_silent(i.stated))
        for i in images
    ]


def _silent(stated: Stated) -> Stated:
    """Without remarks on the header's place, which is not used."""
    return replace(stated, remarks=())


def voxel_orders(own: Grid, atlas: Grid) -> dict[VoxelOrder, Grid]:
    """The ways in which an image fits the voxels of an atlas by shape and voxel size, and its grid in each."""
    orientation = nib.orientations.io_orientation(own.affine)
    turned = _turned(atlas, nib.orientations.io_orientation(atlas.affine), orientation)
    grids: dict[VoxelOrder, Grid] = {"atlas": atlas, "RAS": turned}
    fitting = {word: grid for word, grid in grids.items() if _fits(own, grid)}
    return {"atlas": atlas} if len(fitting) == 2 and turned.matches(atlas) else fitting


def _turned(grid: Grid, old: Floats, new: Floats) -> Grid:
    """The same voxels with their axes in another orientation, both as nibabel describes them."""
    change = nib.orientations.ornt_transform(old, new)
    shape = [0, 0, 0]
    for axis, (to, _) in enumerate(change):
        shape[int(to)] = grid.shape[axis]
    affine = grid.affine @ nib.orientations.inv_ornt_aff(change, grid.shape)
    return Grid((shape[0], shape[1], shape[2]), affine)


def _fits(own: Grid, wanted: Grid) -> bool:
    """Whether shapes are equal, and voxel sizes, unless they are not said: all 1; or are in micrometres."""
    ratio = own.voxel_sizes / wanted.voxel_sizes
    unsaid = np.allclose(own.voxel_sizes, 1)
    return own.shape == wanted.shape and (unsaid or any(np.allclose(ratio, r, rtol=0.01) for r in (1, 1000)))


def hint_of_voxels(image: Image, atlas: Atlas) -> str:
    """What to add to a sentence on an image that does not overlap an atlas, if it has the shape of its voxels."""
    fits = voxel_orders(image.grid, atlas.grid).values()
    if not fits or any(image.grid.matches(grid) for grid in fits):
        return ""
    return (
        f"; it has the shape of the voxels of {atlas.name}: if it lies on them, give on_atlas_voxels=True (command "
        "line: --on-atlas-voxels)"
    )
