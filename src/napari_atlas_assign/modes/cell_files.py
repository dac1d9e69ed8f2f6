"""Cells as BrainGlobe's programs write them, in files that are no text tables: XML, npy and Parquet.

cellfinder's XML counts voxels of the image in which the cells were detected: z its planes, x its columns. An npy file
is an array (N, 3) along the atlas's axes, which says nothing of its unit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

import numpy as np
from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from ..errors import InputError, counted, plural, warn
from ..grid import Floats
from ..image import exists
from ..limits import MAX_IMAGE_BYTES, MAX_POINT_BYTES, check_claim, check_regular, read_bytes, start_of
from .point_columns import Ask, find_coordinates
from .point_set import Coordinates

BINARY_KINDS = (".xml", ".npy", ".parquet")
"""Endings of these files."""

_AT_A_TIME = 2**18
"""Rows of Parquet that are read together."""

_IS_CELL = "2"
"""In cellfinder's files, the type of what was classified as a cell; 1 is what was not, or not yet."""


_STARTS = {b"\x93NUMPY": ".npy", b"PAR1": ".parquet", b"<CellCounter": ".xml"}


def kind_of_cells(path: Path) -> str | None:
    """Which of `BINARY_KINDS` a file is: by how it begins, else by its name's ending; None for any other."""
    start = start_of(path, 64).lstrip()
    ending = path.suffix.lower()
    return next((kind for beginning, kind in _STARTS.items() if start.startswith(beginning)), None) or (
        ending if ending in BINARY_KINDS else None
    )


class Cells(NamedTuple):
    """Positions, and what they count."""

    at: Floats
    """(N, 3)"""
    says: Coordinates | Ask
    axes: Literal["array", "image"]


def read_cells(path: Path) -> Cells:
    """Read cells from XML, npy or Parquet; see `kind_of_cells`.

    Raises
    ------
    InputError
        If the file is missing, damaged or of another kind.

    Warns
    -----
    AssignmentWarning
        If detected objects that were not classified as cells are left out, or nothing was classified.
    """
    check_regular(path)
    if not exists(path) or not path.is_file():
        raise InputError(f"{path}: no such file; check the path")
    return {".xml": _read_xml, ".npy": _read_npy, ".parquet": _read_parquet}[kind_of_cells(path) or ".xml"](path)


def which_are_cells(types: Sequence[str | None], name: str) -> list[int]:
    """Numbers of the objects, from 0, whose type in a file of cellfinder says that they are cells.

    Warns
    -----
    AssignmentWarning
        If others are left out; or if none is a cell, because nothing was classified, so that all are taken.
    """
    cells = [n for n, kind in enumerate(types) if (kind or "").strip() == _IS_CELL]
    if cells and len(cells) < len(types):
        n = len(types) - len(cells)
        left = plural(n, "that was not classified as a cell is", "that were not classified as cells are")
        warn(f"{name}: {counted(n, 'object')} {left} left out")
    if types and not cells:
        warn(f"{name} has no object that was classified as a cell: all {len(types)} are taken")
    return cells or list(range(len(types)))


def _read_xml(path: Path) -> Cells:
    try:
        root = fromstring(read_bytes(path, MAX_POINT_BYTES), forbid_dtd=True)
    except DefusedXmlException as error:
        raise InputError(f"{path.name} declares a DTD or entities, which no cells need; remove the DOCTYPE") from error
    except (SyntaxError, ValueError, LookupError, RecursionError) as error:
        raise InputError(f"{path.name} is not well-formed XML ({error}); write it again") from error
    if root.tag != "CellCounter_Marker_File":
        raise InputError(f"{path.name} is no XML of cellfinder; give its cell_classification.xml, or a table of points")
    markers = [(kind.findtext("Type"), m) for kind in root.iter("Marker_Type") for m in kind.findall("Marker")]
    kept = which_are_cells([kind for kind, _ in markers], path.name)
    rows = [[_real(markers[n][1].findtext(f"Marker{axis}"), path) for axis in "XYZ"] for n in kept]
    return Cells(np.array(rows, np.float64).reshape(-1, 3), "ask", "image")


def _read_npy(path: Path) -> Cells:
    try:
        array: Any = np.load(path, mmap_mode="r", allow_pickle=False)
    except Exception as error:  # whatever damaged headers lead to
        raise InputError(f"{path.name} is no array of numbers ({str(error)[:200]}); save it with numpy.save") from error
    if not isinstance(array, np.ndarray) or array.ndim != 2 or array.shape[1] != 3 or array.dtype.kind not in "iuf":
        raise InputError(f"{path.name} is no array (N, 3) of numbers; give one row for each cell")
    _check_size(path, math.prod(array.shape))
    del array  # mapped into memory, it would change with the file
    at = np.load(path, allow_pickle=False).astype(np.float64, copy=False)
    at.setflags(write=False)
    return Cells(at, "ask", "array")


def _read_parquet(path: Path) -> Cells:
    try:
        from pyarrow import parquet
    except ImportError as error:
        raise InputError(
            f'{path.name}: Parquet needs pyarrow; install it with pip install "napari-atlas-assign[parquet]"'
        ) from error
    try:
        file = parquet.ParquetFile(path)
        header = [str(name) for name in file.schema_arrow.names]
        coordinate = find_coordinates(header, path.name)
        if coordinate is None:
            raise InputError(f"{path.name} has no columns x, y, z; name its columns so")
        _check_size(path, file.metadata.num_rows * 3)
        names = [header[c] for c in coordinate.columns]
        at, row = np.empty((file.metadata.num_rows, 3)), 0
        for batch in file.iter_batches(_AT_A_TIME, columns=names):
            for axis, name in enumerate(names):
                at[row : row + len(batch), axis] = batch.column(name).to_numpy(zero_copy_only=False)
            row += len(batch)
    except InputError:
        raise
    except Exception as error:  # whatever damaged files lead to
        raise InputError(f"{path.name} cannot be read as Parquet ({str(error)[:200]}); write it again") from error
    at.setflags(write=False)
    return Cells(at, coordinate.says, coordinate.axes)


def _check_size(path: Path, numbers: int) -> None:
    check_claim(f"{path.name} claims", numbers * 8, MAX_IMAGE_BYTES, "bytes", "give fewer cells")


def _real(text: str | None, path: Path) -> float:
    try:
        return float(text or "")
    except ValueError as error:
        raise InputError(f"{path.name} has a cell at {str(text)[:40]!r}, which is no number; write it again") from error
