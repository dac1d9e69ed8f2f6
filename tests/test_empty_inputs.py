"""What holds nothing is said to be empty, whatever it is."""

from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

import napari_atlas_assign as naa

AFFINE = np.diag([2.0, 2, 2, 1])
NO_PLACES = pd.DataFrame({"x": [], "y": [], "z": []})
NOT_PLACED = pd.DataFrame({"x": [np.nan], "y": [np.nan], "z": [np.nan]})


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    labels = np.zeros((8, 8, 8), np.uint8)
    labels[2:6, 2:6, 2:4], labels[2:6, 2:6, 4:6] = 1, 2
    for name, data in {
        "atlas.nii": labels,
        "zeros.nii": np.zeros((8, 8, 8), np.float32),
        "nan.nii": np.full((8, 8, 8), np.nan, np.float32),
        "no_roi.nii": np.zeros((8, 8, 8), np.uint8),
        "no_regions.nii": np.zeros((8, 8, 8, 2), np.float32),
    }.items():
        nib.save(nib.Nifti1Image(data, AFFINE), name)
    Path("atlas.csv").write_text("index,name\n1,one\n2,two\n")
    Path("folder").mkdir()
    for name in ("nothing.csv", "nothing.tsv", "nothing.xml", "nothing.txt"):
        Path(name).touch()
    Path("blank.csv").write_text("\n \n")
    Path("places.csv").write_text("x,y,z\n")
    Path("groups.csv").write_text("region,group\n")
    Path("foci.txt").write_text("// Reference=MNI\n")


REFUSED = {
    "a file of points without a byte": (lambda: naa.assign("nothing.csv", "atlas.nii"), "nothing.csv is empty"),
    "a file of points of blank lines": (lambda: naa.assign("blank.csv", "atlas.nii"), "blank.csv is empty"),
    "a file of cells without a byte": (lambda: naa.assign("nothing.xml", "atlas.nii"), "nothing.xml is empty"),
    "a list": (lambda: naa.assign([], "atlas.nii"), "the list is empty"),
    "a map of NaN": (lambda: naa.assign("nan.nii", "atlas.nii"), "holds no number"),
    "a map of NaN without modes": (lambda: naa.assign("nan.nii", "atlas.nii", threshold=None), "holds no number"),
    "a tested map of NaN": (lambda: naa.region_test("nan.nii", "atlas.nii", surrogates=99), "holds no number"),
    "a stack of no volume": (
        lambda: naa.assign(nib.Nifti1Image(np.zeros((4, 4, 4, 0)), AFFINE), "atlas.nii"),
        "holds no volume",
    ),
    "a table for label": (lambda: naa.label_table("nothing.txt", "atlas.nii"), "nothing.txt is empty"),
    "an atlas of zeros": (lambda: naa.load_atlas("no_regions.nii"), "holds no region"),
    "a folder as an atlas": (lambda: naa.load_atlas("folder"), "is an empty folder"),
    "a table of names": (lambda: naa.load_atlas("atlas.nii", labels="nothing.tsv"), "nothing.tsv is empty"),
    "a table of groups": (lambda: naa.load_atlas("atlas.nii", groups="groups.csv"), "groups.csv has no rows"),
}

TOLD = {
    "an array": (lambda: naa.assign(np.zeros((0, 3)), "atlas.nii"), "points has no points"),
    "a table of points": (lambda: naa.assign("places.csv", "atlas.nii"), "places.csv has no points"),
    "labels of zeros": (lambda: naa.assign("no_roi.nii", "atlas.nii", rois=True), "has no region of interest"),
    "a map of zeros": (lambda: naa.assign("zeros.nii", "atlas.nii"), "all its values are 0"),
    "a heat map of zeros": (lambda: naa.assign("zeros.nii", "atlas.nii", threshold=None), "zeros.nii is empty"),
    "a sweep of zeros": (lambda: naa.threshold_sweep("zeros.nii", "atlas.nii", [1, 2]), "all its values are 0"),
    "a file for label": (lambda: naa.label_table("places.csv", "atlas.nii"), "places.csv has no rows"),
    "foci for label": (lambda: naa.label_table("foci.txt", "atlas.nii"), "foci.txt has no rows"),
    "a table in memory for label": (lambda: naa.label_table(NO_PLACES, "atlas.nii"), "the table has no rows"),
    "rows without places": (lambda: naa.label_table(NOT_PLACED, "atlas.nii"), "no row with coordinates"),
}


@pytest.mark.filterwarnings("ignore::napari_atlas_assign.AssignmentWarning")
@pytest.mark.parametrize("what", REFUSED)
def test_what_is_empty_and_cannot_be_used_is_one_sentence(folder, what):
    use, says = REFUSED[what]
    with pytest.raises(naa.InputError, match=says) as failed:
        use()
    assert "\n" not in str(failed.value)


@pytest.mark.parametrize("what", TOLD)
def test_what_gives_empty_tables_says_so(folder, what):
    use, says = TOLD[what]
    with pytest.warns(naa.AssignmentWarning, match=says):
        use()


def test_an_empty_folder_and_an_empty_manifest_make_no_batch(folder, run):
    for source, says in (("folder", "holds no image file"), ("nothing.csv", "nothing.csv is empty")):
        code, _, err = run("batch", source, "--atlas", "atlas.nii", "--output", "out")
        assert (code, err.count("\n")) == (2, 1)
        assert says in err


@pytest.mark.filterwarnings("ignore::napari_atlas_assign.AssignmentWarning")
def test_an_empty_table_beside_an_atlas_leaves_it_as_it_is(folder):
    Path("atlas.csv").write_text("")
    assert naa.load_atlas("atlas.nii").n_regions == 2
