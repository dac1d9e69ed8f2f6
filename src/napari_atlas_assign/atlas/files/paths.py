"""Paths that atlas files name: only those that stay in the atlas's own folder are followed."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path, PurePosixPath, PureWindowsPath

from ...errors import AtlasError

_IMAGE_ENDINGS = (".nii.gz", ".nii", ".img.gz", ".img")

_MAX_FILES = 10_000
"""Of a folder, in the order of their names."""


def is_nifti(path: Path) -> bool:
    """Whether this is a file with a name as NIfTI files have them."""
    return path.name.lower().endswith((".nii", ".nii.gz")) and path.is_file()


def inside(folder: Path, relative: str | Path) -> Path:
    """Join a path named by an atlas file to the atlas's folder, if it stays inside.

    Parameters
    ----------
    folder : Path
        The folder of the atlas.
    relative : str or Path
        What the atlas file names, with ``/`` or ``\\`` between its parts. The file need not exist.

    Returns
    -------
    Path
        The path, links resolved.

    Raises
    ------
    AtlasError
        If the path is empty or absolute, climbs with ``..``, is a link that leaves the folder, or is no path at all.
    """
    text = str(relative).strip().replace("\\", "/")
    parts = PurePosixPath(text).parts
    if not parts:
        raise AtlasError(f"an atlas file in {folder.name} names an empty image path; name a file in that folder")
    if text.startswith("/") or PureWindowsPath(text).drive or ".." in parts:
        raise AtlasError(f"the path {text!r} leads out of the folder {folder.name}; keep the atlas in one folder")
    try:
        root = folder.resolve()
        path = root.joinpath(*parts).resolve()
        path.exists()  # a name that the file system cannot hold fails here, not in the caller
    except (OSError, ValueError, RuntimeError) as error:
        raise AtlasError(f"the path {text[:200]!r} cannot be followed ({error}); name a file in there") from error
    if not path.is_relative_to(root):
        raise AtlasError(f"the link {text!r} leads out of the folder {folder.name}; put the file itself there")
    return path


def image_inside(folder: Path, named: str) -> Path | None:
    """The image that an atlas file names, with or without its ending; None where there is none.

    Raises
    ------
    AtlasError
        As `inside`.
    """
    path = inside(folder, named)
    bare = path.name
    for ending in _IMAGE_ENDINGS:
        bare = bare.removesuffix(ending)
    names = dict.fromkeys([path.name, *(bare + ending for ending in _IMAGE_ENDINGS)])
    written = _as_written(path.parent, names)
    candidates = (inside(folder, path.parent.relative_to(folder.resolve()) / name) for name in [*names, *written])
    return next((candidate for candidate in candidates if candidate.is_file()), None)


def _as_written(folder: Path, names: Iterable[str]) -> list[str]:
    """Names of a folder that differ from some in case alone, as on systems that do not tell it apart."""
    try:
        written = {name.lower(): name for name in sorted(os.listdir(folder))[:_MAX_FILES]}
    except OSError:
        return []
    return [written[name.lower()] for name in names if name.lower() in written]
