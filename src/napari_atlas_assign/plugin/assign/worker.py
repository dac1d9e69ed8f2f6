"""The work behind the button, in steps that a worker thread can report and stop between."""

from __future__ import annotations

import logging
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from threading import Event
from typing import Any

from ...assignment.assign import assigning, finish
from ...assignment.parameters import Parameters
from ...assignment.point_result import PointResult
from ...assignment.result import Result
from ...atlas import catalogue
from ...atlas.atlas import Atlas
from ...atlas.load import load_atlas
from ...atlas.sources.download import DownloadCancelled
from ...errors import InputError
from ...image import Image
from ...modes.point_set import PointSet
from ...timings import Timings, timed
from ..layers.metadata import LayerData

_log = logging.getLogger(__name__)

STEPS = ("Loading the atlas", "Comparing modes and regions", "Drawing the regions")

ATLASES_KEPT = 4
"""Atlases on the shelf; comparing with more at once loads them every time."""


@dataclass(frozen=True)
class AtlasChoice:
    """Which atlas: one in hand (of a layer), or one to be loaded by name or from a file."""

    atlas: Atlas | None = None
    source: str = ""
    labels: Path | None = None


@dataclass(frozen=True)
class Request:
    """What the user asks for."""

    source: Image | Sequence[Image] | PointSet
    atlases: tuple[AtlasChoice, ...]
    parameters: Parameters
    draw: Callable[..., list[LayerData]]
    """Makes the layers of a result, `with_words` or not; runs in the worker, so it must not touch the viewer."""
    frame: Any = None
    """Where in the viewer they belong."""
    owes_words: bool = False
    """Whether its layers come at once, and what the modes are is told later."""

    @property
    def n_steps(self) -> int:
        """How many steps there are to tell."""
        return len(STEPS) + (0 if isinstance(self.source, Image | PointSet) else len(self.source))

    @property
    def name(self) -> str:
        """Of the source, for messages."""
        return self.source.name if isinstance(self.source, Image | PointSet) else self.source[0].name


@dataclass(frozen=True)
class Outcome:
    """A result with its layers."""

    result: Result | PointResult
    layers: list[LayerData]


@dataclass(frozen=True)
class Failure:
    """Why there is no result, in one sentence."""

    message: str


class Stopped(Exception):
    """The user wants no more of it."""


@dataclass
class Watch:
    """How far long work is, for the widget to look at; and whether the user wants it to stop, for the work."""

    note: str = ""
    part: float | None = None
    stop: Event = field(default_factory=Event)

    def progress(self, done: int, total: int | None, what: str) -> None:
        """As `catalogue.load` calls it."""
        self.part = done / total if total else None
        self.note = f"{what}: {done / 1e6:.0f} MB" + (f" of {total / 1e6:.0f}" if total else "")

    def judging(self, done: int, total: int) -> None:
        """As `assigning` calls it."""
        if self.stop.is_set():
            raise Stopped
        self.note = "" if done == total else f"How sure? {done / total:.0%}"


class AtlasShelf:
    """The atlases used last, so that changing a threshold loads nothing and keeps what was worked out for its grid."""

    def __init__(self) -> None:
        self._atlases: dict[Any, Atlas] = {}

    def get(self, choice: AtlasChoice, watch: Watch | None = None) -> Atlas:
        """Load an atlas, or take it from the shelf."""
        if choice.atlas is not None:
            return choice.atlas
        key = (choice.source, choice.labels, _stamp(choice.source), _stamp(choice.labels))
        atlas = self._atlases.pop(key, None) or _load(choice, watch or Watch())
        self._atlases[key] = atlas
        for oldest in list(self._atlases)[:-ATLASES_KEPT]:
            del self._atlases[oldest]
        return atlas

    def holds(self, choice: AtlasChoice) -> Atlas | None:
        """The atlas, if it need not be loaded."""
        key = (choice.source, choice.labels, _stamp(choice.source), _stamp(choice.labels))
        return choice.atlas or self._atlases.get(key)


def steps(shelf: AtlasShelf, request: Request, watch: Watch | None = None) -> Generator[str, None, Outcome | Failure]:
    """Assign, telling each of `STEPS`, and each map of a stack; every error becomes a `Failure`."""
    watch = watch or Watch()
    try:
        yield STEPS[0]
        timings: Timings = {}
        with timed(timings, "load atlas"):
            atlases = [shelf.get(choice, watch) for choice in request.atlases]
        yield STEPS[1]
        result = yield from _assign(request, atlases, watch)
        result.timings.update(timings)
        if isinstance(result, Result):
            _ = result.assignments, result.modes  # worked out here, while the window answers
        yield STEPS[2]
        return Outcome(result, request.draw(result, with_words=not request.owes_words))
    except Exception as error:  # a worker that dies would leave the widget waiting
        return failure_of(request.name, error)


def load(shelf: AtlasShelf, choice: AtlasChoice, name: str, watch: Watch) -> Generator[str, None, Atlas | Failure]:
    """Load an atlas, telling so, before it can be said where the source of this name lies on it."""
    try:
        yield STEPS[0]
        return shelf.get(choice, watch)
    except Exception as error:
        return failure_of(name, error)


def failure_of(name: str, error: Exception) -> Failure:
    """What is told of an error, of a source by its name."""
    if isinstance(error, DownloadCancelled):
        return Failure("The download was cancelled.")
    if isinstance(error, Stopped):
        return Failure("The assignment was cancelled.")
    if isinstance(error, InputError):
        return Failure(str(error))
    if isinstance(error, MemoryError):
        return Failure(f"{name}: not enough memory for this assignment; close other programs or use a coarser map")
    return unforeseen(name, error)


def unforeseen(name: str, error: Exception) -> Failure:
    """What is told of an error that should not be; the log has the rest."""
    _log.error("the assignment failed", exc_info=error)
    return Failure(f"{name}: an unforeseen error, please report it: {type(error).__name__}: {error}")


def _assign(request: Request, atlases: list[Atlas], watch: Watch) -> Generator[str, None, Result | PointResult]:
    tell = f"{STEPS[1]}: map {{}} of {{}}".format
    work = assigning(request.source, atlases, request.parameters, tell, judging=watch.judging)
    if isinstance(request.source, Image):  # nobody is told of one map of one
        return finish(work)
    result = yield from work
    return result


def _load(choice: AtlasChoice, watch: Watch) -> Atlas:
    if choice.labels is None and not _stamp(choice.source) and catalogue.find(choice.source) is not None:
        return catalogue.load(choice.source, watch.progress, watch.stop.is_set)
    return load_atlas(choice.source, labels=choice.labels)


def _stamp(path: str | Path | None) -> Any:
    """What changes when a file does; None for what is no file."""
    try:
        status = Path(path or "").stat() if path else None
    except (OSError, ValueError):
        return None
    return None if status is None else (status.st_mtime_ns, status.st_size)
