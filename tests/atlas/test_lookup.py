"""What an atlas holds at a place."""

import numpy as np

from napari_atlas_assign.atlas import lookup
from napari_atlas_assign.atlas.lookup import nearest_regions, values_at


def test_few_places_find_the_regions_that_many_find(small_atlas, rng, monkeypatch):
    """Few are compared with every voxel, many find theirs by a tree."""
    low, high = small_atlas.grid.to_world([[-4, -4, -4], np.add(small_atlas.grid.shape, 4)])
    places = rng.uniform(low, high, (200, 3))
    many = nearest_regions(small_atlas, places)
    assert 0 < (many[1] == 0).sum() < len(places)
    one_by_one = [nearest_regions(small_atlas, place) for place in places]
    monkeypatch.setattr(lookup, "_FEW", len(places))
    for found in (nearest_regions(small_atlas, places), [np.concatenate(c) for c in zip(*one_by_one, strict=True)]):
        np.testing.assert_array_equal(found[0], many[0])
        np.testing.assert_allclose(found[1], many[1], atol=1e-9)


def test_shares_at_a_place_are_those_of_the_atlas(small_atlas):
    every_voxel = small_atlas.grid.to_world(small_atlas.grid.unravel(np.arange(small_atlas.grid.n_voxels)))
    here = values_at(small_atlas, every_voxel)
    np.testing.assert_array_equal(here.place, small_atlas.voxel)
    np.testing.assert_array_equal(here.region, small_atlas.region)
    np.testing.assert_array_equal(here.value, small_atlas.value)
    np.testing.assert_array_equal(here.share, small_atlas.share)
