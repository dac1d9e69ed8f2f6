from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest

from napari_atlas_assign import Grid
from napari_atlas_assign.atlas.formats import bids
from napari_atlas_assign.errors import AssignmentWarning, AtlasError

SCHAEFER = "tpl-MNI152NLin2009cAsym_atlas-Schaefer2018_desc-100Parcels7Networks"
DIFUMO = "tpl-MNI152NLin2009cAsym_res-02_atlas-DiFuMo_desc-64dimensions"
TABLE = "index\tname\tcolor\n1\t7Networks_LH_Vis_1\t#781283\n2\t7Networks_LH_Vis_2\t#781284\n"


def write_dseg(path, mm=2.0, values=(1, 2)):
    labels = np.zeros((3, 3, 3), np.int16)
    labels[0, 0, 0], labels[2, 2, 2] = values
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(labels, np.diag([mm, mm, mm, 1])), path)
    return path


def write_probseg(path, n=2):
    data = np.zeros((3, 3, 3, n), np.float32)
    for r in range(n):
        data[r, r, r, r] = 0.25 * (r + 1)
    nib.save(nib.Nifti1Image(data if n > 1 else data[..., 0], np.eye(4)), path)
    return path


def test_templateflows_table_without_res_serves_every_resolution(tmp_path):
    (tmp_path / f"{SCHAEFER}_dseg.tsv").write_text(TABLE)
    for res in ("01", "02"):
        image = write_dseg(tmp_path / f"{SCHAEFER.replace('_atlas', f'_res-{res}_atlas')}_dseg.nii.gz")
        assert bids.sniff(image)
        atlas = bids.read(image)
        assert atlas.regions["name"].tolist() == ["7Networks_LH_Vis_1", "7Networks_LH_Vis_2"]
        assert atlas.regions["color"].tolist() == ["#781283", "#781284"]
        assert atlas.space == "MNI152NLin2009cAsym"
        assert atlas.name == "Schaefer2018 100Parcels7Networks"
        assert bids.files(image) == [image, tmp_path / f"{SCHAEFER}_dseg.tsv"]


def test_tables_of_other_atlases_do_not_apply(tmp_path):
    image = write_dseg(tmp_path / f"{SCHAEFER}_dseg.nii.gz")
    (tmp_path / f"{SCHAEFER.replace('100', '200')}_dseg.tsv").write_text(TABLE)
    (tmp_path / f"{SCHAEFER}_hemi-L_dseg.tsv").write_text(TABLE)
    (tmp_path / f"{SCHAEFER}_mask.tsv").write_text(TABLE)
    assert bids.read(image).regions["name"].tolist() == ["label 1", "label 2"]


def test_the_closest_and_then_the_most_specific_table_wins(tmp_path):
    (tmp_path / "dataset_description.json").write_text('{"Name": "x"}')
    image = write_dseg(tmp_path / "tpl-A" / "anat" / "tpl-A_res-1_atlas-B_dseg.nii.gz")
    (tmp_path.parent / "dseg.tsv").write_text("index\tname\n1\toutside\n2\toutside2\n")
    for path, name in (
        ("dseg.tsv", "dataset"),
        ("atlas-B_dseg.tsv", "dataset's atlas"),
        ("tpl-A/tpl-A_dseg.tsv", "template"),
        ("tpl-A/anat/tpl-A_dseg.tsv", "folder"),
        ("tpl-A/anat/tpl-A_atlas-B_dseg.tsv", "folder's atlas"),
    ):
        table = tmp_path / path
        assert bids.read(image).regions["name"][0] != name
        table.write_text(f"index\tname\n1\t{name}\n2\tb\n")
        assert bids.read(image).regions["name"][0] == name
    (tmp_path.parent / "dseg.tsv").unlink()


def test_tables_above_the_dataset_do_not_apply(tmp_path):
    (tmp_path / "dseg.tsv").write_text(TABLE)
    image = write_dseg(tmp_path / "data" / "tpl-A_dseg.nii.gz")
    (tmp_path / "data" / "dataset_description.json").write_text("{}")
    assert bids.read(image).regions["name"].tolist() == ["label 1", "label 2"]


def test_two_tables_that_apply_alike_are_named_with_how_to_choose(tmp_path):
    image = write_dseg(tmp_path / "tpl-A_atlas-B_dseg.nii.gz")
    for name in ("tpl-A_dseg.tsv", "atlas-B_dseg.tsv"):
        (tmp_path / name).write_text(TABLE.replace("_1", name[:3]))
    with pytest.warns(AssignmentWarning, match=r"atlas-B_dseg\.tsv and tpl-A_dseg\.tsv fit its labels alike.*labels="):
        assert bids.read(image).regions["name"].tolist() == ["label 1", "label 2"]
    names = bids.read(image, labels=tmp_path / "tpl-A_dseg.tsv").regions["name"].tolist()
    assert names == ["7Networks_LH_Vistpl", "7Networks_LH_Vis_2"]


def test_difumos_columns_and_fractions_are_read(tmp_path):
    image = write_probseg(tmp_path / f"{DIFUMO}_probseg.nii.gz")
    (tmp_path / f"{DIFUMO.replace('_res-02', '')}_probseg.tsv").write_text(
        "Component\tDifumo_names\tYeo_networks7\tYeo_networks17\tGM\tWM\tCSF\n"
        "1\tSuperior frontal sulcus\tDefaultB\tDefaultA\t0.68\t0.18\t0.11\n"
        "2\tFusiform gyrus posterior\tVisCent\tVisCent\t0.6\t0.2\t0.1\n"
    )
    atlas = bids.read(image)
    assert atlas.regions["name"].tolist() == ["Superior frontal sulcus", "Fusiform gyrus posterior"]
    assert atlas.map_of(1)[1, 1, 1] == pytest.approx(0.5)


