"""What is installed beside the code: files that come with the package, and versions of packages."""

from __future__ import annotations

import sys
from functools import cache
from importlib import metadata
from pathlib import Path

from .errors import InputError


def sample_data_folder() -> Path:
    """The folder of the bundled, synthetic example: inside an installed package, at the top of a source tree.

    Returns
    -------
    Path
        With ``synthetic-fusiform_map.nii.gz``, a map of two modes, and ``synthetic-fusiform_probseg.nii.gz``, an atlas
        of ten regions.

    Raises
    ------
    InputError
        If the installation is not whole.
    """
    package = Path(__file__).parent
    for folder in (package / "sample_data", package.parent.parent / "sample_data"):
        if folder.is_dir():
            return folder
    raise InputError("the bundled sample data are missing; install napari-atlas-assign again")


@cache
def running_version(package: str) -> str:
    """The version of a package: of the code that runs, or where nothing of it runs yet, of what is installed."""
    module = sys.modules.get(package.replace("-", "_"))
    return metadata.version(package) if module is None else str(module.__version__)
