"""Names of spaces and fields of view."""

import json
from dataclasses import replace

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_atlas_assign import Atlas, Grid, Image
from napari_atlas_assign.assignment.places.field_of_view import field_of_view_warning
from napari_atlas_assign.template_space import canonical_space, compare_spaces, relation_of_spaces, space_of_file


def header(sform=0, qform=0, intent="", descrip=""):
    img = nib.Nifti1Image(np.zeros((2, 2, 2), np.float32), np.eye(4))
    img.header["sform_code"], img.header["qform_code"] = sform, qform
    img.header["intent_name"], img.header["descrip"] = intent.encode(), descrip.encode()
    return img.header


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ("MNI152NLin6Asym", "MNI152NLin6Asym"),
        ("mni152nlin2009casym", "MNI152NLin2009cAsym"),
        ("MNIColin27", "Colin27"),
        ("MNI", "MNI152"),
        ("tlrc", "Talairach"),
        ("  my own template ", "my own template"),
        ("unknown", None),
        ("", None),
        (None, None),
    ],
)
def test_a_space_has_one_name(given, name):
    assert canonical_space(given) == name


@given(st.text(max_size=12))
@settings(max_examples=50)
def test_the_one_name_of_a_name_is_itself(text):
    assert canonical_space(canonical_space(text)) == canonical_space(text)


@pytest.mark.parametrize(
    ("file", "head", "space"),
    [
        ("sub-1_space-MNI152NLin2009cAsym_stat-z.nii.gz", header(sform=3), "MNI152NLin2009cAsym"),
        ("tpl-MNI152NLin6Asym_res-01_T1w.nii.gz", None, "MNI152NLin6Asym"),
        ("sub-1_space-T1w_bold.nii.gz", None, "T1w"),
        ("myspace-x.nii.gz", None, None),
        ("map.nii.gz", header(sform=4, qform=3), "MNI152"),
        ("map.nii.gz", header(qform=3), "Talairach"),
        ("map.nii.gz", header(sform=2, qform=4), None),
        ("map.nii.gz", header(sform=4, intent="MNIColin27"), "Colin27"),
        ("map.nii.gz", header(descrip="made in MNI152NLin6Asym"), "MNI152NLin6Asym"),
        ("map.nii.gz", header(descrip="FSL5.0"), None),
        ("map.nii.gz", None, None),
    ],
)
def test_a_file_tells_its_space(tmp_path, file, head, space):
    assert space_of_file(tmp_path / file, head) == space


@pytest.mark.parametrize(
    ("reference", "space"),
    [
        ("MNI152NLin6Asym", "MNI152NLin6Asym"),
        ("https://templateflow.s3.amazonaws.com/tpl-MNI152NLin2009cAsym_res-01_T1w.nii.gz", "MNI152NLin2009cAsym"),
        ({"VolumeReference": "https://example.org/tpl-MNI152NLin6Asym_res-02_T1w.nii.gz"}, "MNI152NLin6Asym"),
        ("orig", "orig"),
        ("https://example.org/mine.nii.gz", None),
        (3, None),
        ({}, None),
    ],
)
def test_the_json_companion_tells_the_space(tmp_path, reference, space):
    (tmp_path / "map.json").write_text(json.dumps({"SpatialReference": reference}))
    assert space_of_file(tmp_path / "map.nii.gz", header()) == space


@pytest.mark.parametrize("content", ["", "[]", "{", "\udcff"])
def test_a_damaged_json_companion_tells_nothing(tmp_path, content):
    (tmp_path / "map.json").write_bytes(content.encode("utf-8", "surrogateescape"))
    assert space_of_file(tmp_path / "map.nii.gz", header(sform=4)) == "MNI152"


def test_afnis_header_tells_the_space():
    img = nib.Nifti1Image(np.zeros((2, 2, 2), np.float32), np.eye(4))
    xml = b'<AFNI_atr ni_type="String" ni_dimen="1" atr_name="TEMPLATE_SPACE" >\n "MNI_2009c_asym~" </AFNI_atr>'
    img.header.extensions.append(nib.nifti1.Nifti1Extension(4, xml))
    assert space_of_file("map.nii.gz", img.header) == "MNI152NLin2009cAsym"


@pytest.mark.parametrize(
    ("a", "b", "relation"),
    [
        ("MNI152NLin6Asym", "MNI152NLin6Asym", "same"),
        ("MNIColin27", "Colin27", "same"),
        ("My Template", "my_template", "same"),
        ("MNI", "MNI152NLin6Asym", "close"),
        ("MNI152NLin2009cAsym", "MNI152NLin6Asym", "different"),
        ("Colin27", "MNI152", "different"),
        ("MNI305", "MNI152", "different"),
        ("allen_mouse", "MNI152NLin6Asym", "different"),
        (None, "MNI152NLin6Asym", "unknown"),
        ("unknown", None, "unknown"),
    ],
)
def test_spaces_relate_alike_in_either_order(a, b, relation):
    assert relation_of_spaces(a, b) == relation_of_spaces(b, a) == relation
    sentence = compare_spaces(a, b, "zmap.nii.gz", "juelich")
    if relation in ("same", "unknown"):
        assert sentence is None
    else:
        assert all(part in sentence for part in ("zmap.nii.gz", "juelich", canonical_space(a), canonical_space(b)))


