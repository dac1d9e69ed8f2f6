"""How much an atlas file may claim, checked before anything of that size is allocated."""

from __future__ import annotations

import gzip
import math
import zlib
from pathlib import Path
from typing import Any

from ..errors import AtlasError

MAX_IMAGE_BYTES = 64 * 2**30
"""The largest image that is read, unpacked: 64 GiB."""

MAX_GZIP_RATIO = 1100
"""Deflate packs at most 1032:1; an image that claims more than this is not in its file."""

MAX_TEXT_BYTES = 20 * 2**20
"""The largest label table, XML or JSON file that is read: 20 MiB."""


def check_size(img: Any, path: Path) -> None:
    """Refuse an image whose header claims more voxels than its file can hold; reads no voxel.

    Parameters
    ----------
    img : nibabel image
        As opened: the header, not the data.
    path : Path
        The file, for messages and its size (an image file beside a header is found through `img`).

    Raises
    ------
    AtlasError
        If the image is no volume, has no voxels, claims more than its file can hold, or more than `MAX_IMAGE_BYTES`.
    """
    if not hasattr(img, "shape") or not hasattr(img, "get_data_dtype"):
        raise AtlasError(f"{path.name} is not a volume but a {type(img).__name__}; give a NIfTI volume")
    shape = tuple(int(n) for n in img.shape)
    if not shape or min(shape) < 1:
        raise AtlasError(f"{path.name} claims the shape {shape}, without voxels; the header is damaged, fetch it again")
    claimed = math.prod(shape) * img.get_data_dtype().itemsize
    if claimed > MAX_IMAGE_BYTES:
        raise AtlasError(
            f"{path.name} claims {_gib(claimed)} of voxels, more than the {_gib(MAX_IMAGE_BYTES)} that are read; "
            "crop it or split it by region"
        )
    if claimed > _most_that_fits(_data_file(img, path)):
        raise AtlasError(
            f"{path.name} claims the shape {shape}, {_gib(claimed)} of voxels, more than the file can hold; "
            "it is cut off or its header is damaged, fetch it again"
        )


def read_bytes(path: Path, limit: int = MAX_TEXT_BYTES) -> bytes:
    """Read a whole file, unpacked where its name ends in ``.gz``.

    Raises
    ------
    AtlasError
        If the file cannot be read, or holds more than `limit` bytes.
    """
    try:
        with gzip.open(path) if path.suffix == ".gz" else path.open("rb") as file:
            data = file.read(limit + 1)
    except (OSError, EOFError, zlib.error, ValueError) as error:
        raise AtlasError(f"{path.name} cannot be read ({error}); check the path, or fetch the file again") from error
    if len(data) > limit:
        raise AtlasError(f"{path.name} holds more than {limit / 2**20:.0f} MiB; tables are smaller, check the file")
    return data


def _data_file(img: Any, path: Path) -> Path:
    named = img.file_map["image"].filename if "image" in getattr(img, "file_map", {}) else None
    return Path(named) if named and Path(named).is_file() else path


def _most_that_fits(path: Path) -> float:
    """Bytes of voxels that the file can hold at most."""
    if path.suffix in (".bz2", ".zst"):
        return math.inf
    try:
        size = path.stat().st_size
    except OSError as error:
        raise AtlasError(f"{path.name} cannot be read ({error}); check the path") from error
    return size * MAX_GZIP_RATIO if path.suffix in (".gz", ".mgz") else size


def _gib(n_bytes: int) -> str:
    return f"{n_bytes / 2**30:,.2f} GiB"
