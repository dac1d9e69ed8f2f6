from __future__ import annotations

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from napari_atlas_assign.atlas.formats import region_folder
from napari_atlas_assign.errors import AtlasError

AFFINE = np.diag([2.0, 2, 2, 1])


def save(path: Path, data, affine=AFFINE) -> Path:
    nib.save(nib.Nifti1Image(np.asarray(data), affine), path)
    return path


def volume(dtype=np.float32, **voxels):
    data = np.zeros((4, 5, 6), dtype)
    for where, value in voxels.items():
        data[tuple(int(d) for d in where[1:])] = value
    return data


@pytest.fixture
def folder(tmp_path):
    save(tmp_path / "Hippocampus_L.nii.gz", volume(v000=0.5, v001=1))
    save(tmp_path / "Hippocampus_R.nii.gz", volume(v300=0.25))
    save(tmp_path / "Thalamus.nii", volume(v222=0.75, v000=0.125))
    return tmp_path


def test_regions_are_named_by_their_files(folder):
    assert region_folder.sniff(folder)
    atlas = region_folder.read(folder)
    assert atlas.regions["name"].tolist() == ["Hippocampus_L", "Hippocampus_R", "Thalamus"]
    assert atlas.regions["hemisphere"].tolist()[:2] == ["left", "right"]
    assert atlas.regions["hemisphere"].isna().tolist() == [False, False, True]
    assert (atlas.map_of(0)[0, 0, 0], atlas.map_of(2)[0, 0, 0]) == (0.5, 0.125)
    assert len(region_folder.files(folder)) == 3


def test_percentages_become_probabilities(tmp_path):
    save(tmp_path / "a.nii.gz", volume(np.uint8, v000=50, v001=2))
    save(tmp_path / "b.nii.gz", volume(np.uint8, v111=100, v001=1))
    assert region_folder.read(tmp_path).value.tolist() == pytest.approx([0.5, 0.02, 0.01, 1])


@pytest.mark.parametrize("marks", [(1, 1), (255, 255), (1, 2), (17, 2001)])
def test_files_of_one_value_each_are_masks(tmp_path, marks):
    for name, mark in zip("ab", marks, strict=True):
        save(tmp_path / f"{name}.nii.gz", volume(np.int16, v000=mark, v111=mark))
    atlas = region_folder.read(tmp_path)
    assert atlas.value.tolist() == [1, 1, 1, 1]


def test_files_of_two_scales_are_refused(folder):
    save(folder / "Percent.nii.gz", volume(v000=50, v001=25))
    with pytest.raises(AtlasError, match=r"Hippocampus_L\.nii\.gz holds values up to 1"):
        region_folder.read(folder)


def test_values_that_are_no_probabilities_are_refused(folder):
    save(folder / "z.nii.gz", volume(v000=-3, v001=4))
    with pytest.raises(AtlasError):
        region_folder.read(folder)


def test_the_file_on_another_grid_is_named_even_if_it_is_the_first(folder):
    save(folder / "A.nii.gz", volume(v000=1), np.diag([2.0, 2, 3, 1]))
    with pytest.raises(AtlasError, match=r"^A\.nii\.gz has another grid"):
        region_folder.read(folder)


def test_noise_in_the_affine_is_no_other_grid(folder):
    save(folder / "A.nii.gz", volume(v000=1), AFFINE + np.eye(4, k=3) * 1e-6)
    assert region_folder.read(folder).n_regions == 4


def test_a_4d_file_is_named(folder):
    save(folder / "A.nii.gz", np.zeros((4, 5, 6, 2), np.float32))
    assert not region_folder.sniff(folder)
    with pytest.raises(AtlasError, match=r"^A\.nii\.gz has 4 axes"):
        region_folder.read(folder)


def test_a_single_last_axis_does_not_count(folder):
    save(folder / "A.nii.gz", volume(v000=1)[..., None])
    assert region_folder.read(folder).n_regions == 4


@pytest.mark.parametrize("name", ["labels.csv", "atlas.xml", "x.json", "Thalamus.txt"])
def test_a_table_makes_it_another_kind_of_folder(folder, name):
    (folder / name).write_text("")
    assert not region_folder.sniff(folder)


def test_a_readme_does_not(folder):
    (folder / "README.txt").write_text("")
    (folder / ".hidden.nii.gz").write_text("")
    assert region_folder.sniff(folder)
    assert region_folder.read(folder).n_regions == 3


def test_other_folders_are_not_claimed(tmp_path, folder):
    (tmp_path / "empty").mkdir()
    assert not region_folder.sniff(tmp_path / "empty")
    assert not region_folder.sniff(folder / "Thalamus.nii")
    assert not region_folder.sniff(tmp_path / "missing")
    (folder / "broken.nii.gz").write_bytes(b"no image")
    assert not region_folder.sniff(folder)
    with pytest.raises(AtlasError, match=r"broken\.nii\.gz"):
        region_folder.read(folder)
    with pytest.raises(AtlasError, match="no NIfTI files"):
        region_folder.read(tmp_path / "empty")


def test_a_cut_off_file_is_named(folder):
    noise = np.random.default_rng(0).random((40, 40, 40)).astype(np.float32)
    for path in folder.iterdir():
        path.unlink()
    for name in "ab":
        save(folder / f"{name}.nii.gz", noise)
    data = (folder / "b.nii.gz").read_bytes()
    (folder / "b.nii.gz").write_bytes(data[: len(data) // 2])
    with pytest.raises(AtlasError, match=r"^b\.nii\.gz"):
        region_folder.read(folder)


def test_a_header_that_claims_absurd_sizes_is_refused(folder):
    img = nib.load(folder / "Thalamus.nii")
    header = img.header.copy()
    header["dim"][1:4] = 32767
    data = bytearray((folder / "Thalamus.nii").read_bytes())
    data[: len(header.binaryblock)] = header.binaryblock
    (folder / "Thalamus.nii").write_bytes(data)
    with pytest.raises(AtlasError, match=r"Thalamus\.nii claims"):
        region_folder.read(folder)


def test_links_out_of_the_folder_are_refused(folder, tmp_path_factory):
    outside = tmp_path_factory.mktemp("outside")
    (folder / "Thalamus.nii").rename(outside / "x.nii")
    (folder / "Thalamus.nii").symlink_to(outside / "x.nii")
    assert not region_folder.sniff(folder)
    with pytest.raises(AtlasError, match="leads out"):
        region_folder.read(folder)


def test_infinite_values_are_refused_and_nan_is_background(folder):
    save(folder / "A.nii.gz", volume(v000=np.nan, v001=0.5))
    assert np.count_nonzero(region_folder.read(folder).map_of(0)) == 1
    save(folder / "A.nii.gz", volume(v000=np.inf))
    with pytest.raises(AtlasError, match=r"A\.nii\.gz holds infinite"):
        region_folder.read(folder)


def test_a_table_of_labels_renames_the_files_in_order(folder, tmp_path_factory):
    table = tmp_path_factory.mktemp("tables") / "names.csv"
    table.write_text("index,name\n1,Left hippocampus\n2,Right hippocampus\n3,Thalamus proper\n")
    names = region_folder.read(folder, table).regions["name"].tolist()
    assert names == ["Left hippocampus", "Right hippocampus", "Thalamus proper"]
