from __future__ import annotations

import contextlib

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import napari_atlas_assign as naa
from napari_atlas_assign.atlas.sources.nilearn_bunch import atlas_from_bunch
from napari_atlas_assign.errors import AtlasError

AFFINE = np.diag([2.0, 2, 2, 1])


class Bunch(dict):
    """As scikit-learn's: a dictionary whose keys are attributes."""

    def __getattr__(self, key):
        try:
            return self[key]
        except KeyError:
            raise AttributeError(key) from None


def labels_image(*labels, dtype=np.int16, shape=(4, 5, 6)):
    data = np.zeros(shape, dtype)
    data.reshape(-1)[: len(labels)] = labels
    return nib.Nifti1Image(data, AFFINE)


def maps_image(*maxima, dtype=np.float32, low=None):
    data = np.zeros((4, 5, 6, len(maxima)), dtype)
    for r, high in enumerate(maxima):
        data[r % 4, 0, 0, r] = high
        data[r % 4, 1, 1, r] = high / 2 if low is None else low
    return nib.Nifti1Image(data, AFFINE)


def names_of(atlas):
    return dict(zip(atlas.regions["id"].tolist(), atlas.regions["name"].tolist(), strict=True))


def test_a_look_up_table_names_the_labels():
    lut = pd.DataFrame({"index": [0.0, 1.0, 3.0], "name": ["Background", "A left", "A right"]})
    lut["color"] = ["#000000", "#781283", "#00ff00"]
    bunch = Bunch(
        maps=labels_image(1, 3), labels=lut["name"].to_list(), lut=lut, atlas_type="deterministic",
        template="MNI152NLin6Asym", description="text",
    )  # fmt: skip
    atlas = atlas_from_bunch(bunch)
    assert names_of(atlas) == {1: "A left", 3: "A right"}
    assert atlas.regions["color"].tolist() == ["#781283", "#00ff00"]
    assert atlas.regions["hemisphere"].tolist() == ["left", "right"]
    assert atlas.space == "MNI152NLin6Asym"


def test_indices_name_labels_that_are_not_consecutive():
    bunch = Bunch(maps=labels_image(2001, 2002), labels=["Precentral_L", "Precentral_R"], indices=["2001", "2002"])
    atlas = atlas_from_bunch(bunch)
    assert names_of(atlas) == {2001: "Precentral_L", 2002: "Precentral_R"}
    assert atlas.regions["hemisphere"].tolist() == ["left", "right"]


def test_names_that_begin_with_the_background_count_from_0():
    bunch = Bunch(maps=labels_image(1, 2), labels=["Background", "A", "B"])
    assert names_of(atlas_from_bunch(bunch)) == {1: "A", 2: "B"}


def test_names_without_a_background_count_from_1():
    bunch = Bunch(maps=labels_image(1, 2), labels=np.array([b"7Networks_LH_Vis_1", b"7Networks_RH_Vis_1"]))
    assert names_of(atlas_from_bunch(bunch)) == {1: "7Networks_LH_Vis_1", 2: "7Networks_RH_Vis_1"}


def test_records_of_index_and_name_are_understood():
    records = np.array([(0, b"Background"), (1, b"L G_a"), (41, b"L S_b")], [("index", int), ("name", "S20")])
    assert names_of(atlas_from_bunch(Bunch(maps=labels_image(1, 41), labels=records))) == {1: "L G_a", 41: "L S_b"}


def test_names_that_cannot_be_numbered_are_refused():
    with pytest.raises(AtlasError, match="labels up to 2002, but 2 names"):
        atlas_from_bunch(Bunch(maps=labels_image(2001, 2002), labels=["A", "B"]))
    with pytest.raises(AtlasError, match="2 labels, but 1 index"):
        atlas_from_bunch(Bunch(maps=labels_image(1, 2), labels=["A", "B"], indices=[1]))


def test_labels_without_names_are_named_by_their_values():
    assert names_of(atlas_from_bunch(Bunch(maps=labels_image(1, 5)))) == {1: "label 1", 5: "label 5"}


def test_a_last_axis_of_length_1_makes_no_4d_atlas():
    image = labels_image(1, 2, shape=(4, 5, 6, 1))
    assert atlas_from_bunch(Bunch(maps=image, labels=["A", "B"])).is_labelled


