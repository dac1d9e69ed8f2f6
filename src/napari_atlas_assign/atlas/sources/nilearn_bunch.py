"""The atlases that nilearn's functions and maskers hold: a ``Bunch`` of maps, labels and more, or a masker's image.

Old and new forms are understood: labels as a list of text or bytes, a record array or a table; a look-up table
(``lut``) or a list of ``indices`` where label values are not consecutive; with or without a row for the background.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import NDArray

from ...errors import AtlasError, counted, plural
from ...image import file_sha256
from ...tables.frames import pd
from ..atlas import Atlas
from ..build import atlas_from_entries, atlas_from_label_volume, named_grid, stem
from ..files.volumes import entries_of_volumes, keep_open, n_axes, open_atlas_image, read_volume
from ..formats.difumo import atlas_from_loadings
from ..label_tables.hemispheres import with_sides
from ..labels.label_volume import code_labels

SPACES = {
    "MNI152NLin6Asym": "MNI152NLin6Asym",
    "MNI152NLin2009cAsym": "MNI152NLin2009cAsym",
    "MNIColin27": "Colin27",
    "Talairach": "Talairach",
    "MNI?": "MNI152",
    "MNI152sym": "MNI152",
    "MNI152asym": "MNI152",
}
"""Names of spaces by nilearn's ``template``; its other names tell no volume's space, though one has fsaverage."""

_MASKED = ("labels_img", "maps_img")
"""Attributes that tell a masker of labels or of maps; nilearn itself is not imported for it."""

_BACKGROUND = ("background", "unknown", "???", "")


def is_nilearn_atlas(source: Any) -> bool:
    """Whether something is what a ``fetch_atlas_...`` function returned, or a masker of labels or maps."""
    return isinstance(source, Mapping) or any(hasattr(source, name) for name in _MASKED)


def atlas_from_nilearn(source: Any) -> Atlas:
    """Make an atlas of a ``Bunch``, a NiftiLabelsMasker or a NiftiMapsMasker, fitted or not.

    The record tells that it came from memory: of a file alone, another run would not have the same names.

    Raises
    ------
    AtlasError
        If it holds no volumetric maps, they cannot be read, or names do not fit them.
    """
    bunch = source if isinstance(source, Mapping) else _bunch_of_masker(source)
    return atlas_from_bunch(bunch).described(source={})


def _bunch_of_masker(masker: Any) -> dict[str, Any]:
    kind = type(masker).__name__
    if background := getattr(masker, "background_label", 0):
        raise AtlasError(f"the background of the {kind} is {background}; give an image of labels whose background is 0")
    maps = next((img for name in _MASKED if (img := getattr(masker, name, None)) is not None), None)
    if maps is None:
        raise AtlasError(f"the {kind} has no image; make it with the atlas's image")
    labels, lut = getattr(masker, "labels", None), getattr(masker, "lut", None)
    if isinstance(lut, str | os.PathLike):
        lut = pd.read_csv(lut, sep=None, engine="python")
    bunch = {"maps": maps, "labels": labels, "lut": lut}
    if lut is None and labels is not None and hasattr(masker, "labels_img"):
        bunch |= _in_order_of_values(_names(labels), _maps(bunch)[0], kind)
    return bunch


def _in_order_of_values(names: list[str], img: Any, kind: str) -> dict[str, Any]:
    """A masker's names belong to the labels of its image in rising order, whatever their numbers."""
    values = sorted(code_labels(read_volume(img, kind), kind).labels.tolist())
    if len(names) == len(values) + 1 and names[0].lower() in _BACKGROUND:
        names = names[1:]
    return {"labels": names, "indices": values} if len(names) == len(values) else {}


