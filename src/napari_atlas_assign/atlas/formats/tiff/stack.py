"""Labels in a TIFF file, or in a folder with one file for each plane."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np

from ....errors import AtlasError, InputError
from ....tiff_files.volumes import Planes, is_tiff, open_tiff
from ...atlas import Atlas
from ...build import atlas_from_label_volume, stem
from ...label_tables.choice import names_for, table_files
from ...remarks import remark
from ..brainglobe import affine_of
from ..one_image import source_of

NAME = "tiff"
PRECEDENCE = 150


def sniff(path: Path) -> bool:
    """Whether this is a TIFF file, or a folder of planes."""
    return is_tiff(path)


def read(path: Path, labels: Path | None = None) -> Atlas:
    """Read a volume of labels, with names from a table beside it.

    A TIFF does not say which way its axes run; they are taken as BrainGlobe's, from anterior, superior and right.

    Parameters
    ----------
    path : Path
        The file, or the folder of planes.
    labels : Path, optional
        A table of labels.

    Raises
    ------
    AtlasError
        If it cannot be read, is too large or does not say how large its voxels are.
    """
    try:
        tiff = open_tiff(path)
    except InputError as error:
        raise AtlasError(str(error)) from error
    if len(tiff.volumes) != 1 or isinstance(tiff.volumes[0], Planes):
        raise AtlasError(
            f"{path.name} holds several volumes, or more than is read of labels; give one volume of labels"
        )
    if tiff.voxel_mm is None:
        raise AtlasError(
            f"{path.name} does not say how large its voxels are; save it with their size in x, y and z "
            "(in ImageJ: Image > Properties), or as NIfTI"
        )
    remark(
        f"{path.name} does not say which way its axes run; they are taken to begin anterior, superior and right, as "
        "BrainGlobe's: if they do not, save it as NIfTI"
    )
    affine = affine_of("asr", [1000 * edge for edge in tiff.voxel_mm])
    names = names_for(path, labels)
    img = nib.Nifti1Image(np.asarray(tiff.volumes[0]), affine, dtype=tiff.volumes[0].dtype)
    atlas = atlas_from_label_volume(img, names, name=stem(path))
    source = source_of(path, labels=names.used) if path.is_file() else {"path": str(path.resolve())}
    return atlas.described(source=source)


def files(path: Path, labels: Path | None = None) -> list[Path]:
    """The files that `read` looks at."""
    own = [path] if path.is_file() else sorted(file for file in path.iterdir() if file.is_file())
    return [*own, *table_files(path, labels)]
