"""The stored index: what was read from files once, kept as arrays that the next session maps into memory.

One folder per atlas, keyed by the content of all files that it was read from and by their names, which tell which
table belongs to which image. A folder is written under a temporary name and renamed when it is whole, so that a reader
never sees half of one and two writers do not disturb each other; it is renamed again before it is dropped. Checksums
tell a damaged one, which is read anew. A full disk costs the speed, not the atlas.
"""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, fields
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from ...atomic import leftovers, scratch_folder
from ...grid import Grid
from ...image import file_sha256
from ...resources import running_version
from ...tables.stored import StoredTable
from ..atlas import Atlas, RegionSums
from ..labels.runs import LabelRuns
from ..remarks import listening, remark
from .arrays import read_arrays, read_header, write_arrays
from .folder import cache_folder

if TYPE_CHECKING:
    from ..formats.format import Dialect

VERSION = 6
"""Raised whenever the stored form, what readers make of files or what is worked out of an atlas and stored beside it
changes: older entries are then never found.
"""

MAX_BYTES = 8 * 2**30
"""The least recently used atlases are dropped beyond this size."""

_STALE_SECONDS = 24 * 3600
"""A folder that has been in writing for longer was left by a process that died."""

_SUMS = tuple(f.name for f in fields(RegionSums))


@dataclass(frozen=True)
class StoredAtlas:
    """One entry of the index."""

    key: str
    name: str
    n_regions: int
    n_bytes: int
    folder: Path


def stored(dialect: Dialect, path: Path, labels: Path | None = None, **choice: Any) -> Atlas:
    """The atlas of a file or folder: from the index where it is there, else read by its dialect, and then kept.

    Parameters
    ----------
    dialect : Dialect
        One that does not tell what files it looks at reads each time.
    path, labels, **choice
        For the dialect.

    Raises
    ------
    AtlasError
        If the dialect cannot read the atlas.

    Notes
    -----
    The atlas's source lists under ``files`` the path and SHA-256 of every file that was read.
    """
    if not hasattr(dialect, "files"):
        return dialect.read(path, labels, **choice)
    files = [file.resolve() for file in dialect.files(path, labels, **choice)]
    try:
        hashes = [file_sha256(file) for file in files]
        key = _entry_key(dialect, path, files, hashes)
        before = _stamps(files)
    except OSError:
        return dialect.read(path, labels, **choice)  # which says what is missing

    def unchanged() -> bool:
        return _stamps(files) == before

    atlas = kept(key, lambda: dialect.read(path, labels, **choice), [path.resolve(), *files], unchanged)
    read = [{"path": str(file), "sha256": digest} for file, digest in zip(files, hashes, strict=True)]
    return atlas.described(source=atlas.source | {"files": read})


def kept(
    key: str,
    make: Callable[[], Atlas],
    paths: Sequence[Path] = (),
    valid: Callable[[], bool] = lambda: True,
) -> Atlas:
    """The atlas of a key: from the index where it is there, else made, and then kept.

    Parameters
    ----------
    key : str
        Tells the content apart; 64 hexadecimal digits, as of `content_key`.
    make : callable
        Makes the atlas.
    paths : sequence of Path
        Files that the atlas's source names; where an equal atlas lies elsewhere, its source names that place.
    valid : callable
        Asked after `make` whether the key still stands for what was made.

    Raises
    ------
    AtlasError
        What `make` raises.
    """
    folder = cache_folder() / key
    paths = list(paths)
    if folder.is_dir():
        atlas = _open(folder, paths)
        if atlas is not None:
            return atlas
        _drop(folder)
    with listening() as remarks:
        atlas = make()
    with suppress(OSError):
        if valid() and _keep(atlas, folder, paths, remarks):
            atlas.__dict__["stored_in"] = folder
            _drop_oldest(keep=folder)
            _sweep()
    return atlas


def has(key: str) -> bool:
    """Whether the index holds an atlas of this key."""
    return (cache_folder() / key).is_dir()


def entries() -> list[StoredAtlas]:
    """What the index holds, most recently used first."""
    kept = []
    for folder in sorted(_folders(), key=_last_use, reverse=True):
        try:
            header = read_header(folder)
            kept.append(StoredAtlas(folder.name, str(header["name"]), int(header["n_regions"]), _size(folder), folder))
        except (OSError, ValueError, KeyError, TypeError):
            kept.append(StoredAtlas(folder.name, "(damaged)", 0, _size(folder), folder))
    return kept


def clear() -> int:
    """Drop all entries; returns how many bytes that freed."""
    freed = 0
    for folder in [*_folders(), *leftovers(cache_folder())]:
        freed += _size(folder)
        _drop(folder)
    return freed


def content_key(*parts: str) -> str:
    """The key of an atlas that these texts tell apart from all others."""
    digest = _digest("content")
    for part in parts:
        digest.update(f"\n{len(part)} {part}".encode(errors="surrogateescape"))
    return digest.hexdigest()


def _digest(kind: str) -> Any:
    # The table of regions comes back with the column types of the pandas that wrote it.
    return sha256(f"{VERSION} pandas {running_version('pandas').split('.')[0]} {kind}".encode())


