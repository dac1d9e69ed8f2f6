"""Arrays that are read or computed chunk by chunk."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest

from napari_atlas_assign import Image, InputError
from napari_atlas_assign.lazy import blocks, extremes


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
