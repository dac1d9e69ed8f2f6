"""DiFuMo dictionaries of functional modes as published: ``64/2mm/maps.nii.gz`` with ``64/labels_64_dictionary.csv``.

The values are loadings of a dictionary, not probabilities: not negative and mostly far below 1. They are kept as they
are, as siibra does, so that scores agree with it. Correlation, intersection over union and containedness do not depend
on their scale; ``share`` does, and tells little here.
"""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import AtlasError, counted
from ...grid import Grid
from ...image import file_sha256
from ...tables.frames import pd
from ..atlas import Atlas
from ..build import named_grid
from ..files.paths import inside
from ..files.text import read_text
from ..files.volumes import entries_of_volumes, keep_open, open_volume, renamed
from ..label_tables.hemispheres import with_sides

NAME = "difumo"
PRECEDENCE = 130

_LABELS = re.compile(r"^labels_(\d+)_dictionary\.csv$")
_RESOLUTIONS = ("2mm", "3mm")


def sniff(path: Path) -> bool:
    """Whether the path is a DiFuMo folder (``64``, ``64/2mm``), its maps or its table, with the other one in place."""
    try:
        _find(path)
    except (AtlasError, OSError, ValueError):
        return False
    return True


def read(path: Path, labels: Path | None = None) -> Atlas:
    """Read a DiFuMo dictionary.

    Parameters
    ----------
    path : Path
        The folder of a dimension (its 2 mm maps are read, or else the 3 mm ones), the folder of a resolution, the maps,
        or the table.
    labels : Path, optional
        A table of labels to name the modes by instead.

    Raises
    ------
    AtlasError
        If the maps or the table are missing or damaged, or do not fit each other.
    """
    maps, table = _find(path)
    names = read_names(table)
    img = open_volume(maps, axes=(4,))
    if len(names) != img.shape[3]:
        raise AtlasError(
            f"{table.name} names {counted(len(names), 'mode')}, but {maps.name} has "
            f"{counted(img.shape[3], 'volume')}; fetch both again"
        )
    regions = renamed(
        with_sides(pd.DataFrame({"id": range(len(names)), "name": names})), labels, maps.name, labelled=False
    )
    source: dict[str, Any] = {"path": str(maps.resolve()), "sha256": file_sha256(maps), "labels": str(table.resolve())}
    name = f"DiFuMo {len(names)}"
    voxels, values = entries_of_volumes(keep_open(maps), maps.name)
    space = "MNI152NLin6Asym"
    return atlas_from_loadings(
        named_grid(img, maps.name), regions, voxels, values, name=name, space=space, source=source
    )


def files(path: Path, labels: Path | None = None) -> list[Path]:
    """The files that `read` looks at."""
    return [*_find(path), *([labels] if labels else [])]


def read_names(table: Path) -> list[str]:
    """The names of the modes, in the order of the maps, of a table with the columns ``Component`` and ``Difumo_names``.

    Raises
    ------
    AtlasError
        If the table lacks these columns, or does not number its rows 1, 2, 3, ...
    """
    try:
        rows = pd.read_csv(StringIO(read_text(table)), dtype=str, keep_default_na=False)
    except (ValueError, OverflowError) as error:
        raise AtlasError(f"{table.name} is no table with commas ({error}); fetch it again") from error
    rows.columns = rows.columns.str.strip().str.lower()
    if not {"component", "difumo_names"} <= set(rows.columns):
        raise AtlasError(f"{table.name} lacks the columns Component and Difumo_names of a DiFuMo table; fetch it again")
    if rows["component"].str.strip().tolist() != [str(i + 1) for i in range(len(rows))]:
        raise AtlasError(f"{table.name} does not number its rows 1 to {len(rows)}, as DiFuMo does; fetch it again")
    return [name.strip() or f"component {i + 1}" for i, name in enumerate(rows["difumo_names"])]


def atlas_from_loadings(
    grid: Grid, regions: pd.DataFrame, voxels: list[NDArray[np.integer]], values: list[NDArray[Any]], **facts: Any
) -> Atlas:
    """Make an atlas of maps that are no probabilities: dictionary loadings, or components of an ICA.

    Only what is above 0 is kept. If the largest value is above 1, all maps are divided by it, which the atlas's source
    records as ``scale``; otherwise values stay as they are. It also records that they are ``loadings``.

    Parameters
    ----------
    grid : Grid
    regions : DataFrame
        R rows.
    voxels, values : list of (N,) arrays
        Of every region.

    Raises
    ------
    AtlasError
        If no value is above 0.
    """
    voxels = [voxel[value > 0] for voxel, value in zip(voxels, values, strict=True)]
    values = [value[value > 0].astype(np.float32) for value in values]
    high = max((float(value.max()) for value in values if len(value)), default=0.0)
    if high == 0:
        raise AtlasError(f"{facts.get('name', 'atlas')} has no voxel above 0; it holds no region")
    if high > 1:
        values = [value / np.float32(high) for value in values]
        facts["source"] = {**facts.get("source", {}), "scale": 1 / high}
    facts["source"] = {**facts.get("source", {}), "values": "loadings"}
    return Atlas.from_region_entries(grid, regions, voxels, values, **facts)


def _find(path: Path) -> tuple[Path, Path]:
    """The maps and the table."""
    if path.is_file() and _LABELS.match(path.name):
        path = path.parent
    if path.is_file():
        maps = path
    else:
        candidates = [path / "maps.nii.gz", *(path / resolution / "maps.nii.gz" for resolution in _RESOLUTIONS)]
        images = [candidate for candidate in candidates if candidate.is_file()]
        if not images:
            raise AtlasError(
                f"{path.name} holds no maps.nii.gz, nor does a folder 2mm or 3mm in it; give a DiFuMo folder"
            )
        maps = images[0]
    if maps.name != "maps.nii.gz":
        raise AtlasError(f"{maps.name} is not called maps.nii.gz, as DiFuMo's are")
    root = maps.parent.parent if maps.parent.name in _RESOLUTIONS else maps.parent
    tables = [file for folder in (maps.parent, root) for file in sorted(folder.iterdir()) if _LABELS.match(file.name)]
    if len(set(tables)) != 1:
        raise AtlasError(f"there are {len(set(tables))} tables labels_..._dictionary.csv beside {maps.name}, not one")
    inside(root, maps.relative_to(root))
    inside(root, tables[0].relative_to(root))
    return maps, tables[0]
