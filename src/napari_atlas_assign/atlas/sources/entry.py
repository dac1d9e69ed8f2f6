"""One named atlas of the catalogue."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


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

    @property
    def full_name(self) -> str:
        """The name with its source, which no other atlas has."""
        return f"{self.source}:{self.name}"
