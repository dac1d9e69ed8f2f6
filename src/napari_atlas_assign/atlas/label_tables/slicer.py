"""3D Slicer colour tables (.ctbl, .txt): FreeSurfer's columns under a heading of their own."""

from __future__ import annotations

from pathlib import Path

from ...errors import AtlasError
from ...tables.frames import pd
from . import freesurfer

NAME = "3D Slicer color table"
PRECEDENCE = 40

_TABLE = "# color table file"
_CONTINUOUS = "# color procedural file"


def sniff(text: str, path: Path) -> bool:
    """Whether the first line says so."""
    return text.lstrip().lower().startswith((_TABLE, _CONTINUOUS))


def parse(text: str, path: Path) -> pd.DataFrame:
    """Read the table. Slicer has put underscores for blanks in names; they are kept, since others may be meant."""
    if text.lstrip().lower().startswith(_CONTINUOUS):
        raise AtlasError(f"{path.name} is a continuous colour scale, which names no regions; give a colour table")
    return freesurfer.parse(text, path)
