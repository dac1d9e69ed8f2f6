"""How much a file may claim, checked before anything of that size is allocated.

Those of `check_claim` can be raised by one factor, the environment variable `LIMITS_VARIABLE`.
"""

from __future__ import annotations

import gzip
import math
import os
import stat
import zlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from .errors import InputError

MAX_IMAGE_BYTES = 64 * 2**30
"""The largest atlas image that is read, unpacked: 64 GiB."""

MAX_GZIP_RATIO = 1100
"""Deflate packs at most 1032:1; an image that claims more than this is not in its file."""

MAX_TIGHTNESS = 500
"""Bytes of voxels to one byte of a packed file; atlases of few regions come to 250."""

MAX_TIGHT_BYTES = 2**28
"""Bytes of voxels that are unpacked from a file that is packed more tightly than `MAX_TIGHTNESS`: 256 MiB."""

_PACKED = (".gz", ".mgz", ".bz2", ".zst")

MAX_TEXT_BYTES = 20 * 2**20
"""The largest label table, XML or JSON file that is read: 20 MiB."""

MAX_POINT_BYTES = 2**28
"""The largest table or XML file of points that is read: 256 MiB, some four million cells."""

LIMITS_VARIABLE = "NAPARI_ATLAS_ASSIGN_LIMITS"
"""Environment variable: by what factor the limits of `check_claim` are raised."""


def raised(limit: float) -> float:
    """A limit as it is here: times the factor that the user has set, if any."""
    try:
        factor = float(os.environ.get(LIMITS_VARIABLE) or 1)
    except ValueError:
        factor = math.nan
    if not factor > 0:
        raise InputError(f"the environment variable {LIMITS_VARIABLE} is no positive number; give one such as 4")
    return limit * factor


def check_claim(what: str, claimed: int, limit: float, unit: str, advice: str) -> None:
    """Refuse what claims more than a limit; `what` ends in a verb, and `advice` says how to do with less.

    Raises
    ------
    InputError
        With the limit, and how to raise it.
    """
    if claimed > raised(limit):
        amounts = [_in_words(n) if unit == "bytes" else f"{n:,.0f} {unit}" for n in (claimed, raised(limit))]
        raise InputError(
            f"{what} {amounts[0]}, more than the {amounts[1]} that are read; {advice}, or set the environment "
            f"variable {LIMITS_VARIABLE} to the factor by which to raise the limits"
        )


MAX_MISNAMED_BYTES = 2**28
"""The largest file, unpacked, that is read although its name says the wrong packing: 256 MiB."""

_POINTERS = {
    b"version https://git-lfs.github.com": ("a Git LFS pointer", "run git lfs pull"),
    b"/annex/objects/": ("a git-annex pointer", "run git annex get, or datalad get"),
    b".git/annex/objects/": ("a git-annex pointer", "run git annex get, or datalad get"),
    b"../.git/annex/": ("a git-annex pointer", "run git annex get, or datalad get"),
}


_GZIP = b"\x1f\x8b"
_AS_GZIP = 31
"""What zlib calls the format."""

_START, _UNPACKED = 2**12, 2**10

AT_ONCE = 2**24
"""Up to so many bytes, an image file is read whole, for its hash and its voxels: 16 MiB."""


