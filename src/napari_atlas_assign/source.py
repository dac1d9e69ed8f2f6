"""What is assigned: an image, a stack or points, made of a path, an array, a nibabel image or a napari layer."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from .atlas.image_names import with_names, with_names_of_volumes
from .errors import InputError
from .header import says_labels as header_says_labels
from .header import volumes_of
from .image import Image, open_image, read_images, volumes
from .limits import AT_ONCE, Start
from .modes.point_files import holds_points, read_points
from .modes.point_set import Coordinates, PointSet, check_coordinates
from .modes.segmentation import is_segmentation, read_segmentation
from .template_space import space_of_file
from .tiff_files.images import read_tiff
from .tiff_files.volumes import is_tiff
from .zarr_files.ome_zarr import is_ome_zarr, read_ome_zarr

MapsOrPoints = Image | list[Image] | PointSet


def as_source(
    source: Any,
    *,
    volume: int | None = None,
    sigma: float | Sequence[float] | NDArray[Any] = 0.0,
    coordinates: Coordinates | None = None,
    atlases: Sequence[Any] = (),
    needs_place: bool = True,
) -> tuple[MapsOrPoints, dict[str, Any]]:
    """Make an image, a stack or points of what the user gives; see `api.assign`.

    `atlases` are what it is compared with: a layer may lie where they do. An array alone lies nowhere, which is refused
    where it `needs_place`.

    Returns
    -------
    source : Image, list of Image or PointSet
    options : dict
        What the kind of source implies, such as ``rois`` for a Labels layer.

    Raises
    ------
    InputError
        If it is none of these, cannot be read, or `volume` or `sigma` does not go with it.
    """
    if volume is not None and (isinstance(volume, bool) or not isinstance(volume, int | np.integer)):
        raise InputError(f"the volume is {volume!r}; give a whole number, counted from 0")
    if coordinates is not None:
        check_coordinates(coordinates)
    if not needs_place and isinstance(source, np.ndarray) and source.ndim > 2:
        source = Image.from_array(source, np.eye(4))
    if needs_place and isinstance(source, str | os.PathLike) and is_tiff(Path(source)):
        raise InputError(
            f"{Path(source).name} does not say where in the brain it lies; if it has the voxels of the atlas, give "
            "on_atlas_voxels=True (command line: --on-atlas-voxels), else save it as NIfTI"
        )
    given, implied = _read_source(source, volume, sigma, coordinates, atlases)
    if says_labels(given):
        implied = {"rois": True}
    if isinstance(source, PointSet) and np.any(np.asarray(sigma) != 0):
        raise InputError("sigma: a PointSet has its own; leave it out")
    if isinstance(given, PointSet) and volume is not None:
        raise InputError(f"{given.name}: points have no volumes; leave out volume")
    if not isinstance(given, PointSet) and np.any(np.asarray(sigma) != 0):
        raise InputError("sigma: only for points; leave it out")
    if not isinstance(given, PointSet) and coordinates is not None:
        raise InputError("coordinates: only for points; leave it out")
    return given, implied


def says_labels(source: MapsOrPoints) -> bool:
    """Whether all images of a source say that they hold labels of regions."""
    if isinstance(source, PointSet):
        return False
    return all(image.stated.labels for image in ([source] if isinstance(source, Image) else source))


def named_rois(source: MapsOrPoints, labels: str | os.PathLike[str] | None = None) -> MapsOrPoints:
    """Regions of interest with the names of a table or, without one, with those that their file has; see `with_names`.

    Raises
    ------
    InputError
        If the table cannot be read or names none of them.
    """
    if isinstance(source, PointSet):
        return source
    images = with_names([source] if isinstance(source, Image) else source, None if labels is None else Path(labels))
    return images[0] if isinstance(source, Image) else images


def read_image_file(path: Path, volume: int | None = None) -> list[Image]:
    """Read a file of images: one volume, or without a choice all; of a segmentation, its regions of interest.

    Raises
    ------
    InputError
        If the file cannot be read, or has no such volume.
    """
    start = Start.of(path, AT_ONCE)
    if volume is None and is_segmentation(start):
        return [read_segmentation(path)]
    return with_names_of_volumes(read_images(start, volume), path)


def says_labels_in_header(path: Path) -> bool:
    """Whether a file says that it holds labels of regions; only its header is read."""
    if holds_points(path) or not path.is_file():
        return False
    try:
        return is_segmentation(Start.of(path)) or header_says_labels(path.name, open_image(path).header)
    except InputError:
        return False


def _read_source(
    source: Any,
    volume: int | None,
    sigma: float | Sequence[float] | NDArray[Any],
    coordinates: Coordinates | None,
    atlases: Sequence[Any],
) -> tuple[MapsOrPoints, dict[str, Any]]:
    if coordinates is not None and (isinstance(source, PointSet) or is_layer(source)):
        raise InputError("coordinates: for files and arrays, since a layer or PointSet says it itself; leave it out")
    if isinstance(source, Image | PointSet):
        return _whole(source, volume), {}
    if isinstance(source, list | tuple) and source and all(isinstance(image, Image) for image in source):
        return _whole(list(source), volume), {}
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        if holds_points(path):
            return read_points(path, _one_number(sigma), coordinates), {}
        if is_ome_zarr(path):
            stack = read_ome_zarr(path, volume)
            return (stack[0] if len(stack) == 1 else stack), {}
        if is_tiff(path):
            return _one_or_stack(read_tiff(path, volume)), {}
        return _one_or_stack(read_image_file(path, volume)), {}
    if isinstance(source, nib.spatialimages.SpatialImage):
        return _one_or_stack(_volumes_of(source, volume)), {}
    if isinstance(source, tuple) and len(source) == 2:
        return _whole(Image.from_array(*source), volume), {}
    if isinstance(source, np.ndarray | list) and _is_list_of_places(source):
        return PointSet.from_array(source, sigma, coordinates=coordinates or "mm"), {}
    if is_layer(source):
        from .plugin.layers.metadata import layer_kind
        from .plugin.layers.source import source_from_layer
        from .plugin.layers.together import rois_beside, world_of_source

        if layer_kind(source) == "shapes":
            return rois_beside(source, atlases), {"rois": True}
        return source_from_layer(source, volume, sigma, world_of_source(source, atlases))
    if isinstance(source, np.ndarray) and source.ndim > 2:
        raise InputError(
            "an array alone does not say where in the brain it lies; give (array, affine), or if it "
            "has the voxels of the atlas, on_atlas_voxels=True"
        )
    if isinstance(source, list | tuple) and not source:
        raise InputError(f"the {type(source).__name__} is empty, so that there is nothing to assign; fill it")
    raise InputError(
        f"a {type(source).__name__} like this is neither an image nor points; give a path, a nibabel image, an Image, "
        "a list of Images, (array, affine), an array (N, 3) of points or a napari layer"
    )


def is_layer(thing: Any) -> bool:
    """Whether something is a layer of napari, which is not imported for it."""
    return any(kind.__module__.startswith("napari.layers.") for kind in thing.__class__.__mro__)


def _whole(source: MapsOrPoints, volume: int | None) -> MapsOrPoints:
    if volume is not None and not isinstance(source, PointSet):
        raise InputError("volume: only for files, nibabel images and layers with several volumes; leave it out")
    return source


def _one_or_stack(images: list[Image]) -> MapsOrPoints:
    return images[0] if len(images) == 1 else images


def _one_number(sigma: Any) -> float:
    try:
        return float(sigma)
    except (TypeError, ValueError) as error:
        raise InputError(
            f"the sigma is {sigma!r}; give one number of mm for a file of points, or a column sigma in it"
        ) from error


def _is_list_of_places(source: Any) -> bool:
    try:
        return np.ndim(source) == 2 and np.shape(source)[1] == 3
    except ValueError as error:  # rows of unequal length
        raise InputError("the rows of the array differ in length; give one row x, y, z in mm per point") from error


def _volumes_of(img: Any, volume: int | None) -> list[Image]:
    """The volumes of a nibabel image, or one of them."""
    file = img.get_filename()
    n = volumes_of(img.shape)
    one = volume is not None or n == 1
    images = [Image.from_nibabel(img, volume=volume)] if one else volumes(img, Path(file or "image").name)
    space = space_of_file(file or "image", img.header)
    numbers = range(n) if volume is None and n > 1 else [volume]
    sources = [_of_file(file, v) if file else {} for v in numbers]
    return [replace(i, space=space, source=s) for i, s in zip(images, sources, strict=True)]


def _of_file(file: str, volume: int | None) -> dict[str, Any]:
    """Where an image in memory came from. Its values may be others by now, so that the file has no hash here."""
    return {"path": str(Path(file).resolve())} | ({} if volume is None else {"volume": volume})
