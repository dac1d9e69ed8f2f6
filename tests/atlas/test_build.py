from __future__ import annotations

import warnings

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_atlas_assign.atlas.build import (
    FractionsError,
    atlas_from_entries,
    atlas_from_label_volume,
    atlas_from_maps,
    distinct_labels,
    region_entries,
    regions_of_labels,
    regions_of_volumes,
    whole_numbers,
)
from napari_atlas_assign.errors import AssignmentWarning, AtlasError
from napari_atlas_assign.grid import Grid

AFFINE = np.diag([2.0, 2.0, 2.0, 1.0])


def table(ids, names=None) -> pd.DataFrame:
    return pd.DataFrame({"id": list(ids), "name": names or [f"area {i}" for i in ids]})


def image(data, dtype=None) -> nib.Nifti1Image:
    data = np.asarray(data, dtype)
    return nib.Nifti1Image(data, AFFINE, dtype=data.dtype)


# --- region_entries ---


@given(seed=st.integers(0, 2**32 - 1), layout=st.sampled_from(["C", "F", "strided", "one plane", "big-endian"]))
@settings(max_examples=60)
def test_region_entries_equal_a_plain_loop_in_every_memory_layout(seed, layout):
    rng = np.random.default_rng(seed)
    volume = rng.choice([0.0, 0.0, 0.25, -1.0, np.nan], rng.integers(1, 5, 3))
    if layout == "F":
        volume = np.asfortranarray(volume)
    elif layout == "strided":
        volume = np.repeat(np.repeat(volume, 2, axis=0), 2, axis=2)[::2, :, ::-2]
    elif layout == "one plane":
        volume = np.asfortranarray(volume[:1])
    elif layout == "big-endian":
        volume = volume.astype(">f4")
    expected, number = {}, 0
    for i in range(volume.shape[0]):
        for j in range(volume.shape[1]):
            for k in range(volume.shape[2]):
                if volume[i, j, k] != 0 and not np.isnan(volume[i, j, k]):
                    expected[number] = float(volume[i, j, k])
                number += 1
    voxel, value = region_entries(volume, "a")
    assert len(voxel) == len(expected)
    assert dict(zip(voxel.tolist(), value.tolist(), strict=True)) == expected


def test_infinite_values_and_colours_are_refused():
    with pytest.raises(AtlasError, match=r"^a holds infinite values"):
        region_entries(np.array([[[np.inf]]]), "a")
    with pytest.raises(AtlasError, match="complex64 are not real numbers"):
        region_entries(np.ones((1, 1, 1), np.complex64), "a")
    with pytest.raises(AtlasError, match="not real numbers"):
        region_entries(np.zeros((1, 1, 1), [("R", "u1"), ("G", "u1"), ("B", "u1")]), "a")


# --- probabilities and percentages ---


@pytest.mark.parametrize(
    ("dtype", "top"),
    [("u1", 100), (">i2", 100), ("<i8", 100), (">f4", 100), ("f8", 1), ("f4", 1), ("f2", 1), (">f8", 1)],
)
def test_percentages_and_probabilities_of_any_type_end_up_in_0_to_1(dtype, top):
    data = np.zeros((2, 2, 2, 2), dtype)
    data[0, 0, 0] = [top, top / 4]
    data[1, 1, 1, 1] = top / 2
    atlas = atlas_from_maps(_as_image(data), None, name="a")
    assert atlas.value.dtype == np.float32
    np.testing.assert_allclose(atlas.map_of(0)[0, 0, 0], 1)
    np.testing.assert_allclose(atlas.map_of(1)[[0, 1], [0, 1], [0, 1]], [0.25, 0.5])
    assert len(atlas.voxel) == 3


def _as_image(data):
    """A nibabel image that hands out the array as it is."""
    img = nib.Nifti1Image(np.zeros(data.shape, np.uint8), AFFINE)
    img._dataobj = data
    return img


def test_one_map_alone_is_scaled_by_the_whole_atlas():
    data = np.zeros((2, 2, 2, 2), np.uint8)
    data[0, 0, 0, 0], data[0, 0, 0, 1] = 1, 100  # one percent is the most that the first region has
    atlas = atlas_from_maps(image(data), None, name="a")
    assert atlas.region_sums.maximum.tolist() == pytest.approx([0.01, 1])


def test_noise_just_beyond_0_and_1_is_rounded_away():
    data = np.zeros((2, 2, 2, 1), np.float32)
    data[0, 0, 0], data[0, 0, 1], data[0, 1, 0] = -1e-4, 1.0005, 0.5
    atlas = atlas_from_maps(image(data), None, name="a")
    assert (atlas.voxel.tolist(), atlas.value.tolist()) == ([1, 2], [1, 0.5])


@pytest.mark.parametrize("values", [[-0.1, 0.5], [0.5, 106], [-3, 8]])
def test_values_that_are_neither_probabilities_nor_percentages_are_refused(values):
    data = np.zeros((2, 2, 2, 1), np.float32)
    data[0, 0, :, 0] = values
    with pytest.raises(AtlasError, match=rf"^a: values run from {values[0]} to {values[1]}, which are neither"):
        atlas_from_maps(image(data), None, name="a")


