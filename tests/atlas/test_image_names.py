"""Regions of interest keep the names that a table, their file or their layer gives them, in every way in."""

from __future__ import annotations

import warnings

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from napari_atlas_assign import AssignmentWarning, Atlas, Grid, InputError, assign, rerun
from napari_atlas_assign.cli import main
from tests.nrrd_files.helpers import write_nrrd

AFFINE = np.diag([2.0, 2, 2, 1])
NAMES = {1: "North", 2: "South"}
ATLAS_NAMES = ["left half", "right half"]


def blocks() -> np.ndarray:
    labels = np.zeros((8, 8, 8), np.uint8)
    labels[1:3, 1:3, 1:3], labels[5:7, 5:7, 5:7], labels[1:3, 5:7, 5:7] = 1, 2, 2
    return labels


@pytest.fixture
def halves(tmp_path):
    """An atlas file of two regions, with names beside it."""
    labels = np.ones((8, 8, 8), np.uint8)
    labels[4:] = 2
    folder = tmp_path / "atlas"
    folder.mkdir()
    nib.save(nib.Nifti1Image(labels, AFFINE), folder / "halves.nii.gz")
    (folder / "halves.csv").write_text(
        "index,name\n" + "".join(f"{n},{name}\n" for n, name in enumerate(ATLAS_NAMES, 1))
    )
    return folder / "halves.nii.gz"


@pytest.fixture
def rois(tmp_path):
    nib.save(nib.Nifti1Image(blocks(), AFFINE), tmp_path / "rois.nii.gz")
    return tmp_path / "rois.nii.gz"


def table(folder, text="2\tSouth\n1\tNorth\n") -> str:
    (folder / "tables").mkdir(exist_ok=True)
    (folder / "tables" / "names of mine.tsv").write_text(text)
    return str(folder / "tables" / "names of mine.tsv")


def test_a_table_that_is_given_names_them(rois, halves, tmp_path):
    result = assign(rois, halves, rois=True, labels=table(tmp_path))
    assert result.modes["input name"].tolist() == ["North", "South"]
    assert result.summary()["input name"].tolist() == ["North", "South"]
    rows = result.assignments
    assert dict(zip(rows["input structure"], rows["input name"], strict=True)) == NAMES


def test_a_table_beside_them_names_them(rois, halves):
    rois.with_name("rois.csv").write_text("id,name\n1,North\n2,South\n")
    assert assign(rois, halves, rois=True).modes["input name"].tolist() == ["North", "South"]


def test_an_atlas_given_as_regions_of_interest_keeps_its_names(halves):
    assert assign(halves, halves, rois=True).modes["input name"].tolist() == ATLAS_NAMES


def test_without_names_there_is_no_column_and_no_word(rois, halves):
    with warnings.catch_warnings():
        warnings.simplefilter("error", AssignmentWarning)
        result = assign(rois, halves, rois=True)
    assert "input name" not in result.modes
    assert "input name" not in result.assignments


@pytest.mark.parametrize("convention", ["default", "siibra"])
def test_parts_of_a_split_region_have_its_name(rois, halves, tmp_path, convention):
    result = assign(rois, halves, rois=True, split_rois=True, labels=table(tmp_path), convention=convention)
    assert result.modes["input name"].tolist() == ["North", "South", "South"]


def test_labels_without_a_row_are_named_by_their_number_with_a_remark(rois, halves, tmp_path):
    with pytest.warns(AssignmentWarning, match="1 of 2 regions has no row"):
        result = assign(rois, halves, rois=True, labels=table(tmp_path, "2\tSouth\n9\tElsewhere\n"))
    assert result.modes["input name"].tolist() == ["label 1", "South"]


def test_a_table_of_other_regions_is_refused(rois, halves, tmp_path):
    with pytest.raises(InputError, match="none of its labels"):
        assign(rois, halves, rois=True, labels=table(tmp_path, "7\tSouth\n9\tElsewhere\n"))


def test_names_of_a_map_are_refused(rois, halves, tmp_path):
    with pytest.raises(InputError, match="labels: only for regions of interest"):
        assign(rois, halves, threshold=1, labels=table(tmp_path))


def test_arrays_and_stacks_are_named_by_the_table(halves, tmp_path):
    whole = assign((blocks(), AFFINE), halves, rois=True, labels=table(tmp_path))
    stack = nib.Nifti1Image(np.stack([blocks(), blocks()], axis=-1), AFFINE)
    several = assign(stack, halves, rois=True, labels=table(tmp_path))
    assert whole.modes["input name"].tolist() == ["North", "South"]
    assert several.modes["input name"].tolist() == ["North", "South"] * 2


