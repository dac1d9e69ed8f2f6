"""Atlases that lie in many image files: opened header by header, read volume by volume, all on one grid."""

from __future__ import annotations

import gzip
import math
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import AtlasError, InputError, counted
from ...grid import Grid
from ...image import READ_ERRORS, open_image, with_one_axis_of_volumes
from ...limits import MAX_IMAGE_BYTES, Start, check_size
from ...opening import check_end, kept_open
from ...opening import load as load_header
from ...tables.frames import pd
from ..build import (
    PARTS_AHEAD,
    Part,
    entries_of_parts,
    grid_of,
    named_grid,
    of_one_volume,
    parts_of_volume,
    region_entries,
    regions_of_labels,
    regions_of_volumes,
)
from ..label_tables import read_table
from ..labels.label_volume import code_labels
from .ahead import ahead

Entries = tuple[NDArray[np.integer], NDArray[Any]]
"""Voxels (N,) and values (N,) of one region."""


def open_volume(path: Path, axes: tuple[int, ...] = (3,)) -> Any:
    """Open an image's header; trailing axes of length 1 do not count.

    Parameters
    ----------
    path : Path
        A NIfTI file.
    axes : tuple of int
        How many axes it may have.

    Raises
    ------
    AtlasError
        If the file is missing, no image, claims more than it can hold, or has another number of axes.
    """
    img = open_atlas_image(path)
    if n_axes(img) not in axes:
        expected = " or ".join(map(str, axes))
        raise AtlasError(
            f"{path.name} has {counted(n_axes(img), 'axis')} (shape {img.shape}), not {expected}; check the file"
        )
    return img


def open_atlas_image(path: Path) -> Any:
    """Open an image's header, with any number of axes.

    Raises
    ------
    AtlasError
        If the file is missing, no image, or claims more than it can hold or than `limits.MAX_IMAGE_BYTES`.
    """
    try:
        img = open_image(path)
        check_size(img, Start.of(path), MAX_IMAGE_BYTES)
    except InputError as error:
        raise AtlasError(str(error)) from error
    return with_one_axis_of_volumes(img)


def check_whole(path: Path) -> None:
    """Read an image file to its end, which shows whether it is one, and whole; keeps nothing.

    Raises
    ------
    AtlasError
        If it is not.
    """
    img = open_atlas_image(path)
    if path.suffix not in (".gz", ".mgz"):
        return  # its size has been compared with its header
    claimed = math.prod(img.shape) * img.get_data_dtype().itemsize
    held = 0
    try:
        with gzip.open(path) as file:  # up to the checksum at its end
            while piece := file.read(2**20):
                held += len(piece)
    except (OSError, EOFError, zlib.error) as error:
        raise AtlasError(f"{path.name} is cut off or damaged ({error}); fetch it again") from error
    if held < claimed:
        raise AtlasError(f"{path.name} holds {held:,} bytes and claims {claimed:,} of voxels; fetch it again")


def n_axes(img: Any) -> int:
    """Number of axes of a nibabel image, at least 3, without trailing ones of length 1."""
    shape = img.shape
    while len(shape) > 3 and shape[-1] == 1:
        shape = shape[:-1]
    return len(shape)


def read_volume(img: Any, name: str, z: int | None = None) -> NDArray[Any]:
    """The values (X, Y, Z) of an image, or of volume `z` (from 0) of one with four axes; `name` is for messages.

    Raises
    ------
    AtlasError
        If the voxels cannot be read, or there is no such volume.
    """
    if z is not None and not 0 <= z < (img.shape[3] if len(img.shape) > 3 else 1):
        raise AtlasError(f"{name} has no volume {z} (shape {img.shape}, from 0); the atlas file does not fit it")
    try:
        data = np.asanyarray(img.dataobj[..., z] if z is not None and len(img.shape) > 3 else kept_open(img))
    except READ_ERRORS as error:
        raise AtlasError(f"{name}: the voxels cannot be read ({error}); fetch the file again") from error
    if data.dtype.kind not in "iufb":
        raise AtlasError(f"{name}: voxels of type {data.dtype} are not real numbers; give one number per voxel")
    return data.reshape(data.shape[:3])


