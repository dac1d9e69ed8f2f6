"""Sums of points' blobs, worked out along rows, are those of the listed voxels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings

from napari_atlas_assign.assignment.columns import SCORES
from napari_atlas_assign.assignment.integrals.cache import integrals_over
from napari_atlas_assign.assignment.sums.overlap import overlap_sums
from napari_atlas_assign.assignment.sums.points import sums_of_runs
from napari_atlas_assign.atlas.maximum_probability import with_minimum
from napari_atlas_assign.modes.point_set import PointSet
from napari_atlas_assign.modes.points import sphere_runs
from tests.assignment.helpers import cases
from tests.cases import atlas_of, random_maps
from tests.modes.helpers import blobs


@pytest.mark.parametrize("most", [1, 40, 100, 2**22])
def test_blob_sums_do_not_depend_on_how_finely_rows_are_looked_up(most, monkeypatch):
    monkeypatch.setattr("napari_atlas_assign.assignment.sums.points._MAX_BLOCKS", most)
    rng = np.random.default_rng(most)
    maps = random_maps(rng, (3, 4, 40), "statistical", 4) * (
        rng.random((4, 3, 4, 40)) < 0.9
    )  # stretches of all lengths
    maps[0, 0, 0, :31] = 0.5
    atlas = atlas_of(maps, np.eye(4))
    points = PointSet.from_array(rng.uniform(-1, 42, (30, 3)) * [0.1, 0.1, 1], rng.choice([0, 1, 3], 30))
    found = sums_of_runs(sphere_runs(points, atlas.grid), len(points), atlas)
    modes = blobs(points, atlas.grid)
    expected = overlap_sums(modes, integrals_over(atlas, modes.grid, modes.voxel), atlas)
    assert found.region.tolist() == expected.region.tolist()
    for name in ("volume", "sum_a", "sum_share", "sum_ab", "maximum"):
        assert getattr(found, name) == pytest.approx(getattr(expected, name), rel=1e-6), name


@given(cases())
@settings(max_examples=80)
def test_blob_sums_equal_those_of_the_listed_voxels(case):
    atlas, _, points = case
    minimum = 0.3
    found = sums_of_runs(sphere_runs(points, atlas.grid), len(points), atlas, minimum_probability=minimum)
    modes = blobs(points, atlas.grid)
    integrals, *of_largest = (integrals_over(some, modes.grid, modes.voxel) for some in with_minimum(atlas, minimum))
    expected = overlap_sums(modes, integrals, atlas, *of_largest)
    assert found.mode.tolist() == expected.mode.tolist()
    assert found.region.tolist() == expected.region.tolist()
    for name, score in SCORES.items():
        assert score(found) == pytest.approx(score(expected), rel=1e-6, abs=1e-9, nan_ok=True), name
    for name in ("volume", "sum_b", "sum_bb", "maximum", "minimum", "covered"):
        assert getattr(found.modes, name) == pytest.approx(getattr(expected.modes, name), rel=1e-9), name
    assert found.modes.box == pytest.approx(expected.modes.box, abs=1e-6)
