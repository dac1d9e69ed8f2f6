"""Resampling in the siibra convention equals the rules R1 to R5, written out with scipy alone."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import ndimage

from napari_atlas_assign import Grid, Image
from napari_atlas_assign.assignment.sums.resample import resample, resample_labels
from tests.cases import atlas_to_world, image_to_atlas

RELATIONS = (
    "aligned",
    "aligned",
    "flipped",
    "turned",
    "coarser",
    "finer",
    "half voxel",
    "parallel",
    "oblique",
    "partly outside",
    "outside",
)
KINDS = (
    "float",
    "positive",
    "blob",
    "float32",
    "nan",
    "infinite",
    "int16",
    "uint8",
    "int64",
    "big-endian",
    "binary",
    "binary float",
)


def resampled_by_the_rules(
    data: np.ndarray, affine: np.ndarray, shape: tuple[int, int, int], target: np.ndarray
) -> np.ndarray:
    binary = np.array_equal(np.unique(data), [0, 1])
    # As siibra's resampler does: without the rounding that would put a voxel on the edge outside.
    to_source = np.eye(4) if np.array_equal(affine, target) else np.linalg.inv(affine) @ target
    matrix, offset = to_source[:3, :3], to_source[:3, 3]
    if (matrix == np.diag(np.diag(matrix))).all():
        matrix = np.diag(matrix)  # scipy then interpolates by another routine, whose rounding differs
    finite = np.isfinite(data)
    source = data if finite.all() else filled(data)
    out = np.zeros(shape, data.dtype.newbyteorder("="))
    ndimage.affine_transform(source, matrix, offset, shape, out, order=0 if binary else 1)
    if not finite.all():
        out[ndimage.affine_transform(~finite, matrix, offset, shape, order=0)] = 0
    return out


def filled(data: np.ndarray) -> np.ndarray:
    """Twice: every non-finite voxel takes the mean of its finite face neighbours; the others then become 0."""
    data = data.astype(np.float64)
    data[~np.isfinite(data)] = np.nan
    for _ in range(2):
        before = data.copy()
        for voxel in np.argwhere(np.isnan(before)):
            neighbours = [voxel + step for step in np.vstack([np.eye(3, dtype=int), -np.eye(3, dtype=int)])]
            inside = [tuple(n) for n in neighbours if (n >= 0).all() and (n < data.shape).all()]
            values = [before[n] for n in inside if np.isfinite(before[n])]
            if values:
                data[tuple(voxel)] = np.mean(values)
    return np.nan_to_num(data)


def some_data(rng: np.random.Generator, kind: str, shape: tuple[int, ...]) -> np.ndarray:
    if kind in ("int16", "int64"):
        return rng.integers(-4, 5, shape).astype(kind)
    if kind == "uint8":
        return rng.integers(0, 4, shape).astype(kind)
    if kind == "binary":
        return rng.integers(0, 2, shape).astype(np.uint8)
    if kind == "binary float":
        return rng.integers(0, 2, shape).astype(np.float32)
    data = rng.normal(size=shape)
    if kind == "positive":
        return np.maximum(data, 0).astype(np.float32)
    if kind == "blob":
        blob = np.zeros(shape, np.float32)
        blob[tuple(slice(n // 3, n - n // 3) for n in shape)] = 1.5
        return blob
    if kind == "float32":
        return data.astype(np.float32)
    if kind == "big-endian":
        return data.astype(">f4")
    if kind == "nan":
        data[rng.random(shape) < 0.4] = np.nan
    if kind == "infinite":
        data[rng.random(shape) < 0.1] = np.inf
    return data


@pytest.mark.parametrize("kind", KINDS)
def test_resampling_equals_the_rules(kind):
    @settings(max_examples=60)
    @given(
        st.integers(0, 2**32 - 1),
        st.sampled_from(RELATIONS),
        st.tuples(*[st.integers(1, 8)] * 3),
        st.tuples(*[st.integers(1, 9)] * 3),
    )
    @example(2863, "flipped", (1, 1, 1), (1, 1, 2))  # of one affine
    def holds(seed, relation, shape, target_shape):
        rng = np.random.default_rng(seed)
        target = atlas_to_world(rng)
        if relation in ("aligned", "turned"):  # as everyday grids are: full of ties and of voxels that exactly coincide
            target = np.diag([*rng.choice([-1, 1, 2, 3], 3), 1.0])
            to_target = np.diag([*np.repeat(rng.choice([1 / 3, 1 / 2, 1, 2, 3]), 3), 1.0])
            to_target[:3, 3] = rng.choice([0, 0.5, 1 / 3, 1, -0.5], 3)
            if relation == "turned":  # the same with another order of axes, as conformed images have
                to_target = to_target @ np.eye(4)[[*rng.permutation(3), 3]]
        else:
            to_target = image_to_atlas(rng, relation, shape, target_shape)
        affine = target @ to_target
        data = some_data(rng, kind, shape)
        if np.array_equal(shape, target_shape) and np.allclose(affine, target):
            return  # equal grids have a rule, and a test, of their own
        voxel, value = resample(Image.from_array(data, affine), Grid(target_shape, target))
        expected = resampled_by_the_rules(data, affine, target_shape, target).reshape(-1)
        assert value.dtype == expected.dtype
        np.testing.assert_array_equal(voxel, np.flatnonzero(expected > 0))
        np.testing.assert_allclose(value, expected[voxel], rtol=1e-6, atol=1e-7)

    holds()


@pytest.mark.parametrize("background", [0.0, np.nan])
@pytest.mark.parametrize("inside", ["numbers", "ones"])
def test_what_lies_in_a_part_of_the_image_is_resampled_by_the_rules(background, inside, rng):
    data = np.full((24, 20, 18), background)
    data[3:9, 7:13, 2:8] = 1 if inside == "ones" else rng.normal(size=(6, 6, 6))
    data[rng.random(data.shape) < 0.2] = np.nan if inside == "numbers" else 0
    data[0, 0, 0] = 0
    affine, target = np.diag([-2.0, 2, 2, 1]), np.diag([1.0, 1.5, -1, 1])
    target[:3, 3] = (-40, 3, 30)
    voxel, value = resample(Image.from_array(data, affine), Grid((40, 26, 36), target))
    expected = resampled_by_the_rules(data, affine, (40, 26, 36), target).reshape(-1)
    assert len(voxel) > 100
    np.testing.assert_array_equal(voxel, np.flatnonzero(expected > 0))
    np.testing.assert_allclose(value, expected[voxel], rtol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64", "int16", ">i2", "uint8"])
def test_equal_grids_leave_the_data_untouched(dtype, rng):
    data = rng.integers(0, 5, (4, 5, 6)).astype(dtype)
    if data.dtype.kind == "f":
        data[1, 2, 3] = np.nan
    affine = np.diag([2.0, 2, 2, 1])
    nearly = affine + 1e-9
    nearly[3] = affine[3]
    voxel, value = resample(Image.from_array(data, affine), Grid(data.shape, nearly))
    np.testing.assert_array_equal(voxel, np.flatnonzero(data > 0))
    np.testing.assert_array_equal(value, data.reshape(-1)[voxel])
    assert value.dtype == data.dtype.newbyteorder("=")


@pytest.mark.parametrize("dtype", ["int16", "float64"])
def test_labels_take_that_of_the_nearest_voxel(dtype, rng):
    labels = rng.integers(0, 5, (4, 5, 6)).astype(dtype)
    if labels.dtype.kind == "f":
        labels[1, 2, 3] = np.nan
    affine = np.diag([2.0, 2, 2, 1])
    found = resample_labels(Image.from_array(labels, affine), Grid((9, 9, 9), np.diag([1.0, 1, 1, 1])))
    for i, j, k in np.ndindex(9, 9, 9):
        place = (np.array([i, j, k]) / 2 + 0.5).astype(int)  # halves go up
        inside = (np.array([i, j, k]) / 2 <= np.array(labels.shape) - 1).all()
        assert found.data[i, j, k] == (np.nan_to_num(labels[tuple(place)]) if inside else 0)


def test_large_voxels_of_the_atlas_and_small_ones_are_worked_on_piece_by_piece(rng, monkeypatch):
    data = np.where(rng.random((6, 7, 8)) < 0.5, rng.normal(size=(6, 7, 8)), 0)
    image = Image.from_array(data, np.diag([2.0, 2, 2, 1]))
    for edge in (0.7, 5.0):
        grid = Grid((18, 18, 18), np.diag([edge, -edge, edge, 1]) + np.array([[0, 0, 0, -1.0]] * 3 + [[0] * 4]))
        whole = resample(image, grid)
        monkeypatch.setattr("napari_atlas_assign.assignment.sums.resample._VALUES_AT_A_TIME", 1)
        for one, other in zip(resample(image, grid), whole, strict=True):
            np.testing.assert_array_equal(one, other)
        monkeypatch.undo()