def image_at(affine, shape=(10, 12, 8)):
    return Image.from_array(np.ones(shape, np.float32), affine, "map")


def test_an_image_in_the_atlas_gives_no_warning(small_atlas):
    assert field_of_view_warning(image_at(small_atlas.grid.affine), small_atlas) is None


def test_an_image_elsewhere_is_told(small_atlas):
    affine = small_atlas.grid.affine.copy()
    affine[1, 3] += 200
    assert "100% of the signal of map lies outside the grid of small atlas" in field_of_view_warning(
        image_at(affine), small_atlas
    )


def test_an_image_whose_left_and_right_are_exchanged_is_told(small_atlas):
    right_half = np.zeros((10, 12, 8), np.float32)
    right_half[5:] = 1
    maps = small_atlas.map_of(0)[:5]
    half = Grid((5, 12, 8), small_atlas.grid.affine)
    atlas = Atlas.from_region_entries(
        half, small_atlas.regions[:1], [np.flatnonzero(maps)], [maps[maps > 0]], name="left half"
    )
    warning = field_of_view_warning(Image.from_array(right_half, small_atlas.grid.affine, "map"), atlas)
    assert "left and right may be exchanged" in warning


@pytest.mark.parametrize(("factor", "says"), [(0.001, "metres"), (1000, "micrometres")])
def test_wrong_units_are_told(small_atlas, factor, says):
    affine = small_atlas.grid.affine.copy()
    affine[:3] *= factor
    affine[0, 3] += 100 * factor
    image = image_at(affine, shape=(10, 12, 8))
    shifted = small_atlas.grid.affine.copy()
    shifted[0, 3] += 100
    atlas = replace(small_atlas, grid=Grid(small_atlas.grid.shape, shifted))
    assert says in field_of_view_warning(image, atlas)


def test_a_header_without_position_is_told(small_atlas):
    warning = field_of_view_warning(image_at(np.diag([2.0, 2.0, 2.0, 1.0])), small_atlas)
    assert "gives no position" in warning


@given(st.tuples(*[st.integers(1, 8)] * 3), st.sampled_from([1.0, 2.0, 2.5]))
@settings(max_examples=40)
def test_an_image_that_begins_at_the_origin_and_lies_in_the_atlas_gives_no_warning(shape, size):
    image = image_at(np.diag([size, size, size, 1.0]), shape)
    around = Grid((60, 60, 60), np.array([[1.0, 0, 0, -30], [0, 1, 0, -30], [0, 0, 1, -30], [0, 0, 0, 1]]))
    from_the_origin = Grid((30, 30, 30), np.eye(4))
    for grid in (around, from_the_origin):  # maps of mice often begin where their atlas does
        regions = pd.DataFrame({"id": [1], "name": ["A"]})
        atlas = Atlas.from_region_entries(grid, regions, [np.arange(9)], [np.ones(9)])
        assert field_of_view_warning(image, atlas) is None


@pytest.mark.parametrize("flip", [1, -1])
def test_a_real_map_whose_position_was_lost_is_told(juelich, zmap_path, flip):
    image = Image.from_file(zmap_path)
    lost = Image.from_array(image.data, np.diag([flip * 3.0, 3, 3, 1]), "map")
    assert "the header of map gives no position" in field_of_view_warning(lost, juelich)


def test_the_right_upper_front_of_a_real_map_may_begin_at_the_origin(juelich, zmap_path):
    image = Image.from_file(zmap_path)
    to = image.grid.to_voxel([[0.0, 0, 0]])[0].round().astype(int)
    # Its x axis points to the left. Its voxels are moved by 1 mm to have their centre at the origin.
    part = Image.from_array(image.data[to[0] :: -1, to[1] :, to[2] :], np.diag([3.0, 3, 3, 1]))
    assert field_of_view_warning(part, juelich) is None


def test_an_image_without_signal_gives_no_warning(small_atlas):
    empty = Image.from_array(np.zeros((3, 3, 3)), np.eye(4))
    missing = Image.from_array(np.full((3, 3, 3), np.nan), np.eye(4))
    assert field_of_view_warning(empty, small_atlas) is None
    assert field_of_view_warning(missing, small_atlas) is None


def test_the_sample_map_lies_well_in_the_juelich_atlas(juelich, zmap_path):
    assert field_of_view_warning(Image.from_file(zmap_path), juelich) is None
