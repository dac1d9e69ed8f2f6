"""What is true of many volumes of a stack is said once."""

from __future__ import annotations

import warnings

import nibabel as nib
import numpy as np

from napari_atlas_assign import AssignmentWarning, assign
from napari_atlas_assign.assignment.checks import one_for_alike


def test_a_stack_of_ninety_maps_without_a_mode_gives_one_line(small_atlas, tmp_path):
    stack = np.random.default_rng(0).random((*small_atlas.grid.shape, 90)).astype(np.float32)
    nib.save(nib.Nifti1Image(stack, small_atlas.grid.affine), tmp_path / "maps.nii.gz")
    with warnings.catch_warnings(record=True) as heard:
        warnings.simplefilter("always")
        result = assign(tmp_path / "maps.nii.gz", small_atlas, threshold=2)
    lines = [str(w.message) for w in heard if issubclass(w.category, AssignmentWarning)]
    assert [line.count("has no mode") for line in lines if "no mode" in line] == [1]
    assert "likewise 89 more volumes" in "".join(lines)
    assert sum("has no mode" in note for note in result.warnings) == 1


def test_other_words_are_told_apart_and_a_single_note_is_as_it_was():
    notes = ["z[1] is flat", "z[10] is flat", "z[2] is odd", "z is in MNI"]
    assert one_for_alike(notes, ["z[1]", "z[2]", "z[10]"]) == [
        *("z[1] is flat; likewise 1 more volume: z[10]", "z[2] is odd", "z is in MNI"),
    ]
