from __future__ import annotations

from html import escape

import nibabel as nib
import numpy as np
import pytest

from napari_atlas_assign.atlas.formats import afni
from napari_atlas_assign.errors import AtlasError
from tests.atlas.formats.helpers import write_dataset

PAIRS = (
    '<VALUE_LABEL_DTABLE\n ni_type="2*String"\n ni_dimen="3" >\n'
    '"0" "Unknown"\n"122" "L A1"\n"7" "R A1"\n</VALUE_LABEL_DTABLE>'
)
POINTS = (
    '<atlas_point_list ni_form="ni_group" >\n<ATLAS_POINT STRUCT="L A1" VAL="122" OKEY="122" />\n'
    '<ATLAS_POINT data_type="atlas_point" STRUCT="R A1" VAL="7" OKEY="7" />\n</atlas_point_list>'
)


def labels():
    data = np.zeros((3, 4, 5), np.int16)
    data[0, 0, 0], data[2, 3, 4] = 122, 7
    return data


def names(atlas):
    return dict(zip(atlas.regions["id"], atlas.regions["name"], strict=True))


@pytest.mark.parametrize("table", [{"VALUE_LABEL_DTABLE": PAIRS}, {"ATLAS_LABEL_TABLE": POINTS}])
def test_a_dataset_with_its_labels_in_the_header(tmp_path, table):
    path = write_dataset(tmp_path, labels(), TEMPLATE_SPACE="MNI_2009c_asym", **table)
    assert afni.sniff(path)
    atlas = afni.read(path)
    assert names(atlas) == {7: "R A1", 122: "L A1"}
    assert atlas.name == "atlas"
    assert atlas.space == "MNI152NLin2009cAsym"
    assert atlas.map_of(1)[0, 0, 0] == 1
    # AFNI's x and y point to the left and to the front of RAS+'s opposite.
    np.testing.assert_allclose(atlas.grid.to_world([0, 0, 0]), [10, 20, -30])
    assert set(afni.files(path)) == {path, tmp_path / "atlas+tlrc.BRIK"}


def test_any_part_of_the_pair_will_do(tmp_path):
    write_dataset(tmp_path, labels(), VALUE_LABEL_DTABLE=PAIRS)
    assert afni.sniff(tmp_path / "atlas+tlrc.BRIK")
    assert names(afni.read(tmp_path / "atlas+tlrc.BRIK")) == {7: "R A1", 122: "L A1"}


@pytest.mark.parametrize(
    ("written", "space"), [("MNI", "MNI"), ("TT_N27", "TT_N27"), ("MNI_FSL", "MNI152NLin6Asym"), ("", None)]
)
def test_the_space_is_told(tmp_path, written, space):
    path = write_dataset(tmp_path, labels(), VALUE_LABEL_DTABLE=PAIRS, TEMPLATE_SPACE=written)
    assert afni.read(path).space == space


def test_sub_bricks_are_regions_with_their_labels(tmp_path):
    data = np.zeros((3, 4, 5, 2), np.int16)
    data[0, 0, 0, 0], data[2, 3, 4, 1] = 100, 30
    path = write_dataset(tmp_path, data, BRICK_LABS="L A1~R A1")
    atlas = afni.read(path)
    assert names(atlas) == {0: "L A1", 1: "R A1"}
    assert atlas.map_of(1)[2, 3, 4] == pytest.approx(0.3)


@pytest.mark.parametrize("name", ["atlas+tlrc.niml.lt", "atlas.niml.lt"])
def test_a_table_beside_the_dataset_is_found(tmp_path, name):
    path = write_dataset(tmp_path, labels())
    (tmp_path / name).write_text(PAIRS)
    assert names(afni.read(path)) == {7: "R A1", 122: "L A1"}
    assert tmp_path / name in afni.files(path)


