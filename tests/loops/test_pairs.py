"""The compiled loops: the same results to the last bit, and nothing that anybody has to have."""

from __future__ import annotations

import importlib.util
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings

from napari_atlas_assign import Grid, Image, assign, loops
from napari_atlas_assign.assignment.sums import overlap
from napari_atlas_assign.loops import compiling, components
from napari_atlas_assign.loops.pairs import add_up
from tests.cases import cases, quiet_assign
from tests.loops.helpers import counted_calls

TABLES = ("assignments", "modes")


@pytest.fixture(autouse=True, scope="module")
def prepared():
    assert importlib.util.find_spec("numba") is not None, "numba is part of the test environment"
    assert loops.prepare()


def without(monkeypatch_or_patch):
    for loop in (add_up, components.search, components.sort, components.join):
        monkeypatch_or_patch.setattr(loop, "_compiled", None)
        assert not loop.is_ready


@pytest.fixture
def looped(monkeypatch):
    return counted_calls(add_up, monkeypatch)


@settings(max_examples=80)
@given(cases(relations=("equal", "partly outside", "outside")))
def test_results_are_the_same_to_the_last_bit(case):
    fast = quiet_assign(case)
    with pytest.MonkeyPatch.context() as patch:
        without(patch)
        plain = quiet_assign(case)
    for table in TABLES:
        pd.testing.assert_frame_equal(getattr(fast, table), getattr(plain, table), check_exact=True)


@pytest.mark.parametrize("convention", ["default", "siibra"])
def test_real_results_are_the_same_to_the_last_bit(juelich, zmap_path, convention, looped, monkeypatch):
    image = Image.from_file(zmap_path)
    if convention == "default":  # on the atlas's voxels, from another first voxel on
        affine = juelich.grid.affine.copy()
        affine[:3, 3] = juelich.grid.to_world([-5, 3, 8])
        values = np.random.default_rng(0).normal(size=(90, 100, 80))
        image = Image(np.cumsum(values, axis=2).astype(np.float32), Grid(values.shape, affine))
    fast = assign(image, juelich, threshold=3, tail="both", convention=convention)
    assert looped
    without(monkeypatch)
    plain = assign(image, juelich, threshold=3, tail="both", convention=convention)
    for table in TABLES:
        pd.testing.assert_frame_equal(getattr(fast, table), getattr(plain, table), check_exact=True)


def test_many_modes_of_many_regions_are_left_to_sorting(small_atlas, monkeypatch):
    data = np.random.default_rng(2).normal(size=small_atlas.grid.shape)
    image = Image(data, small_atlas.grid)
    one = assign(image, small_atlas, threshold=0.5, connectivity=6)
    monkeypatch.setattr(overlap, "_MOST_TABLED", 0)
    other = assign(image, small_atlas, threshold=0.5, connectivity=6)
    for table in TABLES:
        pd.testing.assert_frame_equal(getattr(one, table), getattr(other, table), check_exact=True)


def test_without_numba_nothing_is_prepared(monkeypatch):
    without(monkeypatch)
    monkeypatch.setattr(compiling, "has_compiler", lambda: False)
    assert not loops.prepare()


def test_numba_is_loaded_for_those_who_ask_for_it_only():
    code = (
        "import sys, numpy as np, pandas as pd, napari_atlas_assign as naa; "
        "grid = naa.Grid((4, 4, 4), np.eye(4)); "
        "regions = pd.DataFrame({'id': [1], 'name': ['one']}); "
        "atlas = naa.Atlas.from_labels(np.ones((4, 4, 4), int), grid, regions); "
        "naa.assign(naa.Image(np.ones((4, 4, 4)), grid), atlas); "
        "sys.exit('numba' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-W", "ignore", "-c", code], check=False).returncode == 0
