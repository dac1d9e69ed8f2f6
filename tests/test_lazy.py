"""Arrays that are read or computed chunk by chunk."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_atlas_assign import Image, InputError
from napari_atlas_assign.lazy import as_stored, blocks, extremes, values_at


def test_an_array_that_does_not_know_its_shape_is_refused_in_one_sentence():
    data = da.zeros((6, 6, 6), chunks=3)
    unknown = data[da.arange(6, chunks=3) > 2]
    with pytest.raises(InputError, match=r"does not know its shape; call its compute_chunk_sizes\(\)"):
        Image.from_array(unknown, np.eye(4))


@pytest.mark.parametrize("chunks", [None, 2])
def test_extremes_of_zeros_have_no_sign(chunks):
    data = np.zeros((4, 4, 4))
    data[::2] = -0.0
    low, high = extremes(data if chunks is None else da.from_array(data, chunks=chunks), "zeros")
    assert f"{low:g} to {high:g}" == "0 to 0"


@pytest.mark.parametrize("chunks", [(9, 9, 9), (2, 9, 9), (2, 3, 9), (2, 3, 2)])
def test_voxels_of_blocks_have_their_numbers_in_the_whole(chunks):
    shape = (4, 6, 5)
    whole = np.arange(np.prod(shape)).reshape(shape)
    for block in blocks(da.from_array(whole, chunks=chunks), "x"):
        everywhere = range(block.values.size)
        np.testing.assert_array_equal(block.whole_number(everywhere), block.values.ravel())
        some = np.arange(1, block.values.size, 2)
        np.testing.assert_array_equal(block.whole_number(some), block.values.ravel()[1::2])


@given(st.permutations([0, 1, 2]), st.tuples(*[st.sampled_from([1, -1])] * 3), st.sampled_from("CF"))
def test_values_are_found_however_the_array_lies_in_memory(axes, steps, order):
    data = np.array(np.arange(60.0).reshape(3, 4, 5), order=order)
    data = data.transpose(axes)[tuple(slice(None, None, step) for step in steps)]
    voxel = np.arange(60)[::-7]
    np.testing.assert_array_equal(values_at(data, voxel), data.reshape(-1)[voxel])


def test_what_runs_backwards_is_gone_along_without_a_copy():
    data = np.asfortranarray(np.arange(60.0).reshape(3, 4, 5))[::-1, :, ::-1]
    flat = as_stored(data).ravel(order="K")
    assert np.shares_memory(flat, data)
    assert sorted(flat.tolist()) == list(range(60))
