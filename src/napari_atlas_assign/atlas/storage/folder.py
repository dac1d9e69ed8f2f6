"""The folder in which stored atlases and downloads are kept."""

from __future__ import annotations

import os
from pathlib import Path

import platformdirs

from ...errors import InputError

CACHE_VARIABLE = "NAPARI_ATLAS_ASSIGN_CACHE"
"""Environment variable that names another folder for the index."""


def cache_folder() -> Path:
    """The folder that holds the index; not made by asking.

    Raises
    ------
    InputError
        If no folder can have the name that the environment variable gives.
    """
    folder = Path(os.environ.get(CACHE_VARIABLE) or platformdirs.user_cache_path("napari-atlas-assign")) / "atlases"
    try:
        folder.exists()
    except (OSError, ValueError) as error:
        raise InputError(
            f"the environment variable {CACHE_VARIABLE} names no folder that there can be ({error}); name another one"
        ) from error
    return folder
