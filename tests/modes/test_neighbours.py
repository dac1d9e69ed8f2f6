"""Which voxels of a mode touch each other."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_atlas_assign import Grid, Image
from napari_atlas_assign.modes.modes import find_modes
from napari_atlas_assign.modes.neighbours import neighbour_pairs


@pytest.mark.parametrize(("connectivity", "reach"), [(6, 1), (18, 2), (26, 3)])
@given(seed=st.integers(0, 2**32 - 1), shape=st.tuples(*[st.integers(1, 5)] * 3))
def test_pairs_are_those_of_a_loop_over_all_voxels(connectivity, reach, seed, shape):
    data = (np.random.default_rng(seed).random(shape) < 0.5).astype(np.float32)
    modes = find_modes(Image(data, Grid(shape, np.eye(4))), threshold=0.5, connectivity=connectivity)
    ijk, mode = modes.grid.unravel(modes.voxel), modes.mode
    expected = {
        frozenset((a, b))
        for a in range(len(ijk))
        for b in range(a)
        if mode[a] == mode[b] and np.abs(ijk[a] - ijk[b]).max() == 1 and np.abs(ijk[a] - ijk[b]).sum() <= reach
    }
    pairs = [pair for a, b in neighbour_pairs(modes, connectivity) for pair in zip(a.tolist(), b.tolist(), strict=True)]
    assert len(pairs) == len(expected)
    assert set(map(frozenset, pairs)) == expected
