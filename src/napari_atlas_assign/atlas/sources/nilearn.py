"""The volumetric atlases that nilearn (https://nilearn.github.io) fetches: all of its ``fetch_atlas_...`` functions.

nilearn keeps them in its data folders (``NILEARN_SHARED_DATA``, ``NILEARN_DATA``, ``~/nilearn_data``), where those that
are there already are found without importing it.

Two of them hold statistics and not probabilities: Smith 2009 z values, Allen 2011 t values, both of the whole brain. As
Smith et al. did, only values above 3 are taken, and then divided by the atlas's largest.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np

from ...errors import AtlasError, counted
from ...image import file_sha256, quiet_nibabel
from ...opening import load as load_header
from ...tables.frames import pd
from ..atlas import Atlas
from ..build import named_grid
from ..files.volumes import entries_of_volumes, keep_open, open_volume
from ..formats import difumo
from ..formats.difumo import atlas_from_loadings
from ..remarks import remark
from ..storage.index import content_key, kept
from .entry import CatalogueEntry
from .facts import named
from .library import (
    Cancelled,
    Progress,
    ask,
    bytes_so_far,
    check_reachable,
    installed,
    installed_version,
    move_into,
    require,
    staging,
)
from .nilearn_atlases import NilearnFacts, atlases
from .nilearn_bunch import atlas_from_bunch

NAME = "nilearn"

STATISTIC_THRESHOLD = 3.0
"""What a z or t value must exceed to count."""


def entries() -> list[CatalogueEntry]:
    """List the atlases; those in nilearn's data folders are on this machine."""
    folders, has_nilearn = _data_folders(), installed("nilearn")
    return [
        facts.entry(name, NAME, local=has_nilearn and _folder_of(facts, folders) is not None)
        for name, facts in atlases().items()
    ]


def load(entry: CatalogueEntry, progress: Progress | None = None, cancelled: Cancelled | None = None) -> Atlas:
    """Load an atlas from nilearn's data folders, where nilearn downloads it to if needed.

    Raises
    ------
    DownloadCancelled
        If `cancelled` said so; nothing is left of the download.
    AtlasError
        If nilearn is not installed, cannot download the atlas, or what comes is no atlas.
    """
    require("nilearn", "nilearn")
    facts = atlases()[entry.name]
    folders = _data_folders()
    local = _folder_of(facts, folders)
    if local is not None:
        atlas = kept(_files_key(facts, entry.name, local), lambda: _fetch_and_read(facts, entry.name, local, cancelled))
    else:
        folder = folders[0]
        check_reachable(facts.url)
        with staging(folder) as stage:
            read = _fetch_and_read(facts, entry.name, stage, cancelled, bytes_so_far(progress, stage, entry.full_name))
            key = _files_key(facts, entry.name, stage)
            move_into(stage, folder)
        source = {key: _moved(value, stage, folder) for key, value in read.source.items()}
        atlas = kept(key, lambda: read.described(source=source))
    return named(atlas, entry, "nilearn")


def _fetch_and_read(
    facts: NilearnFacts, name: str, folder: Path, cancelled: Cancelled | None, report: Any = None
) -> Atlas:
    """Fetch an atlas into a data folder, if it is not there, and read it."""
    if facts.function == "difumo" and all((folder / file).is_file() for file in facts.files):
        return difumo.read(folder / facts.files[0])  # nilearn would ask the network for a file that is not needed
    bunch = _fetched(facts, name, folder, cancelled, report)
    maps = bunch[facts.image]
    with quiet_nibabel():
        if facts.function == "difumo":
            return difumo.read(Path(maps))
        if facts.statistic is not None:
            return _of_statistics(Path(maps), facts, name)
        if facts.volume is not None:
            img: Any = load_header(maps)
            if facts.volume >= img.shape[-1]:
                raise AtlasError(
                    f"{name} is not among the {counted(img.shape[-1], 'parcellation')} that came; use another atlas"
                )
            bunch = {"maps": img.slicer[..., facts.volume], "template": bunch.get("template")}
            return atlas_from_bunch(bunch, name, {"path": str(Path(maps).resolve()), "volume": facts.volume})
        if facts.function == "juelich" and facts.kind == "statistical":
            # nilearn adds the hemispheres up, in the midplane to more than 100 %.
            bunch = bunch | {"maps": nib.Nifti1Image(np.minimum(maps.dataobj, 100).astype(np.uint8), maps.affine)}
        return atlas_from_bunch(bunch, name)


def _of_statistics(path: Path, facts: NilearnFacts, name: str) -> Atlas:
    """Maps of z or t values: those beyond the threshold, divided by the largest."""
    img = open_volume(path, axes=(4,))
    voxels, values = entries_of_volumes(keep_open(path), name)
    voxels = [voxel[value > STATISTIC_THRESHOLD] for voxel, value in zip(voxels, values, strict=True)]
    values = [value[value > STATISTIC_THRESHOLD] for value in values]
    names = facts.names if facts.names and len(facts.names) == len(values) else None
    names = names or tuple(f"component {n + 1}" for n in range(len(values)))
    remark(
        f"{name}: its maps hold {facts.statistic} values, not probabilities; "
        f"those above {STATISTIC_THRESHOLD:g} count, divided by the largest"
    )
    source = {
        "path": str(path.resolve()),
        "sha256": file_sha256(path),
        "statistic": facts.statistic,
        "threshold": STATISTIC_THRESHOLD,
    }
    regions = pd.DataFrame({"id": range(len(values)), "name": names})
    return atlas_from_loadings(named_grid(img, name), regions, voxels, values, name=name, source=source)


def _fetched(facts: NilearnFacts, name: str, folder: Path, cancelled: Cancelled | None, report: Any) -> Any:
    """What nilearn's function returns, or one sentence on why it does not."""

    def fetch() -> Any:
        from nilearn import datasets

        return getattr(datasets, f"fetch_atlas_{facts.function}")(data_dir=folder, verbose=0, **facts.options)

    return ask("nilearn", name, fetch, cancelled, report)


def _files_key(facts: NilearnFacts, name: str, folder: Path) -> str:
    return content_key(
        NAME, str(installed_version("nilearn")), name, *(file_sha256(folder / file) for file in facts.files)
    )


def _moved(value: Any, stage: Path, folder: Path) -> Any:
    """A path in the source, where its file is now."""
    if isinstance(value, str) and value.startswith(str(stage.resolve())):
        return str(folder.resolve() / Path(value).relative_to(stage.resolve()))
    return value


def _data_folders() -> list[Path]:
    """nilearn's data folders, in the order in which it looks and saves."""
    named = [os.environ.get("NILEARN_SHARED_DATA"), os.environ.get("NILEARN_DATA")]
    folders = [Path(part) for text in named if text for part in text.split(os.pathsep) if part]
    return [*folders, Path("~/nilearn_data").expanduser()]


def _folder_of(facts: NilearnFacts, folders: list[Path]) -> Path | None:
    return next((folder for folder in folders if all((folder / file).is_file() for file in facts.files)), None)
