"""Components of images larger than memory."""

from __future__ import annotations

import dask.array as da
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from napari_atlas_assign import Grid, Image, InputError
from napari_atlas_assign.modes.chunked import components_by_blocks


@pytest.mark.parametrize(("connectivity", "rank"), [(6, 1), (18, 2), (26, 3)])
@given(
    seed=st.integers(0, 2**32 - 1),
    shape=st.tuples(*[st.integers(1, 7)] * 3),
    chunks=st.tuples(*[st.integers(1, 4)] * 3),
)
def test_components_are_those_of_the_whole_image(connectivity, rank, seed, shape, chunks):
    data = np.random.default_rng(seed).normal(size=shape).astype(np.float32)
    image = Image(da.from_array(data, chunks=chunks), Grid(shape, np.eye(4)))
    above, below = components_by_blocks(image, 0.5, (1, -1), connectivity)
    for mask, (voxel, component, value) in ((data > 0.5, above), (data < -0.5, below)):
        labels, n = ndimage.label(mask, ndimage.generate_binary_structure(3, rank))
        assert voxel.tolist() == np.flatnonzero(mask).tolist()
        assert value.tolist() == data[mask].tolist()
        together = set(zip(component.tolist(), labels[mask].tolist(), strict=True))
        assert len(together) == n == len({c for c, _ in together})


def test_an_image_without_a_number_is_refused():
    data = da.full((4, 4, 4), np.nan, chunks=2)
    with pytest.raises(InputError, match="holds no number"):
        components_by_blocks(Image(data, Grid((4, 4, 4), np.eye(4)), "empty"), 0.0, (1,), 18)
