"""Where the coordinates stand in the tables of the field's programs, told by the names of their columns.

AFNI, FreeSurfer, FSL, NiMARE, nilearn, Sleuth, SPM, BIDS, and any table with x, y and z.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ..encoding import one_line
from ..errors import InputError, warn
from ..grid import Floats
from .table import Line

_PREFERRED = (
    ("max {}", None),  # FSL, which calls it Z-MAX where it knows the statistic
    ("z-max {}", None),
    ("mni{}", "MNI305"),  # FreeSurfer, in the space of its average
    ("tal{}", None),
    ("{}", None),
    ("peak {}", None),
    ("peak_{}", None),
    ("cog {}", None),
)
"""What columns of coordinates are called, the best first, with the space where the name tells it."""

_AFNI = (("mi rl", "mi ap", "mi is"), ("cm rl", "cm ap", "cm is"))
_MOST_PREAMBLE = 200
"""Lines before the one that names the columns."""

_VOXELS = re.compile(r"\(vox\)|\bvox(el)?\b")
_UNIT = re.compile(r"\s*(\(mm\)|\{mm\}|\[mm\]|_mm)$")
_TOGETHER = re.compile(r"x\s*,\s*y\s*,\s*z")
_ORDER = re.compile(r"coordinate order\s*[=:]\s*([RLAPIS]{3})\b", re.IGNORECASE)
_REFERENCE = re.compile(r"^//\s*reference\s*=\s*(\w+)", re.IGNORECASE)
_MISSING = frozenset({"", "n/a", "na", "nan", "none", "null"})


@dataclass(frozen=True)
class Layout:
    """Where a table's rows and coordinates are."""

    xyz: Floats
    """(N, 3) in mm; NaN where a row has no coordinates."""
    rows: tuple[int, ...]
    """The line of each row."""
    header: int | None
    """The line that names the columns."""
    separator: str
    spaces: tuple[str | None, ...]
    """Of each row, as the table says."""
    columns: tuple[str, ...]
    fields: tuple[tuple[str, ...], ...]
    """Of each row."""

    @property
    def width(self) -> int:
        """The number of columns."""
        return max([len(self.columns), *map(len, self.fields)])

    def column(self, name: str) -> list[str] | None:
        """The texts of a column; None where there is none."""
        matches = [n for n, title in enumerate(self.columns) if title.strip().lower() == name]
        return [row[matches[0]] if matches[0] < len(row) else "" for row in self.fields] if matches else None


def layout_of(lines: Sequence[Line], name: str) -> Layout:
    """Find the coordinates.

    Raises
    ------
    InputError
        If there are none, they are voxels, or one is no number.
    """
    sleuth = any(_REFERENCE.match(line.text) for line in lines)
    return _sleuth(lines, name) if sleuth else _with_header(lines, name)


def coordinate_columns(titles: Sequence[str], name: str) -> tuple[tuple[int, ...] | None, str | None]:
    """The columns of x, y and z, and the space that their names tell; None where there are none.

    Raises
    ------
    InputError
        If the only ones are voxels.
    """
    plain = [_UNIT.sub("", " ".join(str(title).replace("\ufeff", "").lower().split())) for title in titles]
    for pattern, space in _PREFERRED:
        wanted = [pattern.format(axis) for axis in "xyz"]
        if all(title in plain for title in wanted):
            return tuple(plain.index(title) for title in wanted), space
    for n, title in enumerate(plain):
        if _TOGETHER.match(title):
            return (n,), None
    for wanted_afni in _AFNI:
        if all(title in plain for title in wanted_afni):
            return tuple(plain.index(title) for title in wanted_afni), None
    if sum(bool(_VOXELS.search(title)) for title in plain) >= 3:
        raise InputError(f"{name} gives its coordinates in voxels; make it in mm (FSL's cluster: with --mm)")
    return None, None


