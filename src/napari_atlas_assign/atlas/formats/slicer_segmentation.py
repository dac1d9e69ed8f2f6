"""3D Slicer's segmentations (``.seg.nrrd``): segments with names and colours, in layers where they overlap."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ...errors import AtlasError
from ...image import READ_ERRORS
from ...limits import Start
from ...nrrd_files.image import is_nrrd
from ...nrrd_files.segments import Segment, has_segments, segments_of, voxels_of
from ...opening import load as load_header
from ...tables.frames import pd
from ..atlas import Atlas
from ..build import named_grid, stem
from ..files.volumes import open_volume, renamed
from ..label_tables.hemispheres import with_sides
from .one_image import source_of

NAME = "slicer-segmentation"
PRECEDENCE = 140


def sniff(path: Path) -> bool:
    """Whether this is NRRD with segments in its header."""
    try:
        return is_nrrd(Start.of(path)) and has_segments(load_header(path))
    except READ_ERRORS:
        return False


def read(path: Path, labels: Path | None = None) -> Atlas:
    """Read each segment as a region; where segments overlap, a place counts for all of them.

    Parameters
    ----------
    path : Path
        The .seg.nrrd file.
    labels : Path, optional
        A table of labels to use instead of the names of the segments.

    Raises
    ------
    AtlasError
        If the file cannot be read, or its segments do not fit it.
    """
    img = open_volume(path, axes=(3, 4))
    grid = named_grid(img, path.name)
    segments = segments_of(img, path.name)
    try:
        voxels = voxels_of(img, segments)
    except READ_ERRORS as error:
        raise AtlasError(f"{path.name}: the voxels cannot be read ({error}); fetch the file again") from error
    if not any(map(len, voxels)):
        raise AtlasError(f"{path.name} has no voxel in any segment, so it holds no region; check that it is right")
    regions = renamed(_regions(segments), labels, path.name, labelled=True)
    values = [np.ones(len(voxel), np.float32) for voxel in voxels]
    source = source_of(path, labels=labels)
    return Atlas.from_region_entries(grid, regions, voxels, values, name=stem(path), source=source)


def files(path: Path, labels: Path | None = None) -> list[Path]:
    """The files that `read` looks at."""
    img: Any = load_header(path)
    parts = [Path(part.filename) for part in img.file_map.values() if part.filename]
    return list(dict.fromkeys([path, *parts, *([labels] if labels else [])]))


def _regions(segments: list[Segment]) -> pd.DataFrame:
    table = pd.DataFrame({"id": [s.id for s in segments], "name": [s.name for s in segments]})
    if any(s.color for s in segments):
        table["color"] = [s.color for s in segments]
    return with_sides(table)
