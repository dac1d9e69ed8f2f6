"""How a map is painted: clear where it is 0, faint below the threshold, so that nothing inactive looks active."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np

from ...grid import Floats
from ...modes.modes import Tail

HOT = ("#700b05", "#c4281b", "#ff8a1f", "#ffe98a")
COLD = ("#14348f", "#2f6fe0", "#4aa8ff", "#c9f0ff")
"""From 0 to the ends of the scale, as neuroimaging viewers paint statistics."""

FAINT = 0.4
"""Opacity just below the threshold."""

EASED = 0.25
"""Without a threshold, part of the scale over which a map becomes opaque."""

STEP = 1e-6
"""Part of the scale within which colours change at 0, and opacity at the threshold."""

Name = Literal["cold hot", "clear hot"]

NAMES: tuple[Name, ...] = ("cold hot", "clear hot")
"""Colormaps of this module: for maps of both signs, and of one."""


def map_colormap(
    limits: tuple[float, float], threshold: float | None = None, tail: Tail = "both", faint: float = FAINT
) -> dict[str, Any]:
    """The colormap of a map as napari takes it.

    Parameters
    ----------
    limits : (low, high)
        Contrast limits of the layer: the values of the first and the last colour.
    threshold : float, optional
        Beyond it, the map is opaque; without it, it becomes so by and by.
    tail : str
        On which side of 0 the threshold lies; the other is faint.
    faint : float
        Opacity just below the threshold.
    """
    values = _bends(limits, threshold, faint)
    farthest = np.abs(limits).max() or 1.0
    depth = np.abs(values) / farthest
    colors = np.where((values < 0)[:, None], ramp(COLD, depth), ramp(HOT, depth))
    if threshold is None or not threshold > 0:
        opacity = np.minimum(depth / EASED, 1)
    else:
        opacity = faint * np.minimum(np.abs(values) / threshold, 1)
        opacity[np.abs(values) > threshold] = 1
    if tail != "both":
        other = values < 0 if tail == "positive" else values > 0
        opacity[other] = np.minimum(opacity[other], faint)
    name = NAMES[0] if limits[0] < 0 < limits[1] else NAMES[1]
    return {"name": name, "colors": np.column_stack([colors, opacity]), "controls": _parts(values)}


def _bends(limits: tuple[float, float], threshold: float | None, faint: float) -> Floats:
    """Values (N,) between which colours and opacity change evenly: few, since hundreds take napari a millisecond."""
    farthest = np.abs(limits).max() or 1.0
    depths = [STEP, *np.linspace(0, 1, len(HOT)), EASED, EASED * faint]
    bends = [depth * farthest for depth in depths] + ([threshold, threshold + STEP * farthest] if threshold else [])
    inside = {b for bend in bends for b in (bend, -bend) if limits[0] < b < limits[1]}
    return np.array([limits[0], *sorted(inside), limits[1]], dtype=np.float64)


def _parts(values: Floats) -> Floats:
    """Where rising values (N,) are from the first, 0, to the last, 1."""
    return np.linspace(0, 1, len(values)) if values[0] == values[-1] else (values - values[0]) / np.ptp(values)


def ramp(colors: tuple[str, ...], at: Any) -> Any:
    """Colours (N, 3) between the stops, for depths (N,) from 0 to 1."""
    stops = np.array([[int(c[i : i + 2], 16) / 255 for i in (1, 3, 5)] for c in colors])
    return np.column_stack([np.interp(at, np.linspace(0, 1, len(colors)), stops[:, i]) for i in range(3)])
