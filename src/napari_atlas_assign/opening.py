"""Image files, opened with nibabel after a look at what nibabel would unpack at once, and NRRD, which it does not know.

nibabel reads a header with all its extensions, and the whole of a surface, before anybody can ask for their size.
"""

from __future__ import annotations

import gzip
import io
import os
import struct
from copy import copy
from functools import cache, lru_cache
from pathlib import Path
from typing import Any

import nibabel as nib
from nibabel.arrayproxy import ArrayProxy
from nibabel.fileholders import FileHolder

from .errors import InputError
from .limits import MAX_TEXT_BYTES, Start, check_claim, check_regular
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
    return opened(Start.of(Path(path)), keep_file_open=keep_file_open)


def opened(start: Start, *, keep_file_open: bool | None = None) -> Any:
    """As `load`, of a file whose start was read."""
    path = start.path
    check_regular(path)
    if is_nrrd(start):
        return load_nrrd(path)
    kind: Any = _kind(start)
    if kind is not None and issubclass(kind, _NO_VOLUMES):
        family = "CIFTI" if issubclass(kind, nib.Cifti2Image) else "GIFTI"
        raise InputError(
            f"{path.name} is not a volume but a {kind.__name__} ({family}: values on surfaces); give a NIfTI volume"
        )
    if kind is None or not start.raw:
        return nib.load(path)  # which says what is wrong
    header = _header_alone(start.unpacked) if start.is_as_named and issubclass(kind, nib.Nifti1Image) else None
    if header is not None:
        return _of_file(_of_header(kind, header), start, keep_file_open)
    if issubclass(kind, nib.nifti1.Nifti1Pair):
        _check_extensions(start, kind)
    options = {} if keep_file_open is None else {"keep_file_open": keep_file_open}
    return kind.from_filename(path, **options)  # as nibabel does once it has looked for the kind, too


def _of_file(like: Any, start: Start, keep_file_open: bool | None) -> Any:
    """The image of a file that has the header of another one, which is shared."""
    img = copy(like)
    img.file_map = {"image": FileHolder(str(start.path))}
    file: Any = str(start.path)
    if start.is_whole and start.is_gzip:
        file = (_isal() or gzip).open(io.BytesIO(start.raw))
    # Of an image that is made anew, nibabel copies and checks the header: a tenth of the time of a small map.
    img._dataobj = ArrayProxy(file, _voxels(like.dataobj), keep_file_open=keep_file_open)
    return img


def _voxels(proxy: ArrayProxy) -> tuple[Any, ...]:
    """Which voxels a file holds, and where."""
    return proxy.shape, proxy.dtype, proxy.offset, proxy.slope, proxy.inter


@lru_cache(maxsize=2**4)
def _of_header(kind: Any, header: bytes) -> Any:
    """An image without voxels. Kept, since the maps of a study have one header."""
    return kind.from_bytes(header)


def kept_open(img: Any) -> Any:
    """The voxels of an image whose file stays open: opened anew for each part, it would be unpacked from the start.

    ISA-L, where it is installed, unpacks several times as fast as zlib.

    Parameters
    ----------
    img : nibabel image
        As opened from a file.

    Returns
    -------
    array proxy, or what the image has instead of one
    """
    proxy = img.dataobj
    if not nib.is_proxy(proxy) or not img.get_filename():
        return proxy
    if type(proxy) is not ArrayProxy:
        return load(img.get_filename(), keep_file_open=True).dataobj  # formats with proxies of their own
    if not isinstance(proxy.file_like, str):
        return proxy
    unpacker = _isal()
    if unpacker is not None and proxy.file_like.lower().endswith((".gz", ".mgz")):
        return ArrayProxy(unpacker.open(proxy.file_like), _voxels(proxy))
    return ArrayProxy(proxy.file_like, _voxels(proxy), keep_file_open=True)


