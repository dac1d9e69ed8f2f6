"""Parents of regions."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_atlas_assign import Atlas, AtlasError, Grid, InputError
from napari_atlas_assign.atlas.hierarchy import ancestors, atlas_at_level, has_parents, n_levels
from tests.cases import atlas_of, random_maps

# root - (grey - (cortex - (A, B), nuclei), white); cortex and grey have rows, the others are known by name only
TREE = {"A": "cortex", "B": "cortex", "cortex": "grey", "grey": "root", "nuclei": "grey", "white": "root"}


def with_parents(atlas, names, parents, **columns):
    table = pd.DataFrame({"id": np.arange(1, len(names) + 1), "name": names, "parent": parents, **columns})
    return replace(atlas, regions=table)


@st.composite
def trees(draw):
    """An atlas with a region (perhaps without voxels) for each node of `TREE`, its dense maps, and its names."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    names = draw(st.permutations(list(TREE)))
    maps = random_maps(rng, (3, 4, 3), draw(st.sampled_from(["statistical", "labelled"])), len(names))
    maps[draw(st.integers(0, len(names) - 1))] = 0
    atlas = with_parents(atlas_of(maps, np.eye(4)), names, [TREE[n] for n in names])
    return atlas, maps, names


def naive_line(name):
    line = [name]
    while line[0] in TREE:
        line.insert(0, TREE[line[0]])
    return line


@given(trees(), st.integers(0, 3))
@settings(max_examples=60)
def test_a_parents_map_is_the_sum_of_its_childrens_at_most_1(case, level):
    atlas, maps, names = case
    found = atlas_at_level(atlas, level)
    expected = {}
    for name, dense in zip(names, maps, strict=True):
        at = naive_line(name)[: level + 1][-1]
        expected[at] = expected.get(at, 0) + dense.astype(np.float64)
    got = {name: found.map_of(r) for r, name in enumerate(found.regions["name"])}
    assert got.keys() <= expected.keys()
    for name, dense in expected.items():
        if name not in got:
            assert not dense.any()  # a parent without any voxel at or below it
            continue
        assert got[name] == pytest.approx(np.minimum(dense, 1), abs=1e-6)
    assert (np.diff(found.voxel.astype(np.int64) * found.n_regions + found.region) > 0).all()


@given(trees())
@settings(max_examples=20)
def test_ancestors_are_listed_from_the_root(case):
    atlas, _, names = case
    assert ancestors(atlas) == [tuple(naive_line(name)[:-1]) for name in names]
    assert n_levels(atlas) == 4
    assert has_parents(atlas)


def test_one_column_that_groups_regions_gives_two_levels(small_atlas):
    atlas = with_parents(small_atlas, ["a", "b", "c"], ["Area A", "Area A", None], hemisphere=["left", "right", None])
    groups = atlas_at_level(atlas, 0)
    assert groups.regions["name"].tolist() == ["Area A", "c"]
    assert groups.regions["hemisphere"].isna().tolist() == [True, True]
    assert groups.regions["id"].tolist() == [4, 3]
    assert groups.space == atlas.space
    assert groups.source["level"] == 0
    assert atlas_at_level(atlas, 1).regions["name"].tolist() == ["a", "b", "c"]


def test_a_new_parent_is_in_the_hemisphere_of_all_its_children(small_atlas):
    atlas = with_parents(small_atlas, ["a", "b", "c"], ["p", "q", "p"], hemisphere=["left", "right", "left"])
    assert atlas_at_level(atlas, 0).regions["hemisphere"].tolist() == ["left", "right"]


def test_regions_of_one_name_in_both_hemispheres_stay_apart_but_share_their_parent(small_atlas):
    atlas = with_parents(small_atlas, ["hand", "hand", "foot"], ["motor", "motor", "motor"])
    assert atlas_at_level(atlas, 1).regions["name"].tolist() == ["hand", "hand", "foot"]
    assert atlas_at_level(atlas, 0).regions["name"].tolist() == ["motor"]


def test_a_region_that_names_itself_as_its_group_has_no_parent(small_atlas):
    atlas = with_parents(small_atlas, ["amygdala", "left part", "c"], ["amygdala", "amygdala", "c"])
    assert atlas_at_level(atlas, 0).regions["name"].tolist() == ["amygdala", "c"]


def test_parents_without_voxels_are_left_out_below_their_level():
    labels = np.array([[[1, 2]]])
    table = pd.DataFrame({"id": [1, 2, 3, 4], "name": ["a", "b", "p", "empty"], "parent": ["p", "p", "", ""]})
    atlas = Atlas.from_labels(labels, Grid((1, 1, 2), np.eye(4)), table)
    assert atlas_at_level(atlas, 1).regions["name"].tolist() == ["a", "b", "empty"]
    assert atlas_at_level(atlas, 0).regions["name"].tolist() == ["p", "empty"]
    assert atlas_at_level(atlas, 0).is_labelled


@pytest.mark.parametrize("parents", [["b", "c", "a"], ["b", "a", None]])
def test_a_region_that_is_its_own_ancestor_is_refused(small_atlas, parents):
    with pytest.raises(AtlasError, match="own ancestor"):
        atlas_at_level(with_parents(small_atlas, ["a", "b", "c"], parents), 0)


def test_a_parent_with_two_parents_is_refused(small_atlas):
    with pytest.raises(AtlasError, match="two parents"):
        n_levels(with_parents(small_atlas, ["a", "a", "b"], ["p", "q", "a"]))


def test_an_atlas_without_parents_has_one_level(small_atlas):
    assert n_levels(small_atlas) == 1
    assert not has_parents(small_atlas)
    with pytest.raises(AtlasError, match="no parents"):
        atlas_at_level(small_atlas, 0)


@pytest.mark.parametrize("level", [-1, 2, 0.5])
def test_a_level_that_is_not_there_is_refused(small_atlas, level):
    with pytest.raises(InputError, match="from 0 to 1"):
        atlas_at_level(with_parents(small_atlas, ["a", "b", "c"], ["p", None, None]), level)


@pytest.mark.parametrize("n", [1000, 100_000])
def test_a_deep_line_of_parents_is_followed_or_refused(n):
    names = [f"region {i}" for i in range(n)]
    table = pd.DataFrame({"id": np.arange(1, n + 1), "name": names, "parent": [None, *names[:-1]]})
    labels = np.zeros((1, 1, 2), np.int32)
    labels[0, 0] = [1, n]
    atlas = Atlas.from_labels(labels, Grid((1, 1, 2), np.eye(4)), table)
    if n > 1000:
        with pytest.raises(AtlasError, match="1000 ancestors or more"):
            n_levels(atlas)
        return
    assert n_levels(atlas) == n
    assert atlas_at_level(atlas, 5).regions["name"].tolist() == ["region 0", "region 5"]
