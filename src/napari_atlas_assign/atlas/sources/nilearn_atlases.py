"""The volumetric atlases that nilearn's ``fetch_atlas_...`` functions fetch, by their names in the catalogue."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal

from .facts import DIFUMO, FSL, HARVARD_OXFORD, JULICH_BRAIN, NON_COMMERCIAL, NOT_STATED, SCHAEFER, TALAIRACH, Facts

_CRADDOCK_SIZES = (*range(10, 301, 10), *range(350, 951, 50))
"""Numbers of regions asked for, of the 43 parcellations in one file."""

_ALLEN_NETWORKS = {
    "Basal ganglia": 1, "Auditory": 1, "Sensorimotor": 6, "Visual": 6,
    "Default mode": 4, "Attentional": 6, "Frontal": 4,
}  # fmt: skip
"""The 28 networks of Allen 2011 in their order, and how many components each has."""


@dataclass(frozen=True)
class NilearnFacts(Facts):
    """An atlas, and how nilearn gets it."""

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


@cache
def atlases() -> dict[str, NilearnFacts]:
    """All of them by name."""
    return {name: facts for part in (_difumo, _fsl, _others, _parcellations) for name, facts in part()}


def _difumo() -> Iterator[tuple[str, NilearnFacts]]:
    for n, key in ((64, "pqu9r"), (128, "wjvd5"), (256, "3vrct"), (512, "9b76y"), (1024, "34792")):
        for mm in (2, 3):
            yield f"difumo {n}" + (" 3mm" if mm == 3 else ""), NilearnFacts(
                f"DiFuMo, {n} functional modes, {mm} mm", "MNI152NLin6Asym", "statistical", n, NON_COMMERCIAL,
                DIFUMO, "difumo", f"https://osf.io/{key}/download",
                (f"difumo_atlases/{n}/{mm}mm/maps.nii.gz", f"difumo_atlases/{n}/labels_{n}_dictionary.csv"),
                {"dimension": n, "resolution_mm": mm},
            )  # fmt: skip


def _fsl() -> Iterator[tuple[str, NilearnFacts]]:
    parts = (
        ("cort", "cortical", "HarvardOxford-Cortical.xml", 48),
        ("cortl", "cortical, by hemisphere", "HarvardOxford-Cortical-Lateralized.xml", 96),
        ("sub", "subcortical", "HarvardOxford-Subcortical.xml", 21),
    )
    ways = [*(f"maxprob-thr{t}-{mm}mm" for t in (0, 25, 50) for mm in (1, 2)), "prob-1mm", "prob-2mm"]
    for part, words, table, n in parts:
        for way in ways:
            yield f"harvard_oxford {part}-{way}", NilearnFacts(
                f"Harvard-Oxford, {words}, {way}", "MNI152NLin6Asym", _kind(way), n, FSL, HARVARD_OXFORD,
                "harvard_oxford", "https://www.nitrc.org/frs/download.php/9902/HarvardOxford.tgz",
                (f"fsl/data/atlases/HarvardOxford/HarvardOxford-{part}-{way}.nii.gz", f"fsl/data/atlases/{table}"),
                {"atlas_name": f"{part}-{way}"},
            )  # fmt: skip
    for way in ways:
        yield f"juelich {way}", NilearnFacts(
            f"Juelich histological atlas, {way}, hemispheres together", "MNI152NLin6Asym", _kind(way), 62, FSL,
            f"{JULICH_BRAIN}; Eickhoff et al. 2005, NeuroImage 25:1325", "juelich",
            "https://www.nitrc.org/frs/download.php/12096/Juelich.tgz",
            (f"fsl/data/atlases/Juelich/Juelich-{way}.nii.gz", "fsl/data/atlases/Juelich.xml"), {"atlas_name": way},
        )  # fmt: skip


def _kind(way: str) -> Literal["statistical", "labelled"]:
    return "statistical" if way.startswith("prob") else "labelled"


def _others() -> Iterator[tuple[str, NilearnFacts]]:
    yield "msdl", NilearnFacts(
        "Multi-subject dictionary learning, 39 regions", "MNI152", "statistical", 39, NON_COMMERCIAL,
        "Varoquaux et al. 2011, IPMI 6801:562", "msdl", "https://team.inria.fr",
        ("msdl_atlas/MSDL_rois/msdl_rois.nii", "msdl_atlas/MSDL_rois/msdl_rois_labels.csv"),
    )  # fmt: skip
    for resting, key, words in ((True, "rsn", "resting-state"), (False, "bm", "BrainMap")):
        for n in (10, 20, 70):
            file = f"PNAS_Smith09_{key}10.nii.gz" if n == 10 else f"{key}{n}.nii.gz"
            yield f"smith {key}{n}", NilearnFacts(
                f"Smith 2009, {n} {words} components, z above 3", "MNI152", "statistical", n, NOT_STATED,
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
        yield name, NilearnFacts(
            f"Allen 2011, {n} components, t above 3", "MNI152", "statistical", n, NOT_STATED,
            "Allen et al. 2011, Front Syst Neurosci 5:2", "allen_2011", "https://osf.io/hrcku/download", tuple(allen),
            image=image, statistic="t", names=names,
        )  # fmt: skip
    for kind, short in (("probabilistic", "prob"), ("deterministic", "det")):
        yield f"pauli {kind}", NilearnFacts(
            f"Pauli 2017 subcortical nuclei, {kind}", "MNI152", "statistical" if short == "prob" else "labelled", 16,
            "CC BY 4.0", "Pauli et al. 2018, Sci Data 5:180063", "pauli_2017", "https://osf.io/6qrcb/download",
            (f"pauli_2017/pauli_2017_{short}.nii.gz", "pauli_2017/labels.txt"), {"atlas_type": kind},
        )  # fmt: skip


def _parcellations() -> Iterator[tuple[str, NilearnFacts]]:
    first = "Tzourio-Mazoyer et al. 2002, NeuroImage 15:273"
    for aal, files, n, citation in (
        ("3v2", ("AAL3/AAL3v1.nii", "AAL3/AAL3v1.xml"), 166, f"Rolls et al. 2020, NeuroImage 206:116189; {first}"),
        ("SPM12", ("aal/atlas/AAL.nii", "aal/atlas/AAL.xml"), 116, first),
        ("SPM8", ("aal_for_SPM8/ROI_MNI_V4.nii", "aal_for_SPM8/ROI_MNI_V4.txt"), 116, first),
        ("SPM5", ("aal_for_SPM5/ROI_MNI_V4.nii", "aal_for_SPM5/ROI_MNI_V4.txt"), 116, first),
    ):
        yield f"aal {aal}", NilearnFacts(
            f"Automated Anatomical Labeling, {aal}", "Colin27", "labelled", n, NOT_STATED,
            citation, "aal", "https://www.gin.cnrs.fr", tuple(f"aal_{aal}/{file}" for file in files), {"version": aal},
        )  # fmt: skip
    for n in range(100, 1001, 100):
        for networks in (7, 17):
            for mm in (1, 2):
                order = f"Schaefer2018_{n}Parcels_{networks}Networks_order"
                name = f"schaefer {n}" + (" 17networks" if networks == 17 else "") + (" 2mm" if mm == 2 else "")
                yield name, NilearnFacts(
                    f"Schaefer 2018, {n} parcels, {networks} networks, {mm} mm", "MNI152NLin6Asym", "labelled", n,
                    "MIT", SCHAEFER, "schaefer_2018", "https://raw.githubusercontent.com",
                    (f"schaefer_2018/{order}_FSLMNI152_{mm}mm.nii.gz", f"schaefer_2018/{order}.txt"),
                    {"n_rois": n, "yeo_networks": networks, "resolution_mm": mm},
                )  # fmt: skip
    for lateralized in (True, False):
        suffix = "_lateralized" if lateralized else ""
        yield "destrieux" + ("" if lateralized else " bilateral"), NilearnFacts(
            "Destrieux 2009 sulci and gyri" + ("" if lateralized else ", hemispheres together"), "MNI152", "labelled",
            148 if lateralized else 74, NOT_STATED,
            "Destrieux et al. 2009, NeuroImage 47:S151; Fischl et al. 2004, Cereb Cortex 14:11", "destrieux_2009",
            "https://www.nitrc.org/frs/download.php/11942/destrieux2009.tgz",
            tuple(
                f"destrieux_2009/{file}"
                for file in (
                    f"destrieux2009_rois{suffix}.nii.gz", f"destrieux2009_rois_labels{suffix}.csv", "destrieux2009.rst",
                )
            ),
            {"lateralized": lateralized},
        )  # fmt: skip
    for template, space in (("sym", "MNI152NLin2009aSym"), ("asym", "MNI152NLin2009aAsym")):
        for n in (7, 12, 20, 36, 64, 122, 197, 325, 444):
            folder = f"basc_multiscale_2015/template_cambridge_basc_multiscale_nii_{template}"
            yield f"basc {template} {n}", NilearnFacts(
                f"BASC multiscale 2015, {n} networks, {template}metric template", space, "labelled", n, NOT_STATED,
                "Bellec et al. 2010, NeuroImage 51:1126", "basc_multiscale_2015", "https://ndownloader.figshare.com",
                (f"{folder}/template_cambridge_basc_multiscale_{template}_scale{n:03}.nii.gz",),
                {"resolution": n, "version": template},
            )  # fmt: skip
    for homogeneity in ("spatial", "temporal"):
        for n in (50, 100, 200, 300, 400, 500, 700, 950):
            yield f"craddock {homogeneity} {n}", NilearnFacts(
                f"Craddock 2012, about {n} regions of {homogeneity} homogeneity", "MNI152", "labelled", None,
                "CC BY-NC-SA", "Craddock et al. 2012, Hum Brain Mapp 33:1914", "craddock_2012",
                "https://cluster_roi.projects.nitrc.org", (f"craddock_2012/{homogeneity[0]}corr05_2level_all.nii.gz",),
                {"homogeneity": homogeneity, "grp_mean": False}, volume=_CRADDOCK_SIZES.index(n),
            )  # fmt: skip
    for level, n_regions in (("hemisphere", None), ("lobe", None), ("gyrus", 55), ("tissue", None), ("ba", 71)):
        yield f"talairach {level}", NilearnFacts(
            f"Talairach, {'Brodmann areas' if level == 'ba' else level}", "Talairach", "labelled", n_regions,
            NOT_STATED, TALAIRACH, "talairach", "https://www.talairach.org",
            (f"talairach_atlas/{level}.nii.gz", f"talairach_atlas/{level}-labels.json"), {"level_name": level},
        )  # fmt: skip
    yeo = "yeo_2011/Yeo_JNeurophysiol11_MNI152"
    for n in (7, 17):
        for thickness, mask in (("thick", "_LiberalMask"), ("thin", "")):
            yield f"yeo {n}" + ("" if thickness == "thick" else " thin"), NilearnFacts(
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
