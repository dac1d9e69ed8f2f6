"""The npe2 reader: any NIfTI opens with its world coordinates in mm.

There is one reader command, since npe2 tries several of one plugin in no particular order. It decides by content what a
file is: a labelled atlas becomes Labels, a probabilistic atlas a stack of region maps, everything else an Image.
"""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...atlas.atlas import Atlas
from ...atlas.build import stem
from ...atlas.formats import niivue
from ...atlas.formats.tiff import brainreg
from ...atlas.label_tables import read_table
from ...atlas.label_tables.beside import own_tables
from ...atlas.load import load_atlas
from ...errors import AssignmentWarning, AtlasError, GridError, InputError, warn
from ...grid import Grid
from ...header import field_of, position_of, says_labels, says_modes, stated_by
from ...image import READ_ERRORS, open_image
from ...limits import is_gzip, start_of
from ...report.provenance import RECORD_NAME
from ...template_space import space_of_file
from ...tiff_files.registration import open_registration
from ..plain_text import plain, show_warning
from .convert import atlas_to_layer, image_to_layer, intensity, label_features
from .geometry import KEY, place
from .metadata import LayerData, describe, with_leading_axis
from .point_layers import cells_to_layer

TABLES_OF_LABELS = (".tsv", ".csv", ".lut", ".label", ".ctbl")
"""Files beside an image that are label tables for sure; a JSON or text file beside it may be about anything."""

RGB_TYPES = (128, 2304)

_OTHER_ENDINGS = (".nii", ".nii.gz", ".img", ".hdr", ".mgz", ".mgh", ".head", ".brik", ".brik.gz", ".nrrd", ".nhdr")


def get_reader(path: Any) -> Callable[[str], list[LayerData]] | None:
    """Offer to read an image file, a saved result or an atlas folder; None for anything else, lists of files too."""
    if not isinstance(path, str | os.PathLike):
        return None
    path = Path(path)
    if saved_modes(path):
        return read_saved_modes
    if path.is_dir():
        if brainreg.sniff(path):
            return read_registration
        return read_atlas_folder if is_atlas_folder(path) else None
    return read if is_nifti(path) or _is_other_image(path) else None


def saved_modes(path: Path) -> list[Path]:
    """The volumes of modes of a saved result, told by its folder or its record; none for anything else."""
    folder = path if path.is_dir() else path.parent
    is_result = (path.is_dir() or path.name == RECORD_NAME) and (folder / RECORD_NAME).is_file()
    return [one for one in sorted(folder.glob("components*.nii.gz")) if is_nifti(one)] if is_result else []


def read_saved_modes(path: str | os.PathLike[str]) -> list[LayerData]:
    """Read the volumes of modes of a saved result, by its folder or its record."""
    return [layer for volume in saved_modes(Path(path)) for layer in read(volume)]


def is_atlas_folder(path: Path) -> bool:
    """Whether a folder holds an atlas of a known kind; never raises."""
    from ...atlas.formats.registry import DIALECTS

    try:
        return any(dialect.sniff(path) for dialect in DIALECTS)
    except (OSError, InputError):
        return False


def read_atlas_folder(path: str | os.PathLike[str]) -> list[LayerData]:
    """Read an atlas folder as one layer."""
    return [atlas_to_layer(load_atlas(path))]


def read_registration(path: str | os.PathLike[str]) -> list[LayerData]:
    """Read a folder of brainreg or brainmapper: what lies in the atlas's space, and the sample, which is not shown."""
    registration = open_registration(path)
    in_atlas = [
        *(image_to_layer(image) for image in registration.standard.values()),
        atlas_to_layer(registration.atlas),
        *(cells_to_layer(points) for points in registration.cells.values()),
    ]
    in_sample = [
        *(image_to_layer(image) for image in registration.sample.values()),
        atlas_to_layer(registration.sample_atlas),
    ]
    shows_sample = len(in_atlas) == 1  # the atlas alone
    shown = in_sample if shows_sample else in_atlas
    hidden = in_atlas if shows_sample else in_sample
    return [*((data, options | {"visible": False}, kind) for data, options, kind in hidden), *shown]


def _is_other_image(path: Path) -> bool:
    """Whether a file is an image of another kind, by its ending, and by its header whatever kind that is."""
    if not path.name.lower().endswith(_OTHER_ENDINGS):
        return False
    try:
        open_image(path)
    except InputError:
        return False
    return True


def is_nifti(path: Path) -> bool:
    """Whether a file begins as NIfTI does; reads the header only, never raises."""
    header = start_of(path, 352, unpacked=is_gzip(path))
    size = {int.from_bytes(header[:4], order) for order in ("little", "big")}
    return (348 in size and header[344:347] in (b"n+1", b"ni1")) or (540 in size and header[4:7] in (b"n+2", b"ni2"))


def read(path: str | os.PathLike[str]) -> list[LayerData]:
    """Read a NIfTI file as one layer.

    Raises
    ------
    InputError
        If the file is damaged or has no geometry; one sentence says what is wrong.
    """
    path = Path(path)
    img = open_image(path)
    if says_modes(img.header):
        return [_modes_to_layer(img, path)]
    atlas = _as_atlas(img, path)
    if atlas is not None:
        return [atlas_to_layer(atlas)]
    layer, notes = map_to_layer(img, path)
    for note in notes:
        show_warning(note)
    return [layer]


