"""AFNI datasets written by hand."""

from __future__ import annotations

import gzip

import numpy as np


def attribute(kind, name, value):
    """One attribute of a .HEAD file."""
    if kind == "string":
        return f"\ntype  = string-attribute\nname  = {name}\ncount = {len(value) + 1}\n'{value}~\n"
    return f"\ntype  = {kind}-attribute\nname  = {name}\ncount = {len(value)}\n " + " ".join(map(str, value)) + "\n"


def write_dataset(folder, data, name="atlas+tlrc", *, packed=False, **texts):
    """A .HEAD and .BRIK pair of 2 mm voxels; data is (X, Y, Z) or (X, Y, Z, R), int16."""
    n = data.shape[3] if data.ndim == 4 else 1
    head = [
        attribute("integer", "DATASET_RANK", [3, n, 0, 0, 0, 0, 0, 0]),
        attribute("integer", "DATASET_DIMENSIONS", [*data.shape[:3], 0, 0]),
        attribute("integer", "BRICK_TYPES", [1] * n),
        attribute("float", "BRICK_FLOAT_FACS", [0.0] * n),
        attribute("string", "BYTEORDER_STRING", "LSB_FIRST"),
        attribute("integer", "ORIENT_SPECIFIC", [0, 3, 4]),
        attribute("float", "DELTA", [2.0, 2.0, 2.0]),
        attribute("integer", "SCENE_DATA", [2, 11, 1, 0, 0, 0, 0, 0]),
        attribute("float", "IJK_TO_DICOM_REAL", [2.0, 0, 0, -10, 0, 2.0, 0, -20, 0, 0, 2.0, -30]),
        *(attribute("string", key, value) for key, value in texts.items()),
    ]
    path = folder / f"{name}.HEAD"
    path.write_text("".join(head))
    voxels = np.asarray(data, "<i2").tobytes(order="F")
    (folder / f"{name}.BRIK{'.gz' * packed}").write_bytes(gzip.compress(voxels) if packed else voxels)
    return path
