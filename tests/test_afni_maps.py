"""AFNI datasets are maps as NIfTI files are, and what names the volumes of a stack stands in its tables."""

from __future__ import annotations

import json
from html import escape

import nibabel as nib
import numpy as np
import pytest

from napari_atlas_assign import Image, Threshold, assign, load_atlas
from napari_atlas_assign.batch.inputs import find_maps
from napari_atlas_assign.cli import main
from napari_atlas_assign.source import as_source
from tests.atlas.formats.helpers import write_dataset


def stack(n=3):
    data = np.zeros((6, 5, 4, n), np.int16)
    data[1:4, 1:3, 1:3] = np.arange(1, n + 1) * 3
    return data


def atlas_file(folder):
    """One region in all of the dataset's voxels."""
    affine = np.array([[-2.0, 0, 0, 10], [0, -2, 0, 20], [0, 0, 2, -30], [0, 0, 0, 1]])
    (folder / "atlas").mkdir(exist_ok=True)
    path = folder / "atlas" / "all.nii.gz"
    nib.save(nib.Nifti1Image(np.ones((6, 5, 4), np.uint8), affine), path)
    (folder / "atlas" / "all.csv").write_text("index,name\n1,All\n")
    return path


@pytest.mark.parametrize("packed", [False, True])
@pytest.mark.parametrize("part", [".HEAD", ".BRIK"])
def test_a_dataset_is_a_map_by_either_of_its_files(tmp_path, packed, part):
    head = write_dataset(tmp_path, stack(1)[..., 0], "map+orig", packed=packed)
    path = head.with_suffix(part + (".gz" if packed and part == ".BRIK" else ""))
    image = Image.from_file(path)
    np.testing.assert_array_equal(image.data, stack(1)[..., 0])
    np.testing.assert_allclose(image.grid.to_world([0, 0, 0]), [10, 20, -30])
    arguments = ["--atlas", str(atlas_file(tmp_path)), "--threshold", "1", "--output", str(tmp_path / "out")]
    assert main(["assign", str(path), *arguments]) == 0
    assert (tmp_path / "out" / "modes.tsv").is_file()


def test_names_of_sub_bricks_name_the_maps_of_a_stack(tmp_path):
    head = write_dataset(tmp_path, stack(), "maps+tlrc", BRICK_LABS="Full_Fstat~left hand~left-right")
    result = assign(head, load_atlas(atlas_file(tmp_path)), threshold=1)
    named = ["maps+tlrc.HEAD[0] Full_Fstat", "maps+tlrc.HEAD[1] left hand", "maps+tlrc.HEAD[2] left-right"]
    assert result.modes["map name"].tolist() == named


def test_numbers_of_sub_bricks_are_no_names(tmp_path):
    images, _ = as_source(write_dataset(tmp_path, stack(), "maps+tlrc", BRICK_LABS="#0~#1~#2"))
    assert [image.name for image in images] == [f"maps+tlrc.HEAD[{v}]" for v in range(3)]


def test_each_sub_brick_has_its_own_statistic(tmp_path):
    words = "none;Ttest(19);Ftest(2,30)"
    images, _ = as_source(write_dataset(tmp_path, stack(), "maps+tlrc", BRICK_STATSYM=words))
    assert [None if i.stated.statistic is None else i.stated.statistic.symbol for i in images] == [
        *(None, "t(19)", "F(2, 30)"),
    ]
    one = Image.from_file(tmp_path / "maps+tlrc.HEAD", 1)
    assert Threshold("p", 0.001).value(one, "positive") == pytest.approx(3.5794, abs=1e-4)


def test_afnis_words_in_a_nifti_file_name_its_maps_too(tmp_path):
    img = nib.Nifti1Image(stack().astype(np.float32), np.diag([2.0, 2, 2, 1]))
    text = f'<AFNI_attributes><AFNI_atr ni_type="String" atr_name="BRICK_LABS" >\n "{escape("a~b&c~d")}" </AFNI_atr>'
    img.header.extensions.append(nib.nifti1.Nifti1Extension("afni", text.encode()))
    nib.save(img, tmp_path / "maps.nii.gz")
    images, _ = as_source(tmp_path / "maps.nii.gz")
    assert [image.name for image in images] == ["maps.nii.gz[0] a", "maps.nii.gz[1] b&c", "maps.nii.gz[2] d"]


TABLES = {
    "list": ("maps.json", json.dumps(["Vis", "Motor", "Aud"])),
    "list under a key": ("maps.json", json.dumps({"labels": ["Vis", "Motor", "Aud"]})),
    "records": (
        "maps.json",
        json.dumps([{"index": n, "name": name} for n, name in enumerate(("Vis", "Motor", "Aud"))]),
    ),
    "columns": ("maps.tsv", "index\tname\n1\tVis\n2\tMotor\n3\tAud\n"),
}


@pytest.mark.parametrize(("name", "text"), TABLES.values(), ids=TABLES.keys())
def test_a_table_of_the_stacks_name_names_its_maps(tmp_path, name, text):
    nib.save(nib.Nifti1Image(stack(), np.eye(4)), tmp_path / "maps.nii.gz")
    (tmp_path / name).write_text(text)
    images, _ = as_source(tmp_path / "maps.nii.gz")
    assert [image.name.partition("] ")[2] for image in images] == ["Vis", "Motor", "Aud"]


def test_a_table_of_another_length_names_no_map(tmp_path):
    nib.save(nib.Nifti1Image(stack(), np.eye(4)), tmp_path / "maps.nii.gz")
    (tmp_path / "maps.json").write_text(json.dumps({"labels": ["Vis", "Motor"], "SliceTiming": [0, 1, 2]}))
    images, _ = as_source(tmp_path / "maps.nii.gz")
    assert [image.name for image in images] == [f"maps.nii.gz[{v}]" for v in range(3)]


def test_a_batch_takes_every_kind_of_image_out_of_a_folder_once(tmp_path):
    write_dataset(tmp_path, stack(1)[..., 0], "map+orig")
    nib.save(nib.Nifti1Pair(stack(1)[..., 0], np.eye(4)), tmp_path / "pair.img")
    nib.save(nib.MGHImage(stack(1)[..., 0].astype(np.float32), np.eye(4)), tmp_path / "map.mgz")
    nib.save(nib.Nifti1Image(stack(1)[..., 0], np.eye(4)), tmp_path / "ONE.nii.gz")
    (tmp_path / "ONE.nii.gz").rename(tmp_path / "ONE.NII.GZ")
    names = [file.path.name for file in find_maps([tmp_path])]
    assert names == ["ONE.NII.GZ", "map+orig.HEAD", "map.mgz", "pair.img"]
