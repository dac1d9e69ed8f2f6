"""Writing whole or not at all."""

from __future__ import annotations

import pytest

from napari_atlas_assign.atomic import leftovers, replace_folder, scratch_folder, whole_file


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_takes_its_place_when_it_is_complete(tmp_path):
    target = tmp_path / ("n" * 250 + ".txt")
    target.write_text("earlier")
    with whole_file(target) as new:
        new.write_text("new")
        assert target.read_text() == "earlier"
    assert target.read_text() == "new"
    assert names(tmp_path) == [target.name]


def test_an_error_leaves_the_earlier_file_and_nothing_else(tmp_path):
    target = tmp_path / "a.txt"
    target.write_text("earlier")

    def write_half():
        with whole_file(target) as new:
            new.write_text("half")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_half()
    assert target.read_text() == "earlier"
    assert names(tmp_path) == ["a.txt"]


def test_what_is_written_has_the_permissions_of_any_file_and_folder(tmp_path):
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "file").write_text("")
    with whole_file(tmp_path / "file") as new:
        new.write_text("")
    with scratch_folder(tmp_path) as folder:
        replace_folder(folder, tmp_path / "folder")
    assert (tmp_path / "file").stat().st_mode == (tmp_path / "plain" / "file").stat().st_mode
    assert (tmp_path / "folder").stat().st_mode == (tmp_path / "plain").stat().st_mode


def test_a_folder_takes_the_place_of_another_with_all_that_is_in_it(tmp_path):
    target = tmp_path / "target"
    for name in ("first", "second"):
        with scratch_folder(tmp_path) as new:
            (new / name).write_text(name)
            replace_folder(new, target)
        assert names(target) == [name]
    assert names(tmp_path) == ["target"]


def test_a_folder_that_cannot_take_the_place_leaves_the_earlier_one(tmp_path):
    (tmp_path / "target").mkdir()
    (tmp_path / "target" / "earlier").write_text("")
    with pytest.raises(OSError, match="missing"):
        replace_folder(tmp_path / "missing", tmp_path / "target")
    assert names(tmp_path) == ["target"]
    assert names(tmp_path / "target") == ["earlier"]


def test_leftovers_are_scratch_folders_alone(tmp_path):
    (tmp_path / "other").mkdir()
    assert leftovers(tmp_path / "missing") == []
    with scratch_folder(tmp_path) as folder:
        assert leftovers(tmp_path) == [folder]
    assert leftovers(tmp_path) == []
