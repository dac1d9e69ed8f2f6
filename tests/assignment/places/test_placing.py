"""Points that count along an atlas's array are put where the atlas lies."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from napari_atlas_assign import Grid, InputError, PointSet
from napari_atlas_assign.assignment.places.placing import doubts_about_place, place_on_atlas


def test_points_that_count_voxels_lie_at_their_centres(small_atlas):
    ijk = np.array([[0, 0, 0], [3, 5, 2], [9, 11, 7]])
    points = PointSet.from_array(ijk.astype(float), name="cells", coordinates="voxels")
    placed = place_on_atlas(points, [small_atlas])
    np.testing.assert_allclose(placed.xyz, small_atlas.grid.to_world(ijk))
    assert placed.coordinates == "mm"


def test_points_in_mm_pass_as_they_are(small_atlas):
    points = PointSet.from_array(np.array([[1.0, 2, 3]]))
    assert place_on_atlas(points, [small_atlas]) is points


def test_atlases_with_other_voxels_cannot_be_counted_along_at_once(small_atlas):
    other = replace(small_atlas, grid=Grid(small_atlas.grid.shape, np.eye(4)), name="other")
    points = PointSet.from_array(np.zeros((1, 3)), name="cells", coordinates="voxels")
    with pytest.raises(InputError, match="cells counts voxels"):
        place_on_atlas(points, [small_atlas, other])


def test_points_that_would_lie_inside_as_voxels_are_doubted(small_atlas):
    shifted = small_atlas.grid.affine.copy()
    shifted[:3, 3] += 500
    atlas = replace(small_atlas, grid=Grid(small_atlas.grid.shape, shifted))
    ijk = np.argwhere(np.ones(atlas.grid.shape)).astype(float)
    (sentence,) = doubts_about_place(PointSet.from_array(ijk, name="cells"), atlas)
    assert "coordinates='voxels'" in sentence
    assert not list(doubts_about_place(PointSet.from_array(atlas.grid.to_world(ijk)), atlas))
