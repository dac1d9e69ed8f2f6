"""OME-Zarr images: the finest level of a multiscale image, read chunk by chunk.

Places are what the metadata say: scales and translations in the units of the axes, and where the axes tell it, their
anatomical orientation; x, y, z without one are taken as towards right, anterior, superior.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from .errors import InputError
from .grid import Floats
from .image import Image, exists
from .lazy import as_dask

_MM = {"meter": 1e3, "centimeter": 10.0, "millimeter": 1.0, "micrometer": 1e-3, "nanometer": 1e-6}

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
    try:
        group = zarr.open_group(path, mode="r")
        about: dict[str, Any] = dict(group.attrs)
        multiscale = about.get("ome", about)["multiscales"][0]
        level = multiscale["datasets"][0]
        data = as_dask(group[level["path"]])
        axes = [axis if isinstance(axis, dict) else {"name": axis} for axis in multiscale["axes"]]
        steps = [*level.get("coordinateTransformations", ()), *multiscale.get("coordinateTransformations", ())]
        scale, translation = _placement(steps, data.ndim)
    except InputError:
        raise
    except Exception as error:  # whatever zarr raises on damaged stores, or Python on metadata of another kind
        raise InputError(f"{path.name} holds no OME-Zarr image that can be read ({error}); give its folder") from error
    affine = _affine(path.name, axes, scale, translation)
    order = [i for i, axis in enumerate(axes) if axis.get("name") not in ("x", "y", "z")]
    data = data.transpose(*order, *(_named(axes, name) for name in "xyz"))
    source: dict[str, Any] = {"path": str(path.resolve())}
    leading = data.shape[:-3]
    n = int(np.prod(leading, dtype=np.int64))
    if volume is not None and not 0 <= volume < n:
        raise InputError(f"{path.name} has no volume {volume}; it has {n}, counted from 0")
    images = []
    for v in range(n) if volume is None else [volume]:
        one = data[tuple(int(i) for i in np.unravel_index(v, leading))] if leading else data
        image = Image.from_array(one, affine, path.name if n == 1 else f"{path.name}[{v}]")
        images.append(replace(image, source=source if n == 1 else source | {"volume": v}))
    return images


def _placement(steps: Sequence[Mapping[str, Any]], n: int) -> tuple[Floats, Floats]:
    """Scale and translation (n,) along all axes of transformations that are applied one after the other."""
    scale, translation = np.ones(n), np.zeros(n)
    for step in steps:
        if step["type"] == "scale":
            factor = np.asarray(step["scale"], np.float64)
            scale, translation = scale * factor, translation * factor
        elif step["type"] == "translation":
            translation = translation + np.asarray(step["translation"], np.float64)
        elif step["type"] != "identity":
            raise ValueError(f"a transformation of type {step['type']}")
    return scale, translation


def _affine(name: str, axes: list[dict[str, Any]], scale: Floats, translation: Floats) -> Floats:
    """(4, 4) from indices along x, y, z to world mm."""
    affine = np.zeros((4, 4))
    affine[3, 3] = 1
    for column, letter in enumerate("xyz"):
        number = _named(axes, letter)
        if number < 0:
            raise InputError(f"{name} has no axis {letter}; an image needs x, y and z")
        unit = axes[number].get("unit")
        if unit not in _MM:
            raise InputError(
                f"{name} gives {unit or 'no unit'} as unit of its axis {letter}, so its size is unknown; write "
                "'micrometer' or 'millimeter' into its metadata, or give (array, affine)"
            )
        row, sign = _direction(name, axes[number], column)
        affine[row, column] = sign * scale[number] * _MM[unit]
        affine[row, 3] += sign * translation[number] * _MM[unit]
    return affine


def _direction(name: str, axis: Mapping[str, Any], default: int) -> tuple[int, int]:
    """World axis along which an axis runs, and 1 or -1."""
    orientation = axis.get("orientation")
    if orientation is None:
        return default, 1
    value = str(orientation.get("value") if isinstance(orientation, Mapping) else orientation)
    towards = value.rsplit("-", 1)[-1]
    if towards not in _TOWARDS:
        raise InputError(f"{name} gives an unknown orientation, {value!r}; give (array, affine) instead")
    return _TOWARDS[towards]


def _named(axes: Sequence[Mapping[str, Any]], name: str) -> int:
    return next((i for i, axis in enumerate(axes) if axis.get("name") == name), -1)
