"""NRRD files as nibabel images: header, place in the world, and voxels, read when they are asked for.

The header is read by pynrrd; the voxels are not, since what is packed may claim to be small and unpack without end.
"""

from __future__ import annotations

import bz2
import gzip
import zlib
from collections.abc import Iterable
from functools import cached_property
from pathlib import Path
from typing import Any, cast

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from ..encoding import decode
from ..errors import InputError, counted
from ..grid import Floats
from ..limits import MAX_GZIP_RATIO, Start, check_regular

_MAGIC = b"NRRD"
"""With which every NRRD file begins."""

_MAX_HEADER = 2**22
"""Bytes of the longest header that is read: segmentations of hundreds of segments have long ones."""

_TYPES = {
    "i1": ("signed char", "int8", "int8_t"),
    "u1": ("uchar", "unsigned char", "uint8", "uint8_t"),
    "i2": ("short", "short int", "signed short", "signed short int", "int16", "int16_t"),
    "u2": ("ushort", "unsigned short", "unsigned short int", "uint16", "uint16_t"),
    "i4": ("int", "signed int", "int32", "int32_t"),
    "u4": ("uint", "unsigned int", "uint32", "uint32_t"),
    "i8": (
        *("longlong", "long long", "long long int", "signed long long", "signed long long int", "int64", "int64_t"),
    ),
    "u8": ("ulonglong", "unsigned long long", "unsigned long long int", "uint64", "uint64_t"),
    "f4": ("float",),
    "f8": ("double",),
}
_TYPE_OF = {word: code for code, words in _TYPES.items() for word in words}

_RAW, _GZIP, _BZIP2, _TEXT = ("raw",), ("gz", "gzip"), ("bz2", "bzip2"), ("txt", "text", "ascii")

_RAS_OF_SPACE = {
    **{"right-anterior-superior": (1, 1, 1), "ras": (1, 1, 1)},
    **{"left-anterior-superior": (-1, 1, 1), "las": (-1, 1, 1)},
    **{"left-posterior-superior": (-1, -1, 1), "lps": (-1, -1, 1)},
}
"""What turns the axes of a space into right, anterior, superior."""

_MM_OF_UNIT = {
    **{"": 1.0, "mm": 1.0, "millimeter": 1.0, "millimeters": 1.0, "cm": 10.0, "m": 1e3, "meter": 1e3, "nm": 1e-6},
    **{"um": 1e-3, "µm": 1e-3, "μm": 1e-3, "micron": 1e-3, "microns": 1e-3, "micrometer": 1e-3, "micrometers": 1e-3},
}

_IN_SPACE = ("domain", "space")
_COLOURS = ("rgb-color", "rgba-color", "hsv-color", "xyz-color", "3-color", "4-color", "complex")


class NrrdHeader(nib.spatialimages.SpatialHeader):
    """What nibabel asks of a header, and the fields of the file."""

    fields: dict[str, Any]
    """As pynrrd gives them; keys of the file's own, such as ``Segment0_Name``, are texts."""
    doubt: str
    """What the header does not say of its place, to stand behind the name of the file; empty where it says it."""
    tightest: float
    """How many bytes of voxels one byte of the file can hold."""

    def copy(self) -> NrrdHeader:
        """A header of its own."""
        new: NrrdHeader = super().copy()
        new.fields, new.doubt, new.tightest = dict(self.fields), self.doubt, self.tightest
        return new


class NrrdImage(nib.spatialimages.SpatialImage):
    """An NRRD file; axes of space come first, all others are one axis of volumes."""

    header_class = NrrdHeader
    header: NrrdHeader
    files_types: tuple[tuple[str, str | None], ...] = (("image", ".nrrd"),)


def is_nrrd(start: Start) -> bool:
    """Whether a file begins as NRRD does."""
    return start.raw.startswith(_MAGIC)


def load_nrrd(path: Path) -> NrrdImage:
    """Open an NRRD file, attached or detached: the header, not yet the voxels.

    Raises
    ------
    InputError
        If pynrrd is missing, the header is damaged or says what is not read, or its voxels lie in a file elsewhere.
    """
    fields, length = _fields(path)
    voxels = _Voxels(path, fields, length)
    header = NrrdHeader(voxels.dtype, voxels.shape)
    affine, header.doubt = _affine(fields, voxels.axes, path.name)
    header.fields, header.tightest = fields, voxels.tightest
    files = {"image": nib.fileholders.FileHolder(str(voxels.file))}
    if voxels.file != path:
        files["header"] = nib.fileholders.FileHolder(str(path))
    return NrrdImage(cast(Any, voxels), affine, header, file_map=files)


