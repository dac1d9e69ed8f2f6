"""The compiled sums over the blobs of points: the same as numpy's, to the last bit."""

from __future__ import annotations

from dataclasses import fields

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from napari_atlas_assign import assign, loops
from napari_atlas_assign.assignment.sums.points import sums_of_runs
from napari_atlas_assign.loops.blobs import find, measure
from napari_atlas_assign.loops.stretches import add_up
from napari_atlas_assign.modes.points import sphere_runs
from tests.assignment.helpers import cases
from tests.loops.helpers import counted_calls


@pytest.fixture(autouse=True, scope="module")
def prepared():
    assert loops.prepare()


@pytest.fixture
def looped(monkeypatch):
    return counted_calls(add_up, monkeypatch)


def without(patch):
    for loop in (find, measure, add_up):
        patch.setattr(loop, "_compiled", None)
        assert not loop.is_ready


@given(cases())
@settings(max_examples=80)
def test_sums_are_the_same_to_the_last_bit(case):
    atlas, _, points = case

    def sums():
        return sums_of_runs(sphere_runs(points, atlas.grid), len(points), atlas, minimum_probability=0.3)

    fast = sums()
    with pytest.MonkeyPatch.context() as patch:
        without(patch)
        plain = sums()
    for field in fields(fast):
        one, other = getattr(fast, field.name), getattr(plain, field.name)
        if isinstance(one, np.ndarray):
            np.testing.assert_array_equal(one, other, err_msg=field.name)
    for field in fields(fast.modes):
        np.testing.assert_array_equal(getattr(fast.modes, field.name), getattr(plain.modes, field.name))


def test_real_results_are_the_same_to_the_last_bit(juelich, looped, monkeypatch):
    rng = np.random.default_rng(3)
    points = juelich.grid.to_world(rng.uniform(-10, np.add(juelich.grid.shape, 10), (60, 3)))
    sigma = rng.choice([0.0, 1.0, 4.5, 12.0], 60)
    fast = tables(assign(points, juelich, sigma=sigma))
    assert looped
    without(monkeypatch)
    plain = tables(assign(points, juelich, sigma=sigma))
    for one, other in zip(fast, plain, strict=True):
        pd.testing.assert_frame_equal(one, other, check_exact=True)


def tables(result):
    return result.assignments, result.modes


def test_many_points_are_worth_compiling(small_atlas, monkeypatch):
    without(monkeypatch)
    monkeypatch.setattr("napari_atlas_assign.assignment.sums.points._WORTH_COMPILING", 3)
    assert len(assign(np.zeros((2, 3)), small_atlas, sigma=3).modes) == 2
    assert not add_up.is_ready
    assert len(assign(np.zeros((3, 3)), small_atlas, sigma=3).modes) == 3
    assert all(loop.is_ready for loop in (find, measure, add_up))