def _with_header(lines: Sequence[Line], name: str) -> Layout:
    number, titles, columns, space = _header(lines, name)
    line = lines[number]
    separator = line.separator
    is_afni = any(title.strip().lower() in ("mi rl", "cm rl") for title in titles)
    is_comment = line.text.lstrip().startswith("#")
    if is_comment:
        separator = next((lines[n].separator for n in range(number + 1, len(lines)) if _is_data(lines[n])), " ")
    rows, xyz, fields = [], [], []
    for n in range(number + 1, len(lines)):
        if is_comment and not _is_data(lines[n]):
            continue
        here = lines[n].fields(separator)
        place = _place(here, columns, f"{name}, line {n + 1}")
        if place is not None:
            rows.append(n)
            xyz.append(place)
            fields.append(tuple(here))
    places = np.array(xyz, dtype=np.float64).reshape(-1, 3)
    if is_afni:
        places = places * _afni_signs(lines, name)
    layout = Layout(places, tuple(rows), number, separator, (space,) * len(rows), tuple(titles), tuple(fields))
    said = layout.column("space")
    if said is not None:
        layout = Layout(places, layout.rows, number, separator, tuple(said), layout.columns, layout.fields)
    return layout


def _header(lines: Sequence[Line], name: str) -> tuple[int, list[str], tuple[int, ...], str | None]:
    """The line that names the columns, their names, the columns of coordinates, and the space that these tell."""
    for number, line in enumerate(lines[:_MOST_PREAMBLE]):
        titles = _titles(line, line.separator)
        columns, space = coordinate_columns(titles, name)
        if columns is not None:
            return number, titles, columns, space
    raise InputError(f"{name} has no columns of coordinates; a line must name x, y and z in mm")


def _titles(line: Line, separator: str) -> list[str]:
    """The names of columns; in a comment they are parted by blanks, and AFNI's hold single ones."""
    text = line.text.strip()
    if not text.startswith("#"):
        return line.fields(separator)
    text = text.lstrip("#").strip()
    if "\t" in text:
        return [field.strip() for field in text.split("\t")]
    return re.split(r"\s{2,}", text) if re.search(r"\b(MI|CM) RL\b", text) else text.split()


def _is_data(line: Line) -> bool:
    return bool(line.text.strip()) and not line.text.lstrip().startswith("#")


def _place(fields: Sequence[str], columns: Sequence[int], where: str) -> list[float] | None:
    """The coordinates of a row; NaN where it has none; None where it is no row."""
    if max(columns) >= len(fields):
        return None
    texts = [fields[n] for n in columns]
    if len(columns) == 1:  # all three in one field, or in it and the next two
        inside = re.split(r"[\s,;]+", texts[0].strip("[]() "))
        texts = inside if len(inside) == 3 else list(fields[columns[0] : columns[0] + 3])
    numbers = [_number(text) for text in texts]
    if all(text.lower() in _MISSING for text in texts):
        return [np.nan] * 3 if any(fields) else None
    if all(number is None for number in numbers) or len(numbers) < 3:
        return None
    if any(number is None for number in numbers):
        raise InputError(f"{where}: the coordinates {one_line(' '.join(texts))[:60]!r} are not three numbers; mend it")
    return [number for number in numbers if number is not None]


def _number(text: str) -> float | None:
    try:
        number = float(text.replace("\u2212", "-")) if "_" not in text else np.nan
    except ValueError:
        return None
    return number if np.isfinite(number) else None


def _afni_signs(lines: Sequence[Line], name: str) -> Floats:
    """What turns AFNI's coordinates to the right, to the front and up; its letters name the negative ends."""
    order = next((match[1].upper() for line in lines if (match := _ORDER.search(line.text))), None)
    if order is None:
        warn(f"{name} does not say its coordinate order; AFNI's own, RAI, is taken")
        order = "RAI"
    return np.array([1.0 if letter in order else -1.0 for letter in "LPI"])


def _sleuth(lines: Sequence[Line], name: str) -> Layout:
    rows, xyz, spaces, fields = [], [], [], []
    space: str | None = None
    for n, line in enumerate(lines):
        reference = _REFERENCE.match(line.text)
        if reference:
            space = reference[1]
        if not line.text.strip() or line.text.lstrip().startswith("//"):
            continue
        here = re.split(r"[\s,;]+", line.text.strip())
        place = _place(here, (0, 1, 2), f"{name}, line {n + 1}")
        if place is None or len(here) != 3:
            raise InputError(f"{name}, line {n + 1}: a focus is three numbers; mend it")
        rows.append(n)
        xyz.append(place)
        spaces.append(space)
        fields.append(tuple(here))
    separator = lines[rows[0]].separator if rows else "\t"
    return Layout(
        np.array(xyz, dtype=np.float64).reshape(-1, 3), tuple(rows), None, separator, tuple(spaces), (), tuple(fields)
    )
