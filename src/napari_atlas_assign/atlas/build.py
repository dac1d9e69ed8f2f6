"""From volumes to an atlas: the steps that all dialects share.

Probability volumes are read one at a time, and only what is above 0 is kept: no atlas is ever held as dense volumes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from nibabel.arrayproxy import ArrayProxy
from numpy.typing import NDArray

from ..errors import AtlasError, GridError, InputError, counted, plural
from ..grid import Grid
from ..header import position_of
from ..image import READ_ERRORS
from ..opening import check_end, kept_open
from ..tables.frames import pd
from .atlas import Atlas
from .files.ahead import ahead
from .label_tables.background import names_background
from .label_tables.table import Wanted
from .labels.label_volume import FractionsError, code_labels, whole_numbers
from .remarks import remark

__all__ = [
    "FractionsError",
    "atlas_from_entries",
    "atlas_from_label_volume",
    "atlas_from_maps",
    "distinct_labels",
    "named_grid",
    "region_entries",
    "regions_of_labels",
    "regions_of_volumes",
    "stem",
    "whole_numbers",
]

_PART_VOXELS = 2**20
"""Voxels of a volume that are read and searched at a time."""

PARTS_AHEAD = 8
"""Parts of volumes that the reading thread may be ahead: enough to keep it busy."""


Part: TypeAlias = tuple[NDArray[Any], tuple[int, int]]
"""Some planes of a volume, before which one they begin, and how many the volume has."""

Names: TypeAlias = "pd.DataFrame | Callable[[Wanted], pd.DataFrame | None] | None"
"""A label table, or what gives one once it is known which numbers it has to name."""

_HIGHEST_PROBABILITY, _HIGHEST_PER_CENT, _LOWEST = 1.5, 105, -0.1
"""What values of probabilities and of percentages may reach after resampling, and fall to in parts of the highest."""

_LEAST_HIGHEST = 20
"""Whole per cent that some region of an atlas reaches somewhere."""

_WHICH_VOLUME = (
    "say which is meant, counted from 0, for example load_atlas(..., volume=0) (command line: --atlas-volume 0)"
)

_FAR_MORE = 200
"""Per cent to which regions of one atlas do not add up."""


def atlas_from_maps(
    img: Any, table: Names, *, name: str, space: str | None = None, source: dict[str, Any] | None = None
) -> Atlas:
    """Make a statistical atlas of a 4D nibabel image with one volume per region, in 0..1 or 0..100.

    Parameters
    ----------
    img : nibabel image
        (X, Y, Z, R), or with further axes of length 1, or one map (X, Y, Z); any real numeric type.
    table : DataFrame, callable or None
        Columns ``id`` and ``name``, or what gives such a table for the `Wanted` volumes: ids count volumes
        from 0, or from 1 if there is an R; volumes without a row are named by their number, with a remark. None: no
        names.
    name, space, source
        See `Atlas`.

    Raises
    ------
    AtlasError
        If a volume cannot be read, values are no probabilities or percentages, or the table does not fit.
    """
    n = img.shape[3] if len(img.shape) > 3 else 1
    regions = regions_of_volumes(_named(table, Wanted(np.arange(n), volumes=True)), n, name)
    voxels: list[NDArray[np.integer]] = []
    values: list[NDArray[Any]] = []
    grid = named_grid(img, name)
    parts = _read_ahead(img, n, name)
    for _ in range(n):
        voxel, value = entries_of_parts(of_one_volume(parts), name)
        voxels.append(voxel)
        values.append(value.astype(np.float32) if value.dtype.itemsize > 4 else value)
    next(parts, None)  # behind the last one is the file's checksum
    return atlas_from_entries(grid, regions, voxels, values, name=name, space=space, source=source or {})


def atlas_from_entries(
    grid: Grid, regions: pd.DataFrame, voxels: list[NDArray[np.integer]], values: list[NDArray[Any]], **facts: Any
) -> Atlas:
    """Make an atlas of each region's voxels and raw values, which are divided by 100 if they are percentages.

    Values up to 1.5 are probabilities, up to 105 percentages. What lies a little below 0 or above 1, as splines leave
    it, counts as 0 and 1, with a remark if it is more than a thousandth.

    Raises
    ------
    AtlasError
        If values are neither, none is above 0, or they are labels of several parcellations.
    """
    name = facts.get("name", "atlas")
    filled = [v for v in values if len(v)]
    low, high = min((v.min() for v in filled), default=0), max((v.max() for v in filled), default=0)
    if high <= 0:
        raise AtlasError(f"{name} has no voxel above 0, so it holds no region; check that it is the right file")
    unit = 100 if high > _HIGHEST_PROBABILITY else 1
    several = any(len(value) and value.min() < value.max() for value in values)
    if len(values) > 1 and several and low >= 0 and high > _HIGHEST_PER_CENT and _are_whole(values):
        raise AtlasError(
            f"{name} is a stack of {len(values)} volumes of whole numbers up to {high:.15g}, so these are labels of "
            f"several parcellations; {_WHICH_VOLUME}"
        )
    if low < _LOWEST * high or high > (_HIGHEST_PER_CENT if unit > 1 else _HIGHEST_PROBABILITY):
        raise AtlasError(
            f"{name}: values run from {low:.4g} to {high:.4g}, which are neither probabilities (0 to 1) "
            "nor percentages (0 to 100); give maps of one of these kinds, or a volume of labels"
        )
    if unit > 1 and _are_parcellations(grid, voxels, values):
        raise AtlasError(
            f"{name} is a stack of {len(values)} volumes of whole numbers that are no per cent (none reaches "
            f"{_LEAST_HIGHEST}, or they add up to far more than 100), so these are labels of several parcellations; "
            f"{_WHICH_VOLUME}"
        )
    if low < -0.001 * unit or high > 1.001 * unit:
        remark(f"{name}: values from {low:.4g} to {high:.4g}, as resampling leaves them, are cut off at 0 and {unit}")
    if low < 0:
        voxels = [voxel[value > 0] for voxel, value in zip(voxels, values, strict=True)]
        values = [value[value > 0] for value in values]
    values = [np.minimum(value.astype(np.float32) / np.float32(unit), np.float32(1)) for value in values]
    return Atlas.from_region_entries(grid, regions, voxels, values, **facts)


def _are_whole(values: list[NDArray[Any]]) -> bool:
    return not any((value != np.round(value)).any() for value in values)


def _are_parcellations(grid: Grid, voxels: list[NDArray[np.integer]], values: list[NDArray[Any]]) -> bool:
    """Whether whole numbers in several volumes add up to far more than 100 % in many voxels, or are all small."""
    if len(values) < 2 or not _are_whole(values):
        return False
    if max(value.max(initial=0) for value in values) < _LEAST_HIGHEST:
        return True
    total = np.zeros(grid.n_voxels, np.float32)
    for voxel, value in zip(voxels, values, strict=True):
        total[voxel] += value
    occupied = total[total > 0]
    return bool((occupied > _FAR_MORE).mean() > 0.5)


def atlas_from_label_volume(
    img: Any, table: Names, *, name: str, space: str | None = None, source: dict[str, Any] | None = None
) -> Atlas:
    """Make a labelled atlas of a 3D nibabel image of whole numbers; 0 is background.

    Parameters
    ----------
    img : nibabel image
        (X, Y, Z), or with further axes of length 1: integers or whole-numbered floats, not negative.
    table : DataFrame, callable or None
        Columns ``id`` (label value) and ``name``, or what gives such a table for the `Wanted` labels. Labels
        without a row are named by their value, with a remark; rows without voxels are kept. None: no names.

    Raises
    ------
    FractionsError
        If there are fractional values.
    AtlasError
        If the volume cannot be read or does not hold labels, or the table names none of its labels.
    """
    grid = named_grid(img, name)
    try:
        data = kept_open(img)
        coded = code_labels(data, name)
        check_end(data)
    except AtlasError:
        raise
    except READ_ERRORS as error:
        raise AtlasError(
            f"{name}: the voxels cannot be read ({error}); the file may be cut off, fetch it again"
        ) from error
    labels = np.sort(coded.labels)
    regions = regions_of_labels(_named(table, Wanted(labels)), labels, name)
    return Atlas.from_labels(coded, grid, regions, name=name, space=space, source=source or {})


def _named(table: Names, wanted: Wanted) -> pd.DataFrame | None:
    return table(wanted) if callable(table) else table


def region_entries(
    volume: NDArray[Any], name: str, planes: tuple[int, int] | None = None
) -> tuple[NDArray[np.integer], NDArray[Any]]:
    """Flat C-order voxels (N,) of a volume (X, Y, Z) that are not 0 or NaN, and the values (N,) there.

    Where it is a part of a larger volume, `planes` says before which plane along the last axis it begins, and how many
    there are in all.

    Raises
    ------
    AtlasError
        If a value is infinite, or no real number.
    """
    if volume.dtype.kind not in "iufb":
        raise AtlasError(f"{name}: voxels of type {volume.dtype} are not real numbers; give one number per voxel")
    nx, ny, nz = volume.shape
    begin, depth = planes or (0, nz)
    number: type[np.integer] = np.int32 if nx * ny * depth < 2**31 else np.int64  # short ones are divided faster
    if volume.flags.f_contiguous and not volume.flags.c_contiguous:
        # Files store x fastest; looking in that order, and turning only what is found, is several times faster.
        flat = volume.ravel(order="F")
        place = np.flatnonzero(flat != 0)
        line = place.astype(number) // nx
        plane = line // ny
        voxel = ((place.astype(number) - line * nx) * ny + line - plane * ny) * depth + plane + begin
    else:
        flat = volume.reshape(-1)
        place = np.flatnonzero(flat != 0)
        voxel = place.astype(number)
        voxel += voxel // nz * (depth - nz) + begin
    value = flat[place]
    if value.dtype.kind == "f":
        if np.isinf(value).any():
            raise AtlasError(f"{name} holds infinite values; repair the file")
        is_number = ~np.isnan(value)
        voxel, value = voxel[is_number], value[is_number]
    return voxel, value


def parts_of_volume(data: Any, r: int = 0) -> Iterator[Part]:
    """Volume `r` of an image's voxels (see `opening.kept_open`), some planes after the other.

    Memory for a whole volume would be asked of the system anew for each, which takes longer than to unpack it.
    """
    nx, ny, nz = data.shape[:3]
    step = max(1, _PART_VOXELS // (nx * ny)) if type(data) is ArrayProxy else nz  # others may read all for each part
    for z in range(0, nz, step):
        index = (slice(None), slice(None), slice(z, z + step), r)[: len(data.shape)]
        yield np.asanyarray(data[index]).reshape((nx, ny, -1), order="F"), (z, nz)


def entries_of_parts(parts: Iterable[Part], name: str) -> tuple[NDArray[np.integer], NDArray[Any]]:
    """As `region_entries`, of a volume in parts."""
    found = [region_entries(part, name, planes) for part, planes in parts]
    return np.concatenate([voxel for voxel, _ in found]), np.concatenate([value for _, value in found])


def distinct_labels(labels: NDArray[np.integer]) -> NDArray[np.int64]:
    """The labels above 0 that occur, rising."""
    high = int(labels.max(initial=0))
    if high < 2**24:  # counting is far faster than sorting a whole volume
        present = np.zeros(high + 1, bool)
        present[labels] = True
        return np.flatnonzero(present[1:]) + 1
    distinct = np.unique(labels).astype(np.int64)
    return distinct[distinct > 0]


def regions_of_volumes(table: pd.DataFrame | None, n: int, name: str) -> pd.DataFrame:
    """The region table (R rows) of an atlas with one volume per region.

    Raises
    ------
    AtlasError
        If the table has rows for volumes that do not exist, names none or one twice, or could count from 0 or from 1.
    """
    if table is None:
        return pd.DataFrame({"id": np.arange(n), "name": [f"region {r}" for r in range(n)]})
    ids = table["id"].to_numpy(np.int64)
    if n in ids and names_background(table):
        table = table[ids != 0]  # volumes count from 1
        ids = ids[ids != 0]
    if not len(ids) or ids.min() < 0 or ids.max() > n or (ids.max() == n and ids.min() == 0):
        numbers = f" with the numbers {ids.min()} to {ids.max()}" if len(ids) else ""
        raise AtlasError(
            f"{name} has {counted(n, 'volume')}, but its label table has {counted(len(ids), 'row')}{numbers}; "
            "give the table that belongs to it, numbered from 0 or from 1"
        )
    if ids.min() > 0 and ids.max() < n:
        raise AtlasError(
            f"{name} has {counted(n, 'volume')}, but its label table has rows for {ids.min()} to {ids.max()} only, "
            f"which may count from 0 or from 1; complete the table with a row for 0 or for {n}"
        )
    return _completed(table.assign(id=ids - (ids.max() == n)), np.arange(n), "region", name)


def regions_of_labels(table: pd.DataFrame | None, labels: NDArray[np.int64], name: str) -> pd.DataFrame:
    """The region table of a labelled atlas that holds these labels.

    Raises
    ------
    AtlasError
        If there are no labels, or the table names none of them, names one twice, or counts from 0.
    """
    if not len(labels):
        raise AtlasError(f"{name} has no voxel above 0, so it holds no region; check that it is the right file")
    if table is None:
        return pd.DataFrame({"id": labels, "name": [f"label {v}" for v in labels]})
    counts_from_0 = 0 in table["id"].to_numpy() and not names_background(table)
    if counts_from_0 and np.isin(labels, table["id"] + 1).sum() > np.isin(labels, table["id"]).sum():
        raise AtlasError(
            f"{name}: its label table counts from 0, its labels from 1, so that names would be one off; "
            "add 1 to each number of the table"
        )
    table = table[table["id"] != 0]
    if not np.isin(labels, table["id"]).any():
        raise AtlasError(
            f"{name}: none of its labels ({_some(labels)}) is in the label table; give the table that belongs to it"
        )
    return _completed(table, labels, "label", name)


def named_grid(img: Any, name: str) -> Grid:
    """The grid of a nibabel image's first three axes; errors, and remarks on what is doubtful, name the atlas."""
    for doubt in position_of(img, name)[1]:
        remark(doubt)
    return grid_of(img, name)


