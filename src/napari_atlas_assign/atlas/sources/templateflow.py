"""Atlases of the TemplateFlow archive (https://www.templateflow.org), which are BIDS files."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import platformdirs

from ...image import quiet_nibabel
from ..atlas import Atlas
from ..formats import bids
from ..storage.index import stored
from .entry import CatalogueEntry
from .facts import DIFUMO, FSL, HARVARD_OXFORD, NON_COMMERCIAL, SCHAEFER, Facts, named
from .library import Cancelled, Progress, ask, bytes_so_far, check_reachable, installed, move_into, require, staging

NAME = "templateflow"

HOST = "https://templateflow.s3.amazonaws.com"


@dataclass(frozen=True)
class _Facts(Facts):
    image: str
    """File name without its beginning ``tpl-TEMPLATE_``."""
    table: str | None
    query: dict[str, Any] = field(default_factory=dict)
    """What ``templateflow.get`` finds the image and the table by, besides the template."""

    @property
    def files(self) -> tuple[str, ...]:
        """The image and the table, below TemplateFlow's folder."""
        names = [self.image, *([self.table] if self.table else [])]
        return tuple(f"tpl-{self.space}/tpl-{self.space}_{name}" for name in names)


def entries() -> list[CatalogueEntry]:
    """List the atlases; those in TemplateFlow's folder are on this machine."""
    home, has_templateflow = _home(), installed("templateflow")
    return [
        facts.entry(name, NAME, local=has_templateflow and _are_downloaded(home, facts))
        for name, facts in _atlases().items()
    ]


def load(entry: CatalogueEntry, progress: Progress | None = None, cancelled: Cancelled | None = None) -> Atlas:
    """Load an atlas from TemplateFlow's folder, where it is downloaded to if needed.

    Raises
    ------
    DownloadCancelled
        If `cancelled` said so; nothing is left of the download.
    AtlasError
        If TemplateFlow is not installed, cannot be reached, or what comes is no atlas.
    """
    require("templateflow", "templateflow")
    facts, home = _atlases()[entry.name], _home()
    if not _are_downloaded(home, facts):
        check_reachable(HOST)
        with staging(home) as stage:
            _get(facts, entry.name, stage, cancelled, bytes_so_far(progress, stage, entry.full_name))
            _read_files(stage, facts)  # what is not whole, or a page to log in, is never moved
            move_into(stage, home)
    atlas = stored(bids, home / facts.files[0], _table(home, facts))
    return named(atlas, entry, "templateflow")


def _read_files(home: Path, facts: _Facts) -> Atlas:
    with quiet_nibabel():
        return bids.read(home / facts.files[0], _table(home, facts))


def _table(home: Path, facts: _Facts) -> Path | None:
    return home / facts.files[1] if facts.table else None


def _get(facts: _Facts, name: str, folder: Path, cancelled: Cancelled | None, report: Any) -> None:
    """Let TemplateFlow download an atlas's files into a folder."""

    def get() -> None:
        from templateflow import TemplateFlowClient

        for file in facts.files:  # it downloads what is there and empty
            (folder / file).parent.mkdir(parents=True, exist_ok=True)
            (folder / file).touch()
        client = TemplateFlowClient(root=folder, use_datalad=False, autoupdate=False)
        client.get(facts.space, raise_empty=True, **facts.query)

    ask("TemplateFlow", name, get, cancelled, report)


def _home() -> Path:
    return Path(os.environ.get("TEMPLATEFLOW_HOME") or platformdirs.user_cache_dir("templateflow")).absolute()


def _are_downloaded(home: Path, facts: _Facts) -> bool:
    """Whether all files are there; TemplateFlow keeps empty ones in the place of those it has not got."""
    try:
        return all((home / file).stat().st_size > 0 for file in facts.files)
    except OSError:
        return False


@cache
def _atlases() -> dict[str, _Facts]:
    return {name: facts for part in (_harvard_oxford, _numbered, _others) for name, facts in part()}


