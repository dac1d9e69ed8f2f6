"""NiiVue's packed probabilities (PAQD): for each voxel the two most probable labels and their probabilities.

Four bytes in a voxel, red to opacity: first label, second label, probability of the first and of the second in 1/255.
They are the colours of an RGBA image, or the last axis of an image (X, Y, Z, 1, 4) or (X, Y, Z, 4); the header's intent
name says ``PAQD``, in older files ``SPARQ``. Names are in a JSON file beside it. What is below the second label in a
voxel is not in the file. (An ordinary image of labels with such a JSON file is for the dialect ``nifti``.)
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import AtlasError
from ...image import READ_ERRORS
from ...opening import load as load_header
from ..atlas import Atlas
from ..build import named_grid, regions_of_labels, stem
from ..files.paths import is_nifti
from ..files.volumes import open_volume
from ..label_tables import Wanted, is_table
from ..label_tables.beside import Candidates, tables_beside
from ..label_tables.choice import GivenTable, TableChoice
from .one_image import source_of

NAME = "niivue-paqd"
PRECEDENCE = 60

Bytes = NDArray[np.uint8]

_INTENT_NAMES = ("PAQD", "SPARQ")


def sniff(path: Path) -> bool:
    """Whether the header says so, or colours have a list of labels beside them."""
    if not is_nifti(path):
        return False
    try:
        img: Any = load_header(path)
        return _is_packed(img) or (_has_colours(img) and any(map(is_table, _jsons(path))))
    except READ_ERRORS:
        return False


def has_colours(path: Path) -> bool:
    """Whether this is an image of four bytes in each voxel, which may be packed this way."""
    try:
        return _has_colours(load_header(path))
    except READ_ERRORS:
        return False


def read(path: Path, labels: Path | None = None) -> Atlas:
    """Read the two probabilities of each voxel.

    Parameters
    ----------
    path : Path
        The .nii or .nii.gz file.
    labels : Path, optional
        A table of labels to use instead of the JSON file beside the image.

    Raises
    ------
    AtlasError
        If the image cannot be read, or is not packed this way.
    """
    img = open_volume(path, axes=(3, 4, 5))
    names = GivenTable(labels) if labels else TableChoice(stem(path), _candidates(path))
    first, second, p_first, p_second = _channels(img, path)
    second = np.where(second == first, 0, second)  # the same label twice is one label
    entries = (_entries(first, p_first), _entries(second, p_second))
    voxel, label, value = (np.concatenate([part[column] for part in entries]) for column in range(3))
    known = np.unique(label)
    regions = regions_of_labels(names(Wanted(known)), known, path.name)
    by_label = [np.flatnonzero(label == id_) for id_ in regions["id"]]
    source = source_of(path, labels=names.used)
    return Atlas.from_region_entries(
        named_grid(img, path.name),
        regions,
        [voxel[rows] for rows in by_label],
        [value[rows] for rows in by_label],
        name=stem(path),
        source=source,
    )


def files(path: Path, labels: Path | None = None) -> list[Path]:
    """The files that `read` looks at."""
    return [path, *([labels] if labels else _candidates(path).files)]


def _entries(label: Bytes, probability: Bytes) -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Flat C-order voxels (N,), labels (N,) and probabilities (N,) where there is a label at all."""
    voxel = np.flatnonzero((label > 0) & (probability > 0))
    return voxel, label.reshape(-1)[voxel].astype(np.int64), probability.reshape(-1)[voxel].astype(np.float32) / 255


def _channels(img: Any, path: Path) -> list[Bytes]:
    """The four bytes of each voxel, as volumes (X, Y, Z)."""
    try:
        data = np.asanyarray(img.dataobj)
    except READ_ERRORS as error:
        raise AtlasError(f"{path.name}: the voxels cannot be read ({error}); fetch the file again") from error
    if _has_colours(img):
        return [np.ascontiguousarray(data[part]).reshape(img.shape[:3]) for part in "RGBA"]
    if not _has_four_bytes(img):
        raise AtlasError(f"{path.name} has the shape {img.shape} and type {data.dtype}, not four bytes in each voxel")
    return [np.ascontiguousarray(data[..., part]).reshape(img.shape[:3]) for part in range(4)]


def _is_packed(img: Any) -> bool:
    name = bytes(np.asarray(img.header["intent_name"]).item()).rstrip(b"\0 ").decode("latin-1")
    return name in _INTENT_NAMES and (_has_colours(img) or _has_four_bytes(img))


def _has_colours(img: Any) -> bool:
    return img.get_data_dtype().names == ("R", "G", "B", "A") and int(np.prod(img.shape[3:])) == 1


def _has_four_bytes(img: Any) -> bool:
    return bool(img.get_data_dtype() == np.uint8 and img.shape[3:] in ((4,), (1, 4)))


def _candidates(path: Path) -> Candidates:
    """The tables beside the image, and a JSON list of labels that is the only one in the folder."""
    beside = tables_beside(path)
    return Candidates((*beside.groups, ("only", tuple(_jsons(path)))), beside.others)


def _jsons(path: Path) -> list[Path]:
    """The JSON file of the image's name, or else the only one of labels in the folder."""
    own = path.with_name(stem(path) + ".json")
    if own.is_file():
        return [own]
    lists = [file for file in sorted(path.parent.glob("*.json")) if is_table(file)]
    return lists if len(lists) == 1 else []
