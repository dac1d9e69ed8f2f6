"""The metadata of OME-Zarr images, as far as they say where the image lies."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from ..schema import Number, Schema, Text, check

_MOST_AXES = 8

_Numbers = Annotated[list[Number], Field(max_length=_MOST_AXES)]


class AxisOrientation(Schema):
    """Where an axis points."""

    value: Text


class Axis(Schema):
    """One axis of the array."""

    name: Text
    unit: Text | None = None
    orientation: AxisOrientation | None = None


class Scale(Schema):
    """One factor per axis."""

    type: Literal["scale"]
    scale: _Numbers


class Translation(Schema):
    """One distance per axis."""

    type: Literal["translation"]
    translation: _Numbers


class Identity(Schema):
    """No change."""

    type: Literal["identity"]


Step = Annotated[Scale | Translation | Identity, Field(discriminator="type")]


class Level(Schema):
    """One resolution."""

    path: Text
    coordinateTransformations: list[Step] = []  # noqa: RUF012 - a field, copied for every level


def _named(axis: Any) -> Any:
    """Axes of version 0.3 are names alone; orientations are objects, and in early files words."""
    if isinstance(axis, str):
        return {"name": axis}
    if isinstance(axis, dict) and isinstance(axis.get("orientation"), str):
        return axis | {"orientation": {"value": axis["orientation"]}}
    return axis


class Multiscale(Schema):
    """One image in several resolutions, the finest first."""

    axes: Annotated[list[Annotated[Axis, BeforeValidator(_named)]], Field(min_length=1, max_length=_MOST_AXES)]
    datasets: Annotated[list[Level], Field(min_length=1)]
    coordinateTransformations: list[Step] = []  # noqa: RUF012 - a field, copied for every image


class _Image(Schema):
    multiscales: Annotated[list[Multiscale], Field(min_length=1)]


def multiscale_of(attributes: dict[str, Any], name: str) -> Multiscale:
    """The first multiscale image that the attributes of a group tell of; `name` is for messages.

    Raises
    ------
    InputError
        If there is none, or an entry is of another type than the specification says.
    """
    says = f"{name} holds no OME-Zarr image that can be read ({{}}); give its folder, or mend its metadata"
    image: _Image = check(_Image, attributes.get("ome", attributes), says)
    return image.multiscales[0]
