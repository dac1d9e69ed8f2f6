"""The two conventions: every choice in which they differ, in one place.

``default``: what a neuroimager sees is what is scored; modes are found on the image's own grid. ``siibra``: reproduces
the statistical-map table of siibra 1.0; the image is resampled to the atlas's grid first.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from ..errors import InputError
from ..modes.modes import Numbering

ConventionName = Literal["default", "siibra"]


@dataclass(frozen=True)
class Convention:
    """Choices under which modes and scores are computed."""

    name: ConventionName
    resample_to_atlas: bool
    """Find modes on the atlas's grid, after resampling, instead of on the image's own."""
    min_voxels: int
    """Modes of fewer voxels are dropped."""
    numbering: Numbering
    """What the numbers of modes follow: falling volume, or the order of a scan."""
    box_padding: int
    """Atlas voxels added to the upper corner of each mode's box before it is united with the region's."""
    map_value_of_region: bool
    """`map value` is the largest value of the whole region map, not of the part under the mode."""
    rows_by_correlation: bool
    """Rows of one mode are sorted by falling correlation, not by region."""


CONVENTIONS: dict[str, Convention] = {
    "default": Convention("default", False, 1, "volume", 0, False, True),
    "siibra": Convention("siibra", True, 2, "scan", 1, True, False),
}


def get_convention(name: str) -> Convention:
    """Look a convention up by name.

    Raises
    ------
    InputError
        If there is none of that name.
    """
    if name not in tuple(CONVENTIONS):
        raise InputError(f"the convention is {name!r}; give {' or '.join(repr(n) for n in CONVENTIONS)}")
    return CONVENTIONS[name]
