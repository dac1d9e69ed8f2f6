"""Which columns of a table are coordinates, and what they count: told by the columns' own names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple

from ..errors import InputError
from .point_set import Coordinates

_UNITS: dict[str, Coordinates] = {
    **dict.fromkeys(("mm", "millimeter", "millimeters", "millimetre", "millimetres"), "mm"),
    **dict.fromkeys(("µm", "μm", "um", "micron", "microns", "micrometer", "micrometers"), "micrometres"),
    **dict.fromkeys(("micrometre", "micrometres"), "micrometres"),
    **dict.fromkeys(("px", "pixel", "pixels", "vx", "voxel", "voxels"), "voxels"),
}

_FILLERS = {
    *("centroid", "center", "centre", "of", "the", "object", "position", "pos", "location", "loc"),
    *("coordinate", "coordinates", "coord", "coords", "mean", "weighted", "axis", "com", "mass"),
}
"""Words of a title beside its axis and its unit."""

_OF_IMAGEJ = frozenset(("xm", "bx", "slice", "area", "intden", "nb of obj. voxels"))
"""Columns beside x, y, z that tell a table of ImageJ, whose unit is that of an image."""

_PLACES = ("0", "1", "2")

Ask = Literal["ask"]


class Coordinate(NamedTuple):
    """Three columns of a table."""

    columns: tuple[int, int, int]
    says: Coordinates | Ask
    """What they count; ``ask`` where their names do not tell."""
    axes: Literal["array", "image"]


class _Title(NamedTuple):
    """What the title of a column says."""

    kind: str
    """What is common to the titles of three columns."""
    axis: str
    """x, y, z, or 0, 1, 2."""
    unit: str


def find_coordinates(header: Sequence[str], name: str) -> Coordinate | None:
    """The columns of coordinates of a table with these titles; `name` is the file.

    In this order: brainglobe-utils' ``coordinate_atlas_axis_0`` (voxels of the atlas); ``x``, ``y``, ``z``; what adds
    words or a unit to x, y, z, as QuPath, ImageJ and TrackMate do (``Centroid X µm``, ``POSITION_X``), or to 0, 1, 2,
    as napari and ilastik do (``axis-0``, ``Center of the object_0``).

    Raises
    ------
    InputError
        If a coordinate has two columns, or several kinds of columns could be meant.
    """
    titles = [_title(text) for text in header]
    kinds = [kind for kind in dict.fromkeys(t.kind for t in titles if t) if _axes_of(kind, titles) in _WHOLE]
    for preferred in ("coordinate atlas axis", ""):
        if preferred in kinds:
            kinds = [preferred]
    kinds = [kind for kind in kinds if "raw" not in kind.split()]
    if not kinds:
        return None
    if len(kinds) > 1:
        raise InputError(f"{name} has {len(kinds)} sets of coordinates; leave one, or call its columns x, y and z")
    return _of_kind(kinds[0], titles, header, name)


_WHOLE = ({"x", "y", "z"}, {"0", "1", "2"})


def _axes_of(kind: str, titles: Sequence[_Title | None]) -> set[str]:
    return {t.axis for t in titles if t and t.kind == kind}


def _of_kind(kind: str, titles: Sequence[_Title | None], header: Sequence[str], name: str) -> Coordinate:
    mine = [(t, column) for column, t in enumerate(titles) if t and t.kind == kind]
    axes = sorted({t.axis for t, _ in mine})
    if len(mine) > 3:
        twice = next(a for a in axes if sum(t.axis == a for t, _ in mine) > 1)
        n = sum(t.axis == twice for t, _ in mine)
        raise InputError(f"{name} has {n} columns {twice}; leave one")
    by_axis = {t.axis: column for t, column in mine}
    units = {t.unit for t, _ in mine}
    if len(units) > 1:
        raise InputError(f"{name} gives its coordinates in {' and '.join(sorted(units))}; give one unit")
    return Coordinate(
        (by_axis[axes[0]], by_axis[axes[1]], by_axis[axes[2]]),
        _says(kind, units.pop(), header),
        "image" if axes[0] == "x" or kind.startswith("center of") else "array",
    )


def _says(kind: str, unit: str, header: Sequence[str]) -> Coordinates | Ask:
    if kind == "coordinate atlas axis":
        return "voxels"
    if unit:
        return _UNITS[unit]
    is_imagej = bool(_OF_IMAGEJ & {title.strip().lower() for title in header})
    return "ask" if kind or is_imagej or type_of_cells(header) is not None else "mm"


def type_of_cells(header: Sequence[str]) -> int | None:
    """The column of what cellfinder classified objects as, in a table that it wrote."""
    titles = [title.strip() for title in header]
    return titles.index("type") if titles[0] == "" and "type" in titles else None


def _title(text: str) -> _Title | None:
    """What a title says, if it is that of a coordinate."""
    words = [word for word in re.split(r"[\s_\-\[\](){}.:,/]+", text.strip().lower()) if word]
    unit = next((word for word in words if word in _UNITS), "")
    axes = [word for word in words if word in ("x", "y", "z", *_PLACES)]
    rest = [word for word in words if word not in axes and word != unit]
    if len(axes) != 1 or not set(rest) <= _FILLERS | {"atlas", "raw"} or (axes[0] in _PLACES and not rest):
        return None
    return _Title(" ".join(rest), axes[0], unit)
