"""What must not change how sure an answer is: how image and atlas are stored, and the order of regions."""

from __future__ import annotations

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
import scipy
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_atlas_assign import Image, assign, threshold_sweep
from napari_atlas_assign.certainty import placements
from napari_atlas_assign.certainty.judge import domain_of
from napari_atlas_assign.certainty.placements import covered_voxels, place
from napari_atlas_assign.certainty.region_test import compare_with_surrogates
from napari_atlas_assign.certainty.registration import moved_shares, translations
from napari_atlas_assign.modes.modes import find_modes
from tests.cases import atlas_of, atlas_to_world, random_maps

SHAPE = (8, 7, 9)
FIGURES = ["voxels", "mean", "expected", "z", "p", "p corrected", "evenness"]
ALONG = ["threshold", "cluster", "input structure", "merges into", "merged", "voxels", "best share", "best correlation"]


@st.composite
def stored_twice(draw):
    """An image and region maps, and the same again with axes permuted and flipped and regions in another order."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    affine = atlas_to_world(rng)
    data = rng.normal(size=SHAPE)
    data[rng.random(SHAPE) < 0.1] = np.nan
    maps = random_maps(rng, SHAPE, draw(st.sampled_from(["statistical", "labelled"])), 4)
    order = rng.permutation(4)
    ways = [np.array([[axis, rng.choice([1, -1])] for axis in rng.permutation(3)]) for _ in range(2)]
    turned, image_affine = again(data, affine, ways[0])
    turned_maps = [again(one, affine, ways[1]) for one in maps[order]]
    one = Image.from_array(data, affine), atlas_of(maps, affine)
    other = Image.from_array(turned, image_affine), atlas_of(np.stack([m for m, _ in turned_maps]), turned_maps[0][1])
    return one, other, order


def again(data, affine, way):
    img = nib.Nifti1Image(data, affine).as_reoriented(way)
    return np.asarray(img.dataobj), img.affine


@settings(max_examples=40)
@given(stored_twice())
def test_shares_under_shifts(case):
    one, other, order = case
    shares = []
    for image, atlas in (one, other):
        modes = find_modes(image, threshold=1)
        shares.append(moved_shares(modes, atlas, translations(1.5, 3)[:4]).shares)
    assert shares[1] == pytest.approx(shares[0][:, :, order], abs=1e-6)


@settings(max_examples=40)
@given(stored_twice())
def test_placements(case):
    one, other, order = case
    placed = []
    for image, atlas in (one, other):
        modes = find_modes(image, threshold=1)
        xyz = modes.grid.to_world(modes.grid.unravel(modes.voxel[modes.mode == 0]))
        xyz = xyz[np.lexsort(xyz.round(6).T)][:6]
        rng = np.random.default_rng(5)
        placed.append(place(xyz, atlas, covered_voxels(atlas), domain_of(image, atlas), 30, rng))
    assert placed[0].tried == placed[1].tried
    assert placed[1].placed == pytest.approx(placed[0].placed[:, order], abs=1e-9)
    assert placed[1].p_corrected() == pytest.approx(placed[0].p_corrected()[order], nan_ok=True)


@settings(max_examples=15)
@given(st.integers(0, 2**32 - 1), st.sampled_from(["statistical", "labelled"]))
def test_points_of_a_mode_on_faces_between_voxels(seed, kind):
    rng = np.random.default_rng(seed)
    maps = random_maps(rng, SHAPE, kind, 4)
    affine = np.diag([2.0, 2, 2, 1])
    way = np.array([[axis, -1] for axis in rng.permutation(3)])
    turned = [again(one, affine, way) for one in maps]
    xyz = rng.integers(0, 8, (20, 3)) * 1.5  # every other one lies on a face
    domain = domain_of(Image.from_array(np.ones((6, 6, 6)), np.diag([3.0, 3, 3, 1])), atlas_of(maps, affine))
    one, other = (
        place(xyz, atlas, covered_voxels(atlas), domain, 30, np.random.default_rng(5))
        for atlas in (atlas_of(maps, affine), atlas_of(np.stack([m for m, _ in turned]), turned[0][1]))
    )
    np.testing.assert_array_equal(other.observed, one.observed)
    np.testing.assert_array_equal(other.placed, one.placed)
    assert other.tried == one.tried


@settings(max_examples=25)
@given(stored_twice())
def test_the_test_of_a_whole_map(case):
    one, other, order = case
    tables = [compare_with_surrogates(image, [atlas], n_surrogates=99, seed=2)[0] for image, atlas in (one, other)]
    expected = tables[0].iloc[order].reset_index(drop=True)
    np.testing.assert_allclose(tables[1][FIGURES], expected[FIGURES], rtol=1e-6, atol=1e-6)


@settings(max_examples=15)
@given(stored_twice())
def test_a_sweep_of_thresholds(case):
    one, other, _ = case
    tables = [threshold_sweep(image, atlas, [0.5, 1.0, 1.5]) for image, atlas in (one, other)]
    figures = [table[ALONG].astype(float).to_numpy() for table in tables]
    np.testing.assert_allclose(figures[1], figures[0], rtol=1e-6, atol=1e-6)


@pytest.fixture
def asked(rng, small_atlas):
    """Gives all four answers for an array of whole numbers."""
    options = {"threshold": 1, "registration_sd_mm": 1, "placements": 999, "surrogates": 99, "sweep": (1, 2)}
    data = np.round(scipy.ndimage.gaussian_filter(rng.standard_normal(small_atlas.grid.shape), 1) * 8)

    def ask(turned=lambda data: data):
        result = assign(Image.from_array(turned(data), small_atlas.grid.affine), small_atlas, **options)
        return [result.assignments, result.modes, result.sweep, result.region_test]

    return ask


def same(tables, others):
    for table, other in zip(tables, others, strict=True):
        pd.testing.assert_frame_equal(other, table, check_exact=True)


@pytest.mark.parametrize("dtype", ["<i2", ">f4"])
def test_the_type_of_the_data_and_the_order_of_their_bytes_to_the_last_bit(asked, dtype):
    same(asked(), asked(lambda data: data.astype(dtype)))


def test_the_order_of_the_data_in_memory_to_the_last_bit(asked):
    same(asked(), asked(np.asfortranarray))
    same(asked(), asked(lambda data: np.ascontiguousarray(data[::-1])[::-1]))


def test_how_much_is_done_at_a_time_to_the_last_bit(asked, monkeypatch):
    usual = asked()
    monkeypatch.setattr(placements, "_POINTS_AT_A_TIME", 50)
    same(usual, asked())