class _Voxels:
    """The voxels of a file, as an array that is read when it is first used."""

    def __init__(self, path: Path, fields: dict[str, Any], length: int) -> None:
        self.name, self.fields = path.name, fields
        self.file = _file_of_voxels(path, fields)
        self.start = length if self.file == path else 0
        self.sizes = _sizes(fields, path.name)
        self.dtype = _dtype(fields, path.name)
        self.encoding = str(fields.get("encoding", "")).lower()
        if self.encoding not in _RAW + _GZIP + _BZIP2 + _TEXT:
            raise InputError(f"{path.name} has the encoding {self.encoding[:40]!r}; save it anew as raw or gzip")
        self.axes = _axes_of_space(fields, self.sizes, path.name)
        others = [n for axis, n in enumerate(self.sizes) if axis not in self.axes]
        n_volumes = int(np.prod(others, dtype=object)) if others else 1
        self.shape = tuple(self.sizes[axis] for axis in self.axes) + ((n_volumes,) if n_volumes != 1 else ())
        self.ndim = len(self.shape)

    @property
    def tightest(self) -> float:
        """How many bytes of voxels one byte of the file can hold."""
        if self.encoding in _TEXT:
            return float(self.dtype.itemsize)  # one figure, perhaps, and what parts it from the next
        return 1.0 if self.encoding in _RAW else MAX_GZIP_RATIO if self.encoding in _GZIP else np.inf

    def __array__(self, dtype: Any = None, /, copy: bool | None = None) -> NDArray[Any]:
        return self._read_voxels if dtype is None else self._read_voxels.astype(dtype)

    def __getitem__(self, index: Any) -> NDArray[Any]:
        part: NDArray[Any] = self._read_voxels[index]
        return part

    @cached_property
    def _read_voxels(self) -> NDArray[Any]:
        count = int(np.prod(self.sizes, dtype=object))
        with self.file.open("rb") as file:
            file.seek(self.start)
            for _ in range(_whole(self.fields, "line skip", self.name)):
                file.readline()
            flat = self._numbers(file, count)
        if len(flat) < count:
            raise InputError(f"it holds {len(flat):,} of the {count:,} voxels that its header tells")
        others = [axis for axis in range(len(self.sizes)) if axis not in self.axes]
        turned = flat[:count].reshape(self.sizes, order="F").transpose((*self.axes, *others))
        return turned.reshape(self.shape, order="F")

    def _numbers(self, file: Any, count: int) -> NDArray[Any]:
        if self.encoding in _TEXT:
            words = file.read(count * 32).replace(b",", b" ").split()[:count]
            return np.array(words, np.float64).astype(self.dtype)
        n_bytes = count * self.dtype.itemsize
        skip = _whole(self.fields, "byte skip", self.name, least=-1)
        if skip < 0:
            file.seek(-n_bytes, 2)  # the voxels end the file
            skip = 0
        packed: dict[tuple[str, ...], Any] = {_GZIP: gzip.open, _BZIP2: bz2.open}
        unpack = next((opened for words, opened in packed.items() if self.encoding in words), None)
        with file if unpack is None else unpack(file) as stream:
            try:
                stream.read(skip)
                return np.frombuffer(_at_most(stream, n_bytes, self.dtype.itemsize), self.dtype)
            except (EOFError, OSError, zlib.error) as error:
                raise InputError(f"its voxels are cut off or damaged: {error}") from error


