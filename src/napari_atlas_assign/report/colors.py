"""Colours of modes and values, in reports and in viewers: told apart on white, on black and on a grey brain."""

from __future__ import annotations

import colorsys
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from matplotlib.colors import Colormap

MODE_COLORS = (
    "#1f9e89", "#a55cc9", "#6b9f24", "#e0559a", "#00a0bd", "#8a4fff",
    "#b5693f", "#5a67d8", "#c94f6d", "#2e86de", "#d99a00", "#e4572e",
)  # fmt: skip
"""The first ones stand out from the hot and cold colours of maps, which the last ones come near."""

REGION_COLORS = ("#14c4e6", "#3ddc4b", "#ff4fd8", "#4a63ff")
"""Outlines of a mode's best regions, in their order: cold, so that they stand out from the image's colours."""


_GOLDEN_RATIO = 0.6180339887


def mode_color(number: int) -> str:
    """The colour (``#rrggbb``) of a mode, by the number that users see, the same wherever the mode is shown."""
    return MODE_COLORS[number - 1] if 0 < number <= len(MODE_COLORS) else palette_color(number)


def palette_color(number: int) -> str:
    """A colour (``#rrggbb``) for each number from 0: neighbours differ, and the same number always looks the same."""
    hue = (0.36 + number * _GOLDEN_RATIO) % 1
    saturation, value = ((0.75, 0.95), (0.55, 1.0), (0.85, 0.8))[number % 3]
    red, green, blue = (round(255 * c) for c in colorsys.hsv_to_rgb(hue, saturation, value))
    return f"#{red:02x}{green:02x}{blue:02x}"


@cache
def value_colors() -> Colormap:
    """Colours of image values: white-blue at the lowest, dark about 0, yellow at the highest."""
    from matplotlib.colors import LinearSegmentedColormap

    stops = ["#c9f0ff", "#4aa8ff", "#1b4fc4", "#0c1f5c", "#5c0d0d", "#c4281b", "#ff8a1f", "#ffe98a"]
    at = [0, 0.2, 0.36, 0.5, 0.5, 0.64, 0.8, 1]
    return LinearSegmentedColormap.from_list("image values", list(zip(at, stops, strict=True)))
