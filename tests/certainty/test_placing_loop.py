"""The compiled loop over placements: the same numbers to the last bit, where it pays."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_atlas_assign import Atlas, Grid
from napari_atlas_assign.certainty import placing_loop
from napari_atlas_assign.certainty.placements import Domain, covered_voxels, place
from tests.cases import atlas_of, atlas_to_world, random_maps


@pytest.fixture(scope="module")
def loop():
    return placing_loop.loop_for(placing_loop.WORTH_COMPILING)


@st.composite
def placings(draw):
    """An atlas, a domain on another grid that reaches beyond it, points of a mode, and a seed."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    kind = draw(st.sampled_from(["statistical", "labelled"]))
    atlas = atlas_of(random_maps(rng, (7, 6, 8), kind, 4), atlas_to_world(rng))
    turn, _ = np.linalg.qr(rng.normal(size=(3, 3)))
    affine = np.eye(4)
    affine[:3, :3] = turn * draw(st.floats(0.8, 3))
    affine[:3, 3] = atlas.grid.to_world([3, 3, 3]) - affine[:3, :3] @ [5, 5, 5]
    inside = rng.random((11, 10, 12)) < draw(st.sampled_from([0.5, 0.97, 1.0]))
    xyz = atlas.grid.to_world(rng.integers(1, 5, (draw(st.integers(1, 30)), 3)))
    return atlas, Domain(Grid(inside.shape, affine), inside, "a box"), xyz, draw(st.integers(0, 99))


@settings(max_examples=60)
@given(placings())
def test_placements_are_the_same_to_the_last_bit(loop, case):
    atlas, domain, xyz, seed = case
    covered = covered_voxels(atlas)
    plain, fast = (
        place(xyz, atlas, covered, domain, 9, np.random.default_rng(seed), None, way) for way in (None, loop)
    )
    np.testing.assert_array_equal(fast.observed, plain.observed)
    np.testing.assert_array_equal(fast.placed, plain.placed)
    assert fast.tried == plain.tried


def test_few_placements_and_those_without_numba_are_left_to_numpy(monkeypatch):
    assert placing_loop.loop_for(placing_loop.WORTH_COMPILING - 1) is None
    monkeypatch.setattr(placing_loop, "has_compiler", lambda: False)
    assert placing_loop.loop_for(placing_loop.WORTH_COMPILING) is None


def test_an_atlas_too_large_for_a_table_is_left_to_numpy(monkeypatch):
    monkeypatch.setattr(Atlas, "is_tabled", False)
    grid = Grid((3, 3, 3), np.eye(4))
    atlas = Atlas.from_labels(np.ones(grid.shape, int), grid, pd.DataFrame({"id": [1], "name": ["one"]}))

    def never(*arguments):
        raise AssertionError("the loop needs the table")

    domain = Domain(grid, np.ones(grid.shape, bool), "a box")
    placed = place(np.ones((1, 3)), atlas, covered_voxels(atlas), domain, 5, np.random.default_rng(0), None, never)
    assert placed.placed.tolist() == [[1.0]] * 5