def test_probability_maps_take_the_names_in_order():
    atlas = atlas_from_bunch(Bunch(maps=maps_image(0.5, 1), labels=["A", "B"], template="MNI?"))
    assert names_of(atlas) == {0: "A", 1: "B"}
    assert atlas.map_of(0)[0, 0, 0] == 0.5
    assert atlas.space == "MNI152"
    assert atlas_from_bunch(Bunch(maps=maps_image(0.5, 1), template="fsaverage")).space is None


def test_the_background_in_the_names_of_fsl_s_probability_maps_has_no_volume():
    atlas = atlas_from_bunch(Bunch(maps=maps_image(50, 100, dtype=np.uint8), labels=["Background", "A", "B"]))
    assert names_of(atlas) == {0: "A", 1: "B"}
    assert atlas.map_of(0)[0, 0, 0] == 0.5


def test_names_in_tables_and_records_are_found():
    table = pd.DataFrame({"component": [1, 2], "difumo_names": ["A", "B"], "gm": [0.1, 0.2]})
    records = np.array([(1, "A"), (2, "B")], [("component", int), ("difumo_names", "U5")])
    for labels in (table, records):
        assert names_of(atlas_from_bunch(Bunch(maps=maps_image(0.001, 0.002), labels=labels))) == {0: "A", 1: "B"}


def test_loadings_and_z_values_are_scaled_to_at_most_1():
    msdl = atlas_from_bunch(Bunch(maps=maps_image(0.5, 7.5), labels=["A", "B"]))
    assert msdl.value.max() == 1
    assert msdl.source["scale"] == pytest.approx(1 / 7.5)
    smith = atlas_from_bunch(Bunch(maps=maps_image(4.5, 9, low=-3)))
    assert names_of(smith) == {0: "component 1", 1: "component 2"}
    assert smith.value.tolist() == [0.5, 1]


def test_many_parcellations_in_one_file_are_no_atlas():
    with pytest.raises(AtlasError, match="2 parcellations"):
        atlas_from_bunch(Bunch(maps=maps_image(30, 40, dtype=np.int16, low=1)))


def test_another_number_of_names_than_of_maps_is_refused():
    with pytest.raises(AtlasError, match="has 2 volumes, but 3 labels"):
        atlas_from_bunch(Bunch(maps=maps_image(0.5, 1), labels=["A", "B", "C"]))


def test_maps_may_be_a_path(tmp_path):
    path = tmp_path / "maps.nii.gz"
    nib.save(maps_image(0.5, 1), path)
    for maps in (path, str(path)):
        atlas = atlas_from_bunch(Bunch(maps=maps, labels=["A", "B"]), source={"licence": "CC0"})
        assert atlas.name == "maps"
        assert atlas.source["path"] == str(path)
        assert atlas.source["licence"] == "CC0"
        assert len(atlas.source["sha256"]) == 64
    path.write_bytes(path.read_bytes()[:90])
    with pytest.raises(AtlasError, match="maps"):
        atlas_from_bunch(Bunch(maps=path))
    with pytest.raises(AtlasError, match="no such file"):
        atlas_from_bunch(Bunch(maps=tmp_path / "x.nii.gz"))


@pytest.mark.parametrize(
    ("bunch", "message"),
    [
        (Bunch(thick_7="x.nii.gz", anat="y.nii.gz"), "no 'maps' but thick_7, anat"),
        (Bunch(), "no 'maps' but nothing"),
        ("maps", "no nilearn atlas"),
        (None, "no nilearn atlas"),
        (Bunch(maps=np.zeros((2, 2, 2))), "not a volume"),
        (Bunch(maps=["a", "b"]), "not a volume"),
        (Bunch(maps=labels_image(1), labels="A"), "one text"),
        (Bunch(maps=labels_image(1), labels=pd.DataFrame({"x": [1]})), "no column of names"),
        (Bunch(maps=labels_image(1), lut=pd.DataFrame({"index": ["x"], "name": ["A"]})), "not whole numbers"),
        (Bunch(maps=labels_image(1), lut=pd.DataFrame({"index": [1.5], "name": ["A"]})), "not whole numbers"),
        (Bunch(maps=labels_image(0)), "no voxel above 0"),
        (Bunch(maps=labels_image(-1, 1)), "negative"),
        (Bunch(maps=maps_image(0, 0)), "no voxel above 0"),
        (Bunch(maps=nib.Nifti1Image(np.ones((2, 2), np.float32), AFFINE)), "axes"),
        (Bunch(maps=nib.Nifti1Image(np.ones((2, 2, 2, 2, 2), np.float32), AFFINE)), "axes"),
    ],
)
def test_what_is_no_volumetric_atlas_is_refused(bunch, message):
    with pytest.raises(AtlasError, match=message):
        atlas_from_bunch(bunch)


