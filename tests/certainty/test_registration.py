"""Shares of moved modes."""

from __future__ import annotations

import numpy as np
import pytest

from napari_atlas_assign import Image, assign
from napari_atlas_assign.certainty.registration import DRAWS, MovedShares, moved_shares, translations
from napari_atlas_assign.modes.modes import find_modes
from tests.certainty.helpers import naive_share


def an_image(rng, affine, shape=(5, 6, 4)):
    data = np.zeros(shape)
    data[1:3, 2:5, 1:3] = 1 + rng.random((2, 3, 2))
    data[4, 0, 0] = 2
    return Image.from_array(data, affine)


@pytest.mark.parametrize(
    "affine",
    [
        np.diag([3.0, 3, 3, 1]) + np.array([[0, 0, 0, -7.3], [0, 0, 0, -8.1], [0, 0, 0, -5.7], [0, 0, 0, 0]]),
        np.array([[0, 0, -2.5, 6.2], [-3.1, 0, 0, 8.4], [0, 1.3, 0, -3], [0, 0, 0, 1]]),
    ],
    ids=["plain", "permuted and flipped"],
)
def test_shares_of_moved_modes_are_those_of_points_spread_in_them(rng, small_atlas, affine):
    modes = find_modes(an_image(rng, affine))
    moves = np.array([[0.0, 0, 0], [1.7, -0.6, 2.2], [30, 0, 0]])
    shares = moved_shares(modes, small_atlas, moves).shares
    for draw, move in enumerate(moves):
        for mode in range(modes.n_modes):
            assert shares[draw, mode] == pytest.approx(naive_share(modes, small_atlas, mode, move), abs=2e-2)
    assert shares[2, 0].sum() < 0.2


def test_a_mode_that_is_not_moved_has_the_shares_of_the_table(rng, small_atlas):
    affine = np.diag([2.7, 3.0, 3.3, 1])
    affine[:3, 3] = (-6.1, -8, -5)
    image = an_image(rng, affine)
    result = assign(image, small_atlas)
    shares = moved_shares(result.mode_voxels, small_atlas, np.zeros((1, 3))).shares[0]
    rows = result.assignments
    assert shares[rows["input structure"] - 1, rows["volume"]] == pytest.approx(rows["share"].to_numpy(), abs=1e-12)
    assert np.count_nonzero(shares) == len(rows)


def test_to_move_the_mode_is_to_move_the_image(rng, small_atlas):
    affine = np.diag([2.7, 3.0, 3.3, 1])
    affine[:3, 3] = (-6.1, -8, -5)
    move = np.array([1.1, 0.4, -2.3])
    shares = moved_shares(find_modes(an_image(rng, affine)), small_atlas, move[None]).shares[0]
    affine[:3, 3] += move
    rows = assign(Image.from_array(an_image(rng, affine).data, affine), small_atlas).assignments
    expected = np.zeros_like(shares)
    expected[rows["input structure"] - 1, rows["volume"]] = rows["share"]
    assert shares == pytest.approx(expected, abs=1e-9)


def test_grids_at_an_angle_are_sampled(rng, small_atlas):
    turn = np.array([[0.9, -0.3, 0.1], [0.3, 0.92, -0.2], [-0.05, 0.2, 0.95]]) * 3
    affine = np.eye(4)
    affine[:3, :3], affine[:3, 3] = turn, (-5, -9, -4)
    modes = find_modes(an_image(rng, affine))
    shares = moved_shares(modes, small_atlas, np.array([[0.5, 1, 0]])).shares[0]
    for mode in range(modes.n_modes):
        assert shares[mode] == pytest.approx(naive_share(modes, small_atlas, mode, [0.5, 1, 0]), abs=0.08)


def test_translations_depend_on_the_seed_alone_and_scale_with_the_sd():
    assert translations(2.0, 7).shape == (DRAWS, 3)
    assert np.array_equal(translations(2.0, 7), 2 * translations(1.0, 7))
    assert not np.array_equal(translations(2.0, 7), translations(2.0, 8))
    many = np.concatenate([translations(2.0, seed) for seed in range(200)])
    assert many.std() == pytest.approx(2, rel=0.02)


def test_stability_is_the_part_of_draws_with_the_same_best_region():
    shares = np.array([[[0.6, 0.4], [0, 0.005]], [[0.3, 0.5], [0.2, 0]], [[0.7, 0.1], [0, 0.3]], [[0.5, 0.5], [0, 0]]])
    moved = MovedShares(shares)
    assert moved.best().tolist() == [[0, -1], [1, 0], [0, 1], [0, -1]]
    assert moved.stability(np.array([0, -1])).tolist() == pytest.approx([0.75, np.nan], nan_ok=True)
    assert moved.rivals(np.array([0, 1])).tolist() == [1, 0]
    assert moved.rivals(np.array([0, -1])).tolist() == [1, 0]
    assert moved.sd()[0, 0] == pytest.approx(np.std([0.6, 0.3, 0.7, 0.5], ddof=1))


def test_progress_is_told_after_each_draw_and_may_end_the_work(rng, small_atlas):
    modes = find_modes(an_image(rng, np.diag([3.0, 3, 3, 1])))

    def stop(done, of):
        assert of == 3
        if done == 2:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        moved_shares(modes, small_atlas, np.zeros((3, 3)), stop)
