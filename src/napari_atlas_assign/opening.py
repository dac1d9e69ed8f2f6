"""Image files, opened with nibabel after a look at what nibabel would unpack at once, and NRRD, which it does not know.

nibabel reads a header with all its extensions, and the whole of a surface, before anybody can ask for their size.
"""

from __future__ import annotations

import os
import struct
from pathlib import Path
from typing import Any

import nibabel as nib

from .errors import InputError
from .limits import MAX_TEXT_BYTES, check_claim, check_regular
from .nrrd_files.image import is_nrrd, load_nrrd

_NO_VOLUMES = (nib.gifti.GiftiImage, nib.cifti2.Cifti2Image)

_NIFTI_SIZES = {348: "i", 540: "q"}
"""Of a header, with the type in which it tells where its voxels begin."""


def load(path: str | os.PathLike[str], *, keep_file_open: bool | None = None) -> Any:
    """Open an image file with nibabel: the header, not yet the voxels.

    Raises
    ------
    InputError
        If it is no file, holds a surface, or claims header extensions larger than `limits.MAX_TEXT_BYTES`.
    Exception
        Whatever nibabel raises.
    """
    path = Path(path)
    check_regular(path)
    if is_nrrd(path):
        return load_nrrd(path)
    kind = _kind(path)
    if kind is not None and issubclass(kind, _NO_VOLUMES):
        family = "CIFTI" if issubclass(kind, nib.Cifti2Image) else "GIFTI"
        raise InputError(
            f"{path.name} is not a volume but a {kind.__name__} ({family}: values on surfaces); give a NIfTI volume"
        )
    if kind is not None and issubclass(kind, nib.nifti1.Nifti1Pair):
        _check_extensions(path, kind)
    options = {} if keep_file_open is None else {"keep_file_open": keep_file_open}
    return nib.load(path, **options)


def _kind(path: Path) -> type[Any] | None:
    """The class with which nibabel would open a file; None if there is none."""
    start = None
    for kind in nib.imageclasses.all_image_classes:
        fits, start = kind.path_maybe_image(str(path), start)
        if fits:
            return kind
    return None


def _check_extensions(path: Path, kind: type[Any]) -> None:
    """Add up the sizes that a NIfTI header's extensions claim, each before it is unpacked."""
    parts = kind.filespec_to_file_map(str(path))
    header = parts.get("header", parts["image"]).filename
    with nib.openers.ImageOpener(header) as file:
        start = file.read(4)
        order = next((o for o in "<>" if len(start) == 4 and struct.unpack(f"{o}i", start)[0] in _NIFTI_SIZES), None)
        if order is None:
            return  # nibabel says what is wrong
        (size,) = struct.unpack(f"{order}i", start)
        rest = file.read(size)  # with the four bytes that say whether there are extensions
        total = 0
        while len(rest) == size and rest[-4]:
            head = file.read(8)
            length = struct.unpack(f"{order}i", head[:4])[0] if len(head) == 8 else 0
            if length < 8:
                return
            total += length
            check_claim(
                f"the header of {path.name} claims", total, MAX_TEXT_BYTES, "bytes", "write it without extensions"
            )
            if len(file.read(length - 8)) < length - 8:
                return
