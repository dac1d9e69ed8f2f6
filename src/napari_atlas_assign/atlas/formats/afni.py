"""AFNI atlases: datasets (.HEAD with .BRIK) and NIfTI files that carry, or have beside them, AFNI's label tables.

The table is the attribute VALUE_LABEL_DTABLE or ATLAS_LABEL_TABLE, in the .HEAD file or in a NIfTI extension, or else a
``.niml.lt`` file of the same name; the names of several sub-bricks (one region each) are in BRICK_LABS.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from ...errors import AtlasError
from ...header import afni_attributes
from ...image import READ_ERRORS
from ...limits import read_bytes
from ...opening import load as load_header
from ...tables.frames import pd
from ..atlas import Atlas
from ..build import stem
from ..files.paths import is_nifti
from ..files.volumes import n_axes
from ..label_tables import parse_table, read_table
from ..label_tables.choice import names_for, table_files
from ..label_tables.table import Row, make_table
from .one_image import maps_or_labels_from, source_of

NAME = "afni"
PRECEDENCE = 40

SPACES = {"MNI_2009c_asym": "MNI152NLin2009cAsym", "MNI_FSL": "MNI152NLin6Asym", "MNI_N27": "Colin27"}
"""AFNI's names of spaces that have a name of their own here."""

_TABLES = ("VALUE_LABEL_DTABLE", "ATLAS_LABEL_TABLE")


def sniff(path: Path) -> bool:
    """Whether this is an AFNI dataset, or a NIfTI file with an AFNI label table in it or beside it."""
    try:
        if _head(path) is not None:
            return bool(_attributes(path))
        if not is_nifti(path):
            return False
        return _sidecar(path) is not None or any(name in _attributes(path) for name in (*_TABLES, "BRICK_LABS"))
    except AtlasError:
        return False


def read(path: Path, labels: Path | None = None) -> Atlas:
    """Read a dataset: one volume as labels, several sub-bricks as probabilities.

    Parameters
    ----------
    path : Path
        The .HEAD, .BRIK, .BRIK.gz, .nii or .nii.gz file.
    labels : Path, optional
        A table of labels to use instead of the dataset's own.

    Raises
    ------
    AtlasError
        If the dataset or its table cannot be read, or do not fit each other.
    """
    attributes = _attributes(path)
    names = names_for(path, labels, own=None if labels else _table(path, attributes), name=_name(path))
    space = attributes.get("TEMPLATE_SPACE", "").strip()
    atlas = maps_or_labels_from(path, names, name=_name(path), space=SPACES.get(space, space) or None)
    return atlas.described(source=source_of(path, head=_head(path), labels=names.used or _sidecar(path)))


def files(path: Path, labels: Path | None = None) -> list[Path]:
    """The files that `read` looks at."""
    others = (_head(path), _brik(path), labels or _sidecar(path), *table_files(path, labels))
    return list(dict.fromkeys([path, *(other for other in others if other is not None)]))


def _table(path: Path, attributes: dict[str, str]) -> pd.DataFrame | None:
    for name in _TABLES:
        if name in attributes:
            return parse_table(attributes[name], path)
    sidecar = _sidecar(path)
    if sidecar is not None:
        return read_table(sidecar)
    names = [name.strip() for name in attributes.get("BRICK_LABS", "").split("~")]
    if n_axes(_open(path)) == 3 or not all(names):
        return None
    return make_table((Row(n, name) for n, name in enumerate(names)), path)


def _attributes(path: Path) -> dict[str, str]:
    """The text attributes of a dataset, by name."""
    return afni_attributes(_open(path).header)


def _open(path: Path) -> Any:
    head = _head(path)
    if head is not None:
        read_bytes(head, error=AtlasError)  # a header beyond the limit for text is none
    try:
        return load_header(path)
    except READ_ERRORS as error:
        raise AtlasError(f"{path.name} is no AFNI dataset that can be read ({error}); check its .HEAD file") from error


def _name(path: Path) -> str:
    """The dataset's name, without the view (``+tlrc``) that AFNI appends."""
    name = path.name
    for ending in (".gz", ".brik", ".head"):
        name = name[: -len(ending)] if name.lower().endswith(ending) else name
    return re.sub(r"\+(orig|acpc|tlrc)$", "", name if _head(path) is not None else stem(path))


def _head(path: Path) -> Path | None:
    """The .HEAD file of a dataset."""
    match = re.fullmatch(r"(.+)\.(HEAD|BRIK(\.gz|\.bz2)?)", path.name, re.IGNORECASE)
    heads = [path.with_name(match[1] + ending) for ending in (".HEAD", ".head")] if match else []
    return next((head for head in heads if head.is_file()), None)


def _brik(path: Path) -> Path | None:
    head = _head(path)
    endings = [ending + packed for packed in ("", ".gz", ".bz2") for ending in (".BRIK", ".brik")]
    briks = [head.with_suffix(ending) for ending in endings] if head else []
    return next((brik for brik in briks if brik.is_file()), None)


def _sidecar(path: Path) -> Path | None:
    """The file of labels that has the dataset's name."""
    head = _head(path)
    names = (head.stem if head else stem(path), _name(path))
    tables = [path.with_name(name + ".niml.lt") for name in names]
    return next((table for table in tables if table.is_file()), None)
