"""What must not change a table: how image and atlas are stored, and on which side of the brain they are."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.cases import SIGNED_PERMUTATIONS, Case, cases, quiet_assign

Stored = tuple[np.ndarray, np.ndarray]  # an array whose last three axes are spatial, and its affine
NUMBERS_OF_MODES = [
    "sign",
    "voxels",
    "volume mm3",
    "peak value",
    "peak voxels",
    "mean value",
    "unassigned share",
    "outside share",
]
NUMBERS_OF_ROWS = slice("correlation", "overlap mm3")


@settings(max_examples=50)
@given(cases(), st.integers(0, 47), st.integers(0, 47))
def test_flipped_and_permuted_storage_changes_nothing(case, of_image, of_atlas):
    image = turned(case.image, case.image_affine, SIGNED_PERMUTATIONS[of_image])
    maps = turned(case.maps, case.atlas_affine, SIGNED_PERMUTATIONS[of_atlas])
    assert_same_tables(case, stored_as(case, image, maps))


@settings(max_examples=40)
@given(cases())
def test_storage_cropped_to_its_content_changes_nothing(case):
    # No mode may reach beyond what is left, so that only background goes.
    image = cropped(np.nan_to_num(case.image), case.image_affine)
    assert_same_tables(case, stored_as(case, image, cropped(case.maps, case.atlas_affine)))


@settings(max_examples=40)
@given(cases(), st.lists(st.integers(0, 3), min_size=12, max_size=12))
def test_storage_padded_with_background_changes_nothing(case, widths):
    image = padded(case.image, case.image_affine, widths[:6])
    assert_same_tables(case, stored_as(case, image, padded(case.maps, case.atlas_affine, widths[6:])))


@settings(max_examples=40)
@given(cases())
def test_mirror_images_give_mirrored_tables(case):
    mirror = np.diag([-1.0, 1, 1, 1])
    mirrored = case.changed(image_affine=mirror @ case.image_affine, atlas_affine=mirror @ case.atlas_affine)
    assert_same_tables(case, mirrored, x=-1)


@settings(max_examples=40)
@given(cases(), st.floats(-200, 200), st.integers(0, 2**32 - 1))
def test_moving_image_and_atlas_together_changes_no_score(case, millimetres, seed):
    motion = np.eye(4)
    motion[:3, :3] = np.linalg.qr(np.random.default_rng(seed).normal(size=(3, 3)))[0]
    motion[:3, 3] = millimetres
    moved = case.changed(image_affine=motion @ case.image_affine, atlas_affine=motion @ case.atlas_affine)
    # Modes of equal size may change numbers, so that rows are compared by their first voxel.
    pd.testing.assert_frame_equal(*(rows_by_first_voxel(one) for one in (case, moved)), rtol=1e-6, atol=1e-7)


@settings(max_examples=40)
@given(cases(), st.sampled_from([0.001, 3.0, 1e6]))
def test_scaling_the_image_scales_its_means_and_leaves_the_other_scores(case, factor):
    case = case.changed(image=case.image.astype(np.float64))
    scaled = case.changed(image=case.image * factor, threshold=case.threshold * factor)
    before, after = quiet_assign(case), quiet_assign(scaled)
    np.testing.assert_array_equal(before.components.data, after.components.data)
    before, after = (
        result.assignments.set_index(["input structure", "volume"]).sort_index() for result in (before, after)
    )
    before["input weighted mean"] *= factor
    pd.testing.assert_frame_equal(before, after, rtol=1e-6, atol=1e-7)


@settings(max_examples=40)
@given(cases())
def test_the_negative_tail_is_the_positive_tail_of_the_turned_image(case):
    image = case.image.astype(np.float64)
    negative = quiet_assign(case.changed(image=image, tail="negative"))
    positive = quiet_assign(case.changed(image=-image, tail="positive"))
    negative_pairs, positive_pairs = negative.assignments, positive.assignments
    assert (negative_pairs.pop("sign") == -positive_pairs.pop("sign")).all()
    pd.testing.assert_frame_equal(negative_pairs, positive_pairs)
    np.testing.assert_array_equal(negative.modes["peak value"], -positive.modes["peak value"])


@settings(max_examples=40)
@given(cases())
def test_nan_background_equals_zero_background(case):
    image = np.where(np.abs(np.nan_to_num(case.image)) > case.threshold, case.image, 0.0)
    image.flat[0] = 1.0 + case.threshold  # at least one number
    for convention in ("default", "siibra"):
        zero = quiet_assign(case.changed(image=image), convention=convention)
        if convention == "siibra" and not zero.mode_voxels.grid.matches(zero.image.grid):
            continue  # resampling fills holes before it interpolates: rule R5 of that convention
        nan = quiet_assign(case.changed(image=np.where(image == 0, np.nan, image)), convention=convention)
        pd.testing.assert_frame_equal(zero.assignments, nan.assignments)
        pd.testing.assert_frame_equal(zero.modes, nan.modes)


# --- other ways to store the same thing ---


def stored_as(case: Case, image: Stored, maps: Stored) -> Case:
    return case.changed(image=image[0], image_affine=image[1], maps=maps[0], atlas_affine=maps[1])


def turned(array: np.ndarray, affine: np.ndarray, turn: np.ndarray) -> Stored:
    """Store with the axes permuted and flipped: new voxel v holds old voxel turn @ v + offset."""
    old_axis = np.abs(turn).argmax(axis=0)  # new axis -> old axis
    first = array.ndim - 3
    out = np.transpose(array, [*range(first), *(first + old_axis)])
    offset = np.zeros(3)
    for new, old in enumerate(old_axis):
        if turn[old, new] < 0:
            out = np.flip(out, first + new)
            offset[old] = array.shape[first + old] - 1
    change = np.eye(4)
    change[:3, :3], change[:3, 3] = turn, offset
    return out, affine @ change


def cropped(array: np.ndarray, affine: np.ndarray) -> Stored:
    spatial = array.reshape(-1, *array.shape[-3:]).any(axis=0)
    if not spatial.any():
        return array, affine
    low, high = np.argwhere(spatial).min(axis=0), np.argwhere(spatial).max(axis=0) + 1
    box = tuple(slice(a, b) for a, b in zip(low, high, strict=True))
    return array[(..., *box)], affine @ shift(low)


def padded(array: np.ndarray, affine: np.ndarray, widths: list[int]) -> Stored:
    pairs = [(widths[0], widths[1]), (widths[2], widths[3]), (widths[4], widths[5])]
    out = np.pad(array, [(0, 0)] * (array.ndim - 3) + pairs)
    return out, affine @ shift([-before for before, _ in pairs])


def shift(voxels) -> np.ndarray:
    affine = np.eye(4)
    affine[:3, 3] = voxels
    return affine


# --- the same tables to rounding ---


def assert_same_tables(one: Case, other: Case, x: float = 1) -> None:
    """Both give the same modes with the same scores; `x=-1` for the other one mirrored."""
    modes, rows = keyed_by_voxels(one)
    other_modes, other_rows = keyed_by_voxels(other, x)
    pd.testing.assert_frame_equal(modes, other_modes, rtol=1e-6, atol=1e-7)
    pd.testing.assert_frame_equal(rows, other_rows, rtol=1e-6, atol=1e-7)


def keyed_by_voxels(case: Case, x: float = 1) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The numbers of both tables, modes named by their lowest voxel in the world: equals may change numbers."""
    result = quiet_assign(case)
    key = {}
    for number in result.modes["input structure"]:
        xyz = result.mode_voxels.grid.to_world(np.argwhere(result.components.data == number)) * [x, 1, 1]
        lowest = min(map(tuple, (xyz.round(3) + 0.0).tolist()))
        key[number] = lowest
    modes = result.modes.set_index(result.modes["input structure"].map(key))[NUMBERS_OF_MODES]
    rows = result.assignments
    index = pd.MultiIndex.from_arrays([rows["input structure"].map(key), rows["volume"]], names=["mode", "region"])
    return sort(modes), sort(rows.set_index(index).loc[:, NUMBERS_OF_ROWS])


def rows_by_first_voxel(case: Case) -> pd.DataFrame:
    result = quiet_assign(case)
    first = [int(np.flatnonzero(result.components.data == number)[0]) for number in result.modes["input structure"]]
    key = dict(zip(result.modes["input structure"], first, strict=True))
    rows = result.assignments
    index = pd.MultiIndex.from_arrays([rows["input structure"].map(key), rows["volume"]], names=["mode", "region"])
    return sort(rows.set_index(index).loc[:, NUMBERS_OF_ROWS])


def sort(frame: pd.DataFrame) -> pd.DataFrame:
    return frame.iloc[sorted(range(len(frame)), key=lambda row: frame.index[row])]
