from __future__ import annotations

import contextlib
import json
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from napari_atlas_assign.atlas.formats.siibra import julich_brain
from napari_atlas_assign.errors import AtlasError

AFFINE = np.diag([1.0, 1, 1, 1])
PAIR = "JulichBrainAtlas_3.1_207areas_MPM_{}_MNI152.nii.gz"
BOTH = "JulichBrainAtlas_3.0_areas_MPM_b_N10_nlin2ICBM152asym2009c.nii.gz"
OLD = "JulichBrain_MPMAtlas_{}_N10_nlin2Stdicbm152asym2009c_publicDOI_3f6407380a69007a54f5e13f3c1ba2e6.nii.gz"


def save(path: Path, data, affine=AFFINE) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(np.asarray(data), affine), path)
    return path


def volume(dtype=np.float32, **voxels):
    data = np.zeros((4, 5, 6), dtype)
    for where, value in voxels.items():
        data[tuple(int(d) for d in where[1:])] = value
    return data


def voxels_of(atlas, name):
    row = atlas.regions["name"].tolist().index(name)
    return np.argwhere(atlas.map_of(row)).tolist()


@pytest.fixture
def areas(tmp_path):
    for i, area in enumerate(("Area-45", "Area-hOc1")):
        for j, side in enumerate(("lh", "rh")):
            save(tmp_path / "pmaps" / area / f"{area}_{side}_MNI152.nii.gz", volume(**{f"v{j}{i}0": 0.5 + 0.25 * j}))
    return tmp_path / "pmaps"


@pytest.fixture
def pair(tmp_path):
    save(tmp_path / PAIR.format("lh"), volume(np.uint16, v000=1, v001=2))
    save(tmp_path / PAIR.format("rh"), volume(np.uint16, v300=1, v301=2))
    return tmp_path


def test_area_maps_are_found_below_their_folder(areas):
    assert julich_brain.sniff(areas)
    atlas = julich_brain.read(areas)
    assert atlas.regions["name"].tolist() == ["Area 45 left", "Area 45 right", "Area hOc1 left", "Area hOc1 right"]
    assert atlas.regions["hemisphere"].tolist() == ["left", "right"] * 2
    assert atlas.space == "MNI152NLin2009cAsym"
    assert atlas.map_of(3)[1, 1, 0] == 0.75
    assert len(julich_brain.files(areas)) == 4


def test_area_maps_of_release_2_9_are_read(tmp_path):
    for side, where in (("l", "v000"), ("r", "v300")):
        name = f"Ch-123_{side}_N10_nlin2ICBM152asym2009c_4.3_publicP_{'0a' * 16}.nii.gz"
        save(tmp_path / name, volume(**{where: 0.5}))
    atlas = julich_brain.read(tmp_path)
    assert atlas.regions["name"].tolist() == ["Ch 123 left", "Ch 123 right"]


def test_a_pair_of_label_volumes_gives_left_and_right_regions(pair):
    assert julich_brain.sniff(pair)
    atlas = julich_brain.read(pair)
    assert voxels_of(atlas, "label 1 left") == [[0, 0, 0]]
    assert voxels_of(atlas, "label 2 right") == [[3, 0, 1]]
    assert sorted(atlas.regions["id"]) == [1, 2, 1001, 1002]
    assert atlas.is_labelled


def test_one_volume_of_a_pair_brings_the_other(pair):
    path = pair / PAIR.format("rh")
    assert julich_brain.sniff(path)
    assert julich_brain.read(path).n_regions == 4
    assert len(julich_brain.files(path)) == 2


def test_one_volume_without_the_other_is_one_hemisphere(pair):
    (pair / PAIR.format("lh")).unlink()
    regions = julich_brain.read(pair).regions
    assert regions["hemisphere"].tolist() == ["right", "right"]
    assert regions["id"].tolist() == [1, 2]


def test_old_names_of_label_volumes_are_known(tmp_path):
    save(tmp_path / OLD.format("l"), volume(np.int16, v000=8))
    save(tmp_path / OLD.format("r"), volume(np.int16, v300=8))
    assert julich_brain.read(tmp_path).n_regions == 2


def test_a_voxel_of_both_hemispheres_stays_in_both(pair):
    save(pair / PAIR.format("rh"), volume(np.uint16, v000=1, v301=2))
    atlas = julich_brain.read(pair)
    assert voxels_of(atlas, "label 1 left") == voxels_of(atlas, "label 1 right") == [[0, 0, 0]]


XML = """<?xml version="1.0"?><JulichBrainAtlas><Structures>
<Structure grayvalue="1" id="3">Area 45 (IFG)</Structure><Structure grayvalue="2" id="4">Area hOc1
 (V1)</Structure></Structures></JulichBrainAtlas>"""


