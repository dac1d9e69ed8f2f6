"""TIFF volumes as images. They lie nowhere until they are placed on the voxels of an atlas."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..grid import Floats, Grid
from ..header import check_volume
from ..image import Image, file_sha256
from ..lazy import as_dask
from .volumes import LARGEST_READ, Planes, open_tiff

_CHUNK = 2**26
"""Bytes of planes that are read together."""


def read_tiff(path: Path, volume: int | None = None) -> list[Image]:
    """Read the volumes of a TIFF file, or of a folder of planes, with axes in the order of planes, rows and columns.

    Their voxels are as large as the file says, 1 mm where it does not. Large ones stay on disk.

    Parameters
    ----------
    path : Path
    volume : int, optional
        Take one volume alone, counted from 0.

    Raises
    ------
    InputError
        See `open_tiff`; or if there is no such volume.
    """
    tiff = open_tiff(path)
    n = len(tiff.volumes)
    check_volume(volume, n, path.name)
    source: dict[str, Any] = {"path": str(path.resolve())}
    if path.is_file():
        source["sha256"] = file_sha256(path)
    images = []
    for number in range(n) if volume is None else [volume]:
        data = _kept_on_disk(tiff.volumes[number])
        several = {"volume": number} if n > 1 else {}
        name = path.name if n == 1 or volume is not None else f"{path.name}[{number}]"
        grid = Grid(data.shape, affine_of_edges(tiff.voxel_mm or (1.0, 1.0, 1.0)))
        images.append(Image(data, grid, name, source=source | several))
    return images


def affine_of_edges(edges: tuple[float, float, float]) -> Floats:
    """The affine (4, 4) of voxels with edges in mm along the axes of an array that lies nowhere in particular."""
    return np.diag([*edges, 1.0])


def _kept_on_disk(data: NDArray[Any] | Planes) -> Any:
    """A large volume as a dask array; a small one in memory."""
    size = int(np.prod(data.shape)) * data.dtype.itemsize
    if size <= LARGEST_READ:
        return np.array(data) if isinstance(data, np.memmap) else data
    thick = max(1, _CHUNK * data.shape[0] // size)
    return as_dask(data, chunks=(thick, *data.shape[1:]))
