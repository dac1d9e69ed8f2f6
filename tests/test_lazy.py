"""Arrays that are read or computed chunk by chunk."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest

from napari_atlas_assign import Image, InputError
from napari_atlas_assign.lazy import extremes


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
