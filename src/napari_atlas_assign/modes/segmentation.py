"""Segmentations of 3D Slicer as regions of interest: each segment is one, with its name, and they may overlap."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from ..errors import InputError
from ..image import Image, file_sha256, open_image
from ..limits import Start
from ..nrrd_files.image import is_nrrd
from ..nrrd_files.segments import has_segments, segments_of, voxels_of
from .rois import RoiImage


def is_segmentation(start: Start) -> bool:
    """Whether a file is a segmentation of 3D Slicer; whoever opens it says what else is wrong with it."""
    try:
        return is_nrrd(start) and has_segments(open_image(start.path))
    except InputError:
        return False


def read_segmentation(path: Path) -> RoiImage:
    """Read the segments as regions of interest, numbered as in the file or, where numbers come twice, from 1.

    Raises
    ------
    InputError
        If the file cannot be read, or its segments do not fit it.
    """
    img = open_image(path)
    segments = segments_of(img, path.name)
    try:
        voxels = voxels_of(img, segments)
    except (ValueError, OSError, MemoryError) as error:
        raise InputError(f"{path.name}: the voxels cannot be read ({error}); fetch the file again") from error
    layer = Image.from_nibabel(img, path.name, 0)
    rois = {segment.id: voxel for segment, voxel in zip(segments, voxels, strict=True)}
    names = {segment.id: segment.name for segment in segments}
    source = {"path": str(path.resolve()), "sha256": file_sha256(path)}
    image = RoiImage.from_voxels(layer.grid, rois, path.name, None, source, names=names)
    return replace(image, stated=replace(layer.stated, labels=True))
