from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from scipy import ndimage

from napari_atlas_assign import Image, InputError
from napari_atlas_assign.modes.labelling import label_components
from napari_atlas_assign.modes.modes import find_modes
from tests.cases import cases
from tests.naive import components


def image_of(data, affine=None) -> Image:
    return Image.from_array(data, np.eye(4) if affine is None else affine, "map.nii")


def test_the_threshold_itself_is_background():
    data = np.zeros((5, 1, 1))
    data[:, 0, 0] = [3, 4, 0, 3.5, -4]
    assert find_modes(image_of(data), threshold=3).components()[:, 0, 0].tolist() == [0, 1, 0, 2, 0]
    assert find_modes(image_of(data), threshold=4).n_modes == 0
    assert find_modes(image_of(data), threshold=3.9, tail="negative").components()[:, 0, 0].tolist() == [0, 0, 0, 0, 1]


def test_a_threshold_is_compared_in_the_type_of_the_data_whatever_its_own_type():
    data = np.full((2, 1, 1), 0.1, np.float32)
    for threshold in (0.1, np.float64(0.1), np.float32(0.1)):
        assert find_modes(image_of(data), threshold=threshold).n_modes == 0


@pytest.mark.parametrize(("connectivity", "n"), [(6, 3), (18, 2), (26, 1)])
def test_connectivity_tells_faces_edges_and_corners(connectivity, n):
    data = np.zeros((3, 3, 3))
    data[0, 0, 0] = data[1, 1, 0] = data[2, 2, 1] = 1  # an edge, then a corner
    assert find_modes(image_of(data), connectivity=connectivity).n_modes == n


@settings(max_examples=60)
@given(cases())
def test_components_equal_a_flood_fill(case):
    foreground = np.nan_to_num(case.image) > case.threshold
    labels, n = label_components(foreground, case.connectivity)
    expected = components(foreground, case.connectivity)
    assert n == len(expected)
    for voxels in expected:
        inside = labels[tuple(np.transpose(voxels))]
        assert inside.min() == inside.max() > 0
    assert np.count_nonzero(labels) == sum(map(len, expected))


def test_modes_of_opposite_sign_never_merge():
    data = np.ones((4, 4, 4))
    data[2:] = -1
    found = find_modes(image_of(data), tail="both")
    assert found.sign.tolist() == [1, -1]
    assert found.counts().tolist() == [32, 32]
    assert (found.value == 1).all()


def test_modes_are_numbered_by_falling_volume_then_by_centroid():
    data = np.zeros((9, 5, 5))
    data[0, 0, 0] = data[0, 0, 2] = data[8, 0, 0] = 1
    data[4, 2:5, 2] = 1
    flipped = np.diag([-1.0, 1, 1, 1])
    assert find_modes(image_of(data)).components()[[4, 0, 0, 8], [2, 0, 0, 0], [2, 0, 2, 0]].tolist() == [1, 2, 3, 4]
    assert find_modes(image_of(data, flipped)).components()[[4, 8, 0, 0], [2, 0, 0, 0], [2, 0, 0, 2]].tolist() == [
        1,
        2,
        3,
        4,
    ]


def test_scan_order_runs_with_the_last_axis_fastest_and_keeps_gaps():
    data = np.zeros((5, 5, 5))
    data[0, 0, 4] = data[0, 4, 0:2] = data[4, 0, 0:3] = 1
    found = find_modes(image_of(data), numbering="scan", min_voxels=2)
    assert found.number.tolist() == [2, 3]
    assert found.counts().tolist() == [2, 3]


def test_modes_smaller_than_the_minimum_volume_are_dropped_and_those_of_exactly_it_kept():
    data = np.zeros((5, 5, 5))
    data[0, 0, :3] = data[4, 4, :2] = 1
    affine = np.diag([0.1, 0.1, 0.1, 1])  # 0.001 mm3 per voxel, which is not a round binary number
    assert find_modes(image_of(data, affine), min_volume_mm3=0.003).counts().tolist() == [3]
    assert find_modes(image_of(data, affine), min_volume_mm3=0.0031).n_modes == 0


