"""Segments of 3D Slicer's segmentations (``.seg.nrrd``): names, colours, layers, and values in these."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..encoding import one_line
from ..errors import InputError
from .image import NrrdImage

_FIELD = re.compile(r"Segment(\d{1,6})_(ID|Name|Color|LabelValue|Layer)")


@dataclass(frozen=True)
class Segment:
    """One segment.

    Parameters
    ----------
    id : int
        Its value in the file, or its number from 1 where several segments have one value.
    name : str
    color : str or None
        ``#rrggbb``.
    layer : int
        Volume of the file, from 0.
    value : int
        In that volume.
    """

    id: int
    name: str
    color: str | None
    layer: int
    value: int


def has_segments(img: Any) -> bool:
    """Whether an image that is open is a segmentation of 3D Slicer."""
    return isinstance(img, NrrdImage) and any(_FIELD.fullmatch(name) for name in img.header.fields)


def segments_of(img: NrrdImage, name: str) -> list[Segment]:
    """The segments of a file, in its order; `name` is for messages.

    Raises
    ------
    InputError
        If a field is damaged, or names a layer that is not there.
    """
    told: dict[int, dict[str, str]] = {}
    for field, value in img.header.fields.items():
        if match := _FIELD.fullmatch(field):
            told.setdefault(int(match[1]), {})[match[2]] = str(value)
    n_layers = img.shape[3] if len(img.shape) > 3 else 1
    # Older files have one layer for each segment, with the value 1.
    alone = n_layers > 1 and not any("Layer" in fields for fields in told.values())
    segments = [_segment(n, told[n], place if alone else 0, name) for place, n in enumerate(sorted(told))]
    for segment in segments:
        if not 0 <= segment.layer < n_layers:
            raise InputError(f"{name}: its segment {segment.name} lies in a layer that is not there; save it anew")
    values = [segment.value for segment in segments]
    if len(set(values)) == len(values):
        return segments
    return [Segment(n, s.name, s.color, s.layer, s.value) for n, s in enumerate(segments, 1)]


def voxels_of(img: NrrdImage, segments: Sequence[Segment]) -> list[NDArray[np.integer]]:
    """Flat C-order voxels (N,), rising, of each segment; each layer is looked through once."""
    voxels: list[NDArray[np.integer]] = [np.zeros(0, np.int64)] * len(segments)
    for layer in {segment.layer for segment in segments}:
        values = np.ascontiguousarray(img.dataobj[..., layer] if len(img.shape) > 3 else img.dataobj[...]).reshape(-1)
        filled = np.flatnonzero(values)
        order = np.argsort(values[filled], kind="stable")
        filled, value = filled[order], values[filled[order]]
        for n, segment in enumerate(segments):
            if segment.layer == layer:
                voxels[n] = filled[slice(*np.searchsorted(value, (segment.value, segment.value + 1)))]
    return voxels


def _segment(n: int, fields: dict[str, str], layer: int, name: str) -> Segment:
    value = _whole(fields.get("LabelValue", "1"), "LabelValue", name)
    if value < 1:
        raise InputError(f"{name}: its segment {n} has the value {value}; values of segments are above 0")
    called = one_line(fields.get("Name") or fields.get("ID") or "") or f"segment {n}"
    layer = _whole(fields.get("Layer", layer), "Layer", name)
    return Segment(value, called, _color(fields.get("Color", "")), layer, value)


def _whole(text: Any, field: str, name: str) -> int:
    if not re.fullmatch(r"\s*\d{1,9}\s*", str(text)):
        raise InputError(f"{name}: a segment has the {field} {str(text)[:40]!r}; save it anew with whole numbers")
    return int(text)


def _color(text: str) -> str | None:
    """``#rrggbb`` of three levels from 0 to 1."""
    try:
        levels = [round(float(word) * 255) for word in text.split()]
    except (ValueError, OverflowError):
        return None
    return "#{:02x}{:02x}{:02x}".format(*levels) if len(levels) == 3 and all(0 <= v <= 255 for v in levels) else None
