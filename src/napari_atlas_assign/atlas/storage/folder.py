"""The folder in which stored atlases and downloads are kept."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

CACHE_VARIABLE = "NAPARI_ATLAS_ASSIGN_CACHE"
"""Environment variable that names another folder for the index."""


def cache_folder() -> Path:
    """The folder that holds the index; not made by asking."""
    return Path(os.environ.get(CACHE_VARIABLE) or platformdirs.user_cache_path("napari-atlas-assign")) / "atlases"
