"""A map that is less even than its random maps is told from one that is like them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import scipy

from napari_atlas_assign import AssignmentWarning, Image, assign
from napari_atlas_assign.certainty.evenness import Parts, evenness
from napari_atlas_assign.certainty.region_test import compare_with_surrogates
from tests.certainty.test_region_test import AFFINE, GRID, halves, masked


def looks_one_by_one(data, mask, part):
    """Log variance and log roughness of the voxels of a part, by loops; a pair of neighbours counts where it begins."""
    values = [data[v] for v in np.ndindex(data.shape) if part[v]]
    variance = np.mean([(x - np.mean(values)) ** 2 for x in values])
    steps = 0.0
    for v in np.ndindex(data.shape):
        for axis in range(3):
            w = tuple(i + (a == axis) for a, i in enumerate(v))
            if part[v] and w[axis] < data.shape[axis] and mask[w]:
                steps += (data[v] - data[w]) ** 2
    return np.log(variance), np.log(steps / len(values) / variance)


def test_variance_and_roughness_of_a_part_are_those_of_loops(rng):
    mask = rng.random((12, 10, 11)) > 0.3
    data = np.where(mask, rng.normal(size=mask.shape), 0)
    covered = rng.random(mask.sum()) > 0.5
    got = Parts.of(mask, [covered]).looks(data[mask])
    atlas = np.zeros(mask.shape, bool)
    atlas[mask] = covered
    assert got.shape == (2, 10)
    whole = np.array(looks_one_by_one(data, mask, mask))
    assert got[:, 8] == pytest.approx(looks_one_by_one(data, mask, atlas) - whole)
    assert got[:, 9] == pytest.approx(looks_one_by_one(data, mask, mask & ~atlas) - whole)
    middle = np.median(np.argwhere(mask), axis=0)
    high = (np.moveaxis(np.indices(mask.shape), 0, -1) > middle).all(axis=-1) & mask
    assert got[:, 7] == pytest.approx(looks_one_by_one(data, mask, high) - whole)
    assert (Parts.of(mask, [np.ones(mask.sum(), bool)]).looks(data[mask])[:, 8:] == 0).all()  # all, and nothing


def test_evenness_counts_maps_that_are_as_uneven(rng):
    looks = rng.normal(size=(50, 6))
    far = (np.abs(looks - looks.mean(axis=0)) / looks.std(axis=0)).max(axis=1)
    assert evenness(looks) == np.mean([one >= far[0] for one in far])
    looks[0, 3] = 50
    assert evenness(looks) == 1 / 50


def field(seed, fwhm):
    noise = scipy.ndimage.gaussian_filter(np.random.default_rng(seed).standard_normal(GRID.shape), fwhm / 2.355 / 3)
    return noise / noise.std()


UNEVEN = {
    "smoother at one end": lambda a, b: np.where(np.arange(20)[:, None, None] < 10, a, b),
    "half as strong at one end": lambda a, b: a * np.where(np.arange(20) < 10, 1, 0.4)[:, None, None],
}


@pytest.mark.parametrize("what", UNEVEN)
def test_an_uneven_map_has_no_p_and_an_even_one_has(what):
    even, other = field(3, 6.0), field(4, 12.0)
    (table,) = compare_with_surrogates(Image.from_array(masked(even), AFFINE), [halves()], n_surrogates=99)
    assert (table["evenness"] > 0.05).all()
    assert table.loc[:1, ["p", "p corrected"]].notna().all(axis=None)
    uneven = masked(UNEVEN[what](even, other))
    (table,) = compare_with_surrogates(Image.from_array(uneven, AFFINE), [halves()], n_surrogates=99)
    assert (table["evenness"] <= 0.05).all()
    assert table[["p", "p corrected"]].isna().all(axis=None)
    assert table.loc[:1, ["expected", "z"]].notna().all(axis=None)


def test_a_result_says_once_why_it_has_no_p():
    image = Image.from_array(masked(UNEVEN["half as strong at one end"](field(3, 6.0), 0)), AFFINE, "strong")
    atlases = [halves(), replace(halves(), name="again")]
    with pytest.warns(AssignmentWarning, match="strong is not as even"):
        result = assign(image, atlases, threshold=2, surrogates=99)
    assert sum("the whole map gives no p" in warning for warning in result.warnings) == 1
