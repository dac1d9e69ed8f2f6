"""What an atlas holds at a place."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from napari_atlas_assign import Atlas, Grid
from napari_atlas_assign.atlas import lookup
from napari_atlas_assign.atlas.lookup import nearest_regions, values_at


def test_few_places_find_the_regions_that_many_find(small_atlas, rng, monkeypatch):
    """Few are searched around, then in cubes of the surface, many find theirs by a tree."""
    monkeypatch.setattr(lookup, "_CUBE", 3)
    low, high = small_atlas.grid.to_world([[-4, -4, -4], np.add(small_atlas.grid.shape, 4)])
    places = rng.uniform(low, high, (200, 3))
    many = nearest_regions(small_atlas, places)
    assert 0 < (many[1] == 0).sum() < len(places)
    monkeypatch.setattr(lookup, "_FEW", len(places))
    for n_around in (0, 50, len(places)):
        atlas = replace(small_atlas)  # of which no place was asked for yet
        monkeypatch.setattr(lookup, "_FEW_IN_ALL", n_around)
        one_by_one = [nearest_regions(atlas, place) for place in places]
        found = [np.concatenate(column) for column in zip(*one_by_one, strict=True)]
        np.testing.assert_array_equal(found[0], many[0])
        np.testing.assert_allclose(found[1], many[1], atol=1e-9)


@pytest.mark.parametrize("kind", ["labels", "maps", "nothing"])
def test_many_voxels_have_the_entries_that_a_walk_through_all_finds(kind, small_atlas, rng, monkeypatch):
    labels = (rng.random((6, 7, 5)) < 0.4) * rng.integers(1, 4, (6, 7, 5))
    regions = pd.DataFrame({"id": [1, 2, 3], "name": list("ABC")})
    labelled = Atlas.from_labels(labels, Grid(labels.shape, np.eye(4)), regions, name="scattered")
    nothing = replace(labelled, voxel=labelled.voxel[:0], region=labelled.region[:0], value=labelled.value[:0])
    atlas = {"labels": labelled, "maps": small_atlas, "nothing": nothing}[kind]
    voxel = rng.permutation(np.repeat(np.arange(atlas.grid.n_voxels), 2))
    monkeypatch.setattr("napari_atlas_assign.atlas.atlas._FEW_TO_SEARCH", 0)
    begin, end = atlas.search(voxel)
    entries = {v: np.flatnonzero(atlas.voxel == v).tolist() for v in range(atlas.grid.n_voxels)}
    assert [list(range(b, e)) for b, e in zip(begin, end, strict=True)] == [entries[v] for v in voxel.tolist()]


AXES = {
    "cubes": np.diag([2.0, 2, 2]),
    "flat voxels": np.diag([-1.0, 2, 5]),
    "turned": np.array([[1.8, -0.9, 0], [0.9, 1.8, 0], [0, 0, 3.0]]),
}


@pytest.mark.parametrize("axes", AXES)
def test_the_nearest_of_many_places_is_that_of_all_voxel_boxes(axes, rng, monkeypatch):
    """Against every box of the atlas, in parts that are searched one after the other."""
    labels = (rng.random((6, 7, 5)) < 0.15) * rng.integers(1, 4, (6, 7, 5))
    grid = Grid(labels.shape, np.block([[AXES[axes], np.array([[-9.0], [4], [2]])], [np.zeros(3), 1]]))
    atlas = Atlas.from_labels(labels, grid, pd.DataFrame({"id": [1, 2, 3], "name": list("ABC")}), name="scattered")
    places = grid.to_world(rng.uniform([-6, -6, -6], [11, 12, 10], (150, 3)))
    monkeypatch.setattr(lookup, "_AT_A_TIME", 16)
    region, distance = nearest_regions(atlas, places)
    monkeypatch.setattr(lookup, "_FEW", len(places))
    monkeypatch.setattr(lookup, "_FEW_IN_ALL", 0)
    monkeypatch.setattr(lookup, "_CUBE", 2)
    few = nearest_regions(replace(atlas), places)
    np.testing.assert_array_equal(few[0], region)
    np.testing.assert_array_equal(few[1], distance)
    gap = grid.to_voxel(places)[:, None] - np.argwhere(labels)
    away = np.linalg.norm((gap - np.clip(gap, -0.5, 0.5)) @ AXES[axes].T, axis=-1).round(6)
    np.testing.assert_allclose(distance, away.min(axis=1), atol=2e-6)
    of_voxel = np.searchsorted(atlas.regions["id"], labels[labels > 0])
    is_nearest = away <= away.min(axis=1, keepdims=True) + 2e-6
    assert all(region[n] in of_voxel[is_nearest[n]] for n in range(len(places)))


def test_shares_at_a_place_are_those_of_the_atlas(small_atlas):
    every_voxel = small_atlas.grid.to_world(small_atlas.grid.unravel(np.arange(small_atlas.grid.n_voxels)))
    here = values_at(small_atlas, every_voxel)
    np.testing.assert_array_equal(here.place, small_atlas.voxel)
    np.testing.assert_array_equal(here.region, small_atlas.region)
    np.testing.assert_array_equal(here.value, small_atlas.value)
    np.testing.assert_array_equal(here.share, small_atlas.share)
