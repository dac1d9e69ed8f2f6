"""The volumetric atlases that nilearn (https://nilearn.github.io) fetches: all of its ``fetch_atlas_...`` functions.

nilearn keeps them in its data folders (``NILEARN_SHARED_DATA``, ``NILEARN_DATA``, ``~/nilearn_data``), where those that
are there already are found without importing it.

Two of them hold statistics and not probabilities: Smith 2009 z values, Allen 2011 t values, both of the whole brain. As
Smith et al. did, only values above 3 are taken, and then divided by the atlas's largest.
"""

from __future__ import annotations

import io
import os
import warnings
from collections.abc import Iterator
from contextlib import redirect_stdout
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Literal

import nibabel as nib
import numpy as np
import pandas as pd

from ...errors import AtlasError
from ...image import file_sha256, quiet_nibabel
from .. import difumo
from ..atlas import Atlas
from ..build import named_grid
from ..catalogue import CatalogueEntry
from ..difumo import atlas_from_loadings
from ..download import DownloadCancelled
from ..index import content_key, kept
from ..nilearn_bunch import atlas_from_bunch
from ..remarks import remark
from ..volumes import entries_of_volumes, keep_open, open_volume
from .library import (
    Cancelled,
    Progress,
    check_reachable,
    first_line,
    in_background,
    installed,
    move_into,
    require,
    size_of,
    staging,
    version_of,
)

NAME = "nilearn"

STATISTIC_THRESHOLD = 3.0
"""What a z or t value must exceed to count."""

_NON_COMMERCIAL = "free for non-commercial research"
_FSL = "FSL licence: non-commercial use; see fsl.fmrib.ox.ac.uk/fsl/docs/#/license"
_UNKNOWN = "not stated by its distributor"
_CRADDOCK_SIZES = (*range(10, 301, 10), *range(350, 951, 50))
"""Numbers of regions asked for, of the 43 parcellations in one file."""

_ALLEN_NETWORKS = {
    "Basal ganglia": 1, "Auditory": 1, "Sensorimotor": 6, "Visual": 6,
    "Default mode": 4, "Attentional": 6, "Frontal": 4,
}  # fmt: skip
"""The 28 networks of Allen 2011 in their order, and how many components each has."""


@dataclass(frozen=True)
class _Facts:
    title: str
    space: str
    kind: Literal["statistical", "labelled"]
    n_regions: int | None
    licence: str
    citation: str
    function: str
    """nilearn's, without ``fetch_atlas_``."""
    url: str
    """Where nilearn downloads it from."""
    files: tuple[str, ...]
    """Below a data folder; all are there if the atlas is."""
    options: dict[str, Any] = field(default_factory=dict)
    image: str = "maps"
    """Which of the images that come."""
    volume: int | None = None
    """Which volume of an image that holds several parcellations."""
    statistic: str | None = None
    """What values that are no probabilities are."""
    names: tuple[str, ...] | None = None


