"""Label volumes of any type and order in memory, read slab by slab, against their voxels one by one."""

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_atlas_assign.atlas.labels import label_volume
from napari_atlas_assign.atlas.labels.label_volume import code_labels
from napari_atlas_assign.opening import kept_open

LABELS = np.array([0, 0, 1, 2, 7, 200])


@st.composite
def volumes(draw):
    """Labels in runs along one axis, short or long or over several rows and planes, in any order in memory."""
    shape = draw(st.tuples(*[st.integers(1, 6)] * 3))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    length = draw(st.sampled_from([1, 3, 17, 90]))
    order = draw(st.permutations(range(3)))
    runs = np.repeat(rng.choice(LABELS, np.prod(shape)), length)[: np.prod(shape)]
    turned = runs.reshape(tuple(shape[axis] for axis in order)).transpose(np.argsort(order))
    kind = np.dtype(draw(st.sampled_from(["u1", "i2", ">u2", "u4", ">i4", "i8", "u8", "f4", ">f8"])))
    values = turned.astype(kind, order="K")
    if kind.kind == "f":
        values += rng.choice([0, 1e-4, -1e-4], shape).astype(kind)  # rounding
        values[rng.random(shape) < 0.1] = np.nan
    return values


def check(coded, values):
    assert coded.shape == values.shape[:3]
    dense = np.zeros(coded.shape, np.int64).reshape(-1)
    dense[coded.runs.voxels()] = coded.labels[coded.runs.regions()]
    expected = np.rint(np.nan_to_num(values.astype(np.float64))).astype(np.int64)
    np.testing.assert_array_equal(dense.reshape(coded.shape), expected.reshape(coded.shape))
    assert sorted(coded.labels.tolist()) == [label for label in np.unique(expected).tolist() if label]
    # Runs come in the order of their voxels, and are as long as they can be.
    start, stop = coded.runs.start.astype(np.int64), coded.runs.start + np.diff(coded.runs.begin)
    touching = (stop[:-1] == start[1:]) & (start[1:] % coded.shape[2] > 0)
    assert (stop[:-1] <= start[1:]).all()
    assert (coded.runs.region[:-1] != coded.runs.region[1:])[touching].all()


@given(values=volumes())
@settings(max_examples=150)
def check_against_voxels(values):
    check(code_labels(values, "a"), values)


@pytest.mark.parametrize(("at_a_time", "in_a_block"), [(1, 0), (1, 5), (7, 20), (2**20, 2**24)])
def test_runs_hold_each_voxel_once_with_its_label(at_a_time, in_a_block, monkeypatch):
    monkeypatch.setattr(label_volume, "_SLAB_VOXELS", at_a_time)
    monkeypatch.setattr(label_volume, "_CHANGES_IN_A_BLOCK", in_a_block)
    check_against_voxels()


@pytest.mark.parametrize("at_a_time", [1, 50, 2**20])
@pytest.mark.parametrize("packing", ["nii", "nii.gz"])
def test_a_file_is_read_as_its_array(at_a_time, packing, tmp_path, rng, monkeypatch):
    monkeypatch.setattr(label_volume, "_SLAB_VOXELS", at_a_time)
    labels = np.repeat(rng.choice(LABELS, (5, 6, 3)), 3, axis=2).astype(np.int16)
    nib.save(nib.Nifti1Image(labels[..., None], np.eye(4)), tmp_path / f"a.{packing}")
    check(code_labels(kept_open(nib.load(tmp_path / f"a.{packing}")), "a"), labels)


def test_a_run_ends_with_its_row():
    coded = code_labels(np.full((2, 3, 4), 5), "a")
    assert coded.runs.start.tolist() == list(range(0, 24, 4))
    assert coded.runs.begin.tolist() == list(range(0, 25, 4))


@pytest.mark.parametrize("order", "CF")
def test_background_alone_has_no_runs(order):
    coded = code_labels(np.zeros((2, 3, 4), np.uint8, order=order), "a")
    assert (len(coded.runs), coded.runs.n_entries, len(coded.labels)) == (0, 0, 0)


@pytest.mark.parametrize("order", "CF")
def test_labels_beyond_16_bits_get_codes_that_hold_them(order):
    labels = np.asarray(np.arange(70_000).reshape(70, 10, 100), order=order)
    coded = code_labels(labels, "a")
    assert coded.runs.region.dtype == np.uint32
    check(coded, labels)
