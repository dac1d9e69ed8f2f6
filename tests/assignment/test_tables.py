"""The tables of a result, where rules for equal or nearly equal numbers decide."""

from __future__ import annotations

import numpy as np

from napari_atlas_assign import Image, assign
from napari_atlas_assign.assignment.best_region import largest_of_each
from tests.cases import atlas_of


def test_of_equal_scores_the_first_region_is_the_best_however_the_pairs_come():
    mode, region = np.array([1, 0, 0, 0, 1]), np.array([4, 3, 1, 2, 2])
    assert largest_of_each(mode, region, np.array([0.5, 0.75, 0.75, 0.25, 0.5]), 3).tolist() == [1, 2, -1]


def test_an_undefined_score_names_no_region():
    mode, region = np.array([0, 0, 1, 1]), np.array([0, 1, 2, 3])
    assert largest_of_each(mode, region, np.array([np.nan, -0.5, np.nan, np.nan]), 2).tolist() == [1, -1]


def test_of_regions_with_equal_maps_the_first_is_named():
    same = np.linspace(0.1, 0.9, 27, dtype=np.float32).reshape(3, 3, 3)
    atlas = atlas_of(np.stack([same * 0.5, same, same]), np.eye(4))
    image = Image.from_array(same.astype(float), np.eye(4))
    modes = assign(image, atlas, threshold=0.3).modes
    assert modes["best region by correlation"].tolist() == ["region 0"]  # all correlate alike
    assert modes["best region by share"].tolist() == ["region 1"]


def test_shares_that_add_up_to_one_but_for_rounding_leave_exactly_nothing_unassigned():
    maps = np.zeros((3, 10, 1, 1), np.float32)
    maps[0, :7], maps[1, 7:9], maps[2, 9:] = 1, 1, 1
    assert 1 - (0.7 + 0.2 + 0.1) != 0
    modes = assign(Image.from_array(np.ones((10, 1, 1)), np.eye(4)), atlas_of(maps, np.eye(4)), threshold=0.5).modes
    assert modes["unassigned share"].tolist() == [0.0]
    assert not np.signbit(modes["unassigned share"].to_numpy(float)).any()