def test_a_table_beside_a_nifti_is_found(tmp_path):
    path = tmp_path / "atlas.nii.gz"
    nib.save(nib.Nifti1Image(labels(), np.eye(4)), path)
    assert not afni.sniff(path)
    (tmp_path / "atlas.niml.lt").write_text(PAIRS)
    assert afni.sniff(path)
    assert names(afni.read(path)) == {7: "R A1", 122: "L A1"}


def test_a_table_in_a_nifti_extension_is_found(tmp_path):
    path = tmp_path / "atlas.nii.gz"
    img = nib.Nifti1Image(labels(), np.eye(4))
    text = (
        "<?xml version='1.0' ?>\n<AFNI_attributes ni_form=\"ni_group\" >\n"
        '<AFNI_atr ni_type="String" ni_dimen="1" atr_name="TEMPLATE_SPACE" >\n "MNI_N27"</AFNI_atr>\n'
        f'<AFNI_atr ni_type="String" ni_dimen="1" atr_name="VALUE_LABEL_DTABLE" >\n "{escape(PAIRS)}"</AFNI_atr>\n'
        "</AFNI_attributes>\n"
    )
    img.header.extensions.append(nib.nifti1.Nifti1Extension(4, text.encode()))
    nib.save(img, path)
    assert afni.sniff(path)
    atlas = afni.read(path)
    assert names(atlas) == {7: "R A1", 122: "L A1"}
    assert atlas.space == "Colin27"


def test_volumes_on_the_fifth_axis_are_read(tmp_path):
    data = np.zeros((3, 4, 5, 1, 2), np.float32)
    data[0, 0, 0, 0, 0], data[2, 3, 4, 0, 1] = 1, 0.25
    path = tmp_path / "atlas.nii.gz"
    nib.save(nib.Nifti1Image(data, np.eye(4)), path)
    (tmp_path / "atlas.niml.lt").write_text('<VALUE_LABEL_DTABLE >"1" "Unknown" "2" "R A1"</VALUE_LABEL_DTABLE>')
    atlas = afni.read(path)
    assert names(atlas) == {0: "Unknown", 1: "R A1"}
    assert atlas.map_of(1)[2, 3, 4] == pytest.approx(0.25)


def test_a_table_of_ones_own_replaces_the_labels(tmp_path):
    path = write_dataset(tmp_path, labels(), VALUE_LABEL_DTABLE=PAIRS)
    (tmp_path / "own.csv").write_text("index,name\n7,a\n122,b\n")
    assert names(afni.read(path, labels=tmp_path / "own.csv")) == {7: "a", 122: "b"}


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("DATASET_DIMENSIONS", "NO_DIMENSIONS"),
        ("3 4 5 0 0", "3 -4 5 0 0"),
        ("3 4 5 0 0", "3 4 50000 0 0"),
        ("3 4 5 0 0", "3 four 5 0 0"),
        ("integer-attribute", "int-attribute"),
        ("2.0 0 0 -10", "2.0 0 -10"),
        ('"122" "L A1"', '"122"'),
        ('"122"', '"x"'),
        ('"122"', '"7"'),
    ],
)
def test_a_damaged_header_is_refused_in_one_sentence(tmp_path, old, new):
    path = write_dataset(tmp_path, labels(), VALUE_LABEL_DTABLE=PAIRS)
    path.write_text(path.read_text().replace(old, new))
    assert afni.sniff(path) in (True, False)
    with pytest.raises(AtlasError, match=r"atlas\+tlrc"):
        afni.read(path)


def test_other_files_are_not_claimed(tmp_path):
    (tmp_path / "a.HEAD").write_text("hello")
    (tmp_path / "b.BRIK").write_bytes(b"x")
    (tmp_path / "c.nii").write_bytes(b"x")
    for name in ("a.HEAD", "b.BRIK", "c.nii", "none.HEAD"):
        assert not afni.sniff(tmp_path / name)
        with pytest.raises(AtlasError):
            afni.read(tmp_path / name)
