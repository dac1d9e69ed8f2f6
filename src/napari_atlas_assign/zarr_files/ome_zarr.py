"""OME-Zarr images: the finest level of a multiscale image, read chunk by chunk.

Places are what the metadata say: scales and translations in the units of the axes, and where the axes tell it, their
anatomical orientation; x, y, z without one are taken as towards right, anterior, superior.
"""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from ..encoding import one_line
from ..errors import InputError, counted, warn
from ..grid import Floats
from ..header import MM_OF_UNIT, check_volume
from ..image import Image, exists
from ..lazy import as_dask
from ..limits import check_claim, check_regular

if TYPE_CHECKING:
    from .ome_metadata import Axis, Step

MAX_VOLUMES = 10_000
"""Channels and times that are opened at once."""

_TOWARDS = {
    **{"right": (0, 1), "left": (0, -1), "anterior": (1, 1), "posterior": (1, -1)},
    **{"superior": (2, 1), "inferior": (2, -1)},
}
"""World axis and sign of each direction."""


def is_ome_zarr(path: Path) -> bool:
    """Whether a path is a folder that holds a zarr group or claims to by its name."""
    if not exists(path) or not path.is_dir():
        return False
    return path.suffix == ".zarr" or any((path / f).is_file() for f in (".zattrs", "zarr.json"))


def read_ome_zarr(path: str | os.PathLike[str], volume: int | None = None) -> list[Image]:
    """Open a multiscale OME-Zarr image, version 0.4 or 0.5: one image, or several where there are channels or times.

    Parameters
    ----------
    path : path
        The folder of the image's group.
    volume : int, optional
        Open one of several volumes alone, counted from 0.

    Returns
    -------
    list of Image
        Their data are dask arrays of the finest level.

    Raises
    ------
    InputError
        If zarr is not installed, the folder holds no multiscale image, its axes have no unit, or there is no such
        volume.
    """
    path = Path(path)
    try:
        import zarr
    except ImportError as error:
        raise InputError(
            f'{path.name}: OME-Zarr needs zarr; install it with pip install "napari-atlas-assign[zarr]"'
        ) from error
    from .ome_metadata import multiscale_of

    for root, _, files in os.walk(path):
        for file in files:
            check_regular(Path(root, file))
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of zarr, about other files in the folder
            group = zarr.open_group(path, mode="r")
            attributes: dict[str, Any] = dict(group.attrs)
        multiscale = multiscale_of(attributes, path.name)
        level = multiscale.datasets[0]
        array = group[level.path]
        if not isinstance(array, zarr.Array):
            raise InputError(f"{path.name} has a group at {level.path[:200]!r} instead of an array; mend its metadata")
        data = as_dask(array, name=f"{path.name}/{level.path[:200]}")
    except InputError:
        raise
    except Exception as error:  # whatever zarr raises on damaged stores
        raise InputError(
            f"{path.name} holds no OME-Zarr image that can be read ({one_line(str(error))[:300]}); give its folder"
        ) from error
    axes = multiscale.axes
    names = [axis.name for axis in axes]
    if len(axes) != data.ndim or len(set(names)) < len(names):
        raise InputError(
            f"{path.name} names the axes {', '.join(names)[:200]} of an array with {data.ndim}; give each axis one name"
        )
    scale, translation = _placement(
        path.name, [*level.coordinateTransformations, *multiscale.coordinateTransformations], data.ndim
    )
    affine = _affine(path.name, axes, scale, translation)
    _tell_missing(array, path, path / level.path)
    order = [i for i, name in enumerate(names) if name not in ("x", "y", "z")]
    data = data.transpose(*order, *(names.index(letter) for letter in "xyz"))
    source: dict[str, Any] = {"path": str(path.resolve())}
    leading = data.shape[:-3]
    n = math.prod(leading)
    check_volume(volume, n, path.name)
    if volume is None:
        pick = "pick one, counted from 0, with volume=0 (command line: --volume 0)"
        check_claim(f"{path.name} claims", n, MAX_VOLUMES, "volumes", pick)
    images = []
    for v in range(n) if volume is None else [volume]:
        one = data[tuple(int(i) for i in np.unravel_index(v, leading))] if leading else data
        image = Image.from_array(one, affine, path.name if n == 1 else f"{path.name}[{v}]")
        images.append(replace(image, source=source if n == 1 else source | {"volume": v}))
    return images


def _placement(name: str, steps: Sequence[Step], n: int) -> tuple[Floats, Floats]:
    """Scale and translation (n,) along all axes of transformations that are applied one after the other."""
    scale, translation = np.ones(n), np.zeros(n)
    for step in steps:
        numbers = np.array(getattr(step, step.type, [1.0] * n), np.float64)
        if len(numbers) != n:
            raise InputError(
                f"{name} has a {step.type} of {counted(len(numbers), 'number')} for {counted(n, 'axis')}; "
                "give one for each"
            )
        if step.type == "scale":
            scale, translation = scale * numbers, translation * numbers
        elif step.type == "translation":
            translation = translation + numbers
    return scale, translation


def _affine(name: str, axes: Sequence[Axis], scale: Floats, translation: Floats) -> Floats:
    """(4, 4) from indices along x, y, z to world mm."""
    affine = np.zeros((4, 4))
    affine[3, 3] = 1
    for column, letter in enumerate("xyz"):
        number = next((i for i, axis in enumerate(axes) if axis.name == letter), -1)
        if number < 0:
            raise InputError(f"{name} has no axis {letter}; an image needs x, y and z")
        unit = axes[number].unit or "no unit"
        if unit not in MM_OF_UNIT:
            raise InputError(
                f"{name} gives {unit[:100]} as unit of its axis {letter}, so its size is unknown; write "
                "'micrometer' or 'millimeter' into its metadata, or give (array, affine)"
            )
        row, sign = _direction(name, axes[number], column)
        affine[row, column] = sign * scale[number] * MM_OF_UNIT[unit]
        affine[row, 3] += sign * translation[number] * MM_OF_UNIT[unit]
    return affine


def _direction(name: str, axis: Axis, default: int) -> tuple[int, int]:
    """World axis along which an axis runs, and 1 or -1."""
    if axis.orientation is None:
        return default, 1
    towards = axis.orientation.value.rsplit("-", 1)[-1]
    if towards not in _TOWARDS:
        raise InputError(
            f"{name} gives an unknown orientation, {axis.orientation.value[:100]!r}; give (array, affine) instead"
        )
    return _TOWARDS[towards]


def _tell_missing(array: Any, path: Path, folder: Path) -> None:
    """Warn of chunks without a file: writers leave those of background out, but so does a copy that broke off."""
    from .chunks import missing_chunks

    missing, total = missing_chunks(array, folder)
    if missing:
        filled = "are undefined" if array.fill_value is None else f"count as {array.fill_value}"
        warn(
            f"{path.name}: {missing:,} of {total:,} chunks have no file and {filled}, which "
            "is right only if they were "
            "left out as background when it was written; else copy it again",
        )
