"""The record: everything that is needed to know how a table came about, and to make it again.

A record is strict JSON. It names the software, the inputs with their hashes, the parameters and the files written, so
that the same assignment can be run again and a changed input be told from an unchanged one.
"""

from __future__ import annotations

import hashlib
import json
import math
import platform
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from ..assignment.point_result import PointResult
from ..assignment.result import Result
from ..atlas.atlas import Atlas
from ..errors import InputError
from ..grid import Grid
from ..image import Image, exists
from ..lazy import blocks
from ..limits import read_bytes
from ..resources import running_version

RECORD_NAME = "provenance.json"
"""The record's file name in an output folder."""

RECORD_KIND = "napari-atlas-assign record"
"""What a record says that it is; a file without it is not ours."""

RECORD_VERSION = 1
"""Rises when a reader of earlier records would misread a new one."""

MAX_RECORD_BYTES = 200 * 2**20
"""The largest record that is read: of ten thousand maps against ten atlases."""

MAX_POINTS = 10_000
"""Points that come from no file are written into the record, up to this many."""

PACKAGES = ("napari-atlas-assign", "numpy", "scipy", "pandas", "nibabel")
"""Packages whose version can change a number in the tables."""


def record_of(result: Result | PointResult, files: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Describe a result and what it was made from.

    Parameters
    ----------
    result : Result or PointResult
        The assignment.
    files : mapping, optional
        Names of the files written beside the record, with their SHA-256.

    Returns
    -------
    dict
        Of plain JSON types only; numbers that JSON lacks (NaN, infinities) are None.
    """
    return plain(
        {
            "record": RECORD_KIND,
            "record_version": RECORD_VERSION,
            "created": datetime.now(UTC).isoformat(timespec="seconds"),
            "software": software(),
            **(_of_points(result) if isinstance(result, PointResult) else _of_maps(result)),
            "atlases": [describe_atlas(atlas) for atlas in result.atlases],
            "warnings": result.warnings,
            "timings_s": result.timings,
            "files": dict(files or {}),
        }
    )


def _of_maps(result: Result) -> dict[str, Any]:
    return {
        "parameters": result.parameters.as_dict(),
        "is_stack": result.is_stack,
        "images": [_describe_image(image) for image in result.images],
        "runs": [
            {
                "image": run.image.name,
                "atlas": run.atlas.name,
                "threshold": run.threshold,
                "chosen": result.parameters.threshold_in_words(run.image, run.threshold),
                "modes": run.modes.n_modes,
                "assignments": len(run.sums.mode),
                "grid": _describe_grid(run.modes.grid),
            }
            | ({"placed in": run.certainty.domain} if run.certainty and run.certainty.domain else {})
            for run in result.comparisons
        ],
    }


def _of_points(result: PointResult) -> dict[str, Any]:
    points = result.points
    described: dict[str, Any] = {
        "name": points.name,
        "space": points.space,
        "count": len(points),
        "values_sha256": array_sha256(points.xyz, points.sigma),
        "source": points.source,
    }
    if "path" not in points.source and len(points) <= MAX_POINTS:
        described |= {"xyz": points.xyz, "sigma": points.sigma, "names": points.names}
    parameters = {
        "minimum_probability": result.minimum_probability,
        "level": result.level,
        "convention": result.convention,
    }
    return {"parameters": parameters, "points": described}


def to_json(record: Mapping[str, Any]) -> bytes:
    """Write a record as strict, indented JSON in UTF-8."""
    text = json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    # Lists of numbers (shapes, rows of affines) go on one line; strings are safe, since JSON escapes their line ends.
    text = re.sub(r"\[\n\s+([^][{}\"]+?)\n\s+\]", lambda match: "[" + " ".join(match[1].split()) + "]", text)
    # A file name that is not valid UTF-8 reaches Python as lone surrogates, which are written as JSON escapes.
    return text.encode("utf-8", errors="backslashreplace")


def read_record(path: Path) -> dict[str, Any]:
    """Read a record.

    Raises
    ------
    InputError
        If the file is missing, is no record of this package, or was written by a later version of it.
    """
    if not exists(path):
        raise InputError(f"{path}: no such file; check the path")
    data = read_bytes(path, MAX_RECORD_BYTES)
    try:
        record = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path} cannot be read as JSON ({error}); give an output folder's {RECORD_NAME}") from error
    if not isinstance(record, dict) or record.get("record") != RECORD_KIND:
        raise InputError(f"{path} is no record of an assignment; give an output folder's {RECORD_NAME}")
    version = record.get("record_version")
    if not isinstance(version, int) or version > RECORD_VERSION:
        raise InputError(f"{path} was written by a later version of napari-atlas-assign; upgrade to read it")
    return record


def plain(value: Any) -> Any:
    """The same value in types that strict JSON has: numpy numbers and arrays, paths and tuples turned, NaN as None."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, list | tuple | set | frozenset):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int | str):
        return value
    return str(value)


def array_sha256(*arrays: Any) -> str:
    """SHA-256 of the values, types and shapes of arrays, whatever their byte order and strides.

    Lazy arrays are read block by block; the result is that of the array in memory where blocks are runs of whole planes
    of the first axis, else it depends on the chunks, too.
    """
    digest = hashlib.sha256()
    for array in arrays:
        little = np.dtype(array.dtype).newbyteorder("<")
        digest.update(f"{little.str}{tuple(array.shape)}".encode())
        for part in [array] if isinstance(array, np.ndarray) else (b.values for b in blocks(array, "the image")):
            digest.update(np.ascontiguousarray(part, dtype=little).reshape(-1).view(np.uint8).data)
    return digest.hexdigest()


def software() -> dict[str, str]:
    """Versions of Python and of `PACKAGES`, and the platform."""
    versions = {"python": platform.python_version(), "platform": platform.platform()}
    return versions | {package: running_version(package) for package in PACKAGES}


def _describe_image(image: Image) -> dict[str, Any]:
    return {
        "name": image.name,
        "space": image.space,
        "grid": _describe_grid(image.grid),
        "type": str(image.data.dtype),
        # Of the values as such, so that an array or a layer without a file can be told from a changed one, too.
        "values_sha256": array_sha256(image.data),
        "source": image.source,
    } | ({"names": image.names} if image.names else {})


def describe_atlas(atlas: Atlas) -> dict[str, Any]:
    """Which atlas, from where, with what content."""
    described: dict[str, Any] = {
        "name": atlas.name,
        "space": atlas.space,
        "regions": atlas.n_regions,
        "grid": _describe_grid(atlas.grid),
        "source": atlas.source,
    }
    if not {"sha256", "files"} & set(atlas.source):
        described["values_sha256"] = array_sha256(atlas.voxel, atlas.region, atlas.value)
    return described


def _describe_grid(grid: Grid) -> dict[str, Any]:
    return {"shape": grid.shape, "affine": grid.affine}
