"""Where the label table of an image may lie."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_atlas_assign.atlas.label_tables.beside import core, own_tables, tables_beside


def files(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).write_text("1\tA\n")


@pytest.mark.parametrize(
    ("image", "table"),
    [
        ("abc.nii.gz", "abc.txt"),
        ("abc_2mm.nii.gz", "abc_labels.csv"),
        ("atlas-abc_res-01_dseg.nii.gz", "atlas-abc_dseg.tsv"),
        ("ABC.img", "abc.xml"),
    ],
)
def test_a_table_of_the_same_name_is_the_image_s_own(tmp_path, image, table):
    files(tmp_path, image, table)
    assert own_tables(tmp_path / image) == [tmp_path / table]


def test_places_come_the_closest_first(tmp_path):
    files(tmp_path, "abc_def.nii", "xyz.nii", "labels.txt", "abc.txt", "abc_def.txt")
    groups = tables_beside(tmp_path / "abc_def.nii").groups
    assert [(place, [path.name for path in paths]) for place, paths in groups] == [
        ("own", ["abc_def.txt"]),
        ("shared", ["abc.txt"]),
        ("folder", ["labels.txt"]),
    ]


def test_a_stranger_is_a_table_only_of_a_lone_image(tmp_path):
    files(tmp_path, "abc.nii", "readme.txt")
    assert tables_beside(tmp_path / "abc.nii").groups == (("only", (tmp_path / "readme.txt",)),)
    files(tmp_path, "other.nii")
    beside = tables_beside(tmp_path / "abc.nii")
    assert (beside.groups, beside.others) == ((), (tmp_path / "readme.txt",))


def test_words_that_tell_no_atlas_do_not_count():
    image, table = Path("Schaefer2018_space-MNI_res-02_desc-100_dseg.nii.gz"), Path("schaefer2018-desc-100.txt")
    assert core(image) == core(table)
