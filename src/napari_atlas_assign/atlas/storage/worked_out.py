"""What takes long to work out of a stored atlas, kept as arrays in its folder of the index for the next session."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from ...atomic import replace_folder, scratch_folder
from ..atlas import Atlas
from .arrays import read_arrays, write_arrays

_MOST = 12
"""What is kept of one atlas: what was used last."""


def worked_out(atlas: Atlas, what: str) -> dict[str, NDArray[Any]] | None:
    """The arrays that were kept under a name, mapped into memory; None where there are none.

    Parameters
    ----------
    atlas : Atlas
    what : str
        Tells them apart from all else that is worked out of this atlas.
    """
    if atlas.stored_in is None:
        return None
    folder = _folder(atlas.stored_in, what)
    try:
        header, arrays = read_arrays(folder)
        if header["what"] != what:
            return None
        os.utime(folder)  # marks the last use
    except (OSError, ValueError, KeyError, TypeError, AttributeError, EOFError):
        return None
    return arrays


def keep_worked_out(atlas: Atlas, what: str, arrays: Mapping[str, NDArray[Any]]) -> None:
    """Keep arrays under a name, in place of earlier ones; nothing where the atlas is not stored or the disk is full."""
    if atlas.stored_in is None or not atlas.stored_in.is_dir():
        return
    folder = _folder(atlas.stored_in, what)
    with suppress(OSError):
        folder.parent.mkdir(exist_ok=True)
        with scratch_folder(folder.parent) as new:
            whole = new / folder.name
            whole.mkdir()
            write_arrays(whole, arrays.items(), {"what": what})
            replace_folder(whole, folder)
        _drop_oldest(folder.parent)


def _folder(stored_in: Path, what: str) -> Path:
    return stored_in / "worked-out" / sha256(what.encode()).hexdigest()


def _drop_oldest(parent: Path) -> None:
    kept = [folder for folder in parent.iterdir() if not folder.name.startswith(".")]
    for folder in sorted(kept, key=lambda folder: folder.stat().st_mtime, reverse=True)[_MOST:]:
        with scratch_folder(parent) as doomed:  # renamed first, so that nobody reads the half that is left
            folder.rename(doomed / folder.name)
