"""The maximum probability map of an atlas: every voxel belongs to the region with the largest value there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .atlas import Atlas, firsts
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
    """Kept, since it is asked for at every threshold: that without a minimum, and one with a minimum."""
    entry = _largest_of_voxels(atlas)
    entry = entry[atlas.value[entry] >= atlas.value.dtype.type(minimum)]
    voxel = atlas.voxel[entry]
    ones = np.broadcast_to(np.float32(1), voxel.shape)
    return Atlas(atlas.grid, atlas.regions, voxel, atlas.region[entry], ones, atlas.name, atlas.space)


def with_maximum_probability(atlas: Atlas, minimum: float = 0.0) -> list[Atlas]:
    """The atlas, then its maximum probability map with a minimum and that without one, as far as they differ."""
    maps = (maximum_probability_map(atlas, minimum), maximum_probability_map(atlas))
    return list(dict.fromkeys((atlas, *maps)))


def _largest_of_voxels(atlas: Atlas) -> NDArray[np.intp]:
    """The entry with the largest value of each voxel that has any, the first of equals."""
    first = firsts(atlas.voxel)
    if not len(first):
        return first
    count = np.diff(first, append=len(atlas.voxel))
    largest = np.flatnonzero(atlas.value == np.repeat(np.maximum.reduceat(atlas.value, first), count))
    return largest[firsts(atlas.voxel[largest])]
