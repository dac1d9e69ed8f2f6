"""The atlases of BrainGlobe (https://brainglobe.info): mouse, rat, fish, human and many more.

brainglobe-atlasapi downloads them; the folders that it leaves are read by the dialect ``brainglobe``, whether or not it
is installed. Atlases in its folder that are not in the list below, such as the user's own, are found, too.
"""

from __future__ import annotations

import configparser
import os
import re
from contextlib import suppress
from pathlib import Path
from typing import Any

from ...errors import AtlasError
from ..atlas import Atlas
from ..formats import brainglobe
from ..storage.index import stored
from .entry import CatalogueEntry
from .library import Cancelled, Progress, ask, bytes_so_far, check_reachable, move_into, require, staging

NAME = "brainglobe"

HOST = "https://brainglobe.s3.us-west-2.amazonaws.com"

_LICENCE = "that of the original atlas; see brainglobe.info/documentation/brainglobe-atlasapi"
_CLAUDI = "Claudi et al. 2020, J Open Source Softw 5:2668, and the atlas's own citation"

_CITATIONS = {
    "allen_mouse_bluebrain": _CLAUDI,
    "allen_mouse": "Wang et al. 2020, Cell 181:936",
    "allen_human": "Ding et al. 2016, J Comp Neurol 524:3127",
    "kim_mouse": "Chon et al. 2019, Nat Commun 10:5067",
    "kim_dev_mouse": "Kronman et al. 2024, Nat Commun 15:9072",
    "osten_mouse": "Kim et al. 2015, Cell Rep 10:292",
    "perens_lsfm_mouse": "Perens et al. 2021, Neuroinformatics 19:433",
    "whs_sd_rat": "Kleven et al. 2023, Nat Methods 20:1822",
    "mpin_zfish": "Kunst et al. 2019, Neuron 103:21",
    "azba_zfish": "Kenney et al. 2021, eLife 10:e69988",
    "admba_3d": "Young et al. 2021, eLife 10:e61408",
    "princeton_mouse": "Pisano et al. 2021, Cell Rep 36:109721",
}
"""Citations by how an atlas's name begins, as its BrainGlobe packaging script gives them; the first counts."""

NAMES = (
    "allen_mouse_10um", "allen_mouse_25um", "allen_mouse_50um", "allen_mouse_100um", "allen_human_500um",
    "allen_cord_20um", "allen_mouse_bluebrain_barrels_10um", "allen_mouse_bluebrain_barrels_25um",
    "kim_mouse_10um", "kim_mouse_25um", "kim_mouse_50um", "kim_mouse_100um", "kim_mouse_isotropic_20um",
    "kim_dev_mouse_stp_10um", "kim_dev_mouse_idisco_10um", "kim_dev_mouse_mri_a0_10um", "kim_dev_mouse_mri_adc_10um",
    "kim_dev_mouse_mri_dwi_10um", "kim_dev_mouse_mri_fa_10um", "kim_dev_mouse_mri_mtr_10um",
    "kim_dev_mouse_mri_t2_10um", "osten_mouse_10um", "osten_mouse_25um", "osten_mouse_50um", "osten_mouse_100um",
    "perens_lsfm_mouse_20um", "perens_stereotaxic_mri_mouse_25um", "perens_multimodal_lsfm_25um",
    "princeton_mouse_20um", "australian_mouse_15um", "carea_mouse_25um", "ccfv2_mouse_25um", "ccfv2_dev_mouse_25um",
    "ccfv2_fiber_mouse_25um",
    "ccfv3augmented_mouse_10um", "ccfv3augmented_mouse_25um", "duke_mouse_15um", "duke_mouse_25um", "duke_mouse_50um",
    "duke_mouse_75um", "duke_mouse_100um", "duke_mouse_150um", "dorr_mouse_mri_32um",
    "admba_3d_e11_5_mouse_16um", "admba_3d_e13_5_mouse_16um", "admba_3d_e15_5_mouse_16um", "admba_3d_e18_5_mouse_16um",
    "admba_3d_p4_mouse_16.752um", "admba_3d_p14_mouse_16.752um", "admba_3d_p28_mouse_16.752um",
    "admba_3d_p56_mouse_25um", "whs_sd_rat_39um", "whs_sd_swc_female_rat_39um", "swc_female_rat_50um",
    "mpin_zfish_1um", "azba_zfish_4um", "sju_cavefish_2um", "prairie_vole_25um", "african_molerat_20um",
    "nadkarni_mri_mouselemur_91um", "nmt_arm_sym_macaque_250um", "nmt_arm_asym_macaque_250um", "csl_cat_500um",
    "eurasian_blackcap_25um", "unam_axolotl_40um", "columbia_cuttlefish_50um", "kocher_bumblebee_2.542um",
    "vfb_jrc2018u_neuropils_fly_0.519um", "example_mouse_100um",
)  # fmt: skip
"""Atlases of brainglobe-atlasapi 3; of the series of one template at many ages, the most used ones."""