@pytest.mark.parametrize("kind", ["twin.xml", "other.xml", "twin.json"])
def test_names_come_from_the_xml_or_json_beside(pair, kind):
    rows = [{"grayvalue": "1", "name": "Area 45 (IFG)"}, {"@grayvalue": 2, "name": "Area hOc1 (V1)"}]
    text = json.dumps({"JulichBrainAtlas": {"Structures": {"Structure": rows}}}) if kind.endswith("json") else XML
    for side in ("lh", "rh"):
        name = PAIR.format(side).replace(".nii.gz", "") if kind.startswith("twin") else "names"
        (pair / (name + Path(kind).suffix)).write_text(text)
    atlas = julich_brain.read(pair)
    assert voxels_of(atlas, "Area 45 (IFG) left") == [[0, 0, 0]]
    assert voxels_of(atlas, "Area hOc1 (V1) right") == [[3, 0, 1]]
    assert len(julich_brain.files(pair)) == (4 if kind.startswith("twin") else 3)


def test_in_one_volume_of_both_hemispheres_right_is_left_plus_1000(tmp_path):
    save(tmp_path / BOTH, volume(np.uint16, v000=1, v300=1001, v001=2, v301=1002))
    (tmp_path / BOTH.replace(".nii.gz", ".xml")).write_text(XML)
    atlas = julich_brain.read(tmp_path)
    assert voxels_of(atlas, "Area 45 (IFG) right") == [[3, 0, 0]]
    assert atlas.regions["id"].tolist() == [1, 2, 1001, 1002]
    assert atlas.regions["hemisphere"].tolist() == ["left", "left", "right", "right"]


def test_names_that_tell_the_side_are_kept(tmp_path):
    save(tmp_path / BOTH, volume(np.uint16, v000=1, v300=1001))
    text = '<a><Structure grayvalue="1">X left</Structure><Structure grayvalue="1001">X right</Structure></a>'
    (tmp_path / BOTH.replace(".nii.gz", ".xml")).write_text(text)
    assert julich_brain.read(tmp_path).regions["name"].tolist() == ["X left", "X right"]


def test_a_table_of_labels_names_both_sides(pair, tmp_path):
    table = tmp_path / "mine.csv"
    table.write_text("index,name\n1,Area 45\n2,Area hOc1\n")
    names = julich_brain.read(pair, table).regions["name"].tolist()
    assert sorted(names) == ["Area 45 left", "Area 45 right", "Area hOc1 left", "Area hOc1 right"]


def test_several_atlases_in_a_folder_are_an_error_that_lists_them(areas, pair):
    with pytest.raises(AtlasError, match=r"several atlases: area maps in .*MPM of each"):
        julich_brain.read(pair)


def test_two_spaces_in_a_folder_are_an_error(areas):
    save(areas / "Area-45" / "Area-45_lh_colin27.nii.gz", volume(v000=1))
    with pytest.raises(AtlasError, match="area maps in Colin27, area maps in MNI152"):
        julich_brain.read(areas)


def test_two_versions_of_a_map_are_an_error(areas):
    save(areas / "old" / "Area-45_lh_MNI152.nii.gz", volume(v000=1))
    with pytest.raises(AtlasError, match="two versions"):
        julich_brain.read(areas)


def test_a_map_on_another_grid_is_named(areas):
    save(areas / "Area-45" / "Area-45_lh_MNI152.nii.gz", volume(v000=1), np.diag([2.0, 2, 2, 1]))
    with pytest.raises(AtlasError, match=r"^Area-45_lh_MNI152\.nii\.gz has another grid"):
        julich_brain.read(areas)


def test_a_link_out_of_the_folder_is_refused(areas, tmp_path):
    path = areas / "Area-45" / "Area-45_lh_MNI152.nii.gz"
    path.rename(tmp_path / "elsewhere.nii.gz")
    path.symlink_to(tmp_path / "elsewhere.nii.gz")
    with pytest.raises(AtlasError, match="leads out"):
        julich_brain.read(areas)


def test_an_entity_bomb_is_refused(pair):
    bomb = '<!DOCTYPE x [<!ENTITY a "aaaa">]><x><Structure grayvalue="1">&a;</Structure></x>'
    (pair / "names.xml").write_text(bomb)
    with pytest.raises(AtlasError, match="DTD or entities"):
        julich_brain.read(pair)


def test_other_folders_and_files_are_not_claimed(tmp_path):
    save(tmp_path / "Hippocampus_L.nii.gz", volume(v000=1))
    assert not julich_brain.sniff(tmp_path)
    assert not julich_brain.sniff(tmp_path / "Hippocampus_L.nii.gz")
    assert not julich_brain.sniff(tmp_path / "missing")
    with pytest.raises(AtlasError, match="no maps of a Julich-Brain release"):
        julich_brain.read(tmp_path)


def test_an_empty_label_volume_is_an_error(tmp_path):
    save(tmp_path / BOTH, volume(np.uint16))
    with pytest.raises(AtlasError, match="no voxel above 0"):
        julich_brain.read(tmp_path)


values = st.recursive(
    st.none() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["JulichBrainAtlas", "Structures", "Structure", "grayvalue", "name"]), inner)
    ),
    max_leaves=10,
)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=values, xml=st.text("<>/ab\"'= Structurelbgyv0123&;![]", max_size=60))
def test_no_table_of_names_leads_to_another_error(tmp_path, data, xml):
    (tmp_path / "x.json").write_text(json.dumps(data))
    (tmp_path / "x.xml").write_text(xml)
    for name in ("x.json", "x.xml"):
        with contextlib.suppress(AtlasError):
            assert julich_brain.parse_names(tmp_path / name)