def atlas_from_bunch(bunch: Mapping[str, Any], name: str | None = None, source: dict[str, Any] | None = None) -> Atlas:
    """Make an atlas of what a nilearn ``fetch_atlas_...`` function returned.

    Parameters
    ----------
    bunch : mapping
        ``maps`` (path or image: 3D labels, or 4D with one volume per region), and where there are ``labels``, ``lut``,
        ``indices``, ``template``, ``description``.
    name : str, optional
        Name of the atlas; without it, the maps' file name.
    source : dict, optional
        What else to record of where it came from.

    Returns
    -------
    Atlas

    Raises
    ------
    AtlasError
        If there are no volumetric maps, they cannot be read, or the labels do not fit them.
    """
    img, path = _maps(bunch)
    if name is None:
        file = path or bunch.get("filename")
        name = stem(Path(file)) if isinstance(file, str | os.PathLike) else "nilearn atlas"
    facts: dict[str, Any] = {
        "name": name,
        "space": SPACES.get(str(bunch.get("template"))),
        "source": dict(source or {}),
    }
    if path is not None:
        facts["source"] |= {"path": str(path.resolve()), "sha256": file_sha256(path)}
    if n_axes(img) == 3:
        table = _label_table(bunch, img, name)
        return atlas_from_label_volume(img, None if table is None else with_sides(table), **facts)
    if n_axes(img) != 4:
        raise AtlasError(
            f"{name} has {counted(n_axes(img), 'axis')} (shape {img.shape}); "
            "an atlas has 3 (labels) or 4 (a volume per region)"
        )
    if path is not None:
        img = keep_open(path)
    return _from_volumes(bunch, img, name, facts)


def _from_volumes(bunch: Mapping[str, Any], img: Any, name: str, facts: dict[str, Any]) -> Atlas:
    n = img.shape[3]
    names = _names(bunch.get("labels"))
    if len(names) == n + 1 and names[0].lower() in _BACKGROUND:
        names = names[1:]  # FSL's probabilistic atlases: the list has a background, the volumes have none
    if names and len(names) != n:
        raise AtlasError(
            f"{name} has {counted(n, 'volume')}, but {counted(len(names), 'label')}; "
            "fetch it again, or give a table of labels"
        )
    voxels, values = entries_of_volumes(img, name)
    filled = [value for value in values if len(value)]
    low, high = min((v.min() for v in filled), default=0), max((v.max() for v in filled), default=0)
    whole = all(v.dtype.kind in "iub" or bool((v == np.round(v)).all()) for v in filled)
    if not names and whole and low >= 0 and high > 1:
        raise AtlasError(
            f"{name} holds {counted(n, 'parcellation')}, one in each volume, not one region in each; "
            "save one volume as a file of its own and load that"
        )
    regions = with_sides(pd.DataFrame({"id": range(n), "name": names or [f"component {r + 1}" for r in range(n)]}))
    # Fractions beyond 0..1 are loadings or z values; whole numbers up to 100 are percentages.
    loadings = low < 0 or (high > 1.001 and not (whole and high <= 100))
    make = atlas_from_loadings if loadings else atlas_from_entries
    return make(named_grid(img, name), regions, voxels, values, **facts)


def _maps(bunch: Mapping[str, Any]) -> tuple[Any, Path | None]:
    """The image of the maps, and its file where it has one."""
    if not isinstance(bunch, Mapping):
        raise AtlasError(f"a {type(bunch).__name__} is no nilearn atlas; give what a fetch_atlas function returned")
    maps = bunch.get("maps")
    if maps is None:
        raise AtlasError(
            f"the nilearn atlas has no 'maps' but {', '.join(map(str, bunch)) or 'nothing'}; "
            "pick one and pass dict(maps=..., labels=...)"
        )
    if isinstance(maps, str | os.PathLike):
        path = Path(maps)
        return open_atlas_image(path), path
    if isinstance(maps, nib.spatialimages.SpatialImage):
        return maps, None
    raise AtlasError(
        f"the maps of the nilearn atlas are a {type(maps).__name__}, not a volume; only volumes are assigned to"
    )


