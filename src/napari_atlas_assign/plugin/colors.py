"""Colours of regions."""

from __future__ import annotations

import colorsys
from collections.abc import Mapping
from typing import Any

from ..atlas.atlas import Atlas

CLEAR = (0.0, 0.0, 0.0, 0.0)

_GOLDEN_RATIO = 0.6180339887


def region_color(atlas: Atlas, region: int) -> str:
    """The atlas's own colour of a region (``#rrggbb``), or one of a stable palette where it has none."""
    if "color" in atlas.regions:
        color = atlas.regions["color"].iloc[region]
        if isinstance(color, str) and color.startswith("#") and color.strip("#0"):  # black is invisible on black
            return color
    return palette_color(region)


def palette_color(number: int) -> str:
    """A colour (``#rrggbb``) for each number from 0: neighbours differ, and the same number always looks the same."""
    hue = (0.36 + number * _GOLDEN_RATIO) % 1
    saturation, value = ((0.75, 0.95), (0.55, 1.0), (0.85, 0.8))[number % 3]
    red, green, blue = (round(255 * c) for c in colorsys.hsv_to_rgb(hue, saturation, value))
    return f"#{red:02x}{green:02x}{blue:02x}"


def direct_colors(colors: Mapping[int, str]) -> dict[int | None, Any]:
    """A colour dictionary for a Labels layer: `colors` per label, everything else clear."""
    return {None: CLEAR, 0: CLEAR} | {label: color for label, color in colors.items()}