def entries() -> list[CatalogueEntry]:
    """List the atlases; those in nilearn's data folders are on this machine."""
    folders, there = _data_folders(), installed("nilearn")
    return [
        CatalogueEntry(
            name,
            facts.title,
            facts.space,
            facts.kind,
            facts.n_regions,
            facts.licence,
            facts.citation,
            NAME,
            local=there and _folder_of(facts, folders) is not None,
        )
        for name, facts in _atlases().items()
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
    facts = _atlases()[entry.name]
    folders = _data_folders()
    there = _folder_of(facts, folders)
    if there is not None:
        atlas = kept(_key(facts, entry.name, there), lambda: _read(facts, entry.name, there, cancelled))
    else:
        folder = folders[0]
        check_reachable(facts.url)
        with staging(folder) as stage:

            def report() -> None:
                if progress is not None:
                    progress(size_of(stage), None, f"{entry.full_name}: bytes downloaded")

            read = _read(facts, entry.name, stage, cancelled, report)
            key = _key(facts, entry.name, stage)
            move_into(stage, folder)
        source = {key: _moved(value, stage, folder) for key, value in read.source.items()}
        atlas = kept(key, lambda: read.described(source=source))
    about = {
        "catalogue": entry.full_name,
        "nilearn": version_of("nilearn"),
        "licence": entry.licence,
        "citation": entry.citation,
    }
    return atlas.described(name=entry.name, space=entry.space, source=atlas.source | about)


def _read(facts: _Facts, name: str, folder: Path, cancelled: Cancelled | None, report: Any = None) -> Atlas:
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
            img: Any = nib.load(maps)
            if facts.volume >= img.shape[-1]:
                raise AtlasError(f"{name} is not among the {img.shape[-1]} parcellations that came; use another atlas")
            bunch = {"maps": img.slicer[..., facts.volume], "template": bunch.get("template")}
            return atlas_from_bunch(bunch, name, {"path": str(Path(maps).resolve()), "volume": facts.volume})
        if facts.function == "juelich" and facts.kind == "statistical":
            # nilearn adds the hemispheres up, in the midplane to more than 100 %.
            bunch = bunch | {"maps": nib.Nifti1Image(np.minimum(maps.dataobj, 100).astype(np.uint8), maps.affine)}
        return atlas_from_bunch(bunch, name)


def _of_statistics(path: Path, facts: _Facts, name: str) -> Atlas:
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


def _fetched(facts: _Facts, name: str, folder: Path, cancelled: Cancelled | None, report: Any) -> Any:
    """What nilearn's function returns, or one sentence on why it does not."""

    def fetch() -> Any:
        from nilearn import datasets

        return getattr(datasets, f"fetch_atlas_{facts.function}")(data_dir=folder, verbose=0, **facts.options)

    try:
        # What nilearn prints and warns of is not meant for the person, who hears what goes wrong.
        with warnings.catch_warnings(), redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            return in_background(fetch, cancelled, report)
    except (DownloadCancelled, AtlasError):
        raise
    except Exception as error:  # nilearn, requests and the readers of archives raise what they like
        raise AtlasError(
            f"nilearn cannot deliver {name} ({type(error).__name__}: {first_line(error)}); "
            "check the network, or use an atlas that is on this machine"
        ) from error


def _key(facts: _Facts, name: str, folder: Path) -> str:
    return content_key(NAME, str(version_of("nilearn")), name, *(file_sha256(folder / file) for file in facts.files))


def _moved(value: Any, stage: Path, folder: Path) -> Any:
    """A path in the source, where its file is now."""
    if isinstance(value, str) and value.startswith(str(stage.resolve())):
        return str(folder.resolve() / Path(value).relative_to(stage.resolve()))
    return value


def _data_folders() -> list[Path]:
    """nilearn's data folders, in the order in which it looks and saves."""
    named = [os.environ.get("NILEARN_SHARED_DATA"), os.environ.get("NILEARN_DATA")]
    found = [Path(part) for text in named if text for part in text.split(os.pathsep) if part]
    return [*found, Path("~/nilearn_data").expanduser()]


def _folder_of(facts: _Facts, folders: list[Path]) -> Path | None:
    return next((folder for folder in folders if all((folder / file).is_file() for file in facts.files)), None)


@cache
def _atlases() -> dict[str, _Facts]:
    return {name: facts for part in (_difumo, _fsl, _others, _parcellations) for name, facts in part()}


def _difumo() -> Iterator[tuple[str, _Facts]]:
    for n, key in ((64, "pqu9r"), (128, "wjvd5"), (256, "3vrct"), (512, "9b76y"), (1024, "34792")):
        for mm in (2, 3):
            yield f"difumo {n}" + (" 3mm" if mm == 3 else ""), _Facts(
                f"DiFuMo, {n} functional modes, {mm} mm", "MNI152NLin6Asym", "statistical", n, _NON_COMMERCIAL,
                "Dadi et al. 2020, NeuroImage 221:117126", "difumo", f"https://osf.io/{key}/download",
                (f"difumo_atlases/{n}/{mm}mm/maps.nii.gz", f"difumo_atlases/{n}/labels_{n}_dictionary.csv"),
                {"dimension": n, "resolution_mm": mm},
            )  # fmt: skip


def _fsl() -> Iterator[tuple[str, _Facts]]:
    desikan = "Desikan et al. 2006, NeuroImage 31:968; Makris et al. 2006, Schizophr Res 83:155"
    parts = (
        ("cort", "cortical", "HarvardOxford-Cortical.xml", 48),
        ("cortl", "cortical, by hemisphere", "HarvardOxford-Cortical-Lateralized.xml", 96),
        ("sub", "subcortical", "HarvardOxford-Subcortical.xml", 21),
    )
    ways = [*(f"maxprob-thr{t}-{mm}mm" for t in (0, 25, 50) for mm in (1, 2)), "prob-1mm", "prob-2mm"]
    for part, words, table, n in parts:
        for way in ways:
            yield f"harvard_oxford {part}-{way}", _Facts(
                f"Harvard-Oxford, {words}, {way}", "MNI152NLin6Asym", _kind(way), n, _FSL, desikan, "harvard_oxford",
                "https://www.nitrc.org/frs/download.php/9902/HarvardOxford.tgz",
                (f"fsl/data/atlases/HarvardOxford/HarvardOxford-{part}-{way}.nii.gz", f"fsl/data/atlases/{table}"),
                {"atlas_name": f"{part}-{way}"},
            )  # fmt: skip
    for way in ways:
        yield f"juelich {way}", _Facts(
            f"Juelich histological atlas, {way}, hemispheres together", "MNI152NLin6Asym", _kind(way), None, _FSL,
            "Eickhoff et al. 2005, NeuroImage 25:1325; Eickhoff et al. 2007, NeuroImage 36:511", "juelich",
            "https://www.nitrc.org/frs/download.php/12096/Juelich.tgz",
            (f"fsl/data/atlases/Juelich/Juelich-{way}.nii.gz", "fsl/data/atlases/Juelich.xml"), {"atlas_name": way},
        )  # fmt: skip


def _kind(way: str) -> Literal["statistical", "labelled"]:
    return "statistical" if way.startswith("prob") else "labelled"


def _others() -> Iterator[tuple[str, _Facts]]:
    yield "msdl", _Facts(
        "Multi-subject dictionary learning, 39 regions", "MNI152", "statistical", 39, _NON_COMMERCIAL,
        "Varoquaux et al. 2011, IPMI 6801:562", "msdl", "https://team.inria.fr",
        ("msdl_atlas/MSDL_rois/msdl_rois.nii", "msdl_atlas/MSDL_rois/msdl_rois_labels.csv"),
    )  # fmt: skip
    for resting, key, words in ((True, "rsn", "resting-state"), (False, "bm", "BrainMap")):
        for n in (10, 20, 70):
            file = f"PNAS_Smith09_{key}10.nii.gz" if n == 10 else f"{key}{n}.nii.gz"
            yield f"smith {key}{n}", _Facts(
                f"Smith 2009, {n} {words} components, z above 3", "MNI152", "statistical", n, _UNKNOWN,
                "Smith et al. 2009, PNAS 106:13040", "smith_2009", "https://www.fmrib.ox.ac.uk",
                (f"smith_2009/{file}",), {"dimension": n, "resting": resting}, statistic="z",
            )  # fmt: skip
    allen = [
        f"allen_rsn_2011/allen_rsn_2011/{name}"
        for name in (
            "ALL_HC_unthresholded_tmaps.nii.gz",
            "RSN_HC_unthresholded_tmaps.nii.gz",
            "rest_hcp_agg__component_ica_.nii.gz",
        )
    ]
    networks = tuple(f"{name} {i + 1}" if n > 1 else name for name, n in _ALLEN_NETWORKS.items() for i in range(n))
    for name, image, n, names in (("allen rsn28", "rsn28", 28, networks), ("allen 75", "maps", 75, None)):
        yield name, _Facts(
            f"Allen 2011, {n} components, t above 3", "MNI152", "statistical", n, _UNKNOWN,
            "Allen et al. 2011, Front Syst Neurosci 5:2", "allen_2011", "https://osf.io/hrcku/download", tuple(allen),
            image=image, statistic="t", names=names,
        )  # fmt: skip
    for kind, short in (("probabilistic", "prob"), ("deterministic", "det")):
        yield f"pauli {kind}", _Facts(
            f"Pauli 2017 subcortical nuclei, {kind}", "MNI152", "statistical" if short == "prob" else "labelled", 16,
            "CC BY 4.0", "Pauli et al. 2018, Sci Data 5:180063", "pauli_2017", "https://osf.io/6qrcb/download",
            (f"pauli_2017/pauli_2017_{short}.nii.gz", "pauli_2017/labels.txt"), {"atlas_type": kind},
        )  # fmt: skip


def _parcellations() -> Iterator[tuple[str, _Facts]]:
    for aal, files, n in (
        ("3v2", ("AAL3/AAL3v1.nii", "AAL3/AAL3v1.xml"), 166),
        ("SPM12", ("aal/atlas/AAL.nii", "aal/atlas/AAL.xml"), 116),
        ("SPM8", ("aal_for_SPM8/ROI_MNI_V4.nii", "aal_for_SPM8/ROI_MNI_V4.txt"), 116),
        ("SPM5", ("aal_for_SPM5/ROI_MNI_V4.nii", "aal_for_SPM5/ROI_MNI_V4.txt"), 116),
    ):
        yield f"aal {aal}", _Facts(
            f"Automated Anatomical Labeling, {aal}", "Colin27", "labelled", n, _UNKNOWN,
            "Tzourio-Mazoyer et al. 2002, NeuroImage 15:273; Rolls et al. 2020, NeuroImage 206:116189", "aal",
            "https://www.gin.cnrs.fr", tuple(f"aal_{aal}/{file}" for file in files), {"version": aal},
        )  # fmt: skip
    for n in range(100, 1001, 100):
        for networks in (7, 17):
            for mm in (1, 2):
                order = f"Schaefer2018_{n}Parcels_{networks}Networks_order"
                name = f"schaefer {n}" + (" 17networks" if networks == 17 else "") + (" 2mm" if mm == 2 else "")
                yield name, _Facts(
                    f"Schaefer 2018, {n} parcels, {networks} networks, {mm} mm", "MNI152NLin6Asym", "labelled", n,
                    "MIT", "Schaefer et al. 2018, Cereb Cortex 28:3095", "schaefer_2018", "https://raw.githubusercontent.com",
                    (f"schaefer_2018/{order}_FSLMNI152_{mm}mm.nii.gz", f"schaefer_2018/{order}.txt"),
                    {"n_rois": n, "yeo_networks": networks, "resolution_mm": mm},
                )  # fmt: skip
    for lateralized in (True, False):
        suffix = "_lateralized" if lateralized else ""
        yield "destrieux" + ("" if lateralized else " bilateral"), _Facts(
            "Destrieux 2009 sulci and gyri" + ("" if lateralized else ", hemispheres together"), "MNI152", "labelled",
            148 if lateralized else 74, _UNKNOWN, "Destrieux et al. 2010, NeuroImage 53:1", "destrieux_2009",
            "https://www.nitrc.org/frs/download.php/11942/destrieux2009.tgz",
            tuple(
                f"destrieux_2009/{file}"
                for file in (
                    f"destrieux2009_rois{suffix}.nii.gz", f"destrieux2009_rois_labels{suffix}.csv", "destrieux2009.rst",
                )
            ),
            {"lateralized": lateralized},
        )  # fmt: skip
    for template in ("sym", "asym"):
        for n in (7, 12, 20, 36, 64, 122, 197, 325, 444):
            folder = f"basc_multiscale_2015/template_cambridge_basc_multiscale_nii_{template}"
            yield f"basc {template} {n}", _Facts(
                f"BASC multiscale 2015, {n} networks, {template}metric template", "MNI152", "labelled", n, _UNKNOWN,
                "Bellec et al. 2010, NeuroImage 51:1126", "basc_multiscale_2015", "https://ndownloader.figshare.com",
                (f"{folder}/template_cambridge_basc_multiscale_{template}_scale{n:03}.nii.gz",),
                {"resolution": n, "version": template},
            )  # fmt: skip
    for homogeneity in ("spatial", "temporal"):
        for n in (50, 100, 200, 300, 400, 500, 700, 950):
            yield f"craddock {homogeneity} {n}", _Facts(
                f"Craddock 2012, about {n} regions of {homogeneity} homogeneity", "MNI152", "labelled", None,
                "CC BY-NC-SA", "Craddock et al. 2012, Hum Brain Mapp 33:1914", "craddock_2012",
                "https://cluster_roi.projects.nitrc.org", (f"craddock_2012/{homogeneity[0]}corr05_2level_all.nii.gz",),
                {"homogeneity": homogeneity, "grp_mean": False}, volume=_CRADDOCK_SIZES.index(n),
            )  # fmt: skip
    for level, n in (("hemisphere", 7), ("lobe", 12), ("gyrus", 55), ("tissue", 3), ("ba", 71)):
        yield f"talairach {level}", _Facts(
            f"Talairach, {'Brodmann areas' if level == 'ba' else level}", "Talairach", "labelled", n, _UNKNOWN,
            "Lancaster et al. 2000, Hum Brain Mapp 10:120", "talairach", "https://www.talairach.org",
            (f"talairach_atlas/{level}.nii.gz", f"talairach_atlas/{level}-labels.json"), {"level_name": level},
        )  # fmt: skip
    yeo = "yeo_2011/Yeo_JNeurophysiol11_MNI152"
    for n in (7, 17):
        for thickness, mask in (("thick", "_LiberalMask"), ("thin", "")):
            yield f"yeo {n}" + ("" if thickness == "thick" else " thin"), _Facts(
                f"Yeo 2011, {n} networks, {thickness} cortex", "MNI152NLin6Asym", "labelled", n, "MIT",
                "Yeo et al. 2011, J Neurophysiol 106:1125", "yeo_2011", "ftp://surfer.nmr.mgh.harvard.edu",
                (
                    f"{yeo}/Yeo2011_{n}Networks_MNI152_FreeSurferConformed1mm{mask}.nii.gz",
                    *(f"{yeo}/Yeo2011_{k}Networks_MNI152_FreeSurferConformed1mm{m}.nii.gz"
                      for k in (7, 17) for m in ("_LiberalMask", "") if (k, m) != (n, mask)),
                    f"{yeo}/Yeo2011_7Networks_ColorLUT.txt", f"{yeo}/Yeo2011_17Networks_ColorLUT.txt",
                    f"{yeo}/FSL_MNI152_FreeSurferConformed_1mm.nii.gz",
                ),
                {"n_networks": n, "thickness": thickness},
            )  # fmt: skip
