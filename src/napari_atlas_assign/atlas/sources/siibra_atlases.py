"""The maps of siibra that the catalogue lists."""

from __future__ import annotations

from dataclasses import dataclass

from .facts import DIFUMO, JULICH_BRAIN, NON_COMMERCIAL, Facts

MNI, COLIN = "MNI152NLin2009cAsym", "Colin27"

SPACES = {MNI: "mni152", COLIN: "colin27"}
"""What ``siibra.get_map`` finds a space by."""

_LICENCE = "CC BY-NC-SA 4.0"
_V29 = f"{JULICH_BRAIN}; Julich-Brain 2.9, doi:10.25493/VSMK-H94"
_V30 = f"{JULICH_BRAIN}; Julich-Brain 3.0.3, doi:10.25493/56EM-75H"
_V31 = f"{JULICH_BRAIN}; Julich-Brain 3.1, doi:10.25493/KNSN-XB4"
_DEEP_BUNDLES = "Guevara et al. 2012, NeuroImage 61:1083"
_SHORT_BUNDLES = "EBRAINS data set 6a7e07ad-303c-4b1d-b444-ded9ee782225 (short fibre bundles of the HCP)"


@dataclass(frozen=True)
class SiibraFacts(Facts):
    """A map, and how siibra finds it."""

    parcellation: str
    """What ``siibra.get_map`` finds the parcellation by."""
    which: str = ""
    """Tells apart several maps of this kind."""


ATLASES = {
    "julich 2.9": SiibraFacts(
        "Julich-Brain 2.9, probabilistic maps", MNI, "statistical", 296, _LICENCE, _V29, "julich 2.9"
    ),
    "julich 2.9 labelled": SiibraFacts(
        "Julich-Brain 2.9, maximum probability map", MNI, "labelled", 296, _LICENCE, _V29, "julich 2.9"
    ),
    "julich 2.9 colin27": SiibraFacts(
        "Julich-Brain 2.9, probabilistic maps", COLIN, "statistical", 296, _LICENCE, _V29, "julich 2.9"
    ),
    "julich 3.0": SiibraFacts(
        "Julich-Brain 3.0.3, probabilistic maps", MNI, "statistical", 314, _LICENCE, _V30, "julich 3.0.3", "157"
    ),
    "julich 3.0 labelled": SiibraFacts(
        "Julich-Brain 3.0.3, maximum probability map", MNI, "labelled", 314, _LICENCE, _V30, "julich 3.0.3"
    ),
    "julich 3.1": SiibraFacts(
        "Julich-Brain 3.1, probabilistic maps", MNI, "statistical", 414, _LICENCE, _V31, "julich 3.1", "207"
    ),
    "julich 3.1 labelled": SiibraFacts(
        "Julich-Brain 3.1, maximum probability map", MNI, "labelled", 414, _LICENCE, _V31, "julich 3.1"
    ),
    "julich 3.1 colin27": SiibraFacts(
        "Julich-Brain 3.1, probabilistic maps", COLIN, "statistical", 414, _LICENCE, _V31, "julich 3.1", "207"
    ),
    **{
        f"difumo {n}": SiibraFacts(
            f"DiFuMo, {n} functional modes", MNI, "statistical", n, NON_COMMERCIAL, DIFUMO, f"difumo {n}"
        )
        for n in (64, 128, 256, 512, 1024)
    },
    "long bundles": SiibraFacts(
        "Deep white matter fibre bundles", MNI, "statistical", 22, "see search.kg.ebrains.eu", _DEEP_BUNDLES,
        "deep white matter bundles",
    ),
    "short bundles": SiibraFacts(
        "Short fibre bundles of the HCP", MNI, "statistical", 673, "see search.kg.ebrains.eu", _SHORT_BUNDLES,
        "short bundles hcp",
    ),
}  # fmt: skip