def entries() -> list[CatalogueEntry]:
    """List the atlases; those in BrainGlobe's folder are on this machine."""
    downloaded = _downloaded()
    names = [*NAMES, *(name for name in sorted(downloaded) if name not in NAMES)]
    return [
        CatalogueEntry(
            name,
            _title(name),
            brainglobe.space_of(name),
            "labelled",
            None,
            _LICENCE,
            next((text for start, text in _CITATIONS.items() if name.startswith(start)), _CLAUDI),
            NAME,
            local=name in downloaded and _has_voxels(downloaded[name]),
        )
        for name in names
    ]


def load(entry: CatalogueEntry, progress: Progress | None = None, cancelled: Cancelled | None = None) -> Atlas:
    """Load an atlas from BrainGlobe's folder, where it is downloaded to if needed.

    Raises
    ------
    DownloadCancelled
        If `cancelled` said so; nothing is left of the download.
    AtlasError
        If brainglobe-atlasapi is not installed, cannot download the atlas, or what comes is no atlas.
    """
    path = _downloaded().get(entry.name)
    atlas = None
    if path is not None:
        with suppress(brainglobe.NoVoxelsError):
            atlas = stored(brainglobe, path)
    if atlas is None:
        _download(entry, progress, cancelled)
        atlas = stored(brainglobe, _downloaded()[entry.name])
    facts = {"catalogue": entry.full_name, "licence": entry.licence, "citation": entry.citation}
    return atlas.described(name=entry.name, space=entry.space, source=facts | atlas.source)


def folder_of(name: str) -> Path | None:
    """Where an atlas lies on this machine; None where it does not, or has no voxels yet."""
    path = _downloaded().get(name)
    return path if path is not None and _has_voxels(path) else None


def _download(entry: CatalogueEntry, progress: Progress | None, cancelled: Cancelled | None) -> None:
    """Have an atlas downloaded, and moved to BrainGlobe's folder if it can be read."""
    require("brainglobe_atlasapi", "brainglobe")
    check_reachable(HOST)
    folder = _folder()
    with staging(folder) as stage:
        _get(entry.name, stage, cancelled, bytes_so_far(progress, stage, entry.full_name))
        (manifest,) = _manifests(stage)
        brainglobe.read(manifest)
        move_into(stage / "brainglobe-atlasapi", folder / "brainglobe-atlasapi")


def _get(name: str, folder: Path, cancelled: Cancelled | None, report: Any) -> None:
    """Let brainglobe-atlasapi download an atlas and its voxels, which it otherwise does at first use."""

    def download() -> None:
        from brainglobe_atlasapi import BrainGlobeAtlas

        atlas = BrainGlobeAtlas(name, brainglobe_dir=folder, check_latest=False)
        _ = atlas.annotation

    ask("BrainGlobe", name, download, cancelled, report)


def _title(name: str) -> str:
    *words, size = name.split("_")
    return f"{' '.join(words)}, {re.sub(r'(?<=[0-9])(?=[a-z])', ' ', size)}"


def _folder() -> Path:
    """The folder that BrainGlobe's configuration names."""
    named = os.environ.get("BRAINGLOBE_CONFIG_DIR")
    file = (Path(named) if named else Path.home() / ".config" / "brainglobe") / "bg_config.conf"
    configuration = configparser.ConfigParser(interpolation=None)
    try:
        configuration.read(file)
        return Path(configuration["default_dirs"]["brainglobe_dir"])
    except (configparser.Error, KeyError, UnicodeDecodeError, OSError):
        return Path.home() / ".brainglobe"


def _downloaded() -> dict[str, Path]:
    """Where the atlases are that have been downloaded, in their newest version."""
    folder = _folder()
    newest: dict[str, tuple[tuple[int, ...], Path]] = {}
    try:
        new = [(path.parents[1].name, path.parent.name, path) for path in _manifests(folder)]
        old = [
            (match[1], match[2], path / "metadata.json")
            for path in folder.iterdir()
            if (match := re.fullmatch(r"(.+)_v(\d+(?:\.\d+)*)", path.name))
        ]
    except OSError:
        return {}
    for name, number, path in [*old, *new]:
        parts = re.split(r"[._]", number)
        key = (path.name == "manifest.json", *(int(part) for part in parts if part.isdigit()))
        if path.is_file() and (name not in newest or key > newest[name][0]):
            newest[name] = (key, path)
    return {name: path for name, (_, path) in newest.items()}


def _has_voxels(path: Path) -> bool:
    """Whether any voxels are there; those of version 3 may come later."""
    try:
        files = brainglobe.files(path)
    except AtlasError:
        return False
    images = (file for file in files if brainglobe.ANNOTATION_ZARR in file.parts or file.name == brainglobe.ANNOTATION)
    return any(file.suffix != ".json" and not file.name.startswith(".z") and file.is_file() for file in images)


def _manifests(folder: Path) -> list[Path]:
    return list((folder / "brainglobe-atlasapi" / "atlases").glob("*/*/manifest.json"))
