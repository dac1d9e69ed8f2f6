"""How the atlases of the catalogue are grouped for choosing: by species and kind, with variants folded. No Qt here."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ...atlas.sources.entry import CatalogueEntry

SPECIES = ("human", "mouse", "rat")
"""Those with a group of their own, told by the names of BrainGlobe's spaces; all other sources are of humans."""

OTHERS = "other animals"

KINDS = {"statistical": "probabilistic", "labelled": "labelled"}
"""Kinds of atlases, as people call them."""


@dataclass(frozen=True)
class Family:
    """An atlas in its variants of resolution, number of parcels, threshold ...; the first stands for all."""

    variants: tuple[CatalogueEntry, ...]

    @property
    def first(self) -> CatalogueEntry:
        """The one on this machine, or else the first of the catalogue."""
        return next((entry for entry in self.variants if entry.local), self.variants[0])


def species_of(entry: CatalogueEntry) -> str:
    """The species of an atlas, or `OTHERS`."""
    if entry.source != "brainglobe":
        return "human"
    words = set((entry.space or "").split("_")) | set(entry.name.lower().split("_"))
    return next((species for species in SPECIES if species in words), OTHERS)


def grouped(entries: Sequence[CatalogueEntry]) -> list[tuple[str, list[Family]]]:
    """Titles of groups and their families: by species and kind, in each what is on this machine first."""
    members: dict[tuple[str, str], dict[tuple[str, str], list[CatalogueEntry]]] = {}
    for entry in entries:
        families = members.setdefault((species_of(entry), entry.kind), {})
        families.setdefault((entry.source, entry.title.partition(",")[0]), []).append(entry)
    order = {species: number for number, species in enumerate((*SPECIES, OTHERS))}
    keys = sorted(members, key=lambda key: (order[key[0]], list(KINDS).index(key[1])))
    return [(f"{species}, {KINDS[kind]}", _in_order(members[species, kind].values())) for species, kind in keys]


def badge(entry: CatalogueEntry, n_variants: int = 1) -> str:
    """What an atlas is at a glance: ``probabilistic · installed``, ``labelled · download · 8 variants``."""
    parts = [KINDS[entry.kind], "installed" if entry.local else "download"]
    return " · ".join(parts + ([f"{n_variants} variants"] if n_variants > 1 else []))


def _in_order(variants: Iterable[list[CatalogueEntry]]) -> list[Family]:
    families = [Family(tuple(entries)) for entries in variants]
    return sorted(families, key=lambda family: not family.first.local)