things = st.none() | st.text(max_size=4) | st.integers() | st.floats() | st.binary(max_size=3)


@pytest.mark.filterwarnings("ignore::napari_atlas_assign.errors.AssignmentWarning")
@settings(max_examples=80)
@given(
    labels=st.none() | st.lists(things, max_size=3),
    indices=st.none() | st.lists(things, max_size=3),
    index=st.lists(things, min_size=2, max_size=2),
)
def test_no_labels_lead_to_another_error(labels, indices, index):
    lut = pd.DataFrame({"index": pd.Series(index, dtype=object), "name": ["A", "B"]})
    for bunch in (Bunch(labels=labels, indices=indices), Bunch(lut=lut)):
        for maps in (labels_image(1, 2), maps_image(0.5, 1)):
            with contextlib.suppress(AtlasError):
                atlas_from_bunch(bunch | {"maps": maps})


# --- what users hand over ---


def masker_of(kind, **settings):
    import nilearn.maskers

    return getattr(nilearn.maskers, kind)(**settings)


@pytest.mark.parametrize("names", [["A left", "B"], ["Background", "A left", "B"]])
def test_a_masker_s_names_belong_to_its_labels_in_rising_order(names):
    masker = masker_of("NiftiLabelsMasker", labels_img=labels_image(2001, 17), labels=names)
    assert names_of(naa.load_atlas(masker)) == {17: "A left", 2001: "B"}


def test_a_masker_may_have_a_look_up_table_or_no_names():
    lut = pd.DataFrame({"index": [0, 1, 3], "name": ["Background", "A", "B"]})
    assert names_of(naa.load_atlas(masker_of("NiftiLabelsMasker", labels_img=labels_image(1, 3), lut=lut))) == {
        1: "A",
        3: "B",
    }
    assert set(names_of(naa.load_atlas(masker_of("NiftiLabelsMasker", labels_img=labels_image(1, 3))))) == {1, 3}


def test_a_fitted_masker_and_one_of_maps_are_atlases(tmp_path):
    nib.save(maps_image(0.5, 1.0), tmp_path / "maps.nii.gz")
    atlas = naa.load_atlas(masker_of("NiftiMapsMasker", maps_img=str(tmp_path / "maps.nii.gz")).fit())
    assert atlas.regions["name"].tolist() == ["component 1", "component 2"]


def test_a_masker_that_is_no_atlas_is_one_sentence():
    other_background = masker_of("NiftiLabelsMasker", labels_img=labels_image(1), background_label=-1)
    with pytest.raises(AtlasError, match="background of the NiftiLabelsMasker is -1"):
        naa.load_atlas(other_background)
    with pytest.raises(AtlasError, match="has no image"):
        naa.load_atlas(masker_of("NiftiMapsMasker"))
    with pytest.raises(naa.InputError, match="has its names; leave out labels"):
        naa.load_atlas({"maps": labels_image(1), "labels": ["A"]}, labels="names.csv")


def test_a_map_is_assigned_to_what_nilearn_holds_as_to_the_same_file(tmp_path):
    img, stat = labels_image(1, 1, 2, 2), labels_image(0, 4, 5, 6, dtype=np.float32)
    nib.save(img, tmp_path / "atlas.nii.gz")
    (tmp_path / "atlas.csv").write_text("index,name\n1,A\n2,B\n")
    expected = naa.assign(stat, tmp_path / "atlas.nii.gz", threshold=1).assignments
    for atlas in (
        Bunch(maps=img, labels=["A", "B"]),
        {"maps": str(tmp_path / "atlas.nii.gz"), "labels": ["Background", "A", "B"]},
        masker_of("NiftiLabelsMasker", labels_img=img, labels=["A", "B"]),
    ):
        pd.testing.assert_frame_equal(naa.assign(stat, atlas, threshold=1).assignments, expected)


def test_a_record_of_an_atlas_in_memory_does_not_claim_a_file(tmp_path):
    nib.save(labels_image(1), tmp_path / "a.nii.gz")
    nib.save(labels_image(3, dtype=np.float32), tmp_path / "map.nii.gz")
    bunch = {"maps": tmp_path / "a.nii.gz", "labels": ["A"]}
    naa.assign(tmp_path / "map.nii.gz", bunch, threshold=1).save(tmp_path / "out")
    with pytest.raises(naa.InputError, match="the atlas a was an array in memory"):
        naa.rerun(tmp_path / "out")
