"""Segmentations of 3D Slicer as regions of interest."""

from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest

from napari_atlas_assign import InputError
from napari_atlas_assign.limits import Start
from napari_atlas_assign.modes.segmentation import is_segmentation, read_segmentation
from tests.nrrd_files.helpers import write_nrrd

LABELS = np.zeros((3, 4, 5), np.uint8)
LABELS[0], LABELS[2, 1] = 1, 4


def test_each_segment_is_a_region_with_its_name_and_its_number(tmp_path):
    fields = {"Segment0_Name": "left", "Segment0_LabelValue": "1", "Segment1_Name": "right", "Segment1_LabelValue": "4"}
    place = {"space": "RAS", "space_directions": "(1,0,0) (0,1,0) (0,0,1)", "space_origin": "(0,0,0)"}
    path = write_nrrd(tmp_path / "a.seg.nrrd", LABELS, **place, **fields)
    assert is_segmentation(Start.of(path))
    image = read_segmentation(path)
    assert image.names == {1: "left", 4: "right"}
    assert image.stated.labels
    np.testing.assert_array_equal(image.data, LABELS)


def test_other_files_are_none(tmp_path):
    nib.save(nib.Nifti1Image(LABELS, np.eye(4)), tmp_path / "a.nii")
    assert not is_segmentation(Start.of(tmp_path / "a.nii"))
    assert not is_segmentation(Start.of(write_nrrd(tmp_path / "a.nrrd", LABELS)))
    with pytest.raises(InputError):
        read_segmentation(tmp_path / "gone.seg.nrrd")
