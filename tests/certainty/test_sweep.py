"""Modes along thresholds."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_atlas_assign import Image, InputError, assign, threshold_sweep
from napari_atlas_assign.assignment.parameters import Parameters
from napari_atlas_assign.certainty.sweep import sweep_thresholds
from tests.cases import atlas_of, random_maps
from tests.certainty.helpers import naive_sweep


def two_hills(grid):
    """Two hills of height 5 and 4 with a saddle of 2 between them, and a small one of 1.5."""
    data = np.zeros(grid.shape)
    data[1:8, 4, 4] = (3, 5, 3, 2, 3, 4, 3)
    data[5, 9, 2] = 1.5
    return Image.from_array(data, grid.affine, "hills")


def test_modes_are_followed_by_their_peaks_and_merge_at_the_saddle(small_atlas):
    table = threshold_sweep(two_hills(small_atlas.grid), small_atlas, [2.5, 1, 4.5, 1.8])
    rows = [tuple(row) for row in table[["threshold", "cluster", "input structure", "merged"]].to_numpy().tolist()]
    assert rows == [(1, 1, 1, 1), (1, 3, 2, 0), (1.8, 1, 1, 2), (2.5, 1, 1, 1), (2.5, 2, 2, 0), (4.5, 1, 1, 0)]
    assert table["merges into"].isna().tolist() == [True, True, True, True, False, True]
    assert table["merges into"][4] == 1


def test_each_threshold_has_the_rows_of_an_assignment_there(small_atlas, rng):
    image = Image.from_array(rng.standard_normal(small_atlas.grid.shape), small_atlas.grid.affine)
    options = {"tail": "both", "connectivity": 6, "min_voxels": 2}
    table = threshold_sweep(image, small_atlas, [0.5, 1.0], **options)
    for level in (0.5, 1.0):
        modes = assign(image, small_atlas, threshold=level, **options).modes
        rows = table[table["threshold"] == level]
        for name in modes:
            assert rows[name].tolist() == modes[name].tolist() or np.array_equal(
                rows[name].astype(float), modes[name].astype(float), equal_nan=True
            )


def test_every_mode_but_of_the_highest_threshold_holds_the_peak_that_it_is_followed_by(small_atlas, rng):
    image = Image.from_array(rng.standard_normal(small_atlas.grid.shape), small_atlas.grid.affine)
    table = threshold_sweep(image, small_atlas, np.linspace(0.2, 2, 7))
    for low, high in pairwise(sorted(set(table["threshold"]))):
        lower = table[table["threshold"] == low]
        for _, row in table[table["threshold"] == high].iterrows():
            name = row["cluster"] if pd.isna(row["merges into"]) else row["merges into"]
            parent = lower[lower["cluster"] == name]
            assert len(parent) == 1
            assert parent["peak value"].item() >= row["peak value"]
        assert lower["merged"].sum() == (table["threshold"] == high).sum()
        assert lower["cluster"].is_unique


@settings(max_examples=12)
@given(st.integers(0, 2**32 - 1), st.sampled_from([6, 18, 26]))
def test_sizes_merges_and_peaks_are_those_of_a_plain_search(seed, connectivity):
    rng = np.random.default_rng(seed)
    data = rng.standard_normal((6, 5, 7))
    levels = sorted(rng.uniform(0.3, 1.8, 4).tolist())
    atlas = atlas_of(random_maps(rng, data.shape, "statistical", 2), np.eye(4))
    table = threshold_sweep(Image.from_array(data, np.eye(4)), atlas, levels, connectivity=connectivity)
    expected = naive_sweep(data, levels, connectivity)
    peaks = [tuple(int(i) for i in peak) for peak in table["peak"]]
    holder = dict(zip(zip(table["threshold"], table["cluster"], strict=True), peaks, strict=True))
    got = {}
    for peak, (_, row) in zip(peaks, table.iterrows(), strict=True):
        below = levels[max(levels.index(row["threshold"]) - 1, 0)]
        into = None if pd.isna(row["merges into"]) else holder[below, row["merges into"]]
        got[row["threshold"], peak] = row["voxels"], into, row["merged"]
    assert got == expected
    assert table.groupby(table["peak value"])["cluster"].nunique().max() == 1


def test_too_few_thresholds_and_regions_of_interest_are_refused(small_atlas):
    with pytest.raises(InputError, match="two different thresholds"):
        threshold_sweep(two_hills(small_atlas.grid), small_atlas, [2, 2.0])
    with pytest.raises(InputError, match="no threshold"):
        sweep_thresholds(lambda level: None, [1, 2], Parameters(rois=True))
