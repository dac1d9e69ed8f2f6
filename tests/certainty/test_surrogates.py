"""The order of a random map's values, by their bits; what the maps are like is tested with the region test."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from napari_atlas_assign.certainty.surrogates import _rising


@given(arrays(np.float32, st.integers(0, 60), elements=st.floats(width=32, allow_nan=False)))
def test_any_values_are_ranked_as_numpy_ranks_them(values):
    np.testing.assert_array_equal(_rising(values), np.argsort(values, kind="stable"))


@given(arrays(np.float32, st.integers(0, 60), elements=st.sampled_from([0.0, -0.0, 1.0, -1.0, 1e-45, -1e-45, np.inf])))
def test_equal_values_and_both_zeros_stay_in_their_order(values):
    np.testing.assert_array_equal(_rising(values), np.argsort(values, kind="stable"))


def test_many_values_of_a_strided_array_are_ranked_so_too():
    field = np.random.default_rng(0).standard_normal(200_000).astype(np.float32).view(np.complex64)
    np.testing.assert_array_equal(_rising(field.imag), np.argsort(field.imag, kind="stable"))
