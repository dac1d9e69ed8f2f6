"""Connected components, and what their runs are joined by."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from napari_atlas_assign.modes.labelling import bounding_slices, label_components, lowest_joined, true_voxels


@given(st.integers(1, 30).flatmap(lambda n: st.tuples(st.just(n), st.lists(st.tuples(*[st.integers(0, n - 1)] * 2)))))
def test_joined_numbers_have_the_lowest_of_their_component(case):
    n, pairs = case
    a, b = np.array(pairs, int).reshape(-1, 2).T
    _, component = connected_components(csr_array((np.ones(len(a)), (a, b)), shape=(n, n)), directed=False)
    expected = [int(np.flatnonzero(component == c)[0]) for c in component]
    assert lowest_joined(n, a, b).tolist() == expected


@pytest.mark.parametrize(("connectivity", "rank"), [(6, 1), (18, 2), (26, 3)])
@given(seed=st.integers(0, 2**32 - 1), shape=st.tuples(*[st.integers(1, 6)] * 3), order=st.sampled_from("CF"))
def test_components_are_those_of_scipy(connectivity, rank, seed, shape, order):
    mask = np.asarray(np.random.default_rng(seed).random(shape) < 0.4, order=order)
    expected, n_expected = ndimage.label(mask, ndimage.generate_binary_structure(3, rank))
    labels, n = label_components(mask, connectivity)
    assert n == n_expected
    np.testing.assert_array_equal(labels, expected)


@pytest.mark.parametrize("order", "CF")
def test_true_voxels_rise_however_the_mask_lies_in_memory(order, rng):
    mask = np.asarray(rng.random((4, 5, 6)) < 0.3, order=order)
    assert true_voxels(mask).tolist() == np.flatnonzero(mask).tolist()


def test_the_bounding_box_holds_all_true_voxels_and_no_plane_more():
    mask = np.zeros((5, 6, 7), bool)
    assert bounding_slices(mask) is None
    mask[1, 2, 3] = mask[3, 2, 5] = True
    assert bounding_slices(mask) == (slice(1, 4), slice(2, 3), slice(3, 6))
