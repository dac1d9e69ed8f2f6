"""A folder of one NIfTI per region, named by file: probabilities, percentages or masks.

A table in the folder with a column of these files (Spinal Cord Toolbox's ``info_label.txt``) gives better names.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...encoding import one_line
from ...errors import AtlasError
from ...image import READ_ERRORS
from ...opening import load as load_header
from ...tables.frames import pd
from ..atlas import Atlas
from ..build import atlas_from_entries, stem
from ..files.paths import inside
from ..files.volumes import entries_of_files, n_axes, renamed
from ..label_tables import read_table
from ..label_tables.hemispheres import with_sides
from .siibra import julich_brain

NAME = "region-folder"
PRECEDENCE = 100

_TABLES = (".xml", ".csv", ".tsv", ".json", ".lut", ".ctbl", ".label")
_MOST_TABLES = 20
_OTHER_KINDS = ("_dseg", "_probseg", "_mask", "_T1w", "_T2w", "sparseindex_v1", "atlas_")


def sniff(path: Path) -> bool:
    """Whether the folder has two or more 3D NIfTI files of one shape, and no sign of another kind of atlas."""
    try:
        if not path.is_dir() or julich_brain.sniff(path):
            return False
        names = [file.name for file in path.iterdir() if file.is_file()]
        images = _images(path)
        stems = {stem(image) for image in images}
        if len(images) < 2:
            return False
        headers: list[Any] = [load_header(image) for image in images]
        if not all(n_axes(img) == 3 for img in headers) or len({img.shape[:3] for img in headers}) > 1:
            return False
        if _table_of_files(path) is not None:
            return True
        if any(name.lower().endswith(_TABLES) for name in names):
            return False
        texts = {Path(name).stem for name in names if name.endswith(".txt")}
        return not stems & texts and not any(kind in s for s in stems for kind in _OTHER_KINDS)
    except READ_ERRORS:
        return False


def read(path: Path, labels: Path | None = None) -> Atlas:
    """Read a folder of region maps, in the order of their file names.

    Values must all be probabilities (0 to 1) or all be percentages (0 to 100); files that each hold one value above 0,
    such as 255 or the region's label, are masks.

    Parameters
    ----------
    path : Path
        The folder. Files in folders below are not looked at.
    labels : Path, optional
        A table of labels that names the files by their place in the order of file names.

    Raises
    ------
    AtlasError
        If a file cannot be read, has another grid or another scale of values than most, or lies outside the folder.
    """
    images = _images(path)
    if not images:
        raise AtlasError(f"{path.name} has no NIfTI files; give the folder that holds one for each region")
    grid, voxels, values = entries_of_files(images)
    regions = pd.DataFrame({"id": range(len(images)), "name": [one_line(stem(image)) for image in images]})
    table = None if labels else _table_of_files(path)
    regions = with_sides(regions if table is None else _named_by_file(regions, images, read_table(table)))
    regions = renamed(regions, labels, path.name, labelled=False)
    source = {"path": str(path.resolve())} | ({} if table is None else {"labels": str(table.resolve())})
    return atlas_from_entries(grid, regions, voxels, on_one_scale(values, images), name=path.name, source=source)


def files(path: Path, labels: Path | None = None) -> list[Path]:
    """The files that `read` looks at."""
    tables = [labels] if labels else _tables(path)
    return [*_images(path), *tables]


def on_one_scale(values: list[NDArray[Any]], paths: list[Path]) -> list[NDArray[Any]]:
    """The values (N,) of each file, with masks turned into ones.

    Raises
    ------
    AtlasError
        If some files hold probabilities and some percentages.
    """
    high = max((v.max() for v in values if len(v)), default=0)
    if high > 1 and all(v.min() == v.max() for v in values if len(v)):
        return [np.ones(len(v), np.float32) for v in values]
    if high > 1.001:
        for path, value in zip(paths, values, strict=True):
            if len(value) and value.max() <= 1:
                raise AtlasError(
                    f"{path.name} holds values up to {value.max():.4g}, other files up to {high:.4g}; "
                    "bring all files to one scale, 0 to 1 or 0 to 100"
                )
    return values


def _table_of_files(folder: Path) -> Path | None:
    """The table that names the images of a folder, in a column of files; None unless there is one."""
    images = {image.name for image in _images(folder)}
    tables = [table for table in _tables(folder) if len(images & set(_files_of(table))) > 1]
    return tables[0] if len(tables) == 1 else None


def _tables(folder: Path) -> list[Path]:
    files = sorted(file for file in folder.iterdir() if file.suffix.lower() in (*_TABLES, ".txt") and file.is_file())
    return files[:_MOST_TABLES]


def _files_of(table: Path) -> list[str]:
    try:
        regions = read_table(table)
    except AtlasError:
        return []
    return regions["file"].dropna().tolist() if "file" in regions else []


def _named_by_file(regions: pd.DataFrame, images: list[Path], table: pd.DataFrame) -> pd.DataFrame:
    """The regions with what the table says of their files; the others keep the names of theirs."""
    known = table.dropna(subset=["file"]).drop_duplicates("file").set_index("file").drop(columns="id")
    told = known.reindex([image.name for image in images]).reset_index(drop=True)
    return told.assign(id=regions["id"], name=told["name"].fillna(regions["name"]))[["id", *known.columns]]


def _images(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise AtlasError(f"{folder.name} is no folder; give the one that holds a NIfTI file for each region")
    images = [
        file
        for file in folder.iterdir()
        if file.name.lower().endswith((".nii", ".nii.gz")) and not file.name.startswith(".")
    ]
    for file in images:
        inside(folder, file.name)
    return sorted(images)