def _label_table(bunch: Mapping[str, Any], img: Any, name: str) -> pd.DataFrame | None:
    """The table of label values and names, None where the atlas has no names."""
    lut, labels, indices = bunch.get("lut"), bunch.get("labels"), bunch.get("indices")
    if isinstance(lut, pd.DataFrame) and {"index", "name"} <= set(lut.columns):
        table = pd.DataFrame({"id": _whole(lut["index"], name), "name": [_decoded(v) for v in lut["name"]]})
        if "color" in lut.columns:
            table["color"] = lut["color"].to_numpy()
    elif indices is not None and len(indices):
        names = _names(labels)
        if len(names) != len(indices):
            raise AtlasError(
                f"{name} has {counted(len(names), 'label')}, but {counted(len(indices), 'index')}; fetch it again"
            )
        table = pd.DataFrame({"id": _whole(indices, name), "name": names})
    elif (numbered := _numbered(labels)) is not None:
        table = pd.DataFrame({"id": _whole([v for v, _ in numbered], name), "name": [t for _, t in numbered]})
    else:
        names = _names(labels)
        if not names:
            return None
        table = _consecutive(names, img, name)
    # Row 0 is background whatever its name; a background with another number would be a region.
    return table[table["id"] != 0].drop_duplicates("id").reset_index(drop=True)


def _consecutive(names: list[str], img: Any, name: str) -> pd.DataFrame:
    """Number a list of names from 0 if it begins with the background, else from 1; the volume must agree."""
    first = 0 if names[0].lower() in _BACKGROUND else 1
    present = code_labels(read_volume(img, name), name).labels
    high = int(present.max()) if len(present) else 0
    if high > len(names) - 1 + first:
        raise AtlasError(
            f"{name} has labels up to {high}, but {counted(len(names), 'name')} "
            f"{plural(len(names), 'that is', 'that are')} not numbered; "
            "give their values as 'indices' or in a 'lut'"
        )
    return pd.DataFrame({"id": np.arange(len(names)) + first, "name": names})


def _numbered(labels: Any) -> list[tuple[Any, str]] | None:
    """Pairs of value and name, where old versions give records of both."""
    if isinstance(labels, pd.DataFrame):
        columns = {str(c).lower(): c for c in labels.columns}
        if {"index", "name"} <= set(columns):
            return list(zip(labels[columns["index"]], map(_decoded, labels[columns["name"]]), strict=True))
    if isinstance(labels, np.ndarray) and labels.dtype.names and {"index", "name"} <= set(labels.dtype.names):
        return list(zip(labels["index"].tolist(), map(_decoded, labels["name"].tolist()), strict=True))
    return None


def _names(labels: Any) -> list[str]:
    """The names of a list, a table or a record array of labels."""
    if labels is None:
        return []
    if isinstance(labels, pd.DataFrame) or (isinstance(labels, np.ndarray) and labels.dtype.names):
        columns = list(labels.columns) if isinstance(labels, pd.DataFrame) else list(labels.dtype.names or ())
        for column in columns:
            if str(column).lower() in ("difumo_names", "name", "region", "label", "labels"):
                return [_decoded(value) for value in labels[column]]
        raise AtlasError(
            f"the labels of the nilearn atlas have no column of names among {', '.join(map(str, columns))}"
        )
    if isinstance(labels, str | bytes):
        raise AtlasError("the labels of the nilearn atlas are one text, not a list of names")
    return [_decoded(value) for value in labels]


def _decoded(value: Any) -> str:
    if isinstance(value, bytes):
        return value.decode("utf-8", errors="replace").strip()
    return str(value).strip()


def _whole(values: Any, name: str) -> NDArray[np.int64]:
    try:
        numbers = np.asarray([float(_decoded(v)) for v in values])
        if not (np.isfinite(numbers) & (numbers == np.round(numbers)) & (np.abs(numbers) < 2**53)).all():
            raise ValueError("not whole")
    except ValueError as error:
        raise AtlasError(f"{name}: the label values in its table are not whole numbers; fetch it again") from error
    return numbers.astype(np.int64)
