"""The compiled loops that find voxels and join runs: the same as numpy, for every order of the memory."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_atlas_assign import loops
from napari_atlas_assign.loops.components import join, search, sort
from napari_atlas_assign.modes.labelling import components, true_voxels, voxels_beyond


@pytest.fixture(autouse=True, scope="module")
def prepared():
    assert loops.prepare()


def volume(seed: int, shape: tuple[int, ...], kind: str) -> np.ndarray:
    data = np.random.default_rng(seed).normal(size=shape).astype(kind).round(1)
    data[data > 1.5] = np.nan
    return data


@given(
    st.integers(0, 2**32 - 1),
    st.tuples(*[st.integers(1, 9)] * 3),
    st.sampled_from(["f4", "f8"]),
    st.sampled_from(["C", "F", "strided", "read-only"]),
    st.tuples(*[st.sampled_from([1, -1])] * 3),
    st.sampled_from([0.0, 0.3, 1.0]),
    st.sampled_from([1, -1]),
)
def test_voxels_beyond_are_those_that_compare_so(seed, shape, kind, order, directions, threshold, sign):
    data = volume(seed, shape, kind)
    if order == "strided":
        data = np.repeat(data, 2, axis=1)[:, ::2]
    elif order == "read-only":
        data = np.asfortranarray(data)
        data.setflags(write=False)
    else:
        data = np.array(data, order=order)
    data = data[tuple(slice(None, None, step) for step in directions)]
    expected = np.flatnonzero(data > threshold if sign > 0 else data < -threshold)
    found = voxels_beyond(data, threshold, sign)
    assert found.dtype == np.int64
    np.testing.assert_array_equal(found, expected)


def test_a_threshold_is_compared_in_the_type_of_the_data(monkeypatch):
    data = np.full((2, 2, 2), np.float32(0.1))  # 0.1 in float64 is smaller
    fast = voxels_beyond(data, 0.1, 1)
    monkeypatch.setattr(search, "_compiled", None)
    np.testing.assert_array_equal(fast, voxels_beyond(data, 0.1, 1))
    assert len(fast) == 0


@pytest.mark.parametrize("loop", [search, sort])
@pytest.mark.parametrize("order", ["C", "F"])
def test_while_some_loops_are_still_being_compiled_nothing_else_comes_out(loop, order, monkeypatch):
    data = np.array(volume(0, (5, 6, 7), "f4"), order=order)
    fast = voxels_beyond(data, 0.3, 1)
    monkeypatch.setattr(loop, "_compiled", None)
    np.testing.assert_array_equal(voxels_beyond(data, 0.3, 1), fast)


@given(
    st.integers(0, 2**32 - 1),
    st.tuples(*[st.integers(1, 9)] * 3),
    st.sampled_from([6, 18, 26]),
    st.sampled_from([0.05, 0.3, 0.6]),
)
def test_components_are_those_of_numpy(seed, shape, connectivity, part):
    voxel = true_voxels(np.random.default_rng(seed).random(shape) < part)
    fast = components(voxel, shape, connectivity)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(join, "_compiled", None)
        plain = components(voxel, shape, connectivity)
    for one, other in zip(fast, plain, strict=True):
        np.testing.assert_array_equal(one, other)
