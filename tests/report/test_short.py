"""A result in a few lines."""

from __future__ import annotations

import warnings
from dataclasses import replace

import numpy as np
import pytest

from napari_atlas_assign import AssignmentWarning, Image, PointSet, Threshold, assign
from napari_atlas_assign.header import Stated, Statistic
from napari_atlas_assign.report.short import headline

ATTACK = "<script>alert('x')</script>"


@pytest.fixture
def image(small_atlas):
    data = np.zeros(small_atlas.grid.shape, np.float32)
    data[1:4, 5:8, 3:6] = 5
    data[7, 3, 2] = 4.5
    return Image(data, small_atlas.grid, "blob.nii.gz")


def test_a_result_is_short_wherever_it_is_shown(image, small_atlas):
    stack = [replace(image, name=f"{n:060}.nii") for n in range(30)]
    points = np.zeros((500, 3)) - [5, 0, 0]
    for result in (assign(source, small_atlas) for source in (image, stack, points)):
        assert len(repr(result)) < 4000
        assert len(repr(result).splitlines()) <= 14
        assert "Area A left" in repr(result)
        assert len(result._repr_html_()) < 12000


def test_it_says_what_the_choice_of_a_threshold_came_to(image, small_atlas):
    t_map = replace(image, stated=Stated(Statistic("t", (19.0,))))
    chosen = {
        "(threshold 1.5)": (image, 1.5),
        "(p < 0.001, t(19), threshold 3.579)": (t_map, Threshold("p", 0.001)),
        "(p < 0.01 (two-sided), t(30), threshold 2.75)": (image, Threshold("p", 0.01, True, 30)),
        "(percentile 50, threshold 5)": (image, Threshold("percentile", 50)),
    }
    for words, (source, threshold) in chosen.items():
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", AssignmentWarning)
            assert words in repr(assign(source, small_atlas, threshold=threshold))


def test_without_a_threshold_it_counts_regions(image, small_atlas):
    expected = f"{image.name}, without a threshold: {small_atlas.n_regions} regions of {small_atlas.name}"
    assert headline(assign(image, small_atlas, threshold=None)) == expected


def test_points_are_counted_once_however_many_atlases_there_are(small_atlas):
    result = assign(PointSet.from_array(np.zeros((13, 3))), [small_atlas, replace(small_atlas, name="other")])
    assert repr(result).startswith("points: 13 points, ")


def test_warnings_are_told_and_names_are_never_obeyed(image, small_atlas):
    hostile = replace(small_atlas, name=ATTACK, regions=small_atlas.regions.assign(name=[ATTACK, "b", "c"]))
    with pytest.warns(AssignmentWarning):
        result = assign(replace(image, name=ATTACK), hostile, threshold=100)
    for shown in (result, assign(replace(image, name=ATTACK), hostile), assign([[-5.0, 0, 0]], hostile)):
        assert "<script" not in shown._repr_html_()
    assert "has no mode beyond the threshold 100" in repr(result)
    assert "has no mode beyond the threshold 100" in result._repr_html_()
