"""The maximum probability map of an atlas: every voxel belongs to the region with the largest value there."""

from __future__ import annotations

import numpy as np

from .atlas import Atlas
from .kept import kept_with_atlas


def maximum_probability_map(atlas: Atlas, minimum: float = 0.0) -> Atlas:
    """The labelled atlas in which every voxel belongs to the region with the largest value, the first of equals.

    Rows of the table of regions stay. A labelled atlas is its own map.

    Parameters
    ----------
    atlas : Atlas
    minimum : float
        From 0 to 1; voxels in which the largest value is below it belong to no region.
    """
    if atlas.is_labelled:
        return atlas
    return _map_of_largest(atlas, minimum)


@kept_with_atlas(most=2)
def _map_of_largest(atlas: Atlas, minimum: float) -> Atlas:
    """Kept, since it is asked for at every threshold."""
    entry = np.flatnonzero(atlas.largest)
    entry = entry[atlas.value[entry] >= atlas.value.dtype.type(minimum)]
    voxel = atlas.voxel[entry]
    ones = np.broadcast_to(np.float32(1), voxel.shape)
    return Atlas(atlas.grid, atlas.regions, voxel, atlas.region[entry], ones, atlas.name, atlas.space)


def with_minimum(atlas: Atlas, minimum: float = 0.0) -> list[Atlas]:
    """The atlas, then its maximum probability map with a minimum, if there is one; without, the atlas has it itself."""
    return [atlas] if atlas.is_labelled or not minimum else [atlas, maximum_probability_map(atlas, minimum)]
