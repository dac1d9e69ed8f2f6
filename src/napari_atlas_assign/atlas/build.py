"""From volumes to an atlas: the steps that all dialects share.

Probability volumes are read one at a time, and only what is above 0 is kept: no atlas is ever held as dense volumes.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from pathlib import Path
from queue import Queue
from threading import Thread
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from ..errors import AssignmentWarning, AtlasError, GridError
from ..image import READ_ERRORS
from ..space import Grid
from .atlas import Atlas

_VOLUMES_AHEAD = 4
"""Volumes that the reading thread may be ahead: enough to keep it busy, few enough for memory."""


def atlas_from_maps(
    img: Any, table: pd.DataFrame | None, *, name: str, space: str | None = None, source: dict[str, Any] | None = None
) -> Atlas:
    """Make a statistical atlas of a 4D nibabel image with one volume per region, in 0..1 or 0..100.

    Parameters
    ----------
    img : nibabel image
        (X, Y, Z, R), any real numeric type.
    table : DataFrame or None
        Columns ``id`` and ``name``: ids count volumes from 0, or from 1 if they run 1..R; volumes without a row are
        named by their number. None: no names.
    name, space, source
        See `Atlas`.

    Raises
    ------
    AtlasError
        If a volume cannot be read, values are no probabilities or percentages, or the table does not fit.
    """
    n = img.shape[3]
    regions = regions_of_volumes(table, n, name)
    voxels, values = [], []
    for volume in _read_ahead(img, name):
        voxel, value = region_entries(volume, name)
        voxels.append(voxel)
        values.append(value)
    return atlas_from_entries(named_grid(img, name), regions, voxels, values, name=name, space=space, source=source or {})


def atlas_from_entries(
    grid: Grid, regions: pd.DataFrame, voxels: list[NDArray[np.integer]], values: list[NDArray[Any]], **about: Any
) -> Atlas:
    """Make an atlas of each region's voxels and raw values, which are divided by 100 if they are percentages.

    Raises
    ------
    AtlasError
        If a value is below 0 or above 100, or none is above 0.
    """
    name = about.get("name", "atlas")
    filled = [v for v in values if len(v)]
    if not filled:
        raise AtlasError(f"{name} has no voxel above 0; it holds no region")
    low, high = min(v.min() for v in filled), max(v.max() for v in filled)
    if low < 0 or high > 100.1:
        raise AtlasError(
            f"{name}: values run from {low:.4g} to {high:.4g}, which are neither probabilities (0 to 1) nor percentages (0 to 100)"
        )
    percent = high > 1.001
    scaled = [(v.astype(np.float32) / np.float32(100) if percent else v.astype(np.float32)) for v in values]
    for value in scaled:
        np.minimum(value, np.float32(1), out=value)  # 1.0000001 is rounding, not a probability above 1
    return Atlas.from_region_entries(grid, regions, voxels, scaled, **about)


def atlas_from_label_volume(
    img: Any, table: pd.DataFrame | None, *, name: str, space: str | None = None, source: dict[str, Any] | None = None
) -> Atlas:
    """Make a labelled atlas of a 3D nibabel image of whole numbers; 0 is background.

    Parameters
    ----------
    img : nibabel image
        (X, Y, Z), integers or whole-numbered floats, not negative.
    table : DataFrame or None
        Columns ``id`` (label value) and ``name``. Labels without a row are named by their value, with a warning; rows
        without voxels are kept. None: no names.

    Raises
    ------
    AtlasError
        If the volume cannot be read or does not hold labels, or the table names none of its labels.
    """
    labels = whole_numbers(_read(img, name), name)
    return Atlas.from_labels(
        labels,
        named_grid(img, name),
        regions_of_labels(table, distinct_labels(labels), name),
        name=name,
        space=space,
        source=source or {},
    )


def region_entries(volume: NDArray[Any], name: str) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Flat C-order voxels (N,) of a volume (X, Y, Z) that are not 0 or NaN, and the values (N,) there.

    Raises
    ------
    AtlasError
        If a value is infinite.
    """
    nx, ny, nz = volume.shape
    if volume.flags.f_contiguous and not volume.flags.c_contiguous:
        # Files store x fastest; looking in that order, and turning only what is found, is several times faster.
        flat = volume.ravel(order="F")
        found = np.flatnonzero(flat != 0)
        x, rest = found % nx, found // nx
        voxel = (x * ny + rest % ny) * nz + rest // ny
    else:
        flat = volume.reshape(-1)
        voxel = found = np.flatnonzero(flat != 0)
    value = flat[found]
    if value.dtype.kind == "f":
        if np.isinf(value).any():
            raise AtlasError(f"{name} holds infinite values; repair the file")
        number = ~np.isnan(value)
        voxel, value = voxel[number], value[number]
    return voxel, value


def whole_numbers(data: NDArray[Any], name: str) -> NDArray[np.integer]:
    """The labels (X, Y, Z) as integers; NaN counts as background.

    Raises
    ------
    AtlasError
        If there are negative or fractional values.
    """
    if data.dtype.kind == "f":
        data = np.where(np.isnan(data), 0, data)
        if not (np.abs(data) < 2**53).all() or not (data == np.round(data)).all():
            raise AtlasError(f"{name}: values from {data.min():.4g} to {data.max():.4g} are not whole numbers, so they are no labels")
        data = data.astype(np.int64)
    if data.dtype.kind == "b":
        data = data.astype(np.uint8)
    if data.dtype.kind not in "iu":
        raise AtlasError(f"{name}: values of type {data.dtype} are no labels")
    if data.dtype.kind == "i" and data.size and data.min() < 0:
        raise AtlasError(f"{name}: labels must not be negative, but the smallest is {data.min()}")
    return data


