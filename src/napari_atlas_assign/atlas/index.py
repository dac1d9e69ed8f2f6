"""The stored index: what was read from files once, kept as arrays that the next session maps into memory.

One folder per atlas, keyed by the content of all files that it was read from. A folder is written under a temporary name
and renamed when it is whole, so that a reader never sees half of one and two writers do not disturb each other; a
checksum tells a damaged one, which is read anew. A full disk costs the speed, not the atlas.
"""

from __future__ import annotations

import json
import os
import shutil
import tempfile
import zlib
from collections.abc import Callable
from dataclasses import dataclass, fields
from hashlib import sha256
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import platformdirs

from ..image import file_sha256
from ..space import Grid
from .atlas import Atlas, RegionSums

VERSION = 1
"""Raised whenever the stored form or what readers make of files changes: older entries are then never found."""

CACHE_VARIABLE = "NAPARI_ATLAS_ASSIGN_CACHE"
"""Environment variable that names another folder for the index."""

MAX_BYTES = 8 * 2**30
"""The least recently used atlases are dropped beyond this size."""

_ARRAYS = ("voxel", "region", "value")


@dataclass(frozen=True)
class StoredAtlas:
    """One entry of the index."""

    key: str
    name: str
    n_regions: int
    n_bytes: int
    folder: Path


def cache_folder() -> Path:
    """The folder that holds the index; not made by asking."""
    return Path(os.environ.get(CACHE_VARIABLE) or platformdirs.user_cache_path("napari-atlas-assign")) / "atlases"


def stored(kind: str, files: list[Path], read: Callable[[], Atlas]) -> Atlas:
    """The atlas of these files: from the index where it is there, else by `read`, and then kept.

    Parameters
    ----------
    kind : str
        What reads the files (the dialect); part of the key.
    files : list of Path
        All files that `read` looks at.
    read : callable
        Reads the atlas from the files.
    """
    if not all(file.is_file() for file in files):
        return read()  # which says what is missing
    key = _key(kind, files)
    folder = cache_folder() / key
    if folder.is_dir():
        atlas = _open(folder)
        if atlas is not None:
            return atlas
        shutil.rmtree(folder, ignore_errors=True)
    atlas = read()
    if _keep(atlas, folder):
        _drop_oldest(keep=folder)
    return atlas


def entries() -> list[StoredAtlas]:
    """What the index holds, most recently used first."""
    found = []
    for folder in sorted(_folders(), key=_last_use, reverse=True):
        try:
            about = json.loads((folder / "atlas.json").read_text("utf-8"))
            found.append(StoredAtlas(folder.name, str(about["name"]), int(about["n_regions"]), _size(folder), folder))
        except (OSError, ValueError, KeyError, TypeError):
            found.append(StoredAtlas(folder.name, "(damaged)", 0, _size(folder), folder))
    return found


def clear() -> int:
    """Drop all entries; returns how many bytes that freed."""
    freed = 0
    for folder in [*_folders(), *_leftovers()]:
        freed += _size(folder)
        shutil.rmtree(folder, ignore_errors=True)
    return freed


def _key(kind: str, files: list[Path]) -> str:
    digest = sha256(f"{VERSION} {kind}".encode())
    for file in files:
        digest.update(f"\n{file.name} {file_sha256(file)}".encode())
    return digest.hexdigest()


def _open(folder: Path) -> Atlas | None:
    """The atlas of an index folder, mapped into memory; None where it is damaged."""
    try:
        about = json.loads((folder / "atlas.json").read_text("utf-8"))
        arrays = {}
        for name in about["arrays"]:
            arrays[name] = np.load(folder / f"{name}.npy", mmap_mode="r", allow_pickle=False)
            if _checksum(arrays[name]) != about["arrays"][name]:
                return None
        sums = {f.name: arrays[f"sums_{f.name}"] for f in fields(RegionSums)}
        value = arrays.get("value", np.broadcast_to(np.float32(1), arrays["voxel"].shape))
        atlas = Atlas(
            Grid(tuple(about["shape"]), np.array(about["affine"])),
            pd.read_json(StringIO(json.dumps(about["regions"])), orient="split", dtype=False, convert_dates=False),
            arrays["voxel"],
            arrays["region"],
            value,
            about["name"],
            about["space"],
            about["source"],
        )
        atlas.__dict__["region_sums"] = RegionSums(**sums)
        os.utime(folder)  # marks the last use
    except (OSError, ValueError, KeyError, TypeError, EOFError):
        return None
    return atlas


def _keep(atlas: Atlas, folder: Path) -> bool:
    """Write an index folder, whole or not at all; returns whether it is there."""
    arrays: dict[str, Any] = {"voxel": atlas.voxel, "region": atlas.region}
    if atlas.value.strides != (0,):
        arrays["value"] = atlas.value
    arrays |= {f"sums_{f.name}": getattr(atlas.region_sums, f.name) for f in fields(RegionSums)}
    about = {
        "name": atlas.name,
        "space": atlas.space,
        "source": atlas.source,
        "shape": atlas.grid.shape,
        "affine": atlas.grid.affine.tolist(),
        "n_regions": atlas.n_regions,
        "regions": json.loads(atlas.regions.to_json(orient="split", index=False)),
        "arrays": {name: _checksum(array) for name, array in arrays.items()},
    }
    temporary = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = Path(tempfile.mkdtemp(prefix="writing-", dir=folder.parent))
        for name, array in arrays.items():
            np.save(temporary / f"{name}.npy", array, allow_pickle=False)
        (temporary / "atlas.json").write_text(json.dumps(about), "utf-8")
        temporary.rename(folder)
    except (OSError, TypeError, ValueError):  # full disk, no permission, another writer was first
        if temporary is not None:
            shutil.rmtree(temporary, ignore_errors=True)
    return folder.is_dir()


def _drop_oldest(keep: Path) -> None:
    folders = sorted(_folders(), key=_last_use, reverse=True)
    sizes = {folder: _size(folder) for folder in folders}
    total = sum(sizes.values())
    for folder in reversed(folders):
        if total <= MAX_BYTES:
            return
        if folder != keep:
            shutil.rmtree(folder, ignore_errors=True)
            total -= sizes[folder]


def _folders() -> list[Path]:
    return [f for f in _children() if f.is_dir() and len(f.name) == 64]


def _leftovers() -> list[Path]:
    return [f for f in _children() if f.name.startswith("writing-")]


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
        return sum(file.stat().st_size for file in folder.iterdir())
    except OSError:
        return 0


def _checksum(array: Any) -> int:
    return zlib.crc32(np.ascontiguousarray(array).data.cast("B") if array.size else b"")
