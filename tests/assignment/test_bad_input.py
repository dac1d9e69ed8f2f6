"""What an assignment does with images that hold nothing to assign, or what cannot be computed with."""

from __future__ import annotations

import numpy as np
import pytest

from napari_atlas_assign import AssignmentWarning, Image, InputError
from napari_atlas_assign.assignment.assign import assign
from napari_atlas_assign.assignment.columns import ASSIGNMENTS, MODES
from tests.cases import atlas_of

CONVENTIONS = ("default", "siibra")


@pytest.fixture
def blob(small_atlas) -> np.ndarray:
    data = np.zeros(small_atlas.grid.shape, np.float32)
    data[2:5, 4:8, 3:6] = np.arange(36).reshape(3, 4, 3) + 1
    return data


@pytest.fixture(params=["equal grids", "other grid"])
def affine(request, small_atlas):
    """That of the atlas, and one half a voxel off."""
    affine = small_atlas.grid.affine.copy()
    if request.param == "other grid":
        affine[:3, 3] += 1
    return affine


def assert_empty_and_well_formed(result) -> None:
    assert list(result.assignments.columns[: len(ASSIGNMENTS)]) == list(ASSIGNMENTS)
    assert list(result.modes.columns[: len(MODES)]) == list(MODES)
    assert len(result.assignments) == len(result.modes) == 0
    assert result.components.data.shape == result.components.grid.shape
    assert not result.components.data.any()
    assert result.assignments.query("correlation >= 0.35").empty


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_a_threshold_that_leaves_nothing_gives_an_empty_result_and_says_so(small_atlas, blob, affine, convention):
    image = Image.from_array(blob, affine, "map.nii")
    sentence = r"map\.nii has no mode beyond the threshold 99: its values run from 0 to 36"
    with pytest.warns(AssignmentWarning, match=sentence):
        result = assign(image, small_atlas, threshold=99, convention=convention)
    assert_empty_and_well_formed(result)
    assert len(result.warnings) == 1


@pytest.mark.parametrize("convention", CONVENTIONS)
@pytest.mark.parametrize("tail", ["positive", "negative", "both"])
def test_an_image_of_zeros_gives_an_empty_result(small_atlas, affine, convention, tail):
    image = Image.from_array(np.zeros(small_atlas.grid.shape), affine, "zeros.nii")
    with pytest.warns(AssignmentWarning, match=r"zeros\.nii has no mode beyond the threshold 0: all its values are 0"):
        assert_empty_and_well_formed(assign(image, small_atlas, tail=tail, convention=convention))


def test_a_minimum_volume_that_leaves_nothing_is_named(small_atlas, blob):
    image = Image.from_array(blob, small_atlas.grid.affine, "map.nii")
    with pytest.warns(AssignmentWarning, match=r"map\.nii has no mode of 1000 mm3 or more beyond the threshold 0"):
        assert_empty_and_well_formed(assign(image, small_atlas, min_volume_mm3=1000))


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_an_image_of_nan_is_refused(small_atlas, affine, convention):
    image = Image.from_array(np.full(small_atlas.grid.shape, np.nan), affine, "empty.nii")
    with pytest.raises(
        InputError, match=r"empty\.nii holds no number \(all voxels are NaN\); check how the map was made"
    ):
        assign(image, small_atlas, convention=convention)


def test_infinite_values_in_a_mode_are_refused_and_others_ignored(small_atlas, blob):
    blob[3, 5, 4] = np.inf
    blob[0, 0, 0] = -np.inf
    image = Image.from_array(blob, small_atlas.grid.affine, "map.nii")
    sentence = r"map\.nii holds 1 infinite values? beyond the threshold; replace"
    with pytest.raises(InputError, match=sentence):
        assign(image, small_atlas)
    with pytest.raises(InputError, match=sentence):
        assign(image, small_atlas, tail="negative")
    blob[3, 5, 4] = 7
    assert len(assign(Image.from_array(blob, small_atlas.grid.affine), small_atlas).assignments) > 0


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_an_image_elsewhere_is_unassigned_with_a_word_on_spaces(small_atlas, blob, convention):
    affine = small_atlas.grid.affine.copy()
    affine[:3, 3] += 500
    image = Image.from_array(blob, affine, "map.nii")
    with pytest.warns(AssignmentWarning) as warned:
        result = assign(image, small_atlas, convention=convention)
    assert len(result.assignments) == 0
    if convention == "default":
        assert "no mode of map.nii overlaps small atlas: image and atlas may be in different spaces" in str(
            warned[0].message
        )
        assert result.modes["unassigned share"].tolist() == [1.0]
        assert result.modes["best region by share"].isna().all()
    else:  # nothing of the image is left on the atlas's grid
        assert "no mode" in str(warned[0].message)


def test_an_atlas_of_empty_maps_overlaps_nothing(blob, small_atlas):
    atlas = atlas_of(np.zeros((2, 4, 4, 4), np.float32), np.eye(4))
    turned = np.array([[1.0, 1, 0, 0], [-1, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]])
    for affine in (np.eye(4), np.diag([2.0, 2, 2, 1]), turned):
        with pytest.warns(AssignmentWarning, match="overlaps"):
            assert len(assign(Image.from_array(blob, affine), atlas).assignments) == 0


def test_an_unknown_convention_is_refused(small_atlas, blob):
    with pytest.raises(InputError, match="the convention is 'fsl'; give 'default' or 'siibra'"):
        assign(Image.from_array(blob, small_atlas.grid.affine), small_atlas, convention="fsl")


def test_a_good_assignment_warns_of_nothing(small_atlas, blob, recwarn):
    result = assign(Image.from_array(blob, small_atlas.grid.affine), small_atlas)
    assert not [w for w in recwarn if issubclass(w.category, AssignmentWarning | RuntimeWarning)]
    assert result.warnings == ()