@dataclass(frozen=True)
class Start:
    """How a file begins: read once, for all who ask what it is."""

    path: Path
    raw: bytes
    """As it lies there; nothing of what cannot be read."""
    size: int = 0
    """Bytes of all of the file."""

    @classmethod
    def of(cls, path: Path, most: int = _START) -> Start:
        """Read it; a file of at most so many bytes whole."""
        try:
            size = path.stat().st_size
        except (OSError, ValueError):
            return cls(path, b"")
        return cls(path, start_of(path, size + 1 if size <= most else _START), size)

    @property
    def is_whole(self) -> bool:
        """Whether that is all of the file."""
        return len(self.raw) == self.size > 0

    @property
    def is_gzip(self) -> bool:
        """Whether it begins as gzip does."""
        return self.raw.startswith(_GZIP)

    @property
    def is_as_named(self) -> bool:
        """Whether it is packed by gzip, or not at all, as its name says."""
        name = self.path.name.lower()
        return self.is_gzip == name.endswith((".gz", ".mgz")) and not name.endswith((".bz2", ".zst"))

    @cached_property
    def unpacked(self) -> bytes:
        """The first 1 KiB; what gzip packed, unpacked."""
        if not self.is_gzip:
            return self.raw[:_UNPACKED]
        with suppress(zlib.error):
            start = zlib.decompressobj(_AS_GZIP).decompress(self.raw[:_START], _UNPACKED)
            if len(start) == _UNPACKED:
                return start
        return start_of(self.path, _UNPACKED, unpacked=True)  # which may be in pieces, or behind a long comment

    def refuse(self, error: type[InputError]) -> None:
        """See `refuse_by_content`."""
        start = self.raw[:512].lstrip().lower()
        for beginning, (what, how) in _POINTERS.items():
            if start.startswith(beginning):
                raise error(f"{self.path.name} is {what}, not the file itself; {how} to fetch it")
        if start.startswith((b"<!doctype html", b"<html")):
            raise error(f"{self.path.name} is a web page (HTML), not the file itself; fetch it by its download link")


def is_gzip(path: Path) -> bool:
    """Whether a file begins as gzip does."""
    return start_of(path, len(_GZIP)) == _GZIP


def refuse_by_content(path: Path, error: type[InputError] = InputError) -> None:
    """Refuse what stands in for a file: a pointer of Git LFS or git-annex, or a web page.

    Raises
    ------
    error
        If the file is one of these; the sentence says what it is and how to fetch the file itself.
    """
    check_regular(path, error)
    Start.of(path).refuse(error)


def start_of(path: Path, n: int, unpacked: bool = False) -> bytes:
    """The first `n` bytes of a file; none of what cannot be read or is no file: a named pipe would be waited for."""
    try:
        if not path.is_file():
            return b""
        with gzip.open(path) if unpacked else path.open("rb") as file:
            return file.read(n)
    except (OSError, EOFError, zlib.error, ValueError):
        return b""


def check_packing(img: Any, shape: Sequence[int], name: str) -> None:
    """Refuse voxels that are packed more tightly than those of any image, and fill the memory when unpacked.

    Parameters
    ----------
    img : nibabel image
        As opened.
    shape : sequence of int
        Of what is about to be read.
    name : str
        For messages.

    Raises
    ------
    InputError
        If its file is packed, the voxels are more than `MAX_TIGHT_BYTES`, and they more than `MAX_TIGHTNESS` to one.
    """
    proxy = img.dataobj
    is_scaled = (getattr(proxy, "slope", 1), getattr(proxy, "inter", 0)) != (1, 0)
    claimed = math.prod(map(int, shape)) * (8 if is_scaled else img.get_data_dtype().itemsize)
    if claimed <= raised(MAX_TIGHT_BYTES):
        return
    path = Path(img.get_filename() or "")
    if not (path.suffix in _PACKED or _tightest_inside(img) > _LARGEST_NUMBER) or not path.is_file():
        return
    if claimed > path.stat().st_size * MAX_TIGHTNESS:
        what = f"{name} is packed more than {MAX_TIGHTNESS} to one and claims"
        check_claim(what, claimed, MAX_TIGHT_BYTES, "bytes", "unpack the file and give that")


