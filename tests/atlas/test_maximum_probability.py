"""The maximum probability map of an atlas."""

from __future__ import annotations

import numpy as np
import pytest

from napari_atlas_assign.atlas.maximum_probability import maximum_probability_map, with_minimum


@pytest.mark.parametrize("minimum", [0.0, 0.3, 1.0])
def test_every_voxel_belongs_to_the_first_of_the_largest(small_atlas, minimum):
    maps = np.stack([small_atlas.map_of(r) for r in range(small_atlas.n_regions)])
    owner = np.where((maps.max(axis=0) > 0) & (maps.max(axis=0) >= np.float32(minimum)), maps.argmax(axis=0), -1)
    made = maximum_probability_map(small_atlas, minimum)
    for region in range(small_atlas.n_regions):
        np.testing.assert_array_equal(made.map_of(region), (owner == region).astype(np.float32))


def test_a_map_with_a_minimum_stands_beside_the_atlas_and_none_where_the_atlas_has_it_itself(small_atlas):
    assert with_minimum(small_atlas) == [small_atlas]
    atlas, made = with_minimum(small_atlas, 0.3)
    assert atlas is small_atlas
    assert made.is_labelled
    assert with_minimum(made, 0.3) == [made]