def test_probabilities_take_the_table_of_their_labels(tmp_path):
    image = write_probseg(tmp_path / "tpl-A_atlas-HOCPA_probseg.nii.gz")
    (tmp_path / "tpl-A_atlas-HOCPA_dseg.tsv").write_text("index\tname\n0\tBackground\n1\tleft\n2\tright\n")
    assert bids.read(image).regions["name"].tolist() == ["left", "right"]


def test_a_single_map_is_named_by_its_label(tmp_path):
    image = write_probseg(tmp_path / "tpl-A_label-GM_probseg.nii.gz", n=1)
    atlas = bids.read(image)
    assert atlas.regions["name"].tolist() == ["GM"]
    assert atlas.map_of(0)[0, 0, 0] == pytest.approx(0.25)


def test_descriptions_name_the_atlas_its_licence_and_citation(tmp_path):
    image = write_dseg(tmp_path / "tpl-A" / "tpl-A_atlas-B_dseg.nii.gz")
    description = '{"Name": "The B atlas", "License": "CC0", "ReferencesAndLinks": ["doi:1", "doi:2"]}'
    (tmp_path / "atlas-B_description.json").write_text(description)
    (tmp_path / "atlas-C_description.json").write_text('{"Name": "The C atlas"}')
    atlas = bids.read(image)
    assert atlas.name == "The B atlas"
    assert atlas.source["licence"] == "CC0"
    assert atlas.source["citation"] == "doi:1; doi:2"
    (tmp_path / "tpl-A" / "tpl-A_atlas-B_dseg.json").write_text('{"Name": "B, closer"}')
    assert bids.read(image).name == "B, closer"
    assert bids.files(image)[1:] == [tmp_path / "tpl-A/tpl-A_atlas-B_dseg.json", tmp_path / "atlas-B_description.json"]


def test_a_folder_with_one_atlas_is_read_in_the_resolution_asked_for(tmp_path):
    write_dseg(tmp_path / "tpl-A_res-1_atlas-B_dseg.nii.gz", mm=1)
    write_dseg(tmp_path / "tpl-A_res-2_atlas-B_dseg.nii.gz", mm=2)
    assert bids.sniff(tmp_path)
    assert bids.read(tmp_path).grid.voxel_sizes.tolist() == [1, 1, 1]
    near = Grid((9, 9, 9), np.diag([3.0, 3, 3, 1]))
    assert bids.read(tmp_path, near=near).grid.voxel_sizes.tolist() == [2, 2, 2]
    assert bids.files(tmp_path, near=near) == [tmp_path / "tpl-A_res-2_atlas-B_dseg.nii.gz"]


def test_a_folder_with_several_atlases_lists_them(tmp_path):
    write_dseg(tmp_path / "tpl-A_atlas-B_dseg.nii.gz")
    write_dseg(tmp_path / "tpl-A_atlas-C_dseg.nii.gz")
    with pytest.raises(AtlasError, match=r"holds 2 atlases \(tpl-A_atlas-B_dseg.nii.gz, tpl-A_atlas-C_dseg.nii.gz\)"):
        bids.read(tmp_path)


def test_files_of_datalad_which_are_links_keep_their_neighbours(tmp_path):
    (tmp_path / "data").mkdir()
    write_dseg(tmp_path / "annex" / "o.nii.gz")
    image = tmp_path / "data" / "tpl-A_dseg.nii.gz"
    image.symlink_to(tmp_path / "annex" / "o.nii.gz")
    (tmp_path / "data" / "tpl-A_dseg.tsv").write_text(TABLE)
    assert bids.read(image).regions["name"].tolist() == ["7Networks_LH_Vis_1", "7Networks_LH_Vis_2"]


@pytest.mark.parametrize(
    "name", ["a.nii.gz", "dseg.txt", "atlas_dseg.nii.gz", "tpl-A_T1w.nii.gz", "_dseg.nii", "tpl-A_dseg.tsv"]
)
def test_other_names_are_not_claimed_and_not_read(tmp_path, name):
    path = tmp_path / name
    path.write_bytes(b"x")
    assert not bids.sniff(path)
    with pytest.raises(AtlasError, match="is no BIDS atlas"):
        bids.read(path)


def test_a_folder_without_atlases_is_not_claimed(tmp_path):
    assert not bids.sniff(tmp_path)
    assert not bids.sniff(tmp_path / "none")
    with pytest.raises(AtlasError, match="holds no _dseg or _probseg image"):
        bids.read(tmp_path)


def test_broken_files_are_refused_by_name(tmp_path):
    image = tmp_path / "tpl-A_dseg.nii.gz"
    image.write_bytes(b"x")
    with pytest.raises(AtlasError, match=r"tpl-A_dseg\.nii\.gz"):
        bids.read(image)
    write_dseg(image)
    (tmp_path / "tpl-A_dseg.json").write_text("{")
    with pytest.raises(AtlasError, match=r"tpl-A_dseg\.json is not JSON"):
        bids.read(image)
    (tmp_path / "tpl-A_dseg.json").write_text("[1]")
    (tmp_path / "tpl-A_dseg.tsv").write_text("index\tname\n1\ta\n1\tb\n")
    with pytest.warns(AssignmentWarning, match=r"tpl-A_dseg\.tsv gives the id 1 more than once"):
        assert bids.read(image).regions["name"].tolist() == ["label 1", "label 2"]
