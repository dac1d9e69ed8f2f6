"""What several tests of points against atlases share."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from napari_atlas_assign.modes.point_set import PointSet
from tests.cases import atlas_of, atlas_to_world, random_maps


@st.composite
def cases(draw):
    """An atlas, its dense maps, and points in and around it."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = draw(st.tuples(st.integers(1, 6), st.integers(1, 6), st.sampled_from([1, 3, 4, 5, 6, 13])))
    maps = random_maps(rng, shape, draw(st.sampled_from(["statistical", "labelled"])), draw(st.integers(1, 4)))
    if not maps.any():
        maps[0, 0, 0, 0] = 1
    atlas = atlas_of(maps, atlas_to_world(rng))
    n = draw(st.integers(0, 5))
    xyz = atlas.grid.to_world(rng.uniform(-3, 8, (n, 3)))
    return atlas, maps, PointSet.from_array(xyz, rng.choice([0, 0, 0.4, 1, 2.5], n))
