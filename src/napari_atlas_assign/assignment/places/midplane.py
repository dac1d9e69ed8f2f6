"""Where the hemispheres part."""

from __future__ import annotations

from collections.abc import Sequence

from ...atlas.atlas import Atlas
from ...template_space import midplane_of


def midplane_for(atlases: Sequence[Atlas], space: str | None) -> float | None:
    """The x, in world mm, between the hemispheres: that of the first atlas that knows its own, else of the space of the
    atlases or of what is assigned; None where none is known.
    """
    own = (atlas.source.get("midplane_mm") for atlas in atlases)
    planes = (*own, *map(midplane_of, (*(atlas.space for atlas in atlases), space)))
    return next((float(plane) for plane in planes if plane is not None), None)
