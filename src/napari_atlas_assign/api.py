"""The public functions: they take whatever people have in hand, and call the one pipeline."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

import nibabel as nib

from .assignment.assign import assign as _assign
from .assignment.conventions import ConventionName
from .assignment.result import Result
from .atlas.atlas import Atlas
from .atlas.load import load_atlas
from .errors import InputError
from .image import Image
from .modes.modes import Connectivity, Tail

if TYPE_CHECKING:
    import napari

__all__ = ["as_image", "assign", "load_atlas", "show"]


def assign(
    image: Any,
    atlas: Any,
    *,
    threshold: float = 0.0,
    tail: Tail = "positive",
    connectivity: Connectivity = 18,
    min_volume_mm3: float = 0.0,
    convention: ConventionName = "default",
) -> Result:
    """Split an activation map into modes and compare each with every region map of an atlas.

    Parameters
    ----------
    image : path, nibabel image, Image, (array, affine), or napari Image layer
        The map to be explained.
    atlas : Atlas, str or path
        An atlas, or what `load_atlas` takes.
    threshold, tail, connectivity, min_volume_mm3, convention
        See `napari_atlas_assign.assignment.assign.assign`.

    Returns
    -------
    Result
        With the tables ``assignments`` and ``modes`` and the volume ``components``.

    Raises
    ------
    InputError
        If the image, the atlas or an argument cannot be used; one sentence says what to do.
    """
    return _assign(
        as_image(image),
        atlas if isinstance(atlas, Atlas) else load_atlas(atlas),
        threshold=threshold,
        tail=tail,
        connectivity=connectivity,
        min_volume_mm3=min_volume_mm3,
        convention=convention,
    )


def as_image(source: Any) -> Image:
    """Make an `Image` of a path, a nibabel image, an (array, affine) pair or a napari layer.

    Raises
    ------
    InputError
        If it is none of these, or cannot be read.
    """
    if isinstance(source, Image):
        return source
    if isinstance(source, str | os.PathLike):
        return Image.from_file(Path(source))
    if isinstance(source, nib.spatialimages.SpatialImage):
        return Image.from_nibabel(source)
    if isinstance(source, tuple) and len(source) == 2:
        return Image.from_array(*source)
    if type(source).__module__.startswith("napari."):
        from .plugin.layers import image_from_layer

        return image_from_layer(source)
    raise InputError(
        f"a {type(source).__name__} is no image; give a path, a nibabel image, an Image, (array, affine) or a napari layer"
    )


def show(result: Result, viewer: napari.Viewer) -> None:
    """Add a result to a napari viewer: the layers of modes and assigned regions, and the results table."""
    from .plugin.show import show as show_in_viewer

    show_in_viewer(result, viewer)
