"""Plain NIfTI: 4D probability volumes or 3D labels, with names from a table beside the file, or without names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ...errors import AtlasError, InputError, counted
from ...header import check_volume, volumes_of
from ...image import READ_ERRORS, open_image, read_voxels
from ...opening import load as load_header
from ..atlas import Atlas
from ..build import FractionsError, Names, atlas_from_label_volume, atlas_from_maps, stem
from ..files.volumes import n_axes, open_atlas_image
from ..files.xml import read_xml
from ..label_tables.beside import own_tables
from ..label_tables.choice import names_for, table_files
from ..label_tables.freesurfer_names import standard_table
from ..remarks import remark
from .one_image import source_of

NAME = "nifti"


def sniff(path: Path) -> bool:
    """Whether the file is an image with three or more axes."""
    try:
        return path.is_file() and len(open_image(path).shape) >= 3
    except InputError:
        return False


def why_not(path: Path) -> str:
    """Why a file is no image for `read`, or no XML."""
    try:
        if path.suffix.lower() == ".xml":
            read_xml(path)
        img = load_header(path)
    except READ_ERRORS as error:  # an AtlasError is a ValueError, too
        return " ".join(str(error).split()) or type(error).__name__
    shape = getattr(img, "shape", ())
    return f"a {type(img).__name__} of shape {shape}, which needs three axes or more"


def read(path: Path, labels: Path | None = None, volume: int | None = None) -> Atlas:
    """Read a 4D image as probabilities, a 3D image of whole numbers as labels, another 3D image as one map.

    Parameters
    ----------
    path : Path
        The image.
    labels : Path, optional
        A table of labels; without it, one beside the image is looked for (`label_tables.beside`).
    volume : int, optional
        Read this volume alone, counted from 0, as an image of its own: one of a stack of parcellations.

    Raises
    ------
    AtlasError
        If the image cannot be read, is no atlas, or does not fit the table.
    """
    img, name = open_atlas_image(path), stem(path)
    if volume is not None:
        img, name = _one_volume(img, volume, path.name), f"{name}[{volume}]"
    axes = n_axes(img)
    if axes not in (3, 4):
        raise AtlasError(
            f"{path.name} has {counted(axes, 'axis')} (shape {img.shape}); "
            "an atlas has 3 (labels) or 4 (one volume per region)"
        )
    standard = None if labels or own_tables(path) or axes != 3 else standard_table(path)
    if standard is not None:
        return _atlas_of_image(img, axes, name, standard).described(source=source_of(path))
    names = names_for(path, labels, name=name)
    atlas = _atlas_of_image(img, axes, name, names)
    return atlas.described(source=source_of(path, labels=names.used))


def _one_volume(img: Any, volume: int, name: str) -> Any:
    """One volume of a nibabel image, in memory."""
    n = volumes_of(img.shape)
    check_volume(volume, n, name, AtlasError)
    try:
        data = read_voxels(img, name, volume)
    except InputError as error:
        raise AtlasError(str(error)) from error
    return type(img)(np.asarray(data), img.affine, img.header)


def _atlas_of_image(img: Any, axes: int, name: str, names: Names) -> Atlas:
    if axes == 4:
        return atlas_from_maps(img, names, name=name)
    try:
        return atlas_from_label_volume(img, names, name=name)
    except FractionsError:
        atlas = atlas_from_maps(img, names, name=name)
        highest = float(np.nanmax(np.asanyarray(img.dataobj)))
        if highest > 1.5:
            remark(
                f"{name}: fractions up to {highest:.4g} are taken for per cent of one region; if these are labels that "
                "were resampled, resample them by nearest neighbour instead"
            )
        return atlas


def files(path: Path, labels: Path | None = None) -> list[Path]:
    """The files that `read` looks at: the image, its header or data where they are in another file, the table."""
    own = [path]
    try:
        parts = load_header(path).file_map.values()
        own += [file for part in parts if part.filename and (file := Path(part.filename)) != path and file.is_file()]
    except READ_ERRORS:
        pass  # `read` says what is wrong
    return [*own, *table_files(path, labels)]