def _harvard_oxford() -> Iterator[tuple[str, _Facts]]:
    template = "MNI152NLin6Asym"  # in the other one, they have no names
    # The table of HOCPAL lacks half of its names, and counts from 0; nilearn has that atlas whole.
    for atlas, words, n in (
        ("HOCPA", "cortical", 48), ("HOSPA", "subcortical", 21)
    ):  # fmt: skip
        for threshold in (0, 25, 50):
            for mm in (1, 2):
                yield f"{atlas} th{threshold} {mm}mm", _Facts(
                    f"Harvard-Oxford, {words}, above {threshold} %, {mm} mm", template, "labelled", n, FSL,
                    HARVARD_OXFORD,
                    f"res-0{mm}_atlas-{atlas}_desc-th{threshold}_dseg.nii.gz", f"atlas-{atlas}_dseg.tsv",
                    {"atlas": atlas, "suffix": "dseg"},
                )  # fmt: skip


def _numbered() -> Iterator[tuple[str, _Facts]]:
    for template in ("MNI152NLin6Asym", "MNI152NLin2009cAsym"):
        for n in (100, 200, 300, 400, 500, 600, 800, 1000):
            for networks in (7, 17):
                for mm in (1, 2):
                    desc = f"atlas-Schaefer2018_desc-{n}Parcels{networks}Networks_dseg"
                    yield f"Schaefer2018 {n} {networks}networks {mm}mm {template}", _Facts(
                        f"Schaefer 2018, {n} parcels, {networks} networks, {mm} mm", template, "labelled", n, "MIT",
                        SCHAEFER, f"res-0{mm}_{desc}.nii.gz", f"{desc}.tsv",
                        {"atlas": "Schaefer2018", "suffix": "dseg"},
                    )  # fmt: skip
        for n in (64, 128, 256, 512, 1024):
            desc = f"atlas-DiFuMo_desc-{n}dimensions_probseg"
            yield f"DiFuMo {n} {template}", _Facts(
                f"DiFuMo, {n} functional modes, 2 mm", template, "statistical", n, NON_COMMERCIAL,
                DIFUMO, f"res-02_{desc}.nii.gz", f"{desc}.tsv",
                {"atlas": "DiFuMo", "suffix": "probseg"},
            )  # fmt: skip


def _others() -> Iterator[tuple[str, _Facts]]:
    licence = "see the LICENSE file of TemplateFlow's SUIT"
    yield "SUIT Diedrichsen2009", _Facts(
        "Cerebellar lobules and nuclei, SUIT", "SUIT", "labelled", 34, licence,
        "Diedrichsen et al. 2009, NeuroImage 46:39",
        "atlas-Diedrichsen2009_dseg.nii.gz", "atlas-Diedrichsen2009_dseg.tsv",
        {"atlas": "Diedrichsen2009", "suffix": "dseg"},
    )  # fmt: skip
    for n in (7, 17):
        yield f"SUIT Buckner2011 {n}", _Facts(
            f"Cerebellar resting-state networks, {n}, SUIT", "SUIT", "labelled", n, licence,
            "Buckner et al. 2011, J Neurophysiol 106:2322", f"atlas-Buckner2011_seg-{n}n_dseg.nii.gz",
            f"atlas-Buckner2011_seg-{n}n_dseg.tsv", {"atlas": "Buckner2011", "suffix": "dseg"},
        )  # fmt: skip
    template = "MNI152NLin2009cAsym"
    yield "MASSP20", _Facts(
        "MASSP 2.0, subcortical structures", template, "labelled", 63, "see doi:10.1162/imag_a_00560",
        "MASSP 2.0, doi:10.1162/imag_a_00560; Bazin et al. 2020, eLife 9:e59430",
        "res-01_atlas-MASSP20_dseg.nii.gz", "res-01_atlas-MASSP20_dseg.tsv", {"atlas": "MASSP20", "suffix": "dseg"},
    )  # fmt: skip
    for suffix, kind in (("probseg", "statistical"), ("dseg", "labelled")):
        yield f"MIAL67 thalamic nuclei {kind}", _Facts(
            "Thalamic nuclei of 67 people", template, "statistical" if kind == "statistical" else "labelled", 14,
            "CC BY 4.0", "Najdenovska et al. 2018, Sci Data 5:180270",
            f"res-01_atlas-MIAL67ThalamicNuclei_{suffix}.nii.gz", "atlas-MIAL67ThalamicNuclei_dseg.tsv",
            {"atlas": "MIAL67ThalamicNuclei"},
        )  # fmt: skip
