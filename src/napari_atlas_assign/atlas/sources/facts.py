"""What the catalogue says of an atlas, and what several sources say alike.

Taken from what the sources themselves state: nilearn's descriptions of its data sets, TemplateFlow's JSON files and
tables, siibra's configuration and BrainGlobe's packaging scripts. What these leave open stays open here.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from ..atlas import Atlas
from .entry import CatalogueEntry
from .library import installed_version

FSL = "FSL licence: non-commercial use; see fsl.fmrib.ox.ac.uk/fsl/docs/#/license"
NON_COMMERCIAL = "free for non-commercial research"
NOT_STATED = "not stated by its distributor"

DIFUMO = "Dadi et al. 2020, NeuroImage 221:117126"
HARVARD_OXFORD = (
    "Desikan et al. 2006, NeuroImage 31:968; Makris et al. 2006, Schizophr Res 83:155; "
    "Frazier et al. 2005, Am J Psychiatry 162:1256; Goldstein et al. 2007, Biol Psychiatry 61:935"
)
JULICH_BRAIN = "Amunts et al. 2020, Science 369:988"
SCHAEFER = "Schaefer et al. 2018, Cereb Cortex 28:3095"
TALAIRACH = "Lancaster et al. 2000, Hum Brain Mapp 10:120"


@dataclass(frozen=True)
class Facts:
    """One atlas of a source; see `CatalogueEntry`. Sources add how they find it."""

    title: str
    space: str
    kind: Literal["statistical", "labelled"]
    n_regions: int | None
    licence: str
    citation: str

    def entry(self, name: str, source: str, local: bool) -> CatalogueEntry:
        """The atlas as the catalogue lists it."""
        return CatalogueEntry(
            name, self.title, self.space, self.kind, self.n_regions, self.licence, self.citation, source, local
        )


def named(atlas: Atlas, entry: CatalogueEntry, package: str | None = None) -> Atlas:
    """An atlas under its name in the catalogue; its source says so, and which version of which package delivered it."""
    source: dict[str, Any] = {"catalogue": entry.full_name, "licence": entry.licence, "citation": entry.citation}
    if package is not None:
        source[package] = installed_version(package)
    return atlas.described(name=entry.name, space=entry.space, source=atlas.source | source)
