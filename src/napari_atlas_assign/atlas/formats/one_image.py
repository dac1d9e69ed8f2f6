"""Atlases whose regions lie in one image.

For the dialects that know which table and which kind of image belong together.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

from ...grid import Grid
from ...image import file_sha256
from ...tables.frames import pd
from ..atlas import Atlas
from ..build import Names, atlas_from_label_volume, atlas_from_maps, grid_of
from ..files.paths import image_inside
from ..files.volumes import n_axes, open_volume
from ..label_tables import for_label_volume


def maps_from(path: Path, table: Names, *, name: str, **facts: Any) -> Atlas:
    """Read an image of probabilities or percentages: one volume per region, or a single region.

    Parameters
    ----------
    path : Path
        (X, Y, Z, R) or (X, Y, Z); axes of length 1 do not count.
    table : DataFrame, callable or None
        As `atlas_from_maps` takes it.
    name, **about
        See `Atlas`.

    Raises
    ------
    AtlasError
        If the image cannot be read, or does not fit the table.
    """
    img = open_volume(path, axes=(3, 4))
    return atlas_from_maps(img, table, name=name, **facts)


def labels_from(path: Path, table: Names, *, name: str, **facts: Any) -> Atlas:
    """Read an image of labels (X, Y, Z).

    Parameters
    ----------
    path : Path
        Whole numbers; 0 is background.
    table : DataFrame, callable or None
        As `atlas_from_label_volume` takes it.
    name, **about
        See `Atlas`.

    Raises
    ------
    AtlasError
        If the image cannot be read, has fractional values, or does not fit the table.
    """
    img = open_volume(path)
    names = for_label_volume(table) if isinstance(table, pd.DataFrame) else table
    return atlas_from_label_volume(img, names, name=name, **facts)


def maps_or_labels_from(path: Path, table: Names, *, name: str, **facts: Any) -> Atlas:
    """Read four axes as maps and three as labels; see `maps_from`, `labels_from`."""
    four = n_axes(open_volume(path, axes=(3, 4))) > 3
    return (maps_from if four else labels_from)(path, table, name=name, **facts)


def pick(paths: list[Path], near: Grid | None = None) -> Path:
    """Choose among images of one atlas in several resolutions.

    Parameters
    ----------
    paths : list of Path
        At least one image.
    near : Grid, optional
        The grid to come close to: an equal grid, or else the voxel volume that differs by the smallest factor. None:
        the smallest voxels.

    Raises
    ------
    AtlasError
        If an image cannot be opened.
    """
    if len(paths) == 1:
        return paths[0]
    grids = [grid_of(open_volume(path, axes=(3, 4)), path.name) for path in paths]

    def distance(grid: Grid) -> tuple[bool, float, float]:
        if near is None:
            return (False, 0.0, grid.voxel_volume)
        factor = abs(math.log(grid.voxel_volume / near.voxel_volume))
        return (not grid.matches(near), round(factor, 6), grid.voxel_volume)

    return min(zip(paths, grids, strict=True), key=lambda pair: distance(pair[1]))[0]


def named_image(path: Path, names: list[str], near: Grid | None = None) -> Path | None:
    """Of the images that an atlas file names, those that are there, the one to `pick`; None where none is.

    Raises
    ------
    AtlasError
        If a name leads out of the file's folder, or an image cannot be opened.
    """
    candidates = [image_inside(path.parent, name.lstrip("/")) for name in names]
    images = [image for image in candidates if image is not None]
    return pick(images, near) if images else None


def source_of(image: Path, **others: Path | None) -> dict[str, Any]:
    """The record of where an atlas came from: the path and SHA-256 of its image and of other files that were read."""
    source: dict[str, Any] = {"path": str(image.resolve()), "sha256": file_sha256(image)}
    for key, path in others.items():
        if path is not None:
            source |= {key: str(path.resolve()), f"{key}_sha256": file_sha256(path)}
    return source
