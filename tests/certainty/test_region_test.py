"""Whole maps against random maps."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd
import pytest
import scipy

from napari_atlas_assign import Atlas, Grid, Image, InputError
from napari_atlas_assign.assignment.columns import REGION_TEST
from napari_atlas_assign.certainty.region_test import RegionMeans, compare_with_surrogates
from napari_atlas_assign.certainty.surrogates import _amplitude, surrogates
from tests.certainty.helpers import naive_region_test

AFFINE = np.array([[3.0, 0, 0, -30], [0, 3, 0, -33], [0, 0, 3, -27], [0, 0, 0, 1]])
GRID = Grid((20, 22, 18), AFFINE)


def smooth(rng, fwhm=9.0):
    return scipy.ndimage.gaussian_filter(rng.standard_normal(GRID.shape), fwhm / 2.355 / 3)


def halves(name="halves"):
    labels = np.ones(GRID.shape, np.uint8)
    labels[10:], labels[0, 0, :3] = 2, 3
    return Atlas.from_labels(labels, GRID, pd.DataFrame({"id": [1, 2, 3], "name": ["A", "B", "tiny"]}), name=name)


def random_maps(*arguments):
    return [map_ for work_out in surrogates(*arguments) for map_ in work_out()]


def masked(values):
    x, y, z = np.moveaxis(GRID.to_world(np.indices(GRID.shape).reshape(3, -1).T), -1, 0)
    return np.where((x**2 + y**2 + z**2 < 28**2).reshape(GRID.shape), values, 0)


def test_a_surrogate_has_the_image_s_values_in_another_order(rng):
    data = masked(smooth(rng))
    mask = data != 0
    drawn = random_maps(data[mask], mask, AFFINE, 5, 3)
    assert len(drawn) == 5
    for one in drawn:
        assert np.array_equal(np.sort(one), np.sort(data[mask]))
    assert not np.array_equal(drawn[0], drawn[1])
    again = random_maps(data[mask], mask, AFFINE, 4, 3)
    assert all(np.array_equal(a, b) for a, b in zip(drawn, again, strict=False))


@pytest.mark.parametrize("fwhm", [6.0, 12.0])
def test_surrogates_are_as_smooth_as_the_image(rng, fwhm):
    shape = (40, 44, 36)

    def lag_one(values, mask):
        dense = np.zeros(shape)
        dense[mask] = values - values.mean()
        both = mask[1:] & mask[:-1]
        return (dense[1:] * dense[:-1])[both].mean() / values.var()

    ours, theirs = [], []
    mask = np.ones(shape, bool)
    mask[:12, :12], mask[30:, :, 30:] = False, False
    for seed in range(4):
        data = scipy.ndimage.gaussian_filter(rng.standard_normal(shape), fwhm / 2.355 / 3)
        theirs.append(lag_one(data[mask], mask))
        ours += [lag_one(one, mask) for one in random_maps(data[mask], mask, AFFINE, 4, seed)]
    assert np.mean(ours) == pytest.approx(np.mean(theirs), abs=0.03)


def test_means_of_surrogates_vary_as_those_of_such_images_do(rng):
    """Smooth noise in a ball: its region means have a variance that is known, however large the region."""
    shape, sigma = (30, 30, 30), 1.3  # in voxels of 4 mm
    at = np.indices(shape) - 14.5
    mask = (at**2).sum(axis=0) < 13**2
    affine = np.diag([4.0, 4, 4, 1])
    regions = [
        mask & (((at - np.array(centre)[:, None, None, None]) ** 2).sum(axis=0) < radius**2)
        for centre, radius in (((6, 0, 0), 5), ((-4, 5, 2), 4), ((0, -5, -4), 6))
    ]
    weights = np.stack([region / region.sum() - mask / mask.sum() for region in regions])  # about the map's mean
    # A weighted sum of white noise that was smoothed is one of white noise with smoothed weights.
    smooth = partial(scipy.ndimage.gaussian_filter, sigma=sigma, mode="wrap")
    impulse = np.zeros(shape)
    impulse[15, 15, 15] = 1
    expected = np.array([(smooth(w) ** 2).sum() for w in weights]) / (smooth(impulse) ** 2).sum()
    found = []
    for _ in range(60):
        values = smooth(rng.standard_normal(shape))[mask]
        box = tuple(slice(int(i.min()), int(i.max()) + 1) for i in np.nonzero(mask))
        power = _amplitude(values, mask[box], affine).astype(np.float64) ** 2
        of_weights = [np.abs(scipy.fft.fftn(w[box], power.shape)) ** 2 / power.size for w in weights]
        found.append([(one * power).sum() / power.mean() for one in of_weights])
    assert np.mean(found, axis=0) / expected == pytest.approx(np.ones(3), abs=0.05)


def test_means_are_weighted_by_the_share_inside_the_mask(rng, small_atlas):
    data = 1 + rng.random(small_atlas.grid.shape)
    data[:2], data[3, 3] = 0, np.nan
    (table,) = compare_with_surrogates(Image.from_array(data, small_atlas.grid.affine), [small_atlas], n_surrogates=99)
    assert list(table.columns) == list(REGION_TEST)
    maps = np.stack([small_atlas.map_of(r) for r in range(3)])
    share = maps / np.maximum(maps.sum(axis=0), 1)
    mask = np.isfinite(data) & (data != 0)
    for r in range(3):
        w = share[r][mask]
        assert table["mean"][r] == pytest.approx((w * data[mask]).sum() / w.sum())
        assert table["voxels"][r] == pytest.approx(w.sum())


def test_p_values_are_those_of_counting(rng):
    every = rng.standard_normal((40, 3))
    for tail, strength in (("positive", 1), ("negative", -1), ("both", 0)):
        result = RegionMeans(np.arange(3), every[0], every[1:]).table(tail)
        z = (every - every.mean(axis=0)) / every.std(axis=0)
        z = np.abs(z) if strength == 0 else z * strength
        assert result["p"] == pytest.approx([sum(z[b, r] >= z[0, r] for b in range(40)) / 40 for r in range(3)])
        highest = z.max(axis=1)
        assert result["p corrected"] == pytest.approx([sum(h >= z[0, r] for h in highest) / 40 for r in range(3)])
    assert result["expected"] == pytest.approx(every[1:].mean(axis=0))


@pytest.mark.parametrize("tail", ["positive", "negative", "both"])
def test_a_table_is_that_of_plain_counting_over_the_same_random_maps(rng, small_atlas, tail):
    data = scipy.ndimage.gaussian_filter(rng.standard_normal(small_atlas.grid.shape), 1)
    affine = small_atlas.grid.affine
    (table,) = compare_with_surrogates(Image.from_array(data, affine), [small_atlas], n_surrogates=99, tail=tail)
    mask = data != 0
    maps = np.stack([small_atlas.map_of(r) for r in range(small_atlas.n_regions)])
    shares = [share[mask] for share in maps / np.maximum(maps.sum(axis=0), 1)]
    drawn = random_maps(data[mask], mask, affine, 99, 0)
    figures = table[["mean", "expected", "z", "p", "p corrected"]].to_numpy(float)
    assert table["evenness"][0] > 0.05
    assert figures == pytest.approx(np.array(naive_region_test(data[mask], shares, drawn, tail)))


def test_a_region_of_few_voxels_is_not_tested_and_further_atlases_change_nothing(rng):
    image = Image.from_array(smooth(rng), AFFINE)
    (alone,) = compare_with_surrogates(image, [halves()], n_surrogates=99, seed=5)
    both = compare_with_surrogates(image, [halves(), halves("again")], n_surrogates=99, seed=5)
    assert np.isnan(alone.loc[2, ["z", "p", "p corrected"]].astype(float)).all()
    assert (alone.loc[:1, "p corrected"] >= alone.loc[:1, "p"]).all()
    for table in both:
        pd.testing.assert_frame_equal(table, alone)


def test_a_planted_region_is_told_from_chance(rng):
    data = masked(smooth(rng, 6.0) / smooth(rng, 6.0).std())
    data[10:] += np.where(data[10:] != 0, 1.5, 0)
    (table,) = compare_with_surrogates(Image.from_array(data, AFFINE), [halves()], n_surrogates=199)
    assert table["p corrected"][1] < 0.05
    assert table["p"][0] > 0.5
    (other,) = compare_with_surrogates(Image.from_array(-data, AFFINE), [halves()], n_surrogates=199, tail="negative")
    assert other["z"].to_numpy()[:2] == pytest.approx(-table["z"].to_numpy()[:2], abs=0.6)


def test_bad_arguments_are_refused_in_a_sentence(rng):
    image = Image.from_array(smooth(rng), AFFINE)
    with pytest.raises(InputError, match="at least 99"):
        compare_with_surrogates(image, [halves()], n_surrogates=10)
    with pytest.raises(InputError, match="tail"):
        compare_with_surrogates(image, [halves()], tail="left")
    with pytest.raises(InputError, match="varies nowhere"):
        compare_with_surrogates(Image.from_array(np.ones(GRID.shape), AFFINE), [halves()])
