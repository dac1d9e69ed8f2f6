"""The background of figures: an anatomical template where one is installed, else the atlas's own extent."""

from __future__ import annotations

import numpy as np

from ..assignment.result import Result
from ..atlas.atlas import Atlas
from ..atlas.templates import template_for
from ..image import Image


def background_of(result: Result) -> Image:
    """What lies behind a result's figures: the template of its space, else where the atlas has regions, as 0 and 1."""
    space = result.atlas.space or result.image.space
    template = template_for(space)
    return template if template is not None else extent_of(result.atlas)


def extent_of(atlas: Atlas) -> Image:
    """An image (uint8) of an atlas: 1 where it has any region."""
    extent = atlas.occupied(range(atlas.grid.n_voxels)).view(np.uint8)
    return Image(extent.reshape(atlas.grid.shape), atlas.grid, f"extent of {atlas.name}", atlas.space)