def common_grid(images: dict[Path, Any]) -> Grid:
    """The grid that all images share.

    Raises
    ------
    AtlasError
        If an image has another grid than most; the message names it.
    """
    grids = {path: grid_of(img, path.name) for path, img in images.items()}
    first = next(iter(images))
    named_grid(images[first], first.name)  # whose remarks stand for all
    kinds: list[tuple[Grid, list[Path]]] = []
    for path, grid in grids.items():
        for known, paths in kinds:
            if grid.matches(known):
                paths.append(path)
                break
        else:
            kinds.append((grid, [path]))
    kinds.sort(key=lambda kind: -len(kind[1]))
    grid = kinds[0][0]
    if len(kinds) > 1:
        odd, other = kinds[1][1][0], kinds[1][0]
        raise AtlasError(
            f"{odd.name} has another grid (shape {other.shape}, voxels {_sizes(other)} mm) than {kinds[0][1][0].name} "
            f"(shape {grid.shape}, voxels {_sizes(grid)} mm); resample it, or take it out"
        )
    return grid


def entries_of_files(paths: Sequence[Path]) -> tuple[Grid, list[NDArray[np.integer]], list[NDArray[Any]]]:
    """The grid and each file's entries, one file per region; a second thread reads ahead of the search.

    Raises
    ------
    AtlasError
        If a file cannot be read, or is on another grid than most.
    """
    images = {path: open_volume(path) for path in paths}
    grid = common_grid(images)

    def read() -> Iterator[Part]:
        for path, img in images.items():
            try:
                data = kept_open(img)
                yield from parts_of_volume(data)
                check_end(data)
            except READ_ERRORS as error:
                raise AtlasError(f"{path.name}: the voxels cannot be read ({error}); fetch the file again") from error

    parts = ahead(read(), PARTS_AHEAD)
    voxels, values = [], []
    for path in paths:
        voxel, value = entries_of_parts(of_one_volume(parts), path.name)
        voxels.append(voxel)
        values.append(value)
    next(parts, None)  # behind the last one is its file's checksum
    return grid, voxels, values


def entries_of_volumes(img: Any, name: str) -> tuple[list[NDArray[np.integer]], list[NDArray[Any]]]:
    """Each volume's entries of an image with four axes; one volume is held at a time.

    Raises
    ------
    AtlasError
        If a volume cannot be read, or holds infinite values.
    """
    voxels, values = [], []
    for r in range(img.shape[3]):
        voxel, value = region_entries(read_volume(img, name, r), name)
        voxels.append(voxel)
        values.append(value)
    return voxels, values


def entries_by_label(volume: NDArray[Any], name: str) -> dict[int, NDArray[np.integer]]:
    """The voxels of every label of a volume (X, Y, Z), by rising label; 0 is background.

    Raises
    ------
    AtlasError
        If the volume holds something else than labels.
    """
    coded = code_labels(volume, name)
    return {int(coded.labels[c]): coded.runs.voxels_of(int(c)) for c in np.argsort(coded.labels)}


def renamed(regions: pd.DataFrame, labels: Path | None, name: str, *, labelled: bool) -> pd.DataFrame:
    """The region table, with names from the user's own table of labels where there is one.

    Raises
    ------
    AtlasError
        If the table does not fit the regions.
    """
    if labels is None:
        return regions
    table = read_table(labels)
    if labelled:
        ids = regions["id"].to_numpy(np.int64)
        given = regions_of_labels(table, np.sort(ids), name)
        return given.drop_duplicates("id").set_index("id").loc[ids].reset_index()
    return regions_of_volumes(table, len(regions), name)


def keep_open(path: Path) -> Any:
    """Open an image whose file stays open, so that its volumes are unpacked only once when read in order."""
    return load_header(path, keep_file_open=True)


def _sizes(grid: Grid) -> str:
    return " x ".join(f"{size:.3g}" for size in grid.voxel_sizes)
