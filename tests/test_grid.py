from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_atlas_assign.errors import GridError
from napari_atlas_assign.grid import SAME_EDGE, Grid, match_axes, snap
from tests.cases import SIGNED_PERMUTATIONS, atlas_to_world, rotation


def scaled(*sizes: float) -> np.ndarray:
    return np.diag([*sizes, 1.0])


@pytest.mark.parametrize(
    "affine",
    [
        scaled(2, 2, 0),
        np.array([[1.0, 1, 0, 0], [1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]),
        np.zeros((4, 4)),
        scaled(1e-3, 1e-3, 0),
    ],
)
def test_a_singular_affine_is_refused(affine):
    with pytest.raises(GridError, match=r"affine is singular .*; repair the header's sform or qform"):
        Grid((2, 2, 2), affine)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_an_affine_without_finite_numbers_is_refused(value):
    affine = np.eye(4)
    affine[0, 3] = value
    with pytest.raises(GridError, match="not a 4x4 matrix of finite numbers"):
        Grid((2, 2, 2), affine)


def test_an_affine_of_another_size_is_refused():
    with pytest.raises(GridError, match="not a 4x4 matrix"):
        Grid((2, 2, 2), np.eye(3))


@pytest.mark.parametrize("shape", [(2, 2), (2, 2, 2, 2), (0, 2, 2)])
def test_a_grid_has_three_axes_with_voxels(shape):
    with pytest.raises(GridError, match="three axes with at least one voxel each"):
        Grid(shape, np.eye(4))


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e3])
def test_grids_of_micrometres_and_of_metres_are_as_good_as_others(size):
    grid = Grid((2, 3, 4), scaled(size, size, size))
    assert grid.voxel_volume == pytest.approx(size**3)
    np.testing.assert_allclose(grid.voxel_sizes, size)


@settings(max_examples=50)
@given(st.integers(0, 2**32 - 1))
def test_world_and_voxels_map_onto_each_other(seed):
    rng = np.random.default_rng(seed)
    grid = Grid((4, 5, 6), atlas_to_world(rng))
    ijk = rng.uniform(-10, 10, (7, 3))
    np.testing.assert_allclose(grid.to_voxel(grid.to_world(ijk)), ijk, atol=1e-9)
    np.testing.assert_allclose(grid.to_world(ijk[0]), (grid.affine @ [*ijk[0], 1])[:3])


def test_flat_voxel_numbers_run_with_the_last_axis_fastest():
    grid = Grid((2, 3, 4), np.eye(4))
    assert grid.unravel(np.array([0, 1, 4, 23])).tolist() == [[0, 0, 0], [0, 0, 1], [0, 1, 0], [1, 2, 3]]


def test_grids_are_equal_by_shape_and_affine_and_can_key_a_table():
    one, same, other = Grid((2, 2, 2), np.eye(4)), Grid((2, 2, 2), np.eye(4)), Grid((2, 2, 3), np.eye(4))
    assert one == same
    assert hash(one) == hash(same)
    assert one != other
    assert not one.affine.flags.writeable


def test_grids_match_up_to_the_noise_of_a_header():
    affine = scaled(2, 2, 2)
    affine[:3, 3] = [-90, -126, -72]
    noisy = affine.copy()
    noisy[:3] *= 1 + 1e-8
    grid = Grid((91, 109, 91), affine)
    assert grid.matches(Grid((91, 109, 91), noisy))
    noisy[0, 3] += 3 * SAME_EDGE * 2
    assert not grid.matches(Grid((91, 109, 91), noisy))
    assert not grid.matches(Grid((91, 109, 90), affine))


def test_edges_snap_to_voxel_edges_nearby_only():
    edges = np.array([0.5 + 0.9e-4, -0.5 - 0.9e-4, 0.5 + 2e-4, 1.0])
    np.testing.assert_array_equal(snap(edges), [0.5, -0.5, 0.5 + 2e-4, 1.0])


@settings(max_examples=60)
@given(st.integers(0, 47), st.integers(0, 2**32 - 1))
def test_parallel_axes_are_paired(turn, seed):
    rng = np.random.default_rng(seed)
    atlas = Grid((4, 5, 6), atlas_to_world(rng))
    to_atlas = np.eye(4)
    to_atlas[:3, :3] = SIGNED_PERMUTATIONS[turn] @ np.diag(rng.uniform(0.3, 3, 3))
    to_atlas[:3, 3] = rng.uniform(-5, 5, 3)
    match = match_axes(Grid((3, 4, 5), atlas.affine @ to_atlas), atlas)
    for axis in range(3):
        of_image = match.image_axis[axis]
        assert match.step[axis] == pytest.approx(to_atlas[axis, of_image])
        assert match.offset[axis] == pytest.approx(to_atlas[axis, 3], abs=1e-6)


def test_axes_at_an_angle_are_not_paired(rng):
    atlas = Grid((40, 40, 40), scaled(1, 1, 1))
    turned = np.eye(4)
    turned[:3, :3] = rotation(rng)
    assert match_axes(Grid((40, 40, 40), turned), atlas) is None
    slightly = np.eye(4)
    slightly[0, 1] = 1e-3  # 0.04 voxels over the image
    assert match_axes(Grid((40, 40, 40), slightly), atlas) is None
    slightly[0, 1] = 1e-6
    assert match_axes(Grid((40, 40, 40), slightly), atlas) is not None


def test_a_place_does_not_depend_on_how_many_places_are_mapped_with_it():
    rng = np.random.default_rng(0)
    grid = Grid((9, 9, 9), np.vstack([rng.normal(size=(3, 4)), [0, 0, 0, 1]]))
    ijk = rng.normal(scale=50, size=(100_001, 3))
    together = grid.to_world(ijk)
    for rows in (slice(0, 1), slice(5, 12), slice(70_000, 70_333)):
        np.testing.assert_array_equal(grid.to_world(ijk[rows]), together[rows])
    np.testing.assert_array_equal(grid.to_world(ijk[3]), together[3])
    np.testing.assert_allclose(together, ijk @ grid.affine[:3, :3].T + grid.affine[:3, 3], atol=1e-9)
