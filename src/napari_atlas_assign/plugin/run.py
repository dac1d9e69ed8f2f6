"""The work behind the button: in steps that a worker thread can report and stop between."""

from __future__ import annotations

import logging
from collections.abc import Generator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..assignment.assign import assign
from ..assignment.overlay import best_region_labels
from ..assignment.result import Result
from ..atlas.atlas import Atlas
from ..atlas.load import load_atlas
from ..errors import InputError
from ..image import Image

_log = logging.getLogger(__name__)

STEPS = ("Loading the atlas", "Comparing modes and regions", "Drawing the regions")


@dataclass(frozen=True)
class AtlasChoice:
    """Which atlas: one in hand (of a layer), or one to be loaded by name or from a file."""

    atlas: Atlas | None = None
    source: str = ""
    labels: Path | None = None


@dataclass(frozen=True)
class Failure:
    """Why there is no result, in one sentence."""

    message: str


class AtlasShelf:
    """The atlas loaded last, so that changing a threshold loads nothing and keeps what was worked out for its grid."""

    def __init__(self) -> None:
        self._key: Any = None
        self._atlas: Atlas | None = None

    def get(self, choice: AtlasChoice) -> Atlas:
        """Load an atlas, or take the one on the shelf."""
        if choice.atlas is not None:
            return choice.atlas
        key = (choice.source, choice.labels, _stamp(choice.source), _stamp(choice.labels))
        if self._atlas is None or key != self._key:
            self._atlas, self._key = load_atlas(choice.source, labels=choice.labels), key
        return self._atlas


def steps(
    shelf: AtlasShelf, image: Image, choice: AtlasChoice, parameters: dict[str, Any]
) -> Generator[str, None, Result | Failure]:
    """Assign, telling each of `STEPS` before it begins; every error becomes a `Failure`."""
    try:
        yield STEPS[0]
        atlas = shelf.get(choice)
        yield STEPS[1]
        result = assign(image, atlas, **parameters)
        yield STEPS[2]
        best_region_labels(result)  # fills what the main thread then finds ready
        return result
    except InputError as error:
        return Failure(str(error))
    except MemoryError:
        return Failure(
            f"{image.name}: not enough memory for this assignment; close other programs or use a coarser map"
        )
    except Exception as error:  # a worker that dies would leave the widget waiting
        _log.exception("the assignment failed")
        return Failure(f"{image.name}: an unforeseen error, please report it: {type(error).__name__}: {error}")


def _stamp(path: str | Path | None) -> Any:
    """What changes when a file does; None for what is no file."""
    try:
        about = Path(path or "").stat()
    except (OSError, ValueError):
        return None
    return about.st_mtime_ns, about.st_size
