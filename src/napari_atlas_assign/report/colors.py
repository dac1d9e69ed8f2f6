"""Colours of reports and figures, chosen to be told apart on white, on black and on a grey brain."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.colors import Colormap

MODE_COLORS = (
    "#e4572e", "#2e86de", "#1f9e89", "#a55cc9", "#d99a00", "#e0559a",
    "#5a67d8", "#6b9f24", "#00a0bd", "#b5693f", "#8a4fff", "#c94f6d",
)  # fmt: skip

REGION_COLORS = ("#14c4e6", "#3ddc4b", "#ff4fd8", "#4a63ff")
"""Outlines of a mode's best regions, in their order: cold, so that they stand out from the image's colours."""


def mode_color(number: int) -> str:
    """The colour (``#rrggbb``) of a mode, by the number that people see; it comes again after 12."""
    return MODE_COLORS[(number - 1) % len(MODE_COLORS)]


@cache
def value_colors() -> Colormap:
    """Colours of image values: white-blue at the lowest, dark about 0, yellow at the highest."""
    from matplotlib.colors import LinearSegmentedColormap

    stops = ["#c9f0ff", "#4aa8ff", "#1b4fc4", "#0c1f5c", "#5c0d0d", "#c4281b", "#ff8a1f", "#ffe98a"]
    at = [0, 0.2, 0.36, 0.5, 0.5, 0.64, 0.8, 1]
    return LinearSegmentedColormap.from_list("image values", list(zip(at, stops, strict=True)))
