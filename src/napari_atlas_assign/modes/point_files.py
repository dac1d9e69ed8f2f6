"""Files of points: tables with columns of coordinates, the ``electrodes.tsv`` of BIDS-iEEG, and files of cells."""

from __future__ import annotations

import csv
import json
import os
from pathlib import Path
from typing import Any

import numpy as np

from ..encoding import decode, one_line
from ..errors import InputError, counted, plural, warn
from ..image import exists, file_sha256
from ..limits import MAX_POINT_BYTES, Start, check_regular, read_bytes, start_of
from .cell_files import BINARY_KINDS, kind_of_cells, read_cells, which_are_cells
from .point_columns import Ask, find_coordinates, type_of_cells
from .point_set import COORDINATES, Coordinates, PointSet

_MISSING = frozenset({"", "n/a", "na", "nan", "none", "null"})
_UNITS = {"mm": 1.0, "cm": 10.0, "m": 1000.0}


def read_points(path: str | os.PathLike[str], sigma: float = 0.0, coordinates: Coordinates | None = None) -> PointSet:
    """Read points from a table whose first line names the columns, or from a file of cells.

    Columns ``x``, ``y``, ``z`` (mm), or others that `point_columns.find_coordinates` knows, and where wanted ``name``
    and ``sigma`` (mm), in any order and case; others are ignored. Fields are separated by tabs, semicolons, commas or
    blanks, told by the first line. Files of cells are described in `cell_files`.

    In a file whose name ends in ``electrodes.tsv`` (BIDS-iEEG), rows with ``n/a`` coordinates are electrodes that
    nobody has located: they are not assigned, and keep their rows in the table of points, with a warning. The unit and
    the space are taken from the ``coordsystem.json`` beside it.

    Parameters
    ----------
    path : str or path
        The table.
    sigma : float
        Uncertainty in mm of points for which the table gives none.
    coordinates : {"mm", "voxels", "micrometres"}, optional
        What the coordinates count, where the file does not say it itself.

    Raises
    ------
    InputError
        If the file cannot be read, a column is missing, or a field is not a number (the line is named); if it is to be
        asked what the coordinates count, or the file says something else than `coordinates`.

    Warns
    -----
    AssignmentWarning
        If there are electrodes without coordinates.
    """
    path = Path(path)
    check_regular(path)
    if kind_of_cells(path) is not None:
        cells = read_cells(path)
        return PointSet(
            cells.at,
            np.broadcast_to(np.float64(sigma), len(cells.at)),
            None,
            path.name,
            None,
            _source(path, sigma, coordinates),
            what_counts(cells.says, coordinates, path.name),
            cells.axes,
        )
    header, rows = _read_rows(path)
    column = {name: _find_column(header, name, path) for name in ("name", "sigma")}
    place_columns = find_coordinates(header, path.name)
    if place_columns is None:
        titles = {title.strip().lower() for title in header}
        raise InputError(
            f"{path.name} has no column {', '.join(a for a in 'xyz' if a not in titles)}; "
            "its first line must name the columns x, y, z (and if wanted name, sigma)"
        )
    unit = what_counts(place_columns.says, coordinates, path.name)
    types = type_of_cells(header)
    if types is not None:
        rows = [rows[n] for n in which_are_cells([fields[types] for _, fields in rows], path.name)]
    electrodes = path.name.lower().endswith("electrodes.tsv")
    xyz, sigmas, names, left_out = [], [], [], []
    has_own = column["sigma"] is not None and len(rows) > 0
    unlocated: dict[int, str] = {}
    for row, (line, fields) in enumerate(rows):
        place = [_number(fields, c, header[c].strip(), line, path) for c in place_columns.columns]
        if None in place:
            left_out.append(line)
            unlocated[row] = "" if column["name"] is None else one_line(fields[column["name"]])
            continue
        own = None if column["sigma"] is None else _number(fields, column["sigma"], "sigma", line, path)
        if own is not None and own < 0:
            raise InputError(f"{path.name}, line {line}: the sigma {own:g} is below 0; give 0 or more, in mm")
        xyz.append(place)
        has_own = has_own and own is not None
        sigmas.append(sigma if own is None else own)
        names.append("" if column["name"] is None else one_line(fields[column["name"]]))
    if has_own and sigma:
        raise InputError(f"{path.name} gives every point a sigma of its own; leave out sigma")
    if left_out and not electrodes:
        raise InputError(f"{path.name}: no coordinates in {_lines(left_out)}; fill them in or leave the lines out")
    if left_out:
        empty = plural(len(left_out), "has an empty row", "have empty rows")
        warn(f"{path.name}: {counted(len(left_out), 'electrode')} without coordinates {empty} in the table of points")
    scale, space, sidecar = coordinate_system(path) if electrodes else (1.0, None, {})
    return PointSet(
        np.array(xyz, dtype=np.float64).reshape(-1, 3) * scale,
        np.array(sigmas, dtype=np.float64),
        None if column["name"] is None else tuple(names),
        path.name,
        space,
        _source(path, sigma, coordinates) | sidecar,
        unit,
        place_columns.axes,
        unlocated,
    )


POINT_SUFFIXES = (".csv", ".tsv", ".txt", *BINARY_KINDS)
"""Endings of files that are read as points."""


def holds_points(path: Path) -> bool:
    """Whether a file is read as points: by its name's ending, or else because it begins as a file of points does."""
    if path.name.lower().removesuffix(".gz").endswith(POINT_SUFFIXES):
        return True
    if not exists(path) or not path.is_file():
        return False
    return kind_of_cells(path) is not None or _begins_with_coordinates(path)


