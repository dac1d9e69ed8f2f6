"""Colours of regions and modes."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from importlib.util import find_spec
from itertools import chain, count
from typing import Any

import numpy as np
from napari.utils.colormaps import CyclicLabelColormap, label_colormap
from numpy.typing import NDArray

from ...atlas.atlas import Atlas
from ...index_ranges import firsts, lengths
from ...report.colors import mode_color, palette_color

CLEAR = (0.0, 0.0, 0.0, 0.0)

PALE = 0.3
"""Opacity of the modes beside those that the user picked."""

LARGEST_WITHOUT_HELP = 2**16
HELPERS = ("PartSegCore_compiled_backend", "numba")
"""Napari maps labels above `LARGEST_WITHOUT_HELP` to chosen colours with the help of one of these only."""


def region_color(atlas: Atlas, region: int) -> str:
    """The atlas's own colour of a region (``#rrggbb``), or one of a stable palette where it has none."""
    if "color" in atlas.regions:
        color = atlas.regions["color"].iloc[region]
        if isinstance(color, str) and color.startswith("#") and color.strip("#0"):  # black is invisible on black
            return color
    return palette_color(region)


def direct_colors(colors: Mapping[int, Any]) -> dict[int | None, Any] | CyclicLabelColormap:
    """The colormap of a Labels layer: `colors` per label, everything else clear.

    It is napari's own palette where a label is above `LARGEST_WITHOUT_HELP` and none of `HELPERS` is installed, because
    then napari cannot draw the label in a colour of its own.
    """
    if max(colors, default=0) > LARGEST_WITHOUT_HELP and not any(map(find_spec, HELPERS)):
        return label_colormap()
    return {None: CLEAR, 0: CLEAR} | dict(colors)


def highlighted_colors(
    colors: Mapping[int, str], highlighted: Collection[str] | None
) -> dict[int | None, Any] | CyclicLabelColormap:
    """As `direct_colors`, with all but the highlighted colours pale; with None, none is pale."""
    kept = colors.values() if highlighted is None else highlighted
    pale = {label: (*_rgb(color), PALE) for label, color in colors.items() if color not in kept}
    return direct_colors({**colors, **pale})


def match_colors(before: NDArray[np.integer], after: NDArray[np.integer], colors: Mapping[int, str]) -> dict[int, str]:
    """Colours for new labels, so that what only grows or shrinks keeps its colour though its number changes.

    Parameters
    ----------
    before, after : (N,) int
        Earlier and new labels at the same N voxels; 0 is background. All voxels of the new labels must be among them.
    colors : mapping
        The earlier labels' colours.

    Returns
    -------
    dict
        A colour for each new label. Of labels that overlap, the pair with the most voxels goes first, and every earlier
        colour is handed on once. A label without predecessor gets the earlier colour of its number, or else one of
        `mode_color` that no other has.
    """
    base = int(after.max(initial=0)) + 1
    key = before.astype(np.int64) * base + after
    first = firsts(key)  # neighbours mostly have the same labels, and there are far fewer runs of these than voxels
    old, new = divmod(key[first], base)
    labels = np.unique(new[new > 0]).tolist()
    both = (old > 0) & (new > 0)
    pairs, which = np.unique(key[first][both], return_inverse=True)
    counts = np.bincount(which, lengths(first, len(key))[both])
    matched: dict[int, str] = {}
    handed_on: set[int] = set()
    for pair in np.argsort(-counts, kind="stable").tolist():
        earlier, label = divmod(int(pairs[pair]), base)
        if earlier in colors and earlier not in handed_on and label not in matched:
            matched[label] = colors[earlier]
            handed_on.add(earlier)
    taken = set(matched.values())
    for label in labels:
        if label not in matched:
            own = (colors.get(label, ""),)
            matched[label] = next(c for c in chain(own, map(mode_color, count(label))) if c and c not in taken)
            taken.add(matched[label])
    return {label: matched[label] for label in labels}


def _rgb(color: str) -> tuple[float, ...]:
    return tuple(value / 255 for value in bytes.fromhex(color[1:]))
