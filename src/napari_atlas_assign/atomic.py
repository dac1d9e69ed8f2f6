"""Writing whole or not at all: new files are written beside their place, and take it when they are complete."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from secrets import token_hex

from .errors import InputError

_PREFIX = ".writing-"


@contextmanager
def told_if_not_written(path: str | os.PathLike[str], advice: str) -> Iterator[None]:
    """Tell in one sentence what the system refuses while `path` is written."""
    name = os.fspath(path)[:200]
    if "\0" in os.fspath(path):
        raise InputError(f"{name!r} cannot be written (no file can have this name); {advice}")
    try:
        yield
    except OSError as error:
        raise InputError(f"{name} cannot be written ({error.strerror or error}); {advice}") from error


@contextmanager
def scratch_folder(parent: Path) -> Iterator[Path]:
    """An empty folder inside `parent`, with the permissions of any folder of the user; gone afterwards."""
    folder = parent / f"{_PREFIX}{token_hex(8)}"
    folder.mkdir()
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def whole_file(target: Path) -> Iterator[Path]:
    """The path to write a file to, which takes the place of `target` unless an error leaves the block."""
    with scratch_folder(target.parent) as folder:
        new = folder / target.name  # whose ending may say what it is
        yield new
        os.replace(new, target)


def replace_folder(new: Path, target: Path) -> None:
    """Let a folder take the place of another one, or of none; on failure the other one is where it was."""
    if not target.exists():
        os.rename(new, target)
        return
    with scratch_folder(target.parent) as scratch:
        earlier = scratch / "earlier"
        os.rename(target, earlier)
        try:
            os.rename(new, target)
        except BaseException:
            os.rename(earlier, target)
            raise


def leftovers(parent: Path) -> list[Path]:
    """Scratch folders inside `parent`: those of processes that write, or that were killed while they wrote."""
    return list(parent.glob(f"{_PREFIX}*"))
