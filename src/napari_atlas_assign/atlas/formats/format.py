"""What every module of an atlas format offers."""

from __future__ import annotations

from pathlib import Path
from typing import Protocol

from ..atlas import Atlas


class Dialect(Protocol):
    """What a dialect module offers."""

    NAME: str

    def sniff(self, path: Path) -> bool:
        """Whether the path is of this dialect."""

    def read(self, path: Path, labels: Path | None = None) -> Atlas:
        """Read the atlas; `labels` names a table of regions to use instead of the dialect's own."""

    def files(self, path: Path, labels: Path | None = None) -> list[Path]:
        """List the files that `read` looks at."""
