"""The output folder: whole or not at all, and never somebody else's."""

from __future__ import annotations

import ast
import errno
import json
import os
import sys
import unicodedata
from dataclasses import replace

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_atlas_assign import Grid, Image, InputError, assign
from napari_atlas_assign.report import folder as folder_module
from napari_atlas_assign.report.folder import distinct_names, is_own_name, save_result
from napari_atlas_assign.report.provenance import read_record

FILES = ["assignments.tsv", "components.nii.gz", "modes.tsv", "peaks.tsv", "provenance.json", "regions.tsv"]


@pytest.fixture
def result(small_atlas):
    """Two modes: one in each of the first two regions."""
    data = np.zeros(small_atlas.grid.shape, np.float32)
    data[1:4, 5:8, 3:6] = 2.5
    data[6:9, 5:7, 3:5] = 1.5
    return assign(Image(data, small_atlas.grid, "two blobs", space="MNI152NLin6Asym"), small_atlas)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_new_folder_gets_the_four_files_and_nothing_stays_beside_it(result, tmp_path):
    folder = result.save(tmp_path / "deep" / "out")
    assert folder == tmp_path / "deep" / "out"
    assert names(folder) == FILES
    assert names(folder.parent) == ["out"]


def test_tables_read_back_with_every_digit(result, tmp_path):
    folder = result.save(tmp_path / "out")
    for name, table in (("assignments", result.assignments), ("modes", result.modes)):
        read = pd.read_csv(folder / f"{name}.tsv", sep="\t", dtype=str)
        for column in read:
            if isinstance(table[column][0], tuple):
                read[column] = read[column].map(ast.literal_eval)
            elif table[column].dtype.kind in "if":
                read[column] = read[column].astype(float)
            elif table[column].isna().all():  # written as n/a
                read[column] = None
        pd.testing.assert_frame_equal(read, table, check_dtype=False, check_exact=True)


def test_what_is_undefined_is_written_as_not_available(result, tmp_path):
    assert result.modes["nearest region"].isna().all()
    folder = result.save(tmp_path / "out")
    assert set(pd.read_csv(folder / "modes.tsv", sep="\t", dtype=str, na_filter=False)["nearest region"]) == {"n/a"}


def test_components_are_labels_on_the_grid_of_the_image(result, tmp_path):
    read = nib.load(result.save(tmp_path / "out") / "components.nii.gz")
    assert read.get_data_dtype().kind == "i"
    np.testing.assert_array_equal(np.asanyarray(read.dataobj), result.components.data)
    np.testing.assert_allclose(read.affine, result.image.grid.affine)
    assert read.header.get_xyzt_units()[0] == "mm"
    assert read.header.get_sform(coded=True)[1] == 4  # MNI
    assert read.header.get_intent()[0] == "label"


def test_region_names_of_any_script_survive(result, small_atlas, tmp_path):
    odd = 'Großhirn "V1"\t視覚野'
    atlas = replace(small_atlas, regions=small_atlas.regions.assign(name=[odd, "B", "C"]))
    folder = assign(result.image, atlas).save(tmp_path / "out")
    assert odd in set(pd.read_csv(folder / "assignments.tsv", sep="\t", encoding="utf-8")["region"])


def test_the_same_result_gives_the_same_bytes(result, tmp_path):
    one, two = result.save(tmp_path / "one"), result.save(tmp_path / "two")
    for name in set(FILES) - {"provenance.json"}:
        assert (one / name).read_bytes() == (two / name).read_bytes()


def test_an_earlier_result_is_replaced_whole(result, small_atlas, tmp_path):
    folder = result.save(tmp_path / "out")
    nothing = assign(replace(result.image, data=result.image.data * np.float32(1)), small_atlas, min_volume_mm3=100)
    (folder / ".DS_Store").write_bytes(b"left by a file manager")
    nothing.save(folder)
    assert names(folder) == FILES
    assert len(pd.read_csv(folder / "modes.tsv", sep="\t")) == 1


def test_an_empty_folder_is_used(result, tmp_path):
    (tmp_path / "out").mkdir()
    assert names(result.save(tmp_path / "out")) == FILES


def test_a_folder_of_other_files_is_left_alone(result, tmp_path):
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(InputError, match="is not empty and holds no earlier result; name a new folder"):
        result.save(tmp_path)
    assert names(tmp_path) == ["thesis.tex"]


def test_a_record_of_another_program_does_not_make_a_folder_ours(result, tmp_path):
    (tmp_path / "provenance.json").write_text('{"record": "something else", "files": {}}')
    with pytest.raises(InputError, match="holds no earlier result"):
        result.save(tmp_path)


def test_a_note_that_a_person_put_beside_an_earlier_result_is_not_lost(result, tmp_path):
    folder = result.save(tmp_path / "out")
    (folder / "notes.txt").write_text("mode 2 is a vein")
    with pytest.raises(InputError, match=r"'notes\.txt', which would be lost"):
        result.save(folder)
    assert names(folder) == sorted([*FILES, "notes.txt"])