def test_a_mode_of_exactly_the_minimum_volume_is_kept_although_the_header_is_in_float32():
    edges = np.array([1.1, 0.9, 0.7])  # in float32 a little less
    affine = np.diag([*edges.astype(np.float32).astype(np.float64), 1])
    data = np.zeros((4, 4, 4))
    data[1:3, 1, 1] = 1
    for affine_as_meant in (affine, np.diag([*edges, 1])):
        assert find_modes(image_of(data, affine_as_meant), min_volume_mm3=2 * edges.prod()).n_modes == 1


def test_the_peak_of_a_plateau_lies_in_the_mode_however_it_is_stored():
    data = np.zeros((7, 7, 3))
    data[1:6, 1:6, 1] = 1
    data[2:5, 2:5, 1] = 0  # a ring: the mean of its voxels lies outside
    for flip in (1, -1):
        affine = np.diag([flip, 1.0, 1, 1])
        affine[0, 3] = 0 if flip > 0 else 6
        image = image_of(data[::flip], affine)
        voxel, value = find_modes(image).peaks()
        assert value.tolist() == [1]
        assert image.data.reshape(-1)[voxel[0]] == 1
        assert image.grid.to_world(image.grid.unravel(voxel))[0].tolist() == [1, 3, 1]


def test_what_is_masked_is_background():
    data = np.ma.masked_array(np.ones((3, 1, 1)), mask=[[[False]], [[True]], [[False]]])
    assert find_modes(image_of(data)).n_modes == 2


@pytest.mark.parametrize("threshold", [-1, np.nan, np.inf, "3", None])
def test_a_threshold_is_0_or_a_positive_number(threshold):
    with pytest.raises(InputError, match=r"the threshold is .*; give 0 or a positive number"):
        find_modes(image_of(np.ones((2, 2, 2))), threshold=threshold)


@pytest.mark.parametrize("volume", [-1, np.nan, np.inf, "10", None])
def test_a_minimum_volume_is_0_or_a_positive_number(volume):
    with pytest.raises(InputError, match=r"the minimum volume is .*; give 0 or a positive number of mm3"):
        find_modes(image_of(np.ones((2, 2, 2))), min_volume_mm3=volume)


def test_connectivity_and_tail_are_one_of_three():
    with pytest.raises(InputError, match="the connectivity is 8; give 6, 18 or 26"):
        find_modes(image_of(np.ones((2, 2, 2))), connectivity=8)
    with pytest.raises(InputError, match="the tail is 'left'; give 'positive', 'negative' or 'both'"):
        find_modes(image_of(np.ones((2, 2, 2))), tail="left")


@pytest.mark.parametrize("connectivity", [6, 18, 26])
@pytest.mark.parametrize("density", [0.02, 0.3, 0.6, 1])
@pytest.mark.parametrize("order", ["C", "F"])
def test_labels_are_those_of_scipy_at_any_density(connectivity, density, order):
    rng = np.random.default_rng(int(100 * density))
    structure = ndimage.generate_binary_structure(3, {6: 1, 18: 2, 26: 3}[connectivity])
    for _ in range(20):
        mask = np.array(rng.random(rng.integers(1, 9, 3)) < density, order=order)
        labels, n = label_components(mask, connectivity)
        expected, n_expected = ndimage.label(mask, structure)
        assert n == n_expected
        pairs = set(zip(labels.ravel().tolist(), expected.ravel().tolist(), strict=True))
        assert len(pairs) == n + (not mask.all())
        assert (labels > 0).tolist() == mask.tolist()
        first = [int(np.flatnonzero(labels == number)[0]) for number in range(1, n + 1)]
        assert first == sorted(first)


@pytest.mark.parametrize("axes", [(0, 1, 2), (2, 0, 1), (1, 2, 0)])
def test_a_long_winding_component_is_one(axes):
    mask = np.zeros((2, 60, 40), bool)
    mask[0, ::2] = mask[0, 1::4, 0] = mask[0, 3::4, -1] = True
    mask[1, 59, 38] = True  # shares edges with two voxels of it
    for connectivity, n in ((6, 2), (18, 1), (26, 1)):
        assert label_components(mask.transpose(axes), connectivity)[1] == n
