"""Label images as modes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_atlas_assign import Image, InputError
from napari_atlas_assign.modes.rois import roi_labels, rois_as_modes
from tests.cases import atlas_to_world
from tests.naive import components


@st.composite
def label_images(draw):
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = draw(st.tuples(*[st.integers(1, 6)] * 3))
    labels = rng.choice([0, 0, 0, 1, 2, 2, 70000], shape)
    dtype = draw(st.sampled_from([np.int32, np.uint32, np.float32, np.float64, np.int64]))
    return Image.from_array(labels.astype(dtype), atlas_to_world(rng), "rois")


@given(label_images())
@settings(max_examples=40)
def test_every_label_is_one_mode_as_it_is(image):
    modes = rois_as_modes(image)
    assert modes.number.tolist() == [n for n in (1, 2, 70000) if (image.data == n).any()]
    assert np.array_equal(modes.components(), image.data.astype(np.int64))
    assert (modes.value == 1).all()
    assert roi_labels(modes, image).tolist() == modes.number.tolist()


@given(label_images(), st.sampled_from([6, 18, 26]))
@settings(max_examples=40)
def test_a_split_makes_one_mode_of_every_component_of_every_label(image, connectivity):
    modes = rois_as_modes(image, split=True, connectivity=connectivity)
    found = {
        tuple(sorted(map(tuple, modes.grid.unravel(modes.voxel[modes.mode == m]).tolist())))
        for m in range(modes.n_modes)
    }
    expected = {
        tuple(sorted(component)) for n in (1, 2, 70000) for component in components(image.data == n, connectivity)
    }
    assert found == expected
    assert modes.number.tolist() == list(range(1, len(expected) + 1))
    labels = roi_labels(modes, image)
    assert (np.diff(labels) >= 0).all()
    for label in set(labels.tolist()):
        assert (np.diff(modes.counts()[labels == label]) <= 0).all()


@pytest.mark.parametrize(
    ("values", "says"),
    [
        ([0, -1, 2], r"negative labels \(down to -1\)"),
        ([0, 1.5, 2], "the value 1.5, which is no label"),
        ([0, np.inf, 2], "the label inf"),
        ([0, -np.inf, 2], "negative labels"),
        ([0, 2**31, 1], "labels go up to"),
    ],
)
def test_what_is_no_label_is_refused(values, says):
    with pytest.raises(InputError, match=says):
        rois_as_modes(Image.from_array(np.array([[values]]), np.eye(4), "rois"))


@pytest.mark.parametrize("values", [[0, 0], [np.nan, 0.0]])
def test_an_empty_label_image_has_no_modes(values):
    image = Image.from_array(np.array([[values]]), np.eye(4))
    for split in (False, True):
        assert rois_as_modes(image, split=split).n_modes == 0


def test_nan_is_background_and_scaled_labels_are_rounded():
    image = Image.from_array(np.array([[[np.nan, 2.0000002, 0.9999999]]]), np.eye(4))
    assert rois_as_modes(image).number.tolist() == [1, 2]


def test_a_bad_connectivity_is_refused():
    with pytest.raises(InputError, match="connectivity"):
        rois_as_modes(Image.from_array(np.ones((1, 1, 1)), np.eye(4)), split=True, connectivity=4)
