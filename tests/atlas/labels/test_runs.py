"""Runs of labelled voxels say the same as the voxels one by one."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_atlas_assign.atlas.labels import runs as runs_module
from napari_atlas_assign.atlas.labels.runs import LabelRuns, small_type


@st.composite
def volumes(draw):
    """Labels in runs of one length, some over several rows; 0 is background."""
    shape = draw(st.tuples(*[st.integers(1, 6)] * 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    labels = np.repeat(rng.integers(0, 4, np.prod(shape)), draw(st.sampled_from([1, 2, 5, 40])))
    labels = labels[: np.prod(shape)].reshape(shape)
    labels.reshape(-1)[rng.integers(labels.size)] = 1
    return labels


def runs_of(labels):
    voxel = np.flatnonzero(labels)
    kind = small_type(labels.size)
    return LabelRuns.of_entries(voxel.astype(kind), (labels.reshape(-1)[voxel] - 1).astype(np.uint16), labels.shape[2])


@given(labels=volumes())
@settings(max_examples=80)
def check_against_voxels(labels):
    flat, runs = labels.reshape(-1), runs_of(labels)
    voxel = np.flatnonzero(flat)
    every = np.arange(len(voxel))
    assert runs.n_entries == len(voxel)
    assert (runs.start // labels.shape[2] == (runs.start + np.diff(runs.begin) - 1) // labels.shape[2]).all()
    np.testing.assert_array_equal(runs.voxels(), voxel)
    np.testing.assert_array_equal(runs.regions(), flat[voxel] - 1)
    some = np.random.default_rng(0).permutation(every)
    np.testing.assert_array_equal(runs.voxel_of(some), voxel[some])
    np.testing.assert_array_equal(runs.region_of(some), flat[voxel[some]] - 1)
    for first in range(0, len(voxel), 5):
        for last in range(first, len(voxel) + 1, 3):
            part = slice(first, last)
            np.testing.assert_array_equal(runs.voxel_of(part), voxel[part])
            np.testing.assert_array_equal(runs.region_of(part), flat[voxel[part]] - 1)
    for region in range(4):
        np.testing.assert_array_equal(runs.voxels_of(region), np.flatnonzero(flat == region + 1))
    number = np.arange(labels.size)
    first, last = (ends.reshape(-1) for ends in np.meshgrid(number, number))
    first, last = np.minimum(first, last), np.maximum(first, last)
    begin, end = runs.between(first, last)
    np.testing.assert_array_equal(begin, np.searchsorted(voxel, first, "left"))
    np.testing.assert_array_equal(end, np.searchsorted(voxel, last, "right"))
    begin, end = runs.between(number, number)
    np.testing.assert_array_equal(begin, np.searchsorted(voxel, number, "left"))
    np.testing.assert_array_equal(end - begin, flat > 0)


@pytest.mark.parametrize("at_a_time", [3, 2**20])
def test_runs_tell_what_their_voxels_tell(at_a_time, monkeypatch):
    monkeypatch.setattr(runs_module, "_AT_A_TIME", at_a_time)
    check_against_voxels()


def test_some_runs_are_those_among_all():
    labels = np.array([[[1, 1, 0, 2], [2, 2, 1, 1]]])
    part = runs_of(labels)[slice(1, 3)]
    assert (len(part), part.start.tolist(), part.begin.tolist(), part.region.tolist()) == (2, [3, 4], [2, 3, 5], [1, 1])


def test_voxels_of_the_smallest_type_reach_to_its_end():
    labels = np.zeros((64, 32, 32), np.uint8)
    labels[-1, -1, -3:] = 1
    runs = runs_of(labels)
    assert runs.start.dtype == np.uint16
    last = np.array([labels.size - 1])
    assert [bound.tolist() for bound in runs.between(last, last)] == [[2], [3]]
    assert runs.voxel_of(np.arange(3)).tolist() == [labels.size - 3, labels.size - 2, labels.size - 1]


@pytest.mark.parametrize(("bound", "kind"), [(2**16, np.uint16), (2**16 + 1, np.int32), (2**31, np.int64)])
def test_the_smallest_type_holds_whole_numbers_up_to_its_bound(bound, kind):
    assert small_type(bound) == kind


@given(labels=volumes(), seed=st.integers(0, 2**32 - 1))
@settings(max_examples=60)
def test_runs_of_regions_that_become_one_are_joined_within_their_row(labels, seed):
    row = np.random.default_rng(seed).integers(0, 2, 4)
    found = runs_of(labels).renumbered(row, labels.shape[2])
    expected = runs_of(np.where(labels > 0, row[labels - 1] + 1, 0))
    for ours, theirs in zip(vars(found).values(), vars(expected).values(), strict=True):
        np.testing.assert_array_equal(ours, theirs)


@given(labels=volumes())
@settings(max_examples=60)
def test_ranges_of_entries_and_voxels_are_those_of_a_list(labels):
    runs, flat = runs_of(labels), labels.reshape(-1)
    voxel = np.flatnonzero(flat)
    bounds = np.sort(np.random.default_rng(0).integers(0, len(voxel) + 1, 8))
    entry = np.concatenate([np.arange(*bounds[n : n + 2]) for n in range(0, 8, 2)])
    some = runs.within(bounds[::2], bounds[1::2])
    np.testing.assert_array_equal(some.voxels(), voxel[entry])
    np.testing.assert_array_equal(some.regions(), flat[voxel[entry]] - 1)
    order = np.argsort(flat[voxel], kind="stable")
    np.testing.assert_array_equal(runs.by_region()[0], voxel[order])
    np.testing.assert_array_equal(runs.by_region()[1], flat[voxel[order]] - 1)
    for first in range(0, labels.size, 4):
        for behind in range(first + 1, labels.size + 1, 3):
            np.testing.assert_array_equal(runs.occupied(range(first, behind)), flat[first:behind] > 0)