def _at_most(stream: Any, n_bytes: int, item: int) -> bytes:
    """So many bytes, or as many whole items as there are."""
    data = bytearray()  # grows with what is there, not with what is claimed
    while len(data) < n_bytes and (piece := stream.read(min(2**24, n_bytes - len(data)))):
        data += piece
    return bytes(data[: len(data) // item * item])


def _fields(path: Path) -> tuple[dict[str, Any], int]:
    """The fields of a header, and how many bytes it has."""
    try:
        from nrrd import read_header
    except ModuleNotFoundError as error:
        raise InputError(
            f'{path.name} is NRRD, which needs pynrrd; install it with pip install "napari-atlas-assign[nrrd]"'
        ) from error
    with path.open("rb") as file:
        start = file.read(_MAX_HEADER)
    ends = [start.find(mark) + len(mark) for mark in (b"\n\n", b"\r\n\r\n") if mark in start]
    length = min(ends, default=len(start))
    if not ends and len(start) == _MAX_HEADER:
        raise InputError(f"{path.name} has no end of its NRRD header; fetch it again")
    fields = read_header(iter(decode(start[:length]).rstrip("\n").split("\n")))
    return {_plain(name): value for name, value in fields.items()}, length


def _plain(name: str) -> str:
    """A field's name as pynrrd spells it by now."""
    return {"datafile": "data file", "lineskip": "line skip", "byteskip": "byte skip"}.get(name, name)


def _file_of_voxels(path: Path, fields: dict[str, Any]) -> Path:
    named = fields.get("data file")
    if named is None:
        return path
    words = [named] if isinstance(named, str) else list(named)
    if len(words) != 1 or "%" in words[0] or words[0].split()[:1] == ["LIST"]:
        raise InputError(f"{path.name} has its voxels in several files; save them as one .nrrd file")
    file = path.parent / words[0]
    if Path(words[0]).is_absolute() or not file.resolve().is_relative_to(path.parent.resolve()):
        raise InputError(f"{path.name} has its voxels in another folder ({words[0][:80]}); put them beside it")
    check_regular(file)
    if not file.is_file():
        raise InputError(f"{path.name} has its voxels in {file.name}, which is not there; put it beside")
    return file


def _dtype(fields: dict[str, Any], name: str) -> np.dtype[Any]:
    code = _TYPE_OF.get(str(fields.get("type", "")).strip().lower())
    if code is None:
        raise InputError(f"{name} holds values of the type {str(fields.get('type'))[:40]!r}; save it as numbers")
    order = {"little": "<", "big": ">"}.get(str(fields.get("endian", "little")).lower())
    if order is None:
        raise InputError(f"{name} has a byte order that is neither little nor big; its header is damaged")
    return np.dtype(order + code)


def _sizes(fields: dict[str, Any], name: str) -> tuple[int, ...]:
    sizes = tuple(map(int, np.atleast_1d(fields.get("sizes", ()))))
    if not sizes or min(sizes) < 1 or len(sizes) != int(fields.get("dimension", len(sizes))):
        raise InputError(f"{name} has an NRRD header without one size for each of its axes; fetch it again")
    return sizes


def _axes_of_space(fields: dict[str, Any], sizes: tuple[int, ...], name: str) -> tuple[int, ...]:
    """The three axes of the array that lie in space, in their order."""
    n = len(sizes)
    kinds = [str(kind).lower() for kind in fields.get("kinds", ())]
    if any(kind in _COLOURS for kind in kinds):
        raise InputError(f"{name} holds colours or complex numbers, not one value per voxel; save it as numbers")
    axes = [a for a in range(n) if (d := _direction(fields, a)) is not None and np.isfinite(d).all()]
    if not axes:
        axes = [axis for axis, kind in enumerate(kinds) if kind in _IN_SPACE]
    if len(axes) != 3 and "space directions" not in fields:
        axes = list(range(min(3, n)))
    if len(axes) != 3:
        raise InputError(f"{name} has {counted(len(axes), 'axis')} in space (sizes {sizes}); an image needs three")
    return tuple(axes)


def _direction(fields: dict[str, Any], axis: int) -> Floats | None:
    directions = fields.get("space directions")
    if directions is None or axis >= len(directions) or directions[axis] is None:
        return None
    return np.asarray(directions[axis], np.float64)


def _affine(fields: dict[str, Any], axes: Iterable[int], name: str) -> tuple[Floats, str]:
    """The affine (4, 4) from indices to world mm, RAS, and what the header does not say."""
    columns = [_direction(fields, axis) for axis in axes]
    affine = np.eye(4)
    if any(column is None for column in columns):
        spacings = np.atleast_1d(fields.get("spacings", np.ones(3))).astype(np.float64)
        sizes = [abs(spacings[axis]) if axis < len(spacings) else 1.0 for axis in axes]
        affine[:3, :3] = np.diag([size if np.isfinite(size) and size > 0 else 1.0 for size in sizes])
        return affine, "says nothing about its place in the world: its origin, and left and right, are assumed"
    if any(column is None or column.shape != (3,) for column in columns):
        raise InputError(f"{name} lies in a space that has not three axes; an image needs three")
    origin = np.asarray(fields.get("space origin", np.zeros(3)), np.float64)
    affine[:3, :3], affine[:3, 3] = np.column_stack([c for c in columns if c is not None]), origin
    space = str(fields.get("space", "")).strip().lower().removesuffix("-time")
    turn = _RAS_OF_SPACE.get(space)
    affine[:3] = affine[:3] * (np.array(turn or _RAS_OF_SPACE["lps"]) * _mm(fields, name))[:, None] + 0.0  # no -0
    if turn is None:
        return affine, "does not say which way its axes point; they are taken as left, posterior, superior"
    return affine, "" if "space origin" in fields else "does not say where its origin lies; it is taken as 0, 0, 0"


def _mm(fields: dict[str, Any], name: str) -> Floats:
    """Millimetres of the unit of each axis of space."""
    units = [str(unit).strip('" ').lower() for unit in fields.get("space units", ("mm",) * 3)][:3]
    unknown = next((unit for unit in units if unit not in _MM_OF_UNIT), None)
    if unknown is not None:
        raise InputError(f"{name} has the unit of length {unknown[:40]!r}; save it in mm")
    return np.array([_MM_OF_UNIT[unit] for unit in units] + [1.0] * (3 - len(units)))


def _whole(fields: dict[str, Any], field: str, name: str, least: int = 0) -> int:
    number = int(fields.get(field, 0))
    if not least <= number < 2**40:
        raise InputError(f"{name} has a {field} of {number}, which no file has; its header is damaged")
    return number
