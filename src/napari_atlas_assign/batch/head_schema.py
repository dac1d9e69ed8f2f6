"""The head of a finished map's record, as it stands in a journal.

Imported on demand.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import ConfigDict, Field

from ..assignment.columns import Kind
from ..schema import Number, Schema, Sha256, Whole

_Text = Annotated[str, Field(strict=True)]
_Count = Annotated[int, Field(ge=0, lt=2**63, strict=True)]
_Columns = list[tuple[_Text, Kind]]


class TableColumns(Schema):
    """Names and kinds of the columns of the tables; of points, of the regions alone; of the last two only where
    they were asked for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    assignments: _Columns = Field(default=[])
    modes: _Columns = Field(default=[])
    regions: _Columns
    sweep: _Columns = Field(default=[])
    region_test: _Columns = Field(default=[])


class Head(Schema):
    """What was read, and what came of it."""

    file: _Text
    name: _Text | None
    threshold: Number | None
    stamp: tuple[Whole, Whole]
    sha256: Sha256
    volumes: _Count
    modes: _Count
    assignments: _Count
    warnings: list[_Text]
    timings: dict[_Text, Number]
    columns: TableColumns
