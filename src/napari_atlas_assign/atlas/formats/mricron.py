"""MRIcron and MRIcroGL: a NIfTI file with its labels inside, as text between the header and the voxels.

Each line is a number, a tab and a name. Labels in a text file beside the image are for the dialect ``nifti``.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import nibabel as nib

from ...encoding import decode
from ...errors import AtlasError
from ...image import READ_ERRORS
from ...limits import MAX_TEXT_BYTES
from ...opening import load as load_header
from ..atlas import Atlas
from ..build import stem
from ..files.paths import is_nifti
from ..label_tables import text_table
from ..label_tables.choice import names_for, table_files
from .one_image import maps_or_labels_from, source_of

NAME = "mricron"
PRECEDENCE = 50

_STARTS = re.compile(r"\s*\d+[\s,;|]+\S*[^\W\d_]")


def sniff(path: Path) -> bool:
    """Whether text with numbers and names lies between the header and the voxels."""
    if not is_nifti(path):
        return False
    try:
        return _STARTS.match(_label_text(path)) is not None
    except AtlasError:
        return False


def read(path: Path, labels: Path | None = None) -> Atlas:
    """Read an image of labels, or of one volume per region, with the names in it.

    Parameters
    ----------
    path : Path
        The .nii or .nii.gz file.
    labels : Path, optional
        A table of labels to use instead of the image's own, and of what lies beside it (a richer table is taken).

    Raises
    ------
    AtlasError
        If the image cannot be read, or its labels are no table or do not fit.
    """
    names = names_for(path, labels, own=None if labels else text_table.parse(_label_text(path), path))
    atlas = maps_or_labels_from(path, names, name=stem(path))
    return atlas.described(source=source_of(path, labels=names.used))


def files(path: Path, labels: Path | None = None) -> list[Path]:
    """The files that `read` looks at."""
    return [path, *table_files(path, labels)]


def _label_text(path: Path) -> str:
    """What lies between the header and the voxels, as lines of text."""
    try:
        img: Any = load_header(path)
        start, end = img.header.sizeof_hdr, img.dataobj.offset
        if not start + 4 < end <= MAX_TEXT_BYTES:
            return ""
        with nib.openers.ImageOpener(str(path)) as file:
            between = file.read(end)[start:]
    except READ_ERRORS as error:
        raise AtlasError(f"{path.name} cannot be read ({error}); check the file") from error
    # Four bytes say whether extensions follow; an extension begins with its size and code.
    flag, content = between[:4], between[4:]
    text = decode(content[8:] if any(flag[:1]) else content)
    return re.sub(r"[\0-\x08\x0b-\x1f]+", "\n", text)