def _entry_key(dialect: Dialect, path: Path, files: list[Path], hashes: list[str]) -> str:
    digest = _digest(dialect.NAME)
    digest.update(path.resolve().name.encode(errors="surrogateescape"))
    for name, content in zip(_names(files), hashes, strict=True):
        digest.update(f"\n{name} {content}".encode(errors="surrogateescape"))
    return digest.hexdigest()


def _names(files: list[Path]) -> list[str]:
    """Files by their places below the folder that holds them all; on several drives of Windows there is none."""
    try:
        root = os.path.commonpath([file.parent for file in files])
    except ValueError:
        return [str(file) for file in files]
    return [os.path.relpath(file, root) for file in files]


def _stamps(files: list[Path]) -> list[tuple[int, int]]:
    """Tells whether files were changed while they were read."""
    return [(status.st_size, status.st_mtime_ns) for status in (file.stat() for file in files)]


def _open(folder: Path, paths: list[Path]) -> Atlas | None:
    """The atlas of an index folder, mapped into memory; None where it is damaged."""
    try:
        header, arrays = read_arrays(folder)
        now = dict(zip(header["paths"], map(str, paths), strict=True))
        grid = Grid(tuple(header["shape"]), np.array(header["affine"]))
        regions: Any = StoredTable(header["regions"])  # made into a DataFrame when one is asked for
        source = {
            key: now.get(value, value) if isinstance(value, str) else value for key, value in header["source"].items()
        }
        facts = {"name": header["name"], "space": header["space"], "source": source}
        if "begin" in arrays:
            runs = LabelRuns(arrays["start"], arrays["begin"], arrays["region"])
            atlas = Atlas.from_runs(grid, regions, runs, **facts)
        else:
            voxel = arrays["voxel"]
            value = arrays.get("value", np.broadcast_to(np.float32(1), voxel.shape))
            atlas = Atlas(grid, regions, voxel, arrays["region"], value, **facts)
        atlas.__dict__["region_sums"] = RegionSums(**{name: np.array(arrays[f"sums_{name}"]) for name in _SUMS})
        atlas.__dict__["stored_in"] = folder
        remarks = [str(message) for message in header["remarks"]]
    except (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError):
        return None
    with suppress(OSError):
        os.utime(folder)  # marks the last use
    for message in remarks:
        remark(message)
    return atlas


def _keep(atlas: Atlas, folder: Path, paths: list[Path], remarks: list[str]) -> bool:
    """Write an index folder, whole or not at all; returns whether it is there."""
    header = {
        "name": atlas.name,
        "space": atlas.space,
        "source": atlas.source,
        "paths": [str(path) for path in paths],
        "remarks": remarks,
        "shape": atlas.grid.shape,
        "affine": atlas.grid.affine.tolist(),
        "n_regions": atlas.n_regions,
    }
    try:
        header["regions"] = StoredTable.of(atlas.regions).columns
        json.dumps(header)  # before anything large is written
        folder.parent.mkdir(parents=True, exist_ok=True)
        with scratch_folder(folder.parent) as new:
            write_arrays(new, _arrays(atlas), header)
            new.rename(folder)
    except (OSError, TypeError, ValueError):  # full disk, no permission, another writer was first
        pass
    return folder.is_dir()


def _arrays(atlas: Atlas) -> Iterator[tuple[str, NDArray[Any]]]:
    """What is kept of an atlas, by name; its sums are worked out while the rest is written."""
    with ThreadPoolExecutor(1) as pool:
        sums = pool.submit(getattr, atlas, "region_sums")
        yield from atlas.content().items()
        yield from ((f"sums_{name}", getattr(sums.result(), name)) for name in _SUMS)


def _drop_oldest(keep: Path) -> None:
    folders = sorted(_folders(), key=_last_use, reverse=True)
    sizes = {folder: _size(folder) for folder in folders}
    total = sum(sizes.values())
    for folder in reversed(folders):
        if total <= MAX_BYTES:
            return
        if folder != keep:
            _drop(folder)
            total -= sizes[folder]


def _sweep() -> None:
    """Drop what processes that died have left."""
    for folder in leftovers(cache_folder()):
        if time.time() - _last_use(folder) > _STALE_SECONDS:
            shutil.rmtree(folder, ignore_errors=True)


def _drop(folder: Path) -> None:
    """Delete a folder; renamed first, so that nobody takes the half that is left for an atlas."""
    with suppress(OSError), scratch_folder(folder.parent) as doomed:  # gone already, or held open on Windows
        folder.rename(doomed / folder.name)
    shutil.rmtree(folder, ignore_errors=True)


def _folders() -> list[Path]:
    return [f for f in _children() if f.is_dir() and len(f.name) == 64]


def _children() -> list[Path]:
    try:
        return list(cache_folder().iterdir())
    except OSError:
        return []


def _last_use(folder: Path) -> float:
    try:
        return folder.stat().st_mtime
    except OSError:
        return 0.0


def _size(folder: Path) -> int:
    try:
        return sum(file.stat().st_size for file in folder.rglob("*") if file.is_file())
    except OSError:
        return 0
