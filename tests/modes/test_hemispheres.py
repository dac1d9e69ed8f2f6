"""The hemispheres of modes, by coordinates."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_atlas_assign import Image
from napari_atlas_assign.modes.hemispheres import hemisphere_shares
from napari_atlas_assign.modes.modes import find_modes
from tests.cases import atlas_to_world, random_image


@st.composite
def modes_near_the_midplane(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = draw(st.tuples(*[st.integers(1, 5)] * 3))
    affine = atlas_to_world(rng)
    affine[:3, 3] -= affine[:3] @ [*(np.array(shape) / 2), 1] + rng.uniform(-1, 1, 3)
    image = Image.from_array(random_image(rng, shape, "dense"), affine)
    return find_modes(image, connectivity=6)


@given(modes_near_the_midplane())
@settings(max_examples=40)
def test_hemisphere_shares_are_the_parts_of_the_boxes_on_each_side(modes):
    shares = hemisphere_shares(modes)
    assert shares.sum(axis=1) == pytest.approx(np.ones(modes.n_modes))
    fine = (np.arange(12) + 0.5) / 12 - 0.5
    offsets = np.stack(np.meshgrid(fine, fine, fine, indexing="ij"), -1).reshape(-1, 3)
    for m in range(modes.n_modes):
        ijk = modes.grid.unravel(modes.voxel[modes.mode == m])[:, None] + offsets
        x = modes.grid.to_world(ijk)[..., 0]
        assert shares[m, 0] == pytest.approx(np.mean(x < 0), abs=0.09)


def test_a_voxel_on_the_midplane_counts_half_on_each_side():
    image = Image.from_array(np.ones((1, 1, 1)), np.diag([2.0, 2.0, 2.0, 1.0]))
    assert hemisphere_shares(find_modes(image)).tolist() == [[0.5, 0.5]]


def test_the_left_hemisphere_has_negative_x_however_the_file_is_stored():
    data = np.zeros((4, 2, 2))
    data[0] = 1
    for sign, expected in ((1, [1, 0]), (-1, [0, 1])):
        affine = np.diag([sign * 1.0, 1, 1, 1])
        affine[0, 3] = -sign * 1.5
        assert hemisphere_shares(find_modes(Image.from_array(data, affine))).tolist() == [expected]


def test_no_modes_have_no_shares():
    assert hemisphere_shares(find_modes(Image.from_array(np.zeros((2, 2, 2)), np.eye(4)))).shape == (0, 2)