def check_size(img: Any, start: Start, largest: float = math.inf) -> None:
    """Refuse an image whose header claims more voxels than its file can hold; reads no voxel.

    Parameters
    ----------
    img : nibabel image
        As opened: the header, not the data.
    start : Start
        Of the file, for messages and its size (an image file beside a header is found through `img`).
    largest : float
        Bytes that it may claim at most, whatever the file can hold.

    Raises
    ------
    InputError
        If the image is no volume, has no voxels, or claims more than its file can hold or than `largest`.
    """
    path = start.path
    if not hasattr(img, "shape") or not hasattr(img, "get_data_dtype"):
        raise InputError(f"{path.name} is not a volume but a {type(img).__name__}; give a NIfTI volume")
    shape = tuple(int(n) for n in img.shape)
    if not shape or min(shape) < 1:
        raise InputError(f"{path.name} claims the shape {shape}, without voxels; the header is damaged, fetch it again")
    claimed = math.prod(shape) * img.get_data_dtype().itemsize
    if claimed > largest:
        raise InputError(
            f"{path.name} claims {_in_words(claimed)} of voxels, more than the {_in_words(largest)} that are read; "
            "crop it or split it by region"
        )
    if claimed > _most_that_fits(_data_file(img, start)) * _tightest_inside(img):
        raise InputError(
            f"{path.name} claims the shape {shape}, {_in_words(claimed)} of voxels, more than the file can hold; "
            "it is cut off or its header is damaged, fetch it again"
        )
    check_packing(img, shape[:3], path.name)


def check_regular(path: Path, error: type[InputError] = InputError) -> None:
    """Refuse what is there and neither a file nor a folder: reading from it may never end.

    Raises
    ------
    error
        If the path leads to a named pipe, a device or a socket.
    """
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):
        return  # whoever reads it says so
    kind = next((kind for is_kind, kind in _SPECIAL if is_kind(mode)), None)
    if kind is not None:
        raise error(f"{path.name} is {kind}, not a file; copy what it gives into a file")


_SPECIAL = (
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


def read_bytes(path: Path, limit: int = MAX_TEXT_BYTES, error: type[InputError] = InputError) -> bytes:
    """Read a whole file, unpacked where its name ends in ``.gz``.

    Raises
    ------
    error
        If the file cannot be read, is no file or an empty one, or holds more than `limit` bytes.
    """
    check_regular(path, error)
    try:
        with gzip.open(path) if is_gzip(path) else path.open("rb") as file:
            data = bytearray()  # grows with what is there, not with the limit
            while len(data) <= limit and (piece := file.read(2**20)):
                data += piece
    except (OSError, EOFError, zlib.error, ValueError) as reason:
        raise error(f"{path.name} cannot be read ({reason}); check the path, or fetch the file again") from reason
    if not data or data.isspace():
        raise error(f"{path.name} is empty; export it again, or give another file")
    if len(data) > limit:
        raise error(f"{path.name} holds more than {limit / 2**20:.0f} MiB; tables are smaller, check the file")
    return bytes(data)


def _data_file(img: Any, start: Start) -> Start:
    """The file that holds the voxels."""
    named = img.file_map["image"].filename if "image" in getattr(img, "file_map", {}) else None
    if not named or named == str(start.path):
        return start
    if not Path(named).is_file():
        raise InputError(f"{start.path.name} has its voxels in {Path(named).name}, which is not there; put it beside")
    return Start.of(Path(named))


_LARGEST_NUMBER = 8
"""Bytes of one number; a text of one figure may stand for it."""


def _tightest_inside(img: Any) -> float:
    """How many bytes of voxels one byte of a file may hold that packs them behind its header (NRRD); 1 of others."""
    return float(getattr(getattr(img, "header", None), "tightest", 1))


def _most_that_fits(file: Start) -> float:
    """Bytes of voxels that the file can hold at most."""
    if file.path.suffix in (".bz2", ".zst"):
        return math.inf
    return file.size * MAX_GZIP_RATIO if file.is_gzip else file.size


def _in_words(n_bytes: float) -> str:
    for unit in ("bytes", "KiB", "MiB"):
        if n_bytes < 1024:
            return f"{n_bytes:.3g} {unit}"
        n_bytes /= 1024
    return f"{n_bytes:,.2f} GiB"
