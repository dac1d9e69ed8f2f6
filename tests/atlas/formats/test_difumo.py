from __future__ import annotations

import contextlib
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_atlas_assign.atlas.formats import difumo
from napari_atlas_assign.errors import AtlasError

AFFINE = np.diag([2.0, 2, 2, 1])
TABLE = "Component,Difumo_names,Yeo_networks7,Yeo_networks17,GM,WM,CSF\n{}"
NAMES = ["Fusiform gyrus posterior", "Cerebellum, crus I", "Insula anterior RH"]


def save(path: Path, data, affine=AFFINE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(np.asarray(data), affine), path)
    return path


def loadings(n=3):
    data = np.zeros((4, 5, 6, n), np.float32)
    for r in range(n):
        data[r, 0, 0, r] = 0.001 * (r + 1)
        data[r, 1, 1, r] = 0.0005
    return data


def rows(names):
    return TABLE.format("".join(f'{i + 1},"{name}",DefaultB,DefaultA,0.6,0.2,0.1\n' for i, name in enumerate(names)))


@pytest.fixture
def folder(tmp_path):
    save(tmp_path / "3" / "2mm" / "maps.nii.gz", loadings())
    (tmp_path / "3" / "labels_3_dictionary.csv").write_text(rows(NAMES))
    return tmp_path / "3"


def test_the_folder_the_maps_and_the_table_all_find_the_atlas(folder):
    for path in (folder, folder / "2mm", folder / "2mm" / "maps.nii.gz", folder / "labels_3_dictionary.csv"):
        assert difumo.sniff(path)
        atlas = difumo.read(path)
        assert atlas.regions["name"].tolist() == NAMES
        assert difumo.files(path) == [folder / "2mm" / "maps.nii.gz", folder / "labels_3_dictionary.csv"]
    assert atlas.regions["hemisphere"].tolist()[2] == "right"
    assert atlas.space == "MNI152NLin6Asym"


def test_loadings_are_kept_as_they_are(folder):
    atlas = difumo.read(folder)
    assert atlas.map_of(2)[2, 0, 0] == np.float32(0.003)
    assert atlas.map_of(0)[0, 1, 1] == np.float32(0.0005)
    assert "scale" not in atlas.source


def test_of_two_resolutions_the_finer_one_is_read(folder):
    save(folder / "3mm" / "maps.nii.gz", loadings(), np.diag([3.0, 3, 3, 1]))
    assert difumo.read(folder).grid.voxel_sizes.tolist() == [2, 2, 2]
    assert difumo.read(folder / "3mm").grid.voxel_sizes.tolist() == [3, 3, 3]


def test_loadings_above_1_are_divided_by_the_largest(folder):
    save(folder / "2mm" / "maps.nii.gz", loadings() * 1000)
    atlas = difumo.read(folder)
    assert atlas.value.max() == 1
    assert atlas.map_of(0)[0, 0, 0] == pytest.approx(1 / 3)
    assert atlas.source["scale"] == pytest.approx(1 / 3)


def test_negative_loadings_are_left_out(folder):
    data = loadings()
    data[0, 2, 2, 0] = -5
    save(folder / "2mm" / "maps.nii.gz", data)
    assert np.count_nonzero(difumo.read(folder).map_of(0)) == 2


def test_another_number_of_names_than_of_maps_is_refused(folder):
    (folder / "labels_3_dictionary.csv").write_text(rows(["A", "B"]))
    with pytest.raises(AtlasError, match=r"names 2 modes, but .* has 3 volumes"):
        difumo.read(folder)


@pytest.mark.parametrize(
    "text", ["", "a,b\n1,2\n", TABLE.format("2,A,,,,,\n1,B,,,,,\n"), TABLE.format("x,A,,,,,\n"), '"', "Component\n1\n"]
)
def test_other_tables_are_refused(folder, text):
    (folder / "labels_3_dictionary.csv").write_text(text)
    with pytest.raises(AtlasError, match="labels_3_dictionary"):
        difumo.read(folder)


def test_other_folders_and_files_are_not_claimed(tmp_path, folder):
    (folder / "labels_64_dictionary.csv").write_text("")
    assert not difumo.sniff(folder)
    with pytest.raises(AtlasError, match="2 tables"):
        difumo.read(folder)
    assert not difumo.sniff(tmp_path)
    assert not difumo.sniff(tmp_path / "missing")
    assert not difumo.sniff(save(tmp_path / "atlas.nii.gz", loadings()))
    with pytest.raises(AtlasError):
        difumo.read(tmp_path)


def test_a_3d_image_is_no_dictionary(folder):
    save(folder / "2mm" / "maps.nii.gz", loadings()[..., 0])
    with pytest.raises(AtlasError, match="axes"):
        difumo.read(folder)


def test_empty_maps_are_refused(folder):
    save(folder / "2mm" / "maps.nii.gz", loadings() * 0)
    with pytest.raises(AtlasError, match="no voxel above 0"):
        difumo.read(folder)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text("Component,Difumo_names\n\"'0123 \t;", max_size=60))
def test_no_table_leads_to_another_error(tmp_path, text):
    table = tmp_path / "labels_1_dictionary.csv"
    for content in (text, "Component,Difumo_names\n" + text):
        table.write_text(content)
        with contextlib.suppress(AtlasError):
            assert isinstance(difumo.read_names(table), list)
