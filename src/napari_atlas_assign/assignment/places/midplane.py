"""Where the hemispheres part."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from ...atlas.atlas import Atlas
from ...atlas.kept import kept_with_atlas
from ...errors import AtlasError
from ...modes.hemispheres import Hemispheres, Midplane
from ...template_space import midplane_of


def midplane_for(atlases: Sequence[Atlas], space: str | None) -> Midplane | None:
    """What parts the hemispheres: the plane or the volume of the first atlas that has its own, else the plane of the
    space of the atlases or of what is assigned; None where none is known.
    """
    own = (_own(atlas) for atlas in atlases)
    planes = (*own, *map(midplane_of, (*(atlas.space for atlas in atlases), space)))
    return next((plane for plane in planes if plane is not None), None)


@kept_with_atlas()
def _own(atlas: Atlas) -> Midplane | None:
    """The x between the hemispheres that an atlas states, or its volume of them where no plane parts them."""
    plane, volume = atlas.source.get("midplane_mm"), atlas.source.get("hemispheres")
    if plane is None or volume is None:
        return None if plane is None else float(plane)
    from ...atlas.formats.brainglobe import sides_in  # with what reads TIFF, which few need

    try:
        return Hemispheres(atlas.grid, sides_in(Path(volume), atlas.grid), float(plane))
    except AtlasError:  # it has gone since the atlas was read
        return float(plane)
