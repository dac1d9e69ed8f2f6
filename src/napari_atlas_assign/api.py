"""The public functions: they take whatever people have in hand, and call the one pipeline."""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import nibabel as nib
import numpy as np

from .assignment.assign import assign as _assign
from .assignment.checks import tell
from .assignment.parameters import check_names, check_use
from .assignment.point_result import PointResult, assign_point_set
from .assignment.result import Result
from .atlas.atlas import Atlas
from .atlas.load import load_atlas
from .errors import InputError
from .image import Image, read_images, read_voxels
from .modes.point_files import read_points
from .modes.point_set import PointSet
from .ome_zarr import is_ome_zarr, read_ome_zarr
from .template_space import space_of_file

if TYPE_CHECKING:
    import napari

__all__ = ["as_source", "assign", "load_atlas", "show"]

POINT_SUFFIXES = (".csv", ".tsv", ".txt")
"""Endings of files that are read as points."""

Source = Image | list[Image] | PointSet


def assign(
    source: Any,
    atlas: Any,
    *,
    volume: int | None = None,
    sigma: float | Sequence[float] = 0.0,
    progress: Callable[[int, int], None] | None = None,
    **options: Any,
) -> Any:
    """Compare a map, a stack of maps, regions of interest or points with every region map of one or several atlases.

    Parameters
    ----------
    source : path, nibabel image, Image, (array, affine), list of Image, PointSet, array (N, 3), or napari layer
        What is to be explained. A 4D image is a stack, of which every volume is assigned. Files of text (CSV, TSV),
        arrays (N, 3) in world mm and Points layers are points; Labels and Shapes layers are regions of interest.
    atlas : Atlas, str, path, or a list of these
        Atlases, or what `load_atlas` takes.
    volume : int, optional
        Take one volume of a 4D image, counted from 0.
    sigma : float or (N,) float
        Uncertainty of points in mm, where the source has none of its own; 0 is exact. A file takes one number.
    progress : callable, optional
        Called with the number of maps done and of all maps, after each.
    **options
        The fields of `napari_atlas_assign.assignment.parameters.Parameters`: ``threshold``, ``tail``, ``connectivity``,
        ``min_volume_mm3``, ``min_voxels``, ``keep_largest``, ``split_height``, ``rois``, ``split_rois``, ``peaks``,
        ``peak_distance_mm``, ``level``, ``convention``. Of these, points take ``level`` and ``convention``; regions of
        interest, which stay as they are, take ``split_rois``, ``connectivity``, ``level`` and ``convention``.

    Returns
    -------
    Result or PointResult
        With the tables ``assignments`` and ``modes``; of maps also ``peaks`` and the volume ``components``.

    Raises
    ------
    InputError
        If the source, an atlas or an argument cannot be used; one sentence says what to do.
    """
    check_names(options, ("volume", "sigma", "progress"))
    start = perf_counter()
    given, implied = as_source(source, volume=volume, sigma=sigma)
    options = implied | options
    check_use(options, points=isinstance(given, PointSet))
    read = perf_counter()
    atlases = [_as_atlas(a) for a in (atlas if isinstance(atlas, list | tuple) else [atlas])]
    loaded = perf_counter()
    if isinstance(given, PointSet):
        return _assign_points(given, atlases, options)
    result = _assign(given, atlases, progress=progress, **options)
    result.timings.update({"read image": read - start, "load atlas": loaded - read})
    return result


def as_source(
    source: Any, *, volume: int | None = None, sigma: float | Sequence[float] = 0.0
) -> tuple[Source, dict[str, Any]]:
    """Make an image, a stack or points of what people have in hand; see `assign`.

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
    given, implied = _read(source, volume, sigma)
    if isinstance(given, PointSet) and volume is not None:
        raise InputError(f"{given.name}: points have no volumes; leave out volume")
    if not isinstance(given, PointSet) and np.any(np.asarray(sigma) != 0):
        raise InputError("sigma: only for points; leave it out")
    return given, implied


def _read(source: Any, volume: int | None, sigma: float | Sequence[float]) -> tuple[Source, dict[str, Any]]:
    if isinstance(source, Image | PointSet):
        return _whole(source, volume), {}
    if isinstance(source, list) and source and all(isinstance(image, Image) for image in source):
        return _whole(source, volume), {}
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        if path.name.lower().endswith(POINT_SUFFIXES):
            return read_points(path, _one_number(sigma)), {}
        if is_ome_zarr(path):
            stack = read_ome_zarr(path, volume)
            return (stack[0] if len(stack) == 1 else stack), {}
        return _one_or_stack(read_images(path, volume)), {}
    if isinstance(source, nib.spatialimages.SpatialImage):
        return _one_or_stack(_volumes_of(source, volume)), {}
    if isinstance(source, tuple) and len(source) == 2 and not isinstance(source[0], Image):
        return _whole(Image.from_array(*source), volume), {}
    if isinstance(source, np.ndarray | list) and _is_list_of_places(source):
        return PointSet.from_array(source, sigma), {}
    if type(source).__module__.startswith("napari."):
        from .plugin.layers.source import source_from_layer

        return source_from_layer(source, volume=volume, sigma=sigma)
    if isinstance(source, np.ndarray) and source.ndim > 2:
        raise InputError("an array alone does not say where in the brain it lies; give (array, affine)")
    raise InputError(
        f"a {type(source).__name__} like this is neither an image nor points; give a path, a nibabel image, an Image, "
        "a list of Images, (array, affine), an array (N, 3) of points or a napari layer"
    )


def _whole(source: Source, volume: int | None) -> Source:
    if volume is not None and not isinstance(source, PointSet):
        raise InputError("volume: only for files, nibabel images and layers with several volumes; leave it out")
    return source


def _one_or_stack(images: list[Image]) -> Source:
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
    n = int(np.prod(img.shape[3:], dtype=np.int64))
    if volume is not None or n == 1:
        images = [Image.from_nibabel(img, volume=volume)]
    else:
        name = Path(file or "image").name
        whole = read_voxels(img, name).reshape(*img.shape[:3], n, order="F")
        images = [Image.from_array(whole[..., v], img.affine, f"{name}[{v}]") for v in range(n)]
    space = space_of_file(file or "image", img.header)
    numbers = range(n) if volume is None and n > 1 else [volume]
    sources = [_of_file(file, v) if file else {} for v in numbers]
    return [replace(i, space=space, source=s) for i, s in zip(images, sources, strict=True)]


def _as_atlas(atlas: Any) -> Atlas:
    if isinstance(atlas, Atlas):
        return atlas
    if isinstance(atlas, str | os.PathLike):
        return load_atlas(atlas)
    raise InputError(f"a {type(atlas).__name__} is no atlas; give an Atlas, a name of the catalogue, a path, or a list")


def _of_file(file: str, volume: int | None) -> dict[str, Any]:
    """Where an image in memory came from. Its values may be others by now, so that the file has no hash here."""
    return {"path": str(Path(file).resolve())} | ({} if volume is None else {"volume": volume})


def _assign_points(points: PointSet, atlases: list[Atlas], options: dict[str, Any]) -> PointResult:
    result = assign_point_set(points, atlases, **options)
    tell(result.warnings, result.atlases, stacklevel=3)
    return result


def show(result: Result, viewer: napari.Viewer) -> None:
    """Add a result to a napari viewer: the layers of modes and assigned regions, and the results table."""
    from .plugin.show import show as show_in_viewer

    show_in_viewer(result, viewer)