def check_end(voxels: Any) -> None:
    """Read on behind the voxels of `kept_open`: a packed file has its checksum at the end, which is compared there."""
    file: Any = getattr(voxels, "_opener", getattr(voxels, "file_like", None))
    if hasattr(file, "read"):
        file.read(1)


@cache
def _isal() -> Any:
    """The gzip module of ISA-L; None where it is not installed."""
    try:
        from isal import igzip
    except ImportError:
        return None
    return igzip


def is_named_otherwise(start: Start) -> type[Any] | None:
    """The class of nibabel for a NIfTI or MGH file whose name says something else, of its kind or its packing.

    nibabel goes by names; None where these say what the content is, or the content is of another kind.
    """
    kind = _kind_by_content(start.unpacked[:352])
    return None if kind is None or _is_named_so(start, kind) else kind


def _is_named_so(start: Start, kind: type[Any]) -> bool:
    """Whether the name of a NIfTI or MGH file says its kind and its packing, as nibabel understands names."""
    name = start.path.name
    endings = (_ENDINGS_OF_MGH if kind is nib.MGHImage else _ENDINGS_OF_NIFTI)[start.is_gzip]
    ending = next((e for e in endings if name.lower().endswith(e)), None)
    # nibabel looks for .nii where .Nii is written.
    return ending is not None and name[-len(ending) :] in (ending, ending.upper())


_ENDINGS_OF_NIFTI = {False: (".nii",), True: (".nii.gz",)}
_ENDINGS_OF_MGH = {False: (".mgh",), True: (".mgz", ".mgh.gz")}
"""By whether a file is packed."""


def _kind_by_content(start: bytes) -> type[Any] | None:
    """Told by how the file begins, once unpacked."""
    size = {int.from_bytes(start[:4], order) for order in ("little", "big")}
    if 348 in size and start[344:347] == b"n+1":
        return nib.Nifti1Image
    if 540 in size and start[4:7] == b"n+2":
        return nib.Nifti2Image
    version, *shape, kind = struct.unpack(">6i", start[:24]) if len(start) == 352 else (0,) * 6
    is_mgh = version == 1 and all(0 < n < 2**20 for n in shape) and kind in _MGH_TYPES
    return nib.MGHImage if is_mgh else None


_MGH_TYPES = (0, 1, 3, 4, 10)
"""Codes of the type of voxels: uint8, int32, float32, int16, uint16."""


def _kind(start: Start) -> type[Any] | None:
    """The class with which nibabel would open a file; None if there is none."""
    kind = _kind_by_content(start.unpacked[:352])
    if kind is nib.Nifti1Image and _is_named_so(start, kind):  # NIfTI-2 may be CIFTI
        return kind
    path = str(start.path)
    looked_at = (start.unpacked, path) if start.is_as_named else None  # else nibabel says what is wrong
    for kind in nib.imageclasses.all_image_classes:
        fits, looked_at = kind.path_maybe_image(path, looked_at)
        if fits:
            return kind
    return None


def _check_extensions(start: Start, kind: type[Any]) -> None:
    """Add up the sizes that a NIfTI header's extensions claim, each before it is unpacked."""
    path = start.path
    parts = kind.filespec_to_file_map(str(path))
    header = parts.get("header", parts["image"]).filename
    with nib.openers.ImageOpener(header) as file:
        begin = _begin_of(file.read(4))
        if begin is None:
            return  # nibabel says what is wrong
        order, size = begin
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


def _header_alone(start: bytes) -> bytes | None:
    """The header with which a NIfTI file starts, where it says that it has no extensions."""
    begin = _begin_of(start[:4])
    if begin is None or start[begin[1] : begin[1] + 1] != b"\0":
        return None
    return start[: begin[1] + 4]


def _begin_of(start: bytes) -> tuple[str, int] | None:
    """The order of the bytes of a NIfTI header, and its size; None where it begins otherwise."""
    sizes = ((order, struct.unpack(f"{order}i", start)[0]) for order in "<>") if len(start) == 4 else ()
    return next(((order, size) for order, size in sizes if size in _NIFTI_SIZES), None)
