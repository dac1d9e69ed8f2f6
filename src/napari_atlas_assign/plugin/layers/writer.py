"""The npe2 writer: an Image or a Labels layer as NIfTI in mm, with its space, and beside it a table of its names.

What is opened again lies where it lay, and is what it was: an atlas with names and colours, modes, or a map.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
import pandas as pd

from ...atlas.build import stem
from ...atomic import whole_file
from ...errors import InputError
from ...header import MODES_INTENT
from .geometry import full_resolution, place_of
from .metadata import own_metadata

_ENDINGS = (".nii.gz", ".nii")

_LARGE_INTEGERS = {np.dtype(np.int64): np.int32, np.dtype(np.uint64): np.uint32, np.dtype(bool): np.uint8}
"""Types that many programs cannot read in NIfTI files, and those that hold the same labels."""


def write_image(path: str, data: Any, meta: dict[str, Any]) -> list[str]:
    """Write an Image layer; see `write`."""
    return write(path, data, meta, "image")


def write_labels(path: str, data: Any, meta: dict[str, Any]) -> list[str]:
    """Write a Labels layer; see `write`."""
    return write(path, data, meta, "labels")


def write(path: str, data: Any, meta: dict[str, Any], kind: str) -> list[str]:
    """Write a layer as NIfTI, axes before space as further volumes.

    Parameters
    ----------
    path : str
        Ends in .nii or .nii.gz; without one of these, .nii.gz is added.
    data : array (..., Z, Y, X)
    meta : dict
        As napari's layers give them: name, scale, translate, features, metadata and so on.
    kind : {"image", "labels"}

    Returns
    -------
    list of str
        The files that were written.

    Raises
    ------
    InputError
        If the layer does not say where it lies in the brain, or its values cannot be stored.
    """
    from napari.layers import Layer

    layer: Any = Layer.create(data, meta, kind)
    target = Path(path) if path.lower().endswith(_ENDINGS) else Path(path + _ENDINGS[0])
    img = _nifti_of(layer, kind)
    with whole_file(target) as new:
        file = new.with_name("new" + (".nii.gz" if target.name.lower().endswith(".gz") else ".nii"))
        nib.save(img, file)
        file.rename(new)
    table = _table_of(layer) if kind == "labels" else None
    if table is None:
        return [str(target)]
    names = target.with_name(stem(target) + ".tsv")
    with whole_file(names) as new:
        table.to_csv(new, sep="\t", index=False, na_rep="n/a", encoding="utf-8", lineterminator="\n")
    return [str(target), str(names)]


def _nifti_of(layer: Any, kind: str) -> Any:
    if kind == "image" and layer.rgb:
        raise InputError(f"the layer {layer.name!r} is a colour image, which is no map; save it in another format")
    grid = place_of(layer).grid
    data = np.asarray(full_resolution(layer)).T
    data = data.astype(_LARGE_INTEGERS.get(data.dtype, data.dtype))
    img = nib.Nifti1Image(data, grid.affine)
    metadata = own_metadata(layer)
    space = str(metadata.get("space") or "")
    img.header.set_xyzt_units("mm")
    if kind == "labels":
        img.header.set_intent("label", name=MODES_INTENT if metadata.get("role") == "modes" else "")
    img.header["descrip"] = space.encode("latin-1", "replace")[:79]
    img.set_sform(grid.affine, code="mni" if space.startswith("MNI152") else "aligned")
    return img


def _table_of(layer: Any) -> pd.DataFrame | None:
    """Numbers, names and colours of a layer's labels as BIDS tables have them; None where it has no names."""
    features = layer.features
    column = next((c for c in ("region", "name", "label") if c in features), None)
    if column is None:
        return None
    index = next((features[c] for c in ("index", "atlas_label") if c in features), pd.Series(range(len(features))))
    table = pd.DataFrame({"index": index.to_numpy(), "name": features[column].to_numpy(object)})
    for further in ("hemisphere", "parent"):
        if further in features:
            table[further] = features[further].to_numpy(object)
    table = table[(table["index"] > 0) & table["name"].notna() & (table["name"] != "")]
    if not len(table):
        return None
    table["color"] = [_hex(layer.get_color(int(label))) for label in table["index"]]
    return table


def _hex(color: Any) -> str | None:
    """A colour as ``#rrggbb``; None where it is clear."""
    if color is None or np.asarray(color)[3] == 0:
        return None
    return "#" + "".join(f"{round(255 * float(c)):02x}" for c in np.asarray(color)[:3])
