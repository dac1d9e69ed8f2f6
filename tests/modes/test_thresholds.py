"""Ways to choose a threshold."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from napari_atlas_assign import Image, InputError
from napari_atlas_assign.modes.modes import find_modes
from napari_atlas_assign.modes.thresholds import keep_largest, percentile_threshold, t_threshold, z_threshold


@given(st.floats(1e-300, 0.5), st.booleans())
@settings(max_examples=50)
def test_z_and_t_thresholds_are_exceeded_with_probability_p(p, two_sided):
    tails = 2 if two_sided else 1
    assert stats.norm.sf(z_threshold(p, two_sided)) * tails == pytest.approx(p, rel=1e-9)
    if p > 1e-12:
        assert stats.t.sf(t_threshold(p, 23, two_sided), 23) * tails == pytest.approx(p, rel=1e-6)


def test_thresholds_of_known_p_values():
    assert z_threshold(0.05) == pytest.approx(1.6449, abs=1e-4)
    assert z_threshold(0.05, two_sided=True) == pytest.approx(1.95996, abs=1e-4)
    assert z_threshold(0.001) == pytest.approx(3.0902, abs=1e-4)
    assert t_threshold(0.001, 20) == pytest.approx(3.5518, abs=1e-4)
    assert t_threshold(0.05, 1e9, two_sided=True) == pytest.approx(1.95996, abs=1e-4)
    assert z_threshold(0.5) == z_threshold(1, two_sided=True) == t_threshold(0.5, 3) == 0


@pytest.mark.parametrize(("p", "two_sided"), [(0, False), (-0.1, False), (0.6, False), (1.1, True), (np.nan, True)])
def test_p_values_out_of_range_are_refused(p, two_sided):
    with pytest.raises(InputError, match="p value"):
        z_threshold(p, two_sided)
    with pytest.raises(InputError, match="p value"):
        t_threshold(p, 10, two_sided)


@pytest.mark.parametrize("df", [0, -1, np.nan, np.inf])
def test_degrees_of_freedom_out_of_range_are_refused(df):
    with pytest.raises(InputError, match="degrees of freedom"):
        t_threshold(0.01, df)


@given(st.integers(0, 2**32 - 1), st.floats(0, 99.9), st.sampled_from(["positive", "negative", "both"]))
@settings(max_examples=40)
def test_a_percentile_leaves_its_part_of_the_tail_beyond_it(seed, q, tail):
    data = np.random.default_rng(seed).normal(size=(6, 6, 6))
    data[0] = 0
    data[1] = np.nan
    image = Image.from_array(data, np.eye(4))
    threshold = percentile_threshold(image, q, tail)
    kept = data[2:]
    values = {"positive": kept[kept > 0], "negative": -kept[kept < 0], "both": np.abs(kept)}[tail]
    assert threshold >= 0
    assert np.mean(values > threshold) == pytest.approx(1 - q / 100, abs=1.01 / len(values))


@pytest.mark.parametrize(
    ("q", "tail", "says"),
    [
        (100, "positive", "percentile"),
        (-1, "both", "percentile"),
        (np.nan, "both", "percentile"),
        (50, "up", "tail"),
        (50, "negative", "no value below 0"),
    ],
)
def test_percentiles_out_of_range_are_refused(q, tail, says):
    with pytest.raises(InputError, match=says):
        percentile_threshold(Image.from_array(np.ones((2, 2, 2)), np.eye(4)), q, tail)


def test_integer_images_have_percentiles_of_either_sign():
    image = Image.from_array(np.array([[[-128, 0, 3]]], np.int8), np.eye(4))
    assert percentile_threshold(image, 50, "negative") == 128


@given(st.integers(0, 2**32 - 1), st.integers(1, 5))
@settings(max_examples=40)
def test_the_largest_modes_are_kept_as_they_are(seed, k):
    data = np.where(
        np.random.default_rng(seed).random((6, 6, 6)) < 0.7, 0, np.random.default_rng(seed).normal(size=(6, 6, 6))
    )
    modes = find_modes(Image.from_array(data, np.eye(4)), tail="both", connectivity=6)
    kept = keep_largest(modes, k)
    assert kept.n_modes == min(k, modes.n_modes)
    assert sorted(kept.counts())[::-1] == sorted(modes.counts())[::-1][:k]
    for row, number in enumerate(kept.number):
        original = int(np.flatnonzero(modes.number == number)[0])
        assert kept.voxel[kept.mode == row].tolist() == modes.voxel[modes.mode == original].tolist()
        assert kept.value[kept.mode == row].tolist() == modes.value[modes.mode == original].tolist()
        assert kept.sign[row] == modes.sign[original]


@pytest.mark.parametrize("k", [0, -1, 1.5])
def test_a_bad_number_of_modes_is_refused(k):
    with pytest.raises(InputError, match="number of modes"):
        keep_largest(find_modes(Image.from_array(np.ones((2, 2, 2)), np.eye(4))), k)