@pytest.mark.parametrize("fill", [0, np.nan, -1e-9])
def test_maps_without_a_value_above_0_are_refused(fill):
    with pytest.raises(AtlasError, match=r"^a has no voxel above 0"):
        atlas_from_maps(image(np.full((2, 2, 2, 3), fill, np.float32)), None, name="a")


def test_nan_is_background():
    data = np.zeros((2, 2, 2, 2), np.float32)
    data[0, 0, 0] = 0.5
    with_nan = np.where(data == 0, np.nan, data)
    plain, nan = (atlas_from_maps(image(d, np.float32), None, name="a") for d in (data, with_nan))
    assert (nan.voxel.tolist(), nan.value.tolist()) == (plain.voxel.tolist(), plain.value.tolist())


def test_an_empty_volume_among_others_is_a_region_without_voxels():
    data = np.zeros((2, 2, 2, 3), np.float32)
    data[0, 0, 0, [0, 2]] = 0.5
    atlas = atlas_from_maps(image(data), None, name="a")
    assert (atlas.n_regions, atlas.region.tolist()) == (3, [0, 2])


def test_one_map_without_a_fourth_axis_is_an_atlas_of_one_region():
    data = np.zeros((2, 2, 2), np.float32)
    data[1, 0, 1] = 0.5
    np.testing.assert_array_equal(atlas_from_maps(image(data), None, name="a").map_of(0), data)


def test_a_singular_affine_is_refused_with_the_name():
    img = nib.Nifti1Image(np.ones((2, 2, 2, 1), np.float32), None)
    img.header.set_sform(np.diag([1.0, 1, 0, 1]), 2)
    img._affine = img.header.get_best_affine()
    for build in (atlas_from_maps, atlas_from_label_volume):
        with pytest.raises(AtlasError, match=r"^a: the affine is singular"):
            build(img, None, name="a")


def test_the_callers_arrays_are_left_alone():
    values = [np.array([50.0, 100.05], np.float32)]
    atlas_from_entries(Grid((2, 2, 2), AFFINE), table([0]), [np.array([0, 1])], values, name="a")
    assert values[0].tolist() == [50, np.float32(100.05)]


# --- tables for volumes ---


@pytest.mark.parametrize(
    ("ids", "names"),
    [
        ([0, 1, 2], ["A", "B", "C"]),
        ([1, 2, 3], ["A", "B", "C"]),
        ([0, 1, 2, 3], ["Background", "A", "B", "C"]),
        ([2, 0, 1], ["C", "A", "B"]),
    ],
    ids=["from 0", "from 1", "background row", "out of order"],
)
def test_rows_of_a_table_meet_their_volumes(ids, names):
    regions = regions_of_volumes(table(ids, names), 3, "a")
    assert (regions["id"].tolist(), regions["name"].tolist()) == ([0, 1, 2], ["A", "B", "C"])


def test_volumes_without_a_table_are_numbered():
    assert regions_of_volumes(None, 2, "a")["name"].tolist() == ["region 0", "region 1"]


@pytest.mark.parametrize("ids", [[0, 1, 2, 3], [1, 2, 3, 4], [-1, 0, 1], [5, 6]])
def test_a_table_that_does_not_match_the_volume_count_is_refused(ids):
    with pytest.raises(AtlasError, match=f"a has 3 volumes, but its label table has {len(ids)} rows with the numbers"):
        regions_of_volumes(table(ids), 3, "a")


def test_a_table_that_may_count_from_0_or_from_1_is_refused():
    with pytest.raises(AtlasError, match="rows for 1 to 2 only, which may count from 0 or from 1; complete"):
        regions_of_volumes(table([1, 2]), 3, "a")


def test_an_empty_table_is_refused():
    with pytest.raises(AtlasError, match="its label table has 0 rows; give the table"):
        regions_of_volumes(table([]).astype({"id": int}), 3, "a")


def test_missing_rows_are_named_by_their_number_with_a_remark():
    with pytest.warns(AssignmentWarning, match=r"^a: 2 of 4 regions have no row in the label table \(1, 2\); they"):
        regions = regions_of_volumes(table([0, 3]), 4, "a")
    assert regions["name"].tolist() == ["area 0", "region 1", "region 2", "area 3"]


def test_a_number_that_comes_twice_is_refused():
    with pytest.raises(AtlasError, match=r"^a: its label table has the number 1 twice"):
        regions_of_volumes(table([0, 1, 1, 2]), 3, "a")
    with pytest.raises(AtlasError, match=r"^a: its label table has the number 1 twice"):
        regions_of_labels(table([1, 1]), np.array([1]), "a")


def test_names_that_come_twice_are_kept_with_a_remark():
    with pytest.warns(AssignmentWarning, match=r"^a: 1 name stands for more than one region each \(Área 4\); tell"):
        regions = regions_of_volumes(table([0, 1, 2], ["Área 4", "脳", "Área 4"]), 3, "a")
    assert regions["name"].tolist() == ["Área 4", "脳", "Área 4"]


