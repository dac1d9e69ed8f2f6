"""What a record says about how to run its assignment again: which images, which atlases, which parameters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..assignment.parameters import Parameters
from ..errors import InputError


@dataclass(frozen=True)
class InputChoice:
    """A map, one volume of a stack, or a table of points."""

    name: str
    path: Path | None
    """None for arrays, and for layers without a file."""
    volume: int | None = None
    """Of a 4D file, counted from 0; None for the whole file."""


@dataclass(frozen=True)
class RecordedAtlas:
    """An atlas, as `napari_atlas_assign.load_atlas` takes it."""

    name: str
    source: str | None
    """Name in the catalogue, or path; None for atlases made of arrays or layers."""
    labels: Path | None = None
    dialect: str | None = None


@dataclass(frozen=True)
class Settings:
    """Everything that the user chose."""

    inputs: tuple[InputChoice, ...]
    atlases: tuple[RecordedAtlas, ...]
    parameters: Parameters
    is_points: bool = False
    """The input is a table of points, for which of the parameters only the convention counts."""
    is_stack: bool = False


def settings_of(record: Mapping[str, Any]) -> Settings:
    """What the user chose in the run that a record tells of; looks at no file.

    Parameters
    ----------
    record : mapping
        As `provenance.read_record` gives it.

    Returns
    -------
    Settings

    Raises
    ------
    InputError
        If an entry is missing, is of another type than such a record has, or a parameter is out of its range.
    """
    from ..schema import check
    from .record_schema import Record

    check(Record, dict(record), "the record is damaged ({}); give one as it was written, or assign anew")
    with reading_record():
        is_points = "points" in record
        described = [record["points"]] if is_points else list(record["images"])
        settings = Settings(
            tuple(_input(entry) for entry in described),
            tuple(_atlas(entry) for entry in record["atlases"]),
            Parameters.from_dict(dict(record["parameters"])),
            is_points,
            bool(record.get("is_stack")),
        )
    if not settings.inputs or not settings.atlases:
        raise InputError("the record names no input or no atlas; give one as it was written, or assign anew")
    return settings


@contextmanager
def reading_record() -> Iterator[None]:
    """Turn what goes wrong with entries of a record, which may hold anything, into a sentence.

    Raises
    ------
    InputError
        If an entry is missing, of another type or out of its range.
    """
    try:
        yield
    except InputError as error:
        raise InputError(f"the record cannot be used: {error}") from error
    except (LookupError, TypeError, ValueError, ArithmeticError, AttributeError) as error:
        what = f"{type(error).__name__}: {error}"
        raise InputError(f"the record is damaged ({what}); give one as it was written, or assign anew") from error


def _input(described: Mapping[str, Any]) -> InputChoice:
    source = described["source"]
    volume = source.get("volume")
    return InputChoice(str(described["name"]), _path(source.get("path")), None if volume is None else int(volume))


def _atlas(described: Mapping[str, Any]) -> RecordedAtlas:
    name, source = str(described["name"]), described["source"]
    if source.get("catalogue"):
        return RecordedAtlas(name, str(source["catalogue"]))
    opened = _path(source.get("opened"))
    if opened is None:
        return RecordedAtlas(name, None)
    dialect = source.get("dialect")
    return RecordedAtlas(
        name, str(opened), _path(source.get("opened_labels")), None if dialect is None else str(dialect)
    )


def _path(text: Any) -> Path | None:
    if text is None:
        return None
    if not isinstance(text, str) or not text or "\0" in text:
        raise ValueError(f"{text!r} is no path")
    return Path(text)