def distinct_labels(labels: NDArray[np.integer]) -> NDArray[np.int64]:
    """The labels above 0 that occur, rising."""
    high = int(labels.max(initial=0))
    if high < 2**24:  # counting is far faster than sorting a whole volume
        present = np.zeros(high + 1, bool)
        present[labels] = True
        return np.flatnonzero(present[1:]) + 1
    found = np.unique(labels).astype(np.int64)
    return found[found > 0]


def regions_of_volumes(table: pd.DataFrame | None, n: int, name: str) -> pd.DataFrame:
    """The region table (R rows) of an atlas with one volume per region.

    Raises
    ------
    AtlasError
        If the table has rows for volumes that do not exist, or names none.
    """
    if table is None:
        return pd.DataFrame({"id": np.arange(n), "name": [f"region {r}" for r in range(n)]})
    ids = table["id"].to_numpy(np.int64)
    if len(table) == n + 1 and ids.min() == 0 and ids.max() == n:
        table = table[ids > 0]  # 0 is a background row, and volumes count from 1
        ids = ids[ids > 0]
    if len(ids) and ids.min() >= 1 and ids.max() == n:
        ids = ids - 1
    if not len(ids) or ids.min() < 0 or ids.max() >= n:
        low, high = (ids.min(), ids.max()) if len(ids) else (0, 0)
        raise AtlasError(
            f"{name} has {n} volumes, but its label table has {len(ids)} rows with the numbers {low} to {high}; "
            "give the table that belongs to it, numbered from 0 or from 1"
        )
    return _completed(table.assign(id=ids), np.arange(n), "region", name)


def regions_of_labels(table: pd.DataFrame | None, labels: NDArray[np.int64], name: str) -> pd.DataFrame:
    """The region table of a labelled atlas that holds these labels.

    Raises
    ------
    AtlasError
        If there are no labels, or the table names none of them.
    """
    if not len(labels):
        raise AtlasError(f"{name} has no voxel above 0; it holds no region")
    if table is None:
        return pd.DataFrame({"id": labels, "name": [f"label {v}" for v in labels]})
    table = table[table["id"] != 0]
    if not np.isin(labels, table["id"]).any():
        raise AtlasError(
            f"{name}: none of its labels ({', '.join(map(str, labels[:5]))}, ...) is in the label table; give the table that belongs to it"
        )
    return _completed(table, labels, "label", name)


def named_grid(img: Any, name: str) -> Grid:
    """The grid of a nibabel image's first three axes; errors name the atlas."""
    try:
        return Grid((img.shape[0], img.shape[1], img.shape[2]), img.affine)
    except GridError as error:
        raise AtlasError(f"{name}: {error}") from None


def _completed(table: pd.DataFrame, needed: NDArray[np.int64], word: str, name: str) -> pd.DataFrame:
    """Sort the table by id and add rows for ids without one; warn of those, and of names that occur twice."""
    missing = np.setdiff1d(needed, table["id"])
    if len(missing):
        some = ", ".join(map(str, missing[:5])) + (", ..." if len(missing) > 5 else "")
        warnings.warn(
            f"{name}: {len(missing)} of {len(needed)} regions have no row in the label table ({some}); they are named by their number",
            AssignmentWarning,
            stacklevel=4,
        )
        extra = pd.DataFrame({"id": missing, "name": [f"{word} {v}" for v in missing]})
        table = pd.concat([table, extra], ignore_index=True)
    return table.sort_values("id", kind="stable", ignore_index=True)


def _read(img: Any, name: str) -> NDArray[Any]:
    try:
        data = np.asanyarray(img.dataobj)
    except (*READ_ERRORS, MemoryError) as error:
        raise AtlasError(f"{name}: the voxels cannot be read ({error}); the file may be cut off, fetch it again") from error
    return data.reshape(data.shape[:3])


def _read_ahead(img: Any, name: str) -> Iterator[NDArray[Any]]:
    """Yield the volumes of a 4D image in order, read by a second thread: unpacking and looking overlap."""
    queue: Queue[NDArray[Any] | BaseException] = Queue(_VOLUMES_AHEAD)
    stopped = False

    def read() -> None:
        try:
            for r in range(img.shape[3]):
                if stopped:
                    return
                queue.put(np.asanyarray(img.dataobj[..., r]))
        except BaseException as error:  # handed over, and raised where the person can see it
            queue.put(error)

    Thread(target=read, daemon=True).start()
    try:
        for r in range(img.shape[3]):
            volume = queue.get()
            if isinstance(volume, BaseException):
                if isinstance(volume, (*READ_ERRORS, MemoryError)):
                    raise AtlasError(
                        f"{name}: volume {r} cannot be read ({volume}); the file may be cut off, fetch it again"
                    ) from volume
                raise volume
            yield volume
    finally:
        stopped = True
        while not queue.empty():
            queue.get_nowait()


def stem(path: Path) -> str:
    """A file's name without .nii, .nii.gz or another suffix."""
    name = path.name
    for suffix in (".nii.gz", ".nii", ".img.gz", ".hdr.gz"):
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return path.stem
