"""NRRD files written by hand, so that what is read does not hang on what pynrrd writes."""

from __future__ import annotations

import bz2
import gzip
from collections.abc import Mapping
from pathlib import Path

import numpy as np

TYPES = {
    **{"i1": "int8", "u1": "uchar", "i2": "short", "u2": "unsigned short", "i4": "int", "u4": "uint32"},
    **{"i8": "long long int", "u8": "uint64_t", "f4": "float", "f8": "double"},
}


def packed(array: np.ndarray, encoding: str) -> bytes:
    if encoding in ("text", "ascii"):
        return " ".join(map(str, array.reshape(-1, order="F").tolist())).encode()
    data = array.tobytes(order="F")
    return {"raw": bytes, "gzip": gzip.compress, "bzip2": bz2.compress}[encoding](data)


def header_of(array: np.ndarray, fields: Mapping[str, str | None]) -> bytes:
    """The header of an array; a field of None is left out."""
    lines = {
        "type": TYPES[array.dtype.str[1:]],
        "dimension": str(array.ndim),
        "sizes": " ".join(map(str, array.shape)),
        "encoding": "raw",
        "endian": "big" if array.dtype.byteorder == ">" else "little",
        **fields,
    }
    marks = {name: ":=" if name.startswith("Segment") else ": " for name in lines}
    return "\n".join(["NRRD0005", *(f"{k}{marks[k]}{v}" for k, v in lines.items() if v is not None)]).encode() + b"\n"


def write_nrrd(path: Path, array: np.ndarray, **fields: str | None) -> Path:
    """Write an attached file; blanks of field names are underscores here."""
    told = {name if name.startswith("Segment") else name.replace("_", " "): value for name, value in fields.items()}
    path.write_bytes(header_of(array, told) + b"\n" + packed(array, str(told.get("encoding") or "raw")))
    return path


def vectors(matrix: np.ndarray) -> str:
    """The columns of a matrix as NRRD writes directions."""
    return " ".join("(" + ",".join(repr(float(v)) for v in column) + ")" for column in np.asarray(matrix).T)
