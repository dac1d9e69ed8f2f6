"""The public functions: they take whatever people have in hand, and call the one pipeline."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import nibabel as nib
import numpy as np

from .assignment.assign import assign as _assign
from .assignment.point_result import PointResult, assign_point_set
from .assignment.result import Result
from .atlas.atlas import Atlas
from .atlas.load import load_atlas
from .errors import AssignmentWarning, InputError
from .image import Image, open_image, read_stack
from .modes.points import PointSet
from .spaces import space_of_file

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
        Uncertainty of points in mm, where the source has none of its own; 0 is exact.
    progress : callable, optional
        Called with the number of maps done and of all maps, after each.
    **options
        The fields of `napari_atlas_assign.assignment.parameters.Parameters`: ``threshold``, ``tail``, ``connectivity``,
        ``min_volume_mm3``, ``min_voxels``, ``keep_largest``, ``split_height``, ``rois``, ``split_rois``, ``level``,
        ``convention``. Of these, points take only ``convention``.

    Returns
    -------
    Result or PointResult
        With the tables ``assignments`` and ``modes``; of maps also ``peaks`` and the volume ``components``.

    Raises
    ------
    InputError
        If the source, an atlas or an argument cannot be used; one sentence says what to do.
    """
    start = perf_counter()
    given, implied = as_source(source, volume=volume, sigma=sigma)
    read = perf_counter()
    atlases = [
        a if isinstance(a, Atlas) else load_atlas(a) for a in (atlas if isinstance(atlas, list | tuple) else [atlas])
    ]
    loaded = perf_counter()
    options = implied | options
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
        If it is none of these, or cannot be read.
    """
    if isinstance(source, Image | PointSet):
        return source, {}
    if isinstance(source, list) and source and all(isinstance(image, Image) for image in source):
        return source, {}
    if isinstance(source, str | os.PathLike):
        path = Path(source)
        if path.name.lower().endswith(POINT_SUFFIXES):
            return PointSet.from_file(path, float(np.asarray(sigma))), {}
        stack = read_stack(path) if volume is None else [Image.from_file(path, volume)]
        space = space_of_file(path, open_image(path).header)
        stack = [replace(image, space=space) for image in stack]
        return (stack[0] if len(stack) == 1 else stack), {}
    if isinstance(source, nib.spatialimages.SpatialImage):
        image = Image.from_nibabel(source, volume=volume)
        file = source.get_filename()
        return (replace(image, source=_of_file(file, volume)) if file else image), {}
    if isinstance(source, tuple) and len(source) == 2:
        return Image.from_array(*source), {}
    if isinstance(source, np.ndarray | list) and np.ndim(source) == 2 and np.shape(source)[1] == 3:
        return PointSet.from_array(source, sigma), {}
    if type(source).__module__.startswith("napari."):
        from .plugin.layers import source_from_layer

        return source_from_layer(source, volume=volume, sigma=sigma)
    raise InputError(
        f"a {type(source).__name__} is neither an image nor points; give a path, a nibabel image, an Image, "
        "(array, affine), an array (N, 3) of points or a napari layer"
    )


def _of_file(file: str, volume: int | None) -> dict[str, Any]:
    """Where an image that is in memory came from. Its values may be others by now, so that the file has no hash here."""
    return {"path": str(Path(file).resolve())} | ({} if volume is None else {"volume": volume})


def _assign_points(points: PointSet, atlases: list[Atlas], options: dict[str, Any]) -> PointResult:
    unused = sorted(set(options) - {"convention"})
    if unused:
        raise InputError(f"{', '.join(unused)}: not for points; leave it out")
    result = assign_point_set(points, atlases, **options)
    for note in result.warnings:
        warnings.warn(note, AssignmentWarning, stacklevel=3)
    return result


def show(result: Result, viewer: napari.Viewer) -> None:
    """Add a result to a napari viewer: the layers of modes and assigned regions, and the results table."""
    from .plugin.show import show as show_in_viewer

    show_in_viewer(result, viewer)
