"""What the user gives becomes an image, a stack or points."""

from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest

from napari_atlas_assign import Image, InputError, PointSet
from napari_atlas_assign.source import as_source, says_labels, says_labels_in_header

DATA = np.arange(24, dtype=np.float32).reshape(2, 3, 4)
AFFINE = np.diag([2.0, 2, 2, 1])


def test_a_file_a_nibabel_image_and_an_array_with_its_affine_are_one_image(tmp_path):
    img = nib.Nifti1Image(DATA, AFFINE)
    nib.save(img, tmp_path / "map.nii")
    for source in (
        tmp_path / "map.nii",
        str(tmp_path / "map.nii"),
        img,
        (DATA, AFFINE),
        Image.from_array(DATA, AFFINE),
    ):
        image, options = as_source(source)
        np.testing.assert_array_equal(image.data, DATA)
        np.testing.assert_array_equal(image.grid.affine, AFFINE)
        assert options == {}


def test_several_volumes_are_a_stack_unless_one_is_chosen(tmp_path):
    nib.save(nib.Nifti1Image(np.stack([DATA, DATA + 100], axis=-1), AFFINE), tmp_path / "maps.nii")
    stack, _ = as_source(tmp_path / "maps.nii")
    assert [image.data[0, 0, 0] for image in stack] == [0, 100]
    one, _ = as_source(tmp_path / "maps.nii", volume=1)
    assert one.data[0, 0, 0] == 100


def test_rows_of_three_are_points():
    points, _ = as_source([[1, 2, 3], [4, 5, 6]], sigma=2)
    assert isinstance(points, PointSet)
    assert points.xyz.tolist() == [[1, 2, 3], [4, 5, 6]]
    assert points.sigma.tolist() == [2, 2]


def test_labels_are_told_by_the_header(tmp_path):
    img = nib.Nifti1Image(DATA.astype(np.int16), AFFINE)
    img.header.set_intent("label")
    nib.save(img, tmp_path / "rois.nii")
    image, options = as_source(tmp_path / "rois.nii")
    assert options == {"rois": True}
    assert says_labels(image)
    assert says_labels_in_header(tmp_path / "rois.nii")


@pytest.mark.parametrize(
    ("source", "options", "words"),
    [
        (DATA, {}, "an array alone does not say where"),
        (3.5, {}, "a float like this is neither an image nor points"),
        ([[1, 2, 3], [4, 5]], {}, "differ in length"),
        ((DATA, AFFINE), {"volume": 1}, "volume: only for files"),
        ((DATA, AFFINE), {"volume": True}, "give a whole number"),
        ((DATA, AFFINE), {"sigma": 1}, "sigma: only for points"),
        ((DATA, AFFINE), {"coordinates": "mm"}, "coordinates: only for points"),
    ],
)
def test_what_is_neither_or_does_not_go_together_is_refused(source, options, words):
    with pytest.raises(InputError, match=words):
        as_source(source, **options)
