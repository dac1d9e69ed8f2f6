"""What a siibra map's JSON must hold."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, Field

_Count = Annotated[int, Field(ge=0, lt=2**31)]


class Index(BaseModel):
    """Where a region, or a part of it, is mapped."""

    volume: _Count | None = None
    label: Annotated[int, Field(ge=1, lt=2**53)] | None = None
    z: _Count | None = None
    fragment: str | None = None


class Volume(BaseModel):
    """A volume, by the names or addresses of its files."""

    providers: dict[str, Any]


class Map(BaseModel):
    """The whole."""

    type: Literal["siibra/map/v0.0.1"] = Field(alias="@type")
    id: str = Field("", alias="@id")
    name: str = ""
    shortname: str = Field("", alias="shortName")
    space: dict[str, Any] = {}
    volumes: list[Volume]
    indices: dict[str, list[Index]]