def test_the_command_line_gives_the_table_to_whom_it_belongs(rois, halves, tmp_path):
    names = ["--labels", table(tmp_path), "--output"]
    assert main(["assign", str(rois), "--rois", "--atlas", str(halves), *names, str(tmp_path / "out")]) == 0
    modes = pd.read_csv(tmp_path / "out" / "modes.tsv", sep="\t")
    assert modes["input name"].tolist() == ["North", "South"]
    assert set(modes["best region by share"]) <= set(ATLAS_NAMES)
    halves.with_suffix("").with_suffix(".csv").unlink()
    assert main(["assign", str(rois), "--rois", "--atlas", str(halves), *names, str(tmp_path / "other")]) == 0
    modes = pd.read_csv(tmp_path / "other" / "modes.tsv", sep="\t")
    assert "input name" not in modes
    assert set(modes["best region by share"]) <= set(NAMES.values())


def test_a_batch_takes_label_images_as_regions_of_interest_as_assign_does(rois, halves, tmp_path):
    labelled = rois.rename(tmp_path / "sub_dseg.nii.gz")
    names = ["--labels", table(tmp_path), "--workers", "1", "--output", str(tmp_path / "out")]
    assert main(["batch", str(labelled), "--atlas", str(halves), *names]) == 0
    modes = pd.read_csv(tmp_path / "out" / "modes.tsv", sep="\t")
    alone = assign(labelled, halves, labels=table(tmp_path)).modes
    assert modes["input structure"].tolist() == alone["input structure"].tolist() == [1, 2]
    assert modes["input name"].tolist() == ["North", "South"]


def test_a_record_brings_the_names_back(rois, halves, tmp_path):
    result = assign(rois, halves, rois=True, labels=table(tmp_path))
    result.save(tmp_path / "out")
    (tmp_path / "tables" / "names of mine.tsv").unlink()
    pd.testing.assert_frame_equal(rerun(tmp_path / "out").modes, result.modes)


def test_a_layer_has_its_names_in_its_features(halves):
    from napari.layers import Labels

    from napari_atlas_assign.plugin.layers.geometry import set_geometry

    layer = Labels(blocks().T, features={"region": [None, "North", "South"]})
    set_geometry(layer, AFFINE)
    assert assign(layer, halves).modes["input name"].tolist() == ["North", "South"]


def segmentation(path, **more):
    layers = np.zeros((2, 8, 8, 8), "u1")
    layers[0, 1:4, 1:4, 1:4], layers[0, 5:7], layers[1, 2:6, 2:6, 2:6] = 1, 2, 1
    about = {"Name": ["Höhle", "South", "Middle"], "LabelValue": [1, 2, 1], "Layer": [0, 0, 1]}
    fields = {f"Segment{n}_{key}": str(values[n]) for key, values in about.items() for n in range(3)}
    colors = {f"Segment{n}_Color": color for n, color in enumerate(["1 0 0", "0 0.5 0", "0 0 1"])}
    place = {"space": "RAS", "space_directions": "none (2,0,0) (0,2,0) (0,0,2)", "space_origin": "(0,0,0)"}
    kinds = {"kinds": "list domain domain domain", "encoding": "gzip"}
    return write_nrrd(path, layers, **place, **kinds, **fields, **colors, **more), layers


def test_segments_of_slicer_are_regions_of_interest_that_may_overlap(halves, tmp_path):
    path, layers = segmentation(tmp_path / "mine.seg.nrrd")
    result = assign(path, halves)
    assert result.modes["input name"].tolist() == ["Höhle", "South", "Middle"]
    expected = [(layers[0] == 1).sum(), (layers[0] == 2).sum(), (layers[1] == 1).sum()]
    assert result.modes["voxels"].tolist() == expected
    assert any("overlap" in note for note in result.warnings)
    result.save(tmp_path / "out")
    pd.testing.assert_frame_equal(rerun(tmp_path / "out").modes, result.modes)


def test_regions_of_interest_named_here_are_those_of_the_atlas(tmp_path):
    grid = Grid((8, 8, 8), AFFINE)
    atlas = Atlas.from_labels(blocks(), grid, pd.DataFrame({"id": [1, 2], "name": ["a", "b"]}), name="blocks")
    path, _ = segmentation(tmp_path / "mine.seg.nrrd")
    rows = assign(path, atlas).assignments
    assert set(zip(rows["input name"], rows["region"], strict=True)) >= {("Höhle", "a"), ("South", "b")}