def grid_of(img: Any, name: str) -> Grid:
    """As `named_grid`, without remarks: for files of which one speaks for all."""
    try:
        return Grid((img.shape[0], img.shape[1], img.shape[2]), position_of(img, name)[0])
    except (GridError, InputError) as error:
        raise AtlasError(f"{name}: {error}") from None


def _completed(table: pd.DataFrame, needed: NDArray[np.int64], word: str, name: str) -> pd.DataFrame:
    """Sort the table by id and add rows for ids without one; remark on those, and on names that occur twice."""
    twice = table["id"][table["id"].duplicated()]
    if len(twice):
        raise AtlasError(f"{name}: its label table has the number {twice.iloc[0]} twice; remove all but one row")
    missing = np.setdiff1d(needed, table["id"])
    if len(missing):
        remark(
            f"{name}: {len(missing)} of {counted(len(needed), 'region')} "
            f"{plural(len(missing), 'has', 'have')} no row in the "
            ""
            f"label table ({_some(missing)}); "
            f"{plural(len(missing), 'it is named by its', 'they are named by their')} number"
        )
        extra = pd.DataFrame({"id": missing, "name": [f"{word} {v}" for v in missing]})
        table = pd.concat([table, extra], ignore_index=True)
    shared = table["name"][table["name"].duplicated()].unique()
    if len(shared):
        remark(
            f"{name}: {counted(len(shared), 'name')} {plural(len(shared), 'stands', 'stand')} for "
            "more than one region each "
            f"({_some(shared)}); "
            "tell these regions apart by their numbers, or rename them in the label table"
        )
    return table.sort_values("id", kind="stable", ignore_index=True)


