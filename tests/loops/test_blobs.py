"""The compiled runs and measures of the blobs of points: the same as numpy's, to the last bit."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pytest
from hypothesis import given, settings

from napari_atlas_assign import assign, loops
from napari_atlas_assign.assignment.sums.points import sums_of_runs
from napari_atlas_assign.loops.blobs import find, measure
from napari_atlas_assign.modes.points import sphere_runs
from tests.assignment.helpers import cases
from tests.loops.helpers import counted_calls
from tests.modes.helpers import grids_and_points


@pytest.fixture(autouse=True, scope="module")
def prepared():
    assert loops.prepare()


def without(patch):
    for loop in (find, measure):
        patch.setattr(loop, "_compiled", None)
        assert not loop.is_ready


@given(grids_and_points())
@settings(max_examples=80)
def test_runs_are_the_same_to_the_last_bit(case):
    grid, points = case

    def chunks():
        return [work_out() for _, work_out in sphere_runs(points, grid)]

    fast = chunks()
    with pytest.MonkeyPatch.context() as patch:
        without(patch)
        plain = chunks()
    for one, other in zip(fast, plain, strict=True):
        for field in fields(one):
            np.testing.assert_array_equal(getattr(one, field.name), getattr(other, field.name), err_msg=field.name)
            assert getattr(one, field.name).dtype == getattr(other, field.name).dtype


@given(cases())
@settings(max_examples=80)
def test_sums_extremes_and_boxes_are_the_same_to_the_last_bit(case):
    atlas, _, points = case

    def modes():
        return sums_of_runs(sphere_runs(points, atlas.grid), len(points), atlas).modes

    fast = modes()
    with pytest.MonkeyPatch.context() as patch:
        without(patch)
        plain = modes()
    for name in ("volume", "sum_b", "sum_bb", "maximum", "minimum", "box"):
        np.testing.assert_array_equal(getattr(fast, name), getattr(plain, name), err_msg=name)


@pytest.mark.parametrize("convention", ["default", "siibra"])
def test_both_conventions_are_measured_by_it(small_atlas, convention, monkeypatch):
    calls = counted_calls(measure, monkeypatch)

    def points():
        return assign(np.array([[0.0, 0, 0], [500, 0, 0]]), small_atlas, sigma=12, convention=convention).modes

    fast = points()
    assert calls
    without(monkeypatch)
    assert fast.equals(points())
