"""One image compared with one atlas: what the rows of its tables are made of."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..atlas.atlas import Atlas
from ..image import Image
from ..modes.modes import Modes
from .sums.overlap import OverlapSums

if TYPE_CHECKING:  # which few need
    from ..certainty.judge import Certainty


@dataclass(frozen=True)
class Comparison:
    """One image compared with one atlas."""

    image: Image
    atlas: Atlas
    modes: Modes
    """In the siibra convention on the atlas's grid."""
    sums: OverlapSums
    threshold: float = 0.0
    """In the unit of the image, as worked out for it; 0 for regions of interest."""
    map_index: int = 0
    """Number of the image in its stack."""
    certainty: Certainty | None = None
    """How sure its rows are, where that was asked for."""