def _some(things: Any) -> str:
    return ", ".join(map(str, things[:5])) + (", ..." if len(things) > 5 else "")


def _read_ahead(img: Any, n: int, name: str) -> Iterator[Part]:
    """Yield the parts of the n volumes of an image in order, read by a second thread."""

    def parts() -> Iterator[Part]:
        data = kept_open(img)
        for r in range(n):
            yield from parts_of_volume(data, r)
        check_end(data)

    r = 0
    try:
        for part, (begin, depth) in ahead(parts(), PARTS_AHEAD):
            yield part, (begin, depth)
            r += begin + part.shape[2] == depth
    except READ_ERRORS as error:
        raise AtlasError(
            f"{name}: volume {min(r, n - 1)} cannot be read ({error}); the file may be cut off, fetch it again"
        ) from error


def of_one_volume(parts: Iterator[Part]) -> Iterator[Part]:
    """The parts up to the last one of a volume."""
    for part, (begin, depth) in parts:
        yield part, (begin, depth)
        if begin + part.shape[2] == depth:
            return


def stem(path: Path) -> str:
    """A file's name without .nii, .nii.gz, .seg.nrrd or another suffix."""
    name = path.name
    for suffix in (".nii.gz", ".nii", ".img.gz", ".hdr.gz", ".seg.nrrd", ".seg.nhdr"):
        if name.lower().endswith(suffix):
            return name[: -len(suffix)]
    return path.stem