def _modes_to_layer(img: Any, path: Path) -> LayerData:
    """Modes that were saved, as the labels that they were, with their names where a table lies beside."""
    (data, options, _), notes = map_to_layer(img, path)
    for note in notes:
        show_warning(note)
    kept = ("name", "metadata", "scale", "translate", "affine", "units", "axis_labels")
    options = {key: value for key, value in options.items() if key in kept}
    options["metadata"][KEY]["role"] = "modes"
    for table in own_tables(path)[:1]:
        rows = read_table(table)
        names = {int(n): {"region": name} for n, name in zip(rows["id"], rows["name"], strict=True)}
        options["features"] = label_features(names, ["region"])
    whole = np.rint(data).astype(np.int32) if data.dtype.kind == "f" else data
    return whole, options | {"opacity": 0.4}, "labels"


def map_to_layer(img: Any, path: Path) -> tuple[LayerData, list[str]]:
    """Lay out a NIfTI image as it is: z, y, x in mm, further axes in front; with what the user should know of it."""
    affine, doubts = position_of(img, path.name)
    try:
        grid = Grid(_spatial(img.shape), affine)
    except GridError as error:
        raise GridError(f"{path.name}: {error}") from None
    orientation, transform = place(grid.shape, grid.affine)
    data = orientation.turn(_voxels(img, path).reshape(*grid.shape, *_further_axes(img.shape)))
    codes = {f"{form}_code": field_of(img.header, f"{form}_code") for form in ("sform", "qform")}
    space, stated = space_of_file(path, img.header), stated_by(img, path.name, doubts)
    metadata = describe(affine=grid.affine.tolist(), space=space, stated=stated.as_dict()) | codes
    leading = data.ndim - 3
    if data.dtype.kind == "c":
        data = np.abs(data)  # napari shows no complex numbers
    rgb = field_of(img.header, "datatype") in RGB_TYPES
    if rgb:
        data = np.stack([data[channel] for channel in data.dtype.names or ()], axis=-1)
    labels = ("t", "v", "u", "w")[:leading][::-1]
    layer = (
        data,
        {
            "name": plain(stem(path)),
            "rgb": rgb,
            "metadata": {KEY: metadata},
            **({} if rgb else intensity(data)),
            **(with_leading_axis(transform, *labels) if leading else transform),
        },
        "image",
    )
    notes = [*_notes(path.name, transform), *doubts]
    if np.dtype(img.get_data_dtype()).kind == "c":
        notes.append(f"{path.name} holds complex numbers; their magnitude is shown")
    return layer, notes


def _as_atlas(img: Any, path: Path) -> Atlas | None:
    """The atlas that a file holds, or None where it is a plain map."""
    tables, name = own_tables(path), stem(path)
    packed = niivue.sniff(path)
    further = _further_axes(img.shape)
    said = name.endswith("_probseg") if further else says_labels(path.name, img.header)
    called_atlas = packed or said
    if not (tables or called_atlas):
        return None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AssignmentWarning)  # of what may turn out to be no atlas
            atlas = load_atlas(path)
    except AtlasError as error:
        if called_atlas or any(table.suffix in TABLES_OF_LABELS for table in tables):
            show_warning(f"{path.name} is opened as a plain map, not as an atlas: {error}")
        return None
    # One 3D volume of fractions is a map that the user wants explained, whatever lies beside it.
    if not (further or atlas.is_labelled):
        return None
    if not called_atlas and "labels" not in atlas.source:
        if any(table.suffix in TABLES_OF_LABELS for table in tables):
            show_warning(f"{path.name} is opened as a plain map, not as an atlas: {' '.join(atlas.remarks)}")
        return None
    for told in atlas.remarks:
        warn(told)
    return atlas


def _spatial(shape: tuple[int, ...]) -> tuple[int, int, int]:
    x, y, z = (*shape[:3], 1, 1, 1)[:3]
    return x, y, z


def _further_axes(shape: tuple[int, ...]) -> tuple[int, ...]:
    """Lengths of the axes beyond space, without those of length 1 (AFNI writes x, y, z, 1, n)."""
    return tuple(n for n in shape[3:] if n > 1)


def _voxels(img: Any, path: Path) -> NDArray[Any]:
    try:
        return np.asanyarray(img.dataobj)
    except READ_ERRORS as error:
        raise InputError(
            f"{path.name}: the voxels cannot be read ({error}); the file may be cut off, fetch it again"
        ) from error


def _notes(name: str, transform: dict[str, Any]) -> list[str]:
    notes = []
    if "affine" in transform:
        turn = np.asarray(transform["affine"])[:3, :3]
        angle = np.degrees(np.arccos(np.clip((np.trace(turn) - 1) / 2, -1, 1)))
        notes.append(
            f"{name} is oblique (turned by {angle:.0f} degrees): napari's 2D views show its slices unturned; "
            "tables and 3D view use its true place"
        )
    return notes
