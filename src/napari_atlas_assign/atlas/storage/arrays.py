"""A folder of arrays with a header: written once, then mapped into memory; checksums tell a damaged one."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

_HEADER = "header.json"


def write_arrays(folder: Path, arrays: Iterable[tuple[str, NDArray[Any]]], header: Mapping[str, Any]) -> None:
    """Write arrays, with their names, and a header that JSON can hold into an empty folder.

    Raises
    ------
    OSError
        If the disk is full or may not be written.
    """
    checksums = {}
    for name, array in arrays:
        with (folder / f"{name}.npy").open("wb") as file:
            checked = _Checked(file)
            np.save(checked, array, allow_pickle=False)  # which writes alone
        checksums[name] = checked.checksum
    _write_header(folder, {**header, "checksums": checksums})


class _Checked:
    """A file to write to, with the checksum of what was written: it need not be read again."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.checksum = 0

    def write(self, piece: bytes) -> int:
        self.checksum = zlib.crc32(piece, self.checksum)
        return self._file.write(piece)


def _write_header(folder: Path, header: Mapping[str, Any]) -> None:
    text = json.dumps(header)
    (folder / _HEADER).write_text(f"{zlib.crc32(text.encode())}\n{text}", "utf-8")


def read_header(folder: Path) -> dict[str, Any]:
    """The header that `write_arrays` wrote.

    Raises
    ------
    OSError, ValueError
        If there is none, or it is damaged.
    """
    checksum, _, text = (folder / _HEADER).read_text("utf-8").partition("\n")
    if checksum != str(zlib.crc32(text.encode())):
        raise ValueError(f"{folder / _HEADER} is damaged")
    header: dict[str, Any] = json.loads(text)
    return header


def read_arrays(folder: Path) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
    """The header and the arrays that `write_arrays` wrote, mapped into memory.

    Raises
    ------
    OSError, ValueError, KeyError, TypeError, AttributeError, EOFError
        If something is missing or damaged.
    """
    header = read_header(folder)
    arrays: dict[str, NDArray[Any]] = {}
    for name, checksum in header["checksums"].items():
        if _checksum(folder / f"{name}.npy") != checksum:
            raise ValueError(f"{folder / name} is damaged")
        mapped = np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
        arrays[name] = mapped.view(np.ndarray)  # indexing a memmap takes several times as long
    return header, arrays


def _checksum(file: Path) -> int:
    checksum = 0
    for chunk in _chunks(file):
        checksum = zlib.crc32(chunk, checksum)
    return checksum


def _chunks(file: Path) -> Iterator[bytes]:
    with file.open("rb") as opened:
        while chunk := opened.read(2**22):
            yield chunk
