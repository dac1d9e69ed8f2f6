"""A place to look at in a region."""

from __future__ import annotations

import numpy as np

from ...atlas.atlas import Atlas
from ...atlas.kept import kept_with_atlas
from ...grid import Floats
from ...modes.hemispheres import Midplane, on_the_left
from ..places.midplane import midplane_for


@kept_with_atlas(most=100)
def place_in_region(atlas: Atlas, rows: tuple[int, ...]) -> tuple[float, float, float] | None:
    """Find the voxel of some regions together that is nearest to the middle of where they are largest.

    Of regions on both sides of a known midplane it is a voxel on the left, not one between them.

    Parameters
    ----------
    atlas : Atlas
    rows : tuple of int
        Rows of the atlas's table of regions.

    Returns
    -------
    tuple of float, or None
        Centre of the voxel in world mm, rounded to 0.01; None where the regions have no voxels.
    """
    entries = atlas.entries_in(rows)
    if not len(entries):
        return None
    values = atlas.value[entries]
    centres = atlas.grid.to_world(atlas.grid.unravel(atlas.voxel_of(entries[values == values.max()])))
    x, y, z = _most_central(_left_of_both(centres, midplane_for([atlas], None))).tolist()
    return x, y, z


def _left_of_both(centres: Floats, midplane: Midplane | None) -> Floats:
    """The places (N, 3) left of the midplane, where there are places on both sides."""
    if midplane is None:
        return centres
    left = on_the_left(centres, midplane) == 1
    return centres[left] if left.any() else centres


def _most_central(centres: Floats) -> Floats:
    """The place nearest to the mean of all; of equally near ones, the one with the lowest x, then y, then z."""
    distance = ((centres - centres.mean(axis=0)) ** 2).sum(axis=1)
    nearest = np.round(centres[distance <= distance.min() + 1e-6], 2) + 0.0
    nearest_first: Floats = nearest[np.lexsort(nearest.T[::-1])][0]
    return nearest_first
