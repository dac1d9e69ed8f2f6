"""Finished maps on disk: a journal that a process killed at any point leaves usable.

One file per setup (parameters, atlases, software) holds the records of all finished maps, each behind its length and
checksum, appended whole. What a killed process left of its last record is cut off when the journal is opened again.
"""

from __future__ import annotations

import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from time import sleep
from types import TracebackType
from typing import BinaryIO, NamedTuple

from ..errors import InputError
from ..image import file_sha256
from .inputs import MapFile
from .work import MapKey, MapRecord, head_of, is_finished, key_of, stamp_of, unpacked

_FRAME = struct.Struct("<QI")
"""Length and CRC-32 of the record that follows."""

_LONGEST = 2**40
_ENDING = ".journal"
_LOCK = "lock"


class _Place(NamedTuple):
    """Where a record is, and the file that it describes."""

    offset: int
    stamp: tuple[int, int]
    sha256: bytes


class Journal:
    """The finished maps of one setup; a folder of journals is open for one process at a time, whatever the setup.

    Parameters
    ----------
    folder : Path
        For journals alone; made if it is not there.
    setup : str
        Of `work.setup_of`; records of other setups are never seen.

    Raises
    ------
    InputError
        If another process has the folder open, or it cannot be written.
    """

    def __init__(self, folder: Path, setup: str) -> None:
        self._path = folder / f"{setup[:32]}{_ENDING}"
        self._places: dict[MapKey, _Place] = {}
        with ExitStack() as opened:
            with writing(folder):
                folder.mkdir(parents=True, exist_ok=True)
                lock = opened.enter_context((folder / _LOCK).open("ab"))
                _lock(lock, folder.parent)
                self._file: BinaryIO = opened.enter_context(self._path.open("a+b"))
            for offset, record in self._intact():
                if is_finished(record):  # of anything else, the checksum may be right, too
                    self._note(offset, record)
            self._opened = opened.pop_all()

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with suppress(OSError):  # what could not be written has been reported
            self._opened.close()

    def __len__(self) -> int:
        return len(self._places)

    def holds(self, file: MapFile) -> bool:
        """Whether the map is finished and its file is still the same, by size and time of change, or by content."""
        place = self._places.get(key_of(file))
        if place is None:
            return False
        try:
            return tuple(stamp_of(file)) == place.stamp or bytes.fromhex(file_sha256(file.path)) == place.sha256
        except OSError:
            return False

    def append(self, record: bytes) -> None:
        """Add the packed record of a finished map; it takes the place of an earlier one."""
        with writing(self._path):
            offset = self._file.seek(0, os.SEEK_END)
            self._file.write(_FRAME.pack(len(record), zlib.crc32(record)) + record)
            self._file.flush()  # to the system, where it outlives this process
        self._note(offset, record)

    def read(self, file: MapFile) -> MapRecord:
        """The record of a map that the journal holds."""
        self._file.seek(self._places[key_of(file)].offset)
        length, _ = _FRAME.unpack(self._file.read(_FRAME.size))
        try:
            return unpacked(self._file.read(length))
        except ValueError as error:
            raise InputError(f"{self._path} is damaged ({error}); delete it and run the same command again") from error

    def drop_others(self) -> None:
        """Delete the journals of other setups."""
        for path in self._path.parent.glob(f"*{_ENDING}"):
            if path != self._path:
                path.unlink(missing_ok=True)

    def _note(self, offset: int, record: bytes) -> None:
        head = head_of(record)
        size, time = head["stamp"]
        key = (head["file"], head["name"], head["threshold"])
        self._places[key] = _Place(offset, (size, time), bytes.fromhex(head["sha256"]))

    def _intact(self) -> Iterator[tuple[int, bytes]]:
        """Offsets and records up to the first that is not whole, which is cut off with all after it."""
        end = self._file.seek(0, os.SEEK_END)
        offset = self._file.seek(0)
        while offset < end:
            frame = self._file.read(_FRAME.size)
            length, checksum = _FRAME.unpack(frame) if len(frame) == _FRAME.size else (_LONGEST, 0)
            record = self._file.read(length) if length <= end - offset else b""
            if not record or zlib.crc32(record) != checksum:
                self._file.truncate(offset)
                return
            yield offset, record
            offset += _FRAME.size + length


@contextmanager
def writing(path: Path) -> Iterator[None]:
    """Turn what the system says on writing into an InputError."""
    try:
        yield
    except OSError as error:
        raise InputError(
            f"{path} cannot be written ({error.strerror or error}); make room or name another output folder, "
            "and run the same command again: it goes on where it was"
        ) from error


def _lock(file: BinaryIO, folder: Path) -> None:
    """Keep other processes out; the system ends the lock with the process."""
    for _ in range(20):  # the workers of a process that was killed may hold it for a moment longer
        try:
            _try_to_lock(file)
            return
        except (BlockingIOError, PermissionError):
            sleep(0.1)
    raise InputError(f"{folder} is in use by another batch; wait for it, or name another folder")


def _try_to_lock(file: BinaryIO) -> None:
    try:
        import fcntl
    except ImportError:  # Windows
        import msvcrt

        file.seek(0)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    else:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