def test_a_file_in_the_way_is_an_error(result, tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(InputError, match="is a file; name a folder"):
        result.save(tmp_path / "out")
    with pytest.raises(InputError, match="cannot be"):
        result.save(tmp_path / "out" / "inside")
    assert (tmp_path / "out").read_text() == "a file"


def test_the_current_folder_is_not_pulled_away_from_under_the_person(result, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match="holds the current folder"):
        result.save(".")


@pytest.mark.parametrize("earlier", [False, True], ids=["new", "earlier result"])
def test_a_failed_write_leaves_what_was_there(result, tmp_path, monkeypatch, earlier):
    target = tmp_path / "out"
    if earlier:
        before = (result.save(target) / "provenance.json").read_bytes()

    def full(*_):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(folder_module, "write_labels", full)
    with pytest.raises(InputError, match=r"cannot be written \(No space left on device\)"):
        result.save(target)
    assert names(tmp_path) == (["out"] if earlier else [])
    if earlier:
        assert (target / "provenance.json").read_bytes() == before


def test_a_failed_swap_brings_the_earlier_result_back(result, tmp_path, monkeypatch):
    target = result.save(tmp_path / "out")
    rename = os.rename

    def rename_but_not_the_new(old, new):
        if os.fspath(new) == os.fspath(target) and os.path.basename(old) != "earlier":
            raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))
        rename(old, new)

    monkeypatch.setattr(os, "rename", rename_but_not_the_new)
    with pytest.raises(InputError, match="cannot be written"):
        result.save(target)
    assert names(tmp_path) == ["out"]
    assert names(target) == FILES


def test_the_record_lists_the_files_with_their_hashes(result, tmp_path):
    folder = result.save(tmp_path / "out")
    record = json.loads((folder / "provenance.json").read_text("utf-8"))
    from napari_atlas_assign.image import file_sha256

    assert record["files"] == {name: file_sha256(folder / name) for name in FILES if name != "provenance.json"}


def test_a_report_and_its_figures_belong_to_the_result(result, tmp_path):
    folder = result.save(tmp_path / "out", report=True)
    assert {"report.html", "figures"} <= set(names(folder))
    (folder / "figures" / ".DS_Store").write_bytes(b"left by a file manager")
    assert names(result.save(folder)) == FILES


@pytest.mark.parametrize("note", ["figures/notes.txt", "more/notes.txt", "empty folder"])
def test_a_note_among_the_figures_is_not_lost(result, tmp_path, note):
    folder = result.save(tmp_path / "out", report=True)
    path = folder / note
    if path.suffix:
        path.parent.mkdir(exist_ok=True)
        path.write_text("mode 2 is a vein")
    else:
        path.mkdir()
    with pytest.raises(InputError, match=f"'{note}', which would be lost"):
        result.save(folder)
    assert path.exists()


def test_a_report_that_cannot_be_drawn_leaves_nothing(result, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(InputError, match="figures need matplotlib"):
        result.save(tmp_path / "out", report=True)
    assert names(tmp_path) == []


def test_a_result_reports_itself(result, tmp_path):
    assert result.report(tmp_path / "report.html").read_text("utf-8").startswith("<!DOCTYPE html>")


def test_names_of_atlases_never_fall_into_one_file():
    names = ["a b", "a_b", "A B", "a/b", "a_b_2", "é", "e\u0301", "ﬁ", "fi", "STRASSE", "straße", "", "_", "x" * 300]
    distinct = distinct_names([*names, "y" * 300, "x" * 301, "a b"])
    folded = {unicodedata.normalize("NFKC", name.casefold()) for name in distinct}
    assert len(folded) == len(distinct) == len(names) + 3
    assert distinct[0] == "a_b"
    assert max(len(f"components_{name}.nii.gz".encode()) for name in distinct) < 255


@given(st.lists(st.text(max_size=6), max_size=8))
def test_names_of_any_letters_never_fall_into_one_file(names):
    distinct = distinct_names(names)
    folded = {unicodedata.normalize("NFKD", name).upper().casefold() for name in distinct}
    assert len(folded) == len(names)
    assert all(is_own_name(f"components_{name}.nii.gz") for name in distinct)


def test_atlases_of_nearly_one_name_keep_their_modes_apart(result, small_atlas, tmp_path):
    other = replace(small_atlas, grid=Grid(small_atlas.grid.shape, small_atlas.grid.affine + 0.001))
    atlases = [small_atlas.described(name="a b"), other.described(name="A_b")]
    saved = assign(result.images[0], atlases, convention="siibra").save(tmp_path / "out")
    assert {path.name for path in saved.glob("components*")} == {"components_a_b.nii.gz", "components_A_b_2.nii.gz"}


def test_a_forged_record_deletes_no_file(result, tmp_path):
    out = tmp_path / "out"
    save_result(result, out)
    for name in ("thesis.docx", "data/raw.nii.gz", "modes.txt", ".ssh/id", "precious.tsv", "figures/x.png"):
        file = out / name
        file.parent.mkdir(exist_ok=True)
        file.write_text("mine")
        record = json.loads((out / "provenance.json").read_text())
        record["files"][name] = "0" * 64
        (out / "provenance.json").write_text(json.dumps(record))
        with pytest.raises(InputError, match="which would be lost"):
            save_result(result, out)
        assert file.read_text() == "mine"
        file.unlink()
        if file.parent != out:
            file.parent.rmdir()


def test_every_file_of_a_result_has_a_name_that_is_known_as_its_own(result, tmp_path):
    save_result(result, tmp_path / "out", report=True)
    assert all(map(is_own_name, read_record(tmp_path / "out" / "provenance.json")["files"]))
    save_result(result, tmp_path / "out")


@pytest.mark.parametrize("start", ["=", "+", "-", "@", "\t"])
def test_names_that_a_spreadsheet_would_calculate_are_text(result, small_atlas, tmp_path, start):
    name = start + 'HYPERLINK("http://evil.invalid";"Area 4")'
    regions = small_atlas.regions.assign(name=[name, "-1", "Area 4"])
    saved = assign(result.images[0], replace(small_atlas, regions=regions)).save(tmp_path / "out")
    table = pd.read_csv(saved / "assignments.tsv", sep="\t")
    kept = name
    assert set(table["region"]) <= {f"'{kept}", "'-1", "Area 4"}
    assert table["correlation"].min() < 0 or (table["correlation"].dtype == float)