def _begins_with_coordinates(path: Path) -> bool:
    begins = Start.of(path)
    if b"\0" in begins.unpacked:  # as images do, of which no more need be unpacked
        return False
    try:
        start = start_of(path, _MAX_HEADER, unpacked=begins.is_gzip)
        return b"\0" not in start and find_coordinates(_split(_first_line(decode(start))), path.name) is not None
    except ValueError:  # an InputError is one, too
        return False


_MAX_HEADER = 2**14
"""Bytes in which the names of columns are looked for."""


def _first_line(text: str) -> str:
    return text.lstrip("\n").split("\n", 1)[0]


def _separator(line: str) -> str | None:
    """What parts the columns; None for blanks."""
    return next((c for c in "\t;," if c in line), None)


def _split(line: str) -> list[str]:
    return [word.strip('" ') for word in line.split(_separator(line))]


def _source(path: Path, sigma: float, coordinates: Coordinates | None) -> dict[str, Any]:
    source = {"path": str(path.resolve()), "sha256": file_sha256(path), "sigma": sigma}
    return source if coordinates is None else source | {"coordinates": coordinates}


def what_counts(says: Coordinates | Ask, stated: Coordinates | None, name: str) -> Coordinates:
    """What coordinates count, by what a file says and the user states.

    Raises
    ------
    InputError
        If neither says it, or they differ.
    """
    if says == "ask" and stated is None:
        raise InputError(
            f"{name} does not say what its coordinates count; give coordinates as 'voxels' of the atlas, 'micrometres' "
            f"from its corner, or world 'mm' (command line: --coordinates {'|'.join(COORDINATES)})"
        )
    if says == "ask" or stated is None or says == stated:
        return stated or says  # type: ignore[return-value]
    if says == "mm":
        return stated  # plain x, y, z are mm unless something else is said
    raise InputError(f"{name} says itself that its coordinates are {says}, not {stated}; leave out coordinates")


def _read_rows(path: Path) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The first line's fields, and each further line's number and fields; empty lines are skipped."""
    check_regular(path)
    if not exists(path) or not path.is_file():
        raise InputError(f"{path}: no such file; check the path")
    text = decode(read_bytes(path, MAX_POINT_BYTES))
    first = _first_line(text)
    separator = _separator(first)
    if "\0" in text or len(_split(first)) < 2:
        raise InputError(
            f"{path.name} is no table of points; give a CSV or TSV file whose first line names the columns x, y, z"
        )
    if separator is None:
        text, separator = "\n".join(" ".join(line.split()) for line in text.split("\n")), " "
    reader = csv.reader(text.split("\n"), delimiter=separator, strict=True)
    try:
        lines = [(reader.line_num, fields) for fields in reader if any(f.strip() for f in fields)]
    except csv.Error as error:
        raise InputError(f"{path.name}, line {reader.line_num} cannot be read ({error}); repair it") from error
    header = lines[0][1] if lines else []
    for line, fields in lines[1:]:
        if len(fields) != len(header):
            raise InputError(
                f"{path.name}, line {line}: {counted(len(fields), 'field')} where the first line has "
                f"{len(header)}; repair it"
            )
    return header, lines[1:]


def _find_column(header: list[str], name: str, path: Path) -> int | None:
    matches = [i for i, title in enumerate(header) if title.strip().lower() == name]
    if len(matches) > 1:
        raise InputError(f"{path.name} has {len(matches)} columns {name}; leave one")
    return matches[0] if matches else None


def _number(fields: list[str], column: int | None, name: str, line: int, path: Path) -> float | None:
    """One field's number; None where it is missing."""
    assert column is not None
    text = fields[column].strip()
    if text.lower() in _MISSING:
        return None
    try:
        number = np.nan if "_" in text else float(text)  # 1_000 is a number to Python alone
    except ValueError:
        number = np.nan
    if not np.isfinite(number):
        raise InputError(
            f"{path.name}, line {line}: {text[:40]!r} in column {name} is not a number; give mm with a decimal point"
        )
    return number


def _lines(numbers: list[int]) -> str:
    shown = ", ".join(str(n) for n in numbers[:5])
    more = f" and {len(numbers) - 5} more" if len(numbers) > 5 else ""
    return f"line{'s' if len(numbers) > 1 else ''} {shown}{more}"


def coordinate_system(path: Path) -> tuple[float, str | None, dict[str, str]]:
    """Millimetres per unit, and the space, of an ``electrodes.tsv``; for the record, the file that says so."""
    from ..template_space import canonical_space

    sidecar = path.with_name(path.name[: -len("electrodes.tsv")] + "coordsystem.json")
    facts: Any = {}
    source: dict[str, str] = {}
    if sidecar.is_file():
        try:
            source = {"coordsystem": str(sidecar.resolve()), "coordsystem_sha256": file_sha256(sidecar)}
            facts = json.loads(decode(read_bytes(sidecar)))
        except (ValueError, RecursionError) as error:  # an InputError is a ValueError, too
            raise InputError(f"{sidecar.name} is not JSON ({error}); repair it or take it away") from error
    if not isinstance(facts, dict):
        facts = {}
    unit = str(facts.get("iEEGCoordinateUnits", "mm")).strip().lower()
    if unit not in _UNITS:
        raise InputError(f"{sidecar.name} gives coordinates in {unit}; give them in mm, cm or m")
    system = facts.get("iEEGCoordinateSystem")
    return _UNITS[unit], canonical_space(system) if isinstance(system, str) else None, source
