"""`load_atlas`: a catalogue name, a file or a folder in, an `Atlas` out.

The dialect is found by content. What was read is kept in the stored index, so that the next time is fast.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..errors import AtlasError
from ..grid import Grid
from ..image import READ_ERRORS, exists, quiet_nibabel
from ..limits import check_regular, refuse_by_content
from ..opening import load as load_header
from ..template_space import space_of_file
from . import catalogue
from .atlas import Atlas
from .formats import nifti
from .groups import group_regions
from .label_tables.beside import own_tables, tables_beside
from .remarks import silently
from .storage import index
from .storage.in_use import shared

if TYPE_CHECKING:
    from .formats.format import Dialect
    from .sources.library import Cancelled, Progress


def load_atlas(
    source: str | os.PathLike[str],
    *,
    labels: str | os.PathLike[str] | None = None,
    dialect: str | None = None,
    groups: str | os.PathLike[str] | None = None,
    near: Grid | None = None,
    volume: int | None = None,
    progress: Progress | None = None,
    cancelled: Cancelled | None = None,
) -> Atlas:
    """Load an atlas by its catalogue name, or from a file or folder; see `napari_atlas_assign.load_atlas`."""
    atlas = _load(source, labels, dialect, near, volume, progress, cancelled)
    return atlas if groups is None else group_regions(atlas, Path(groups))


def _load(
    source: str | os.PathLike[str],
    labels: str | os.PathLike[str] | None,
    dialect: str | None,
    near: Grid | None,
    volume: int | None,
    progress: Progress | None,
    cancelled: Cancelled | None,
) -> Atlas:
    path = Path(source)
    if exists(path):
        check_regular(path, AtlasError)
        table = None if labels is None else Path(labels)
        if table is not None:
            check_regular(table, AtlasError)
        if table is not None and not (exists(table) and table.is_file()):
            raise AtlasError(f"{table}: no such label table; check the path")
        for file in filter(None, (path, table)):
            refuse_by_content(file, AtlasError)
        return read_file(path, table, dialect, near, volume)
    if not isinstance(source, str) or catalogue.find(source) is None:
        known = ", ".join(entry.name for entry in catalogue.catalogue() if entry.local)
        choice = f"on this machine are {known}" if known else 'pip install "napari-atlas-assign[atlases]" brings some'
        close = catalogue.close_names(source) if isinstance(source, str) else []
        meant = f"perhaps {' or '.join(close)} is meant; " if close else ""
        raise AtlasError(f"{source}: neither a file or folder nor an atlas of the catalogue; {meant}{choice}")
    if labels is not None or dialect is not None or volume is not None:
        raise AtlasError(
            f"{source} comes from the catalogue with names; leave out labels, dialect and volume, or give a file"
        )
    return catalogue.load(source, progress, cancelled)


@shared
def read_file(
    path: Path,
    labels: Path | None = None,
    dialect: str | None = None,
    near: Grid | None = None,
    volume: int | None = None,
) -> Atlas:
    """Read a file or folder, by way of the stored index; for parameters and errors see `load_atlas`."""
    if volume is not None:
        return _read_volume(path, labels, dialect, volume)
    with quiet_nibabel():
        reader = _named(dialect) if dialect else _sniffed(path, labels)
        choice = {"near": near} if near is not None and getattr(reader, "SEVERAL_RESOLUTIONS", False) else {}
        atlas = index.stored(reader, path, labels, **choice)
    # What was asked for, so that a record can ask for it again; the dialect's own entries name the files it found.
    opened: dict[str, Any] = {"opened": str(path.resolve()), "dialect": reader.NAME}
    if labels is not None:
        opened["opened_labels"] = str(labels.resolve())
    if near is not None and choice:
        opened["opened_near"] = {"shape": list(near.shape), "affine": near.affine.tolist()}
    return atlas.described(source=atlas.source | opened, space=atlas.space or _space_of(atlas, path))


def _read_volume(path: Path, labels: Path | None, dialect: str | None, volume: int) -> Atlas:
    """Read one volume of an image, whatever dialect claims the whole of it; not by way of the index."""
    if isinstance(volume, bool) or not isinstance(volume, int):
        raise AtlasError(f"the volume of {path.name} is {volume!r}; give a whole number, counted from 0")
    if dialect is not None or path.is_dir():
        raise AtlasError(f"{path.name}: a volume is one of an image file; leave out dialect, and give the file itself")
    with quiet_nibabel():
        atlas = nifti.read(path, labels, volume)
    opened: dict[str, Any] = {"opened": str(path.resolve()), "dialect": nifti.NAME, "opened_volume": volume}
    if labels is not None:
        opened["opened_labels"] = str(labels.resolve())
    return atlas.described(source=atlas.source | opened, space=_space_of(atlas, path))


def has_names(source: str) -> bool:
    """Whether an atlas, given as for `load_atlas`, has names of its own: of the catalogue, or in or beside its file."""
    path = Path(source)
    if not exists(path) or path.is_dir():
        return True
    return bool(own_tables(path)) or any(dialect.sniff(path) for dialect in _special_dialects())


def names_of_labels(path: Path) -> dict[int, str]:
    """Names of the labels in an image file by the tables in it and beside it; empty where it has none, without a word.

    The file is not put into the stored index: of regions of interest there may be thousands.
    """
    try:
        reader = _sniffed(path, None)
        if reader is nifti and not tables_beside(path).groups and not nifti.standard_table(path):
            return {}
        with quiet_nibabel(), silently():
            atlas = reader.read(path)
    except AtlasError:
        return {}
    named = zip(atlas.column("id") or (), atlas.names, strict=True) if atlas.is_labelled else ()
    return {id_: name for id_, name in named if name != f"label {id_}"}


def _space_of(atlas: Atlas, path: Path) -> str | None:
    """What the image that an atlas was read from says about its space, as of images that are assigned."""
    image = Path(str(atlas.source.get("path", path)))
    try:
        return space_of_file(image, load_header(image).header) if image.is_file() else None
    except READ_ERRORS:  # no image: a table, or a list of files
        return None


def _dialects() -> list[Dialect]:
    return [*_special_dialects(), nifti]


def _special_dialects() -> Sequence[Dialect]:
    from .formats.registry import DIALECTS  # not needed, and slow to import, for atlases of the catalogue

    return DIALECTS


def _named(name: str) -> Dialect:
    for dialect in _dialects():
        if name == dialect.NAME:
            return dialect
    known = ", ".join(dialect.NAME for dialect in _dialects())
    raise AtlasError(f"there is no dialect {name!r}; the dialects are {known}")


def _sniffed(path: Path, labels: Path | None) -> Dialect:
    fits = [dialect for dialect in _special_dialects() if dialect.sniff(path)]
    if len(fits) > 1:
        names = ", ".join(dialect.NAME for dialect in fits)
        raise AtlasError(
            f"{path.name} fits several dialects: {names}; "
            f"say which, for example dialect={fits[0].NAME!r} (command line: --dialect)"
        )
    if fits:
        return fits[0]
    if labels is not None and _named("niivue-paqd").has_colours(path):  # type: ignore[attr-defined]
        return _named("niivue-paqd")  # colours that a table belongs to are packed probabilities
    if nifti.sniff(path):  # the plain image, where nothing more special claims it
        return nifti
    tried = ", ".join(dialect.NAME for dialect in _dialects())
    if path.is_dir() and not any(path.iterdir()):
        raise AtlasError(f"{path.resolve().name} is an empty folder; give one with an atlas, or a file")
    if path.is_dir():
        raise AtlasError(
            f"{path.resolve().name} is no folder of a dialect that is known (tried {tried}); give a file in it"
        )
    raise AtlasError(
        f"{path.name} is no atlas file that can be read (tried {tried}); give a NIfTI image, or the file of another "
        f"dialect; as an image: {nifti.why_not(path)}"
    )