def test_further_columns_stay_with_their_region():
    given = table([2, 1, 3], ["B", "A", "C"]).assign(color=["#00ff00", "#ff0000", None])
    regions = regions_of_volumes(given, 3, "a")
    assert regions["color"].tolist()[:2] == ["#ff0000", "#00ff00"]
    assert pd.isna(regions["color"][2])


# --- labels ---


@pytest.mark.parametrize("dtype", ["f4", "f8", ">f8", "u2", ">u2", "i8", ">i4", "u4", "u8", "?"])
@pytest.mark.parametrize("order", "CF")
def test_labels_of_any_type_are_the_same_atlas(dtype, order):
    labels = np.zeros((3, 4, 5), dtype)
    labels[0, 1, 2] = labels[2, 2, 2] = 1
    labels[1] = 1 if dtype == "?" else 77
    atlas = atlas_from_label_volume(_as_image(np.asarray(labels, order=order)), None, name="a")
    assert atlas.regions["id"].tolist() == ([1] if dtype == "?" else [1, 77])
    for r, label in enumerate(atlas.regions["id"]):
        np.testing.assert_array_equal(atlas.map_of(r), labels == label)


def test_a_trailing_axis_of_one_does_not_matter():
    labels = np.arange(24).reshape(2, 3, 4, 1)
    atlas = atlas_from_label_volume(image(labels, np.int16), None, name="a")
    assert atlas.grid.shape == (2, 3, 4)
    assert atlas.voxel.tolist() == list(range(1, 24))


def test_more_labels_than_16_bits_hold():
    labels = np.arange(70_000).reshape(70, 100, 10)
    atlas = atlas_from_label_volume(image(labels, np.int32), None, name="a")
    assert atlas.regions["id"].tolist() == list(range(1, 70_000))
    np.testing.assert_array_equal(atlas.region, np.arange(69_999))


def test_nan_in_labels_is_background():
    labels = np.full((2, 2, 2), np.nan, np.float32)
    labels[0, 0, 1] = 3
    atlas = atlas_from_label_volume(image(labels), None, name="a")
    assert (atlas.voxel.tolist(), atlas.regions["id"].tolist()) == ([1], [3])


@pytest.mark.parametrize(
    ("value", "message"),
    [
        (-1, "^a: the smallest value is -1; labels must not be negative"),
        (0.5, "are not whole numbers, so they are no labels"),
        (np.inf, "^a holds infinite values"),
        (1e30, "is too large; number the regions anew"),
    ],
)
def test_what_is_no_label_is_refused(value, message):
    labels = np.ones((2, 2, 2))
    labels[1, 1, 1] = value
    with pytest.raises(AtlasError, match=message) as caught:
        atlas_from_label_volume(image(labels), None, name="a")
    assert isinstance(caught.value, FractionsError) == (value == 0.5)


def test_a_volume_without_labels_is_refused():
    with pytest.raises(AtlasError, match=r"^a has no voxel above 0"):
        atlas_from_label_volume(image(np.zeros((2, 2, 2), np.uint8)), None, name="a")


def test_labels_without_a_row_are_named_by_their_value_and_rows_without_voxels_stay():
    labels = image(np.array([[[1, 2, 5]]]), np.uint8)
    with pytest.warns(AssignmentWarning, match=r"^a: 1 of 3 regions has no row in the label table \(5\)"):
        atlas = atlas_from_label_volume(labels, table([2, 0, 9, 1], ["B", "none", "I", "A"]), name="a")
    assert atlas.regions["name"].tolist() == ["A", "B", "label 5", "I"]
    assert atlas.region_sums.volume.tolist() == pytest.approx([8, 8, 8, 0])


def test_a_table_of_another_label_volume_is_refused():
    with pytest.raises(AtlasError, match=r"^a: none of its labels \(1, 2, 3, 4, 5, ...\) is in the label table"):
        regions_of_labels(table([101, 102]), np.arange(1, 8), "a")


def test_a_label_table_that_counts_from_0_is_refused_instead_of_read_one_off():
    with pytest.raises(AtlasError, match="counts from 0, its labels from 1"):
        regions_of_labels(table([0, 1, 2]), np.array([1, 2, 3]), "a")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(regions_of_labels(table([0, 1, 2, 3]), np.array([1, 2, 3]), "a")) == 3
        assert len(regions_of_labels(table([0, 1, 2], ["Unknown", "A", "B"]), np.array([1, 2]), "a")) == 2


def test_distinct_labels_rise_and_leave_out_background():
    assert distinct_labels(np.array([[[7, 0, 2, 7]]])).tolist() == [2, 7]
    assert distinct_labels(np.array([[[2**40, 0, 3]]])).tolist() == [3, 2**40]


def test_whole_numbers_in_floats_become_integers():
    found = whole_numbers(np.array([[[1.0, np.nan, 2.0**40]]]), "a")
    assert found.dtype == np.int64
    assert found.tolist() == [[[1, 0, 2**40]]]
