"""`load_atlas`: a catalogue name, a file or a folder in, an `Atlas` out.

The dialect is found by content. What was read is kept in the stored index, so that the next time is fast.
"""

from __future__ import annotations

import os
from pathlib import Path
from types import ModuleType

from ..errors import AtlasError
from . import catalogue, index, nifti
from .atlas import Atlas
from .dialects import DIALECTS


def load_atlas(
    source: str | os.PathLike[str], *, labels: str | os.PathLike[str] | None = None, dialect: str | None = None
) -> Atlas:
    """Load an atlas by its catalogue name, or from a file or folder.

    Parameters
    ----------
    source : str or path
        A name of the catalogue (``juelich``; `napari-atlas-assign atlases` lists them), or a file or folder. A path that exists
        goes before a name.
    labels : path, optional
        A table of region names, for image files whose names are not beside them.
    dialect : str, optional
        Name of the file dialect, where the content fits several.

    Returns
    -------
    Atlas

    Raises
    ------
    AtlasError
        If there is no such name or file, no dialect reads it, or several do.
    """
    path = Path(source)
    if not path.exists():
        if isinstance(source, str) and catalogue.find(source) is not None:
            return catalogue.load(source)
        known = ", ".join(entry.name for entry in catalogue.catalogue() if entry.local)
        raise AtlasError(
            f"{source}: neither a file or folder nor an atlas of the catalogue; "
            + (f"atlases on this machine: {known}" if known else 'pip install "napari-atlas-assign[atlases]" brings real ones')
        )
    table = None if labels is None else Path(labels)
    if table is not None and not table.is_file():
        raise AtlasError(f"{table}: no such label table; check the path")
    return read_file(path, table, dialect)


def read_file(path: Path, labels: Path | None = None, dialect: str | None = None) -> Atlas:
    """Read a file or folder, by way of the stored index where the dialect tells what files it looks at."""
    module = _module(dialect) if dialect else _sniffed(path)
    if not hasattr(module, "files"):
        return module.read(path, labels)
    return index.stored(module.NAME, module.files(path, labels), lambda: module.read(path, labels))


def _module(name: str) -> ModuleType:
    for module in (*DIALECTS, nifti):
        if name == module.NAME:
            return module
    known = ", ".join(m.NAME for m in (*DIALECTS, nifti))
    raise AtlasError(f"there is no dialect {name!r}; the dialects are {known}")


def _sniffed(path: Path) -> ModuleType:
    fits = [module for module in DIALECTS if module.sniff(path)]
    if len(fits) > 1:
        names = ", ".join(m.NAME for m in fits)
        raise AtlasError(f"{path.name} fits several dialects: {names}; say which, for example dialect={fits[0].NAME!r} (command line: --dialect)")
    if fits:
        return fits[0]
    if nifti.sniff(path):  # the plain image, where nothing more special claims it
        return nifti
    what = "folder" if path.is_dir() else "file"
    raise AtlasError(
        f"no dialect reads the {what} {path.name}; tried {', '.join(m.NAME for m in (*DIALECTS, nifti))}; "
        "give a NIfTI image, its XML or JSON, or a folder of one of these kinds"
    )
