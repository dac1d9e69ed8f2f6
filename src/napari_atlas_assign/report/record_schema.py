"""What stands in a record, as far as it is used again; a record may come from anywhere.

Imported on demand.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from ..schema import Number, Schema, Text, Whole

_Size = Annotated[int, Field(ge=1, lt=2**31, strict=True)]
_Row = Annotated[list[Number], Field(min_length=4, max_length=4)]
_Place = Annotated[list[Number], Field(min_length=3, max_length=3)]


class RecordedGrid(Schema):
    """Shape and affine."""

    shape: Annotated[list[_Size], Field(min_length=3, max_length=3)]
    affine: Annotated[list[_Row], Field(min_length=4, max_length=4)]


class File(Schema):
    """A file that was read."""

    path: Text
    sha256: Text


class RecordedSource(Schema):
    """Where an input came from; formats and sources add entries of their own, which are texts if they are hashes."""

    model_config = ConfigDict(extra="allow", frozen=True)

    path: Text | None = None
    sha256: Text | None = None
    volume: Whole | None = None
    layer: Text | None = None
    sigma: Number | list[Number] = 0.0
    coordinates: Literal["mm", "voxels", "micrometres"] | None = None
    catalogue: Text | None = None
    opened: Text | None = None
    opened_labels: Text | None = None
    opened_near: RecordedGrid | None = None
    opened_volume: Whole | None = None
    dialect: Text | None = None
    groups: Text | None = None
    files: list[File] | None = None
    level: Whole = 0


class _Input(Schema):
    name: Text
    space: Text | None
    source: RecordedSource
    values_sha256: Text


class ImageEntry(_Input):
    """A map, or a volume of a stack."""

    grid: RecordedGrid
    names: dict[Annotated[str, Field(pattern=r"^\d{1,10}$")], Text] | None = None
    """Of regions of interest, by label."""


class PointsEntry(_Input):
    """Points, themselves in the record where they came from no file."""

    xyz: list[_Place] | None = None
    sigma: list[Number] | None = None
    names: list[Text] | None = None


class AtlasEntry(Schema):
    """An atlas."""

    name: Text
    space: Text | None
    source: RecordedSource
    values_sha256: Text | None = None


class Record(Schema):
    """All of a record that is used to run it again."""

    images: list[ImageEntry] = []  # noqa: RUF012 - a field, copied for every record
    points: PointsEntry | None = None
    atlases: Annotated[list[AtlasEntry], Field(max_length=10_000)]
    parameters: dict[str, Any]
    is_stack: bool = False
    software: dict[str, Text | None] | None = None
