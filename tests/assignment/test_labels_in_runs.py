"""A labelled atlas too large for all its entries to be listed gives the tables that any other gives, bit for bit."""

from contextlib import contextmanager

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_atlas_assign import PointSet, loops
from napari_atlas_assign.assignment.assign import assign
from napari_atlas_assign.assignment.integrals.cache import integral_of_region
from napari_atlas_assign.assignment.regions.place import place_in_region
from napari_atlas_assign.atlas import atlas as atlas_module
from napari_atlas_assign.atlas import lookup
from napari_atlas_assign.atlas.hierarchy import atlas_at_level
from napari_atlas_assign.atlas.lookup import nearest_regions, regions_at, values_at
from napari_atlas_assign.certainty.placements import covered_voxels
from tests.cases import cases, quiet_assign

OF_LABELS = cases(kinds=("labelled",)).filter(lambda case: case.maps.any())


@contextmanager
def kept_in_runs():
    """Every labelled atlas counts as large, and is kept in runs, however short these are."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(atlas_module, "_MOST_TABLED", -1)
        patch.setattr(atlas_module, "_LEAST_OF_A_RUN", 0)
        patch.setattr(atlas_module, "_ENTRIES_AT_A_TIME", 5)
        patch.setattr(lookup, "_FACES_AT_A_TIME", 1)
        yield


def assert_same_tables(ours, theirs):
    for name in ("assignments", "modes", "regions"):
        pd.testing.assert_frame_equal(getattr(ours, name), getattr(theirs, name), check_exact=True)


@given(case=OF_LABELS)
@settings(max_examples=60)
def test_the_tables_of_a_map_are_the_same(case):
    expected = quiet_assign(case)
    assert_same_tables(expected, expected)
    with kept_in_runs():
        found = quiet_assign(case)
        assert_same_tables(found, expected)
        assert not {"voxel", "region"} & set(vars(found.atlas))


@given(case=cases(relations=("equal",), kinds=("labelled",)).filter(lambda case: case.maps.any()))
@settings(max_examples=20)
def test_compiled_loops_do_not_list_all_entries_either(case):
    assert loops.prepare()
    with kept_in_runs():
        assert not {"voxel", "region"} & set(vars(quiet_assign(case).atlas))


@given(case=OF_LABELS, seed=st.integers(0, 2**32 - 1))
@settings(max_examples=40)
def test_what_lies_at_a_place_is_the_same(case, seed):
    def found(atlas):
        rng = np.random.default_rng(seed)
        low, high = atlas.grid.to_world([[-2, -2, -2], np.add(atlas.grid.shape, 2)])
        places = rng.uniform(np.minimum(low, high), np.maximum(low, high), (60, 3))
        return (
            *values_at(atlas, places),
            *nearest_regions(atlas, places),
            *(np.array(nearest_regions(atlas, place)) for place in places[:3]),
            *(np.array(regions_at(atlas, place)) for place in places[:9]),
            *(column for r in range(atlas.n_regions) for column in atlas.entries_of(r)),
            *(column for r in range(atlas.n_regions) for column in integral_of_region(atlas, case.as_image().grid, r)),
            *(np.array(place_in_region(atlas, (r,)), float) for r in range(atlas.n_regions)),
            covered_voxels(atlas),
            *vars(atlas.region_sums).values(),
        )

    expected = found(case.as_atlas())
    with kept_in_runs():
        atlas = case.as_atlas()
        for ours, theirs in zip(found(atlas), expected, strict=True):
            np.testing.assert_array_equal(ours, theirs)
        assert not {"voxel", "region"} & set(vars(atlas))


@pytest.mark.parametrize("sigma", [0.0, 1.5])
def test_the_tables_of_points_are_the_same(sigma, rng):
    labels = np.repeat(rng.integers(0, 4, (9, 8, 4)), 3, axis=2)
    grid = atlas_module.Grid(labels.shape, np.diag([2.0, 2, 2, 1]))
    regions = pd.DataFrame({"id": [1, 2, 3], "name": list("ABC")})
    points = PointSet.from_array(rng.uniform(-1, 20, (50, 3)), sigma=sigma)

    def found():
        return assign(points, atlas_module.Atlas.from_labels(labels, grid, regions, name="blocks"))

    expected = found()
    assert_same_tables(expected, expected)
    with kept_in_runs():
        result = found()
        assert_same_tables(result, expected)
        assert not {"voxel", "region"} & set(vars(result.atlases[0]))


def test_all_entries_can_still_be_asked_for():
    with kept_in_runs():
        labels = np.repeat(np.arange(6).reshape(1, 2, 3), 4, axis=2)
        grid = atlas_module.Grid(labels.shape, np.eye(4))
        regions = pd.DataFrame({"id": range(1, 6), "name": list("ABCDE")})
        atlas = atlas_module.Atlas.from_labels(labels, grid, regions)
        assert atlas.runs is not None
        assert (len(atlas.runs), len(atlas.value)) == (5, 20)
        assert atlas.voxel.tolist() == list(range(4, 24))
        assert atlas.region.tolist() == np.repeat(range(5), 4).tolist()
        assert atlas.described(name="other").voxel is atlas.voxel


@given(case=OF_LABELS, seed=st.integers(0, 2**32 - 1))
@settings(max_examples=30)
def test_regions_joined_to_their_parents_are_the_same(case, seed):
    def found():
        atlas = case.as_atlas()
        parents = np.random.default_rng(seed).choice(["p", "q"], atlas.n_regions)
        regions = atlas.regions.assign(parent=parents)
        return atlas_at_level(atlas.renumbered(np.arange(atlas.n_regions), regions, {}), 0)

    def joined(atlas):
        return [*vars(atlas.region_sums).values(), *(atlas.map_of(r) for r in range(atlas.n_regions))]

    expected = found()
    with kept_in_runs():
        atlas = found()
        assert atlas.runs is not None
        for ours, theirs in zip(joined(atlas), joined(expected), strict=True):
            np.testing.assert_array_equal(ours, theirs)
        assert not {"voxel", "region"} & set(vars(atlas))
