"""What differs on Windows and macOS, simulated: how processes start, drives, line ends, open files, names and case."""

from __future__ import annotations

import io
import os
import shutil
import sys
from pathlib import Path
from types import SimpleNamespace

import nibabel as nib
import numpy as np
import pytest

import napari_atlas_assign as naa
from napari_atlas_assign.atlas.storage import index
from napari_atlas_assign.batch import pools

AFFINE = np.diag([2.0, 2, 2, 1])


def save(path, *values, shape=(4, 5, 6), dtype=np.uint8):
    data = np.zeros(shape, dtype)
    data.reshape(-1)[: len(values)] = values
    nib.save(nib.Nifti1Image(data, AFFINE), path)
    return path


@pytest.fixture
def files(tmp_path, monkeypatch):
    """A map, an atlas of two regions with its table, and a folder of maps; a cache of their own."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NAPARI_ATLAS_ASSIGN_CACHE", str(tmp_path / "cache"))
    save("atlas.nii.gz", 1, 1, 2, 2)
    Path("atlas.csv").write_text("index,name\n1,A\n2,B\n")
    save("map.nii.gz", 0, 3.5, 4.5, 5.5, dtype=np.float32)
    Path("maps").mkdir()
    for n in range(4):
        save(f"maps/{n}.nii.gz", *([2.5] * (n + 1)), dtype=np.float32)
    return tmp_path


def test_processes_that_start_afresh_give_the_tables_of_those_that_are_forked(files, run, monkeypatch):
    arguments = ("batch", "maps", "--atlas", "atlas.nii.gz", "--threshold", "1", "--workers", "2", "--output")
    assert run(*arguments, "forked")[0] == 0
    monkeypatch.setattr(pools, "sys", SimpleNamespace(platform="win32"))
    code, _, said = run(*arguments, "spawned")
    assert code == 0, said
    for table in ("assignments.tsv", "modes.tsv", "regions.tsv"):
        assert Path("forked", table).read_bytes() == Path("spawned", table).read_bytes()


def test_an_atlas_and_its_table_may_lie_on_two_drives(files, monkeypatch):
    def on_two_drives(paths):
        raise ValueError("Paths don't have the same drive")

    monkeypatch.setattr(os.path, "commonpath", on_two_drives)
    atlas = naa.load_atlas("atlas.nii.gz", labels="atlas.csv")
    assert atlas.regions["name"].tolist() == ["A", "B"]
    assert len(index.entries()) == 1


def test_a_damaged_entry_that_another_session_holds_open_costs_speed_alone(files, monkeypatch):
    naa.load_atlas("atlas.nii.gz")
    (entry,) = index.entries()
    with (entry.folder / "voxel.npy").open("ab") as file:
        file.write(b"damage")

    def held(*_, **__):
        raise PermissionError(13, "The process cannot access the file")

    monkeypatch.setattr(Path, "rename", held)
    monkeypatch.setattr(shutil, "rmtree", lambda *_, **__: None)
    assert naa.load_atlas("atlas.nii.gz").regions["name"].tolist() == ["A", "B"]


@pytest.mark.parametrize("save_to", ["out", "report.html"])
def test_a_result_that_another_program_holds_open_is_left_as_it_was(files, save_to, monkeypatch):
    result = naa.assign("map.nii.gz", "atlas.nii.gz", threshold=1)
    write = result.report if save_to.endswith("html") else result.save
    write(save_to)
    before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}

    def held(*_, **__):
        raise PermissionError(13, "The process cannot access the file")

    for name in ("replace", "rename"):
        monkeypatch.setattr(os, name, held)
    with pytest.raises(naa.InputError, match=f"{save_to} cannot be written .*The process cannot access the file"):
        write(save_to)
    assert {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_a_named_table_is_printed_with_its_own_line_ends(files, end, monkeypatch):
    Path("foci.csv").write_bytes(f"x,y,z{end}2,0,0{end}".encode())
    printed = io.BytesIO()
    # As on Windows, where text gets the line ends of the system.
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(printed, encoding="utf-8", newline="\r\n"))
    from napari_atlas_assign.cli import main

    assert main(["label", "foci.csv", "--atlas", "atlas.nii.gz"]) == 0
    lines = printed.getvalue().split(end.encode())
    assert [line.split(b",")[:3] for line in lines[:2]] == [[b"x", b"y", b"z"], [b"2", b"0", b"0"]]
    assert printed.getvalue().count(b"\r") == end.count("\r") * 2


def test_a_table_of_names_is_found_whatever_the_case_of_its_name(files):
    save("Parcels.NII.GZ", 1, 2)
    Path("parcels.CSV").write_text("index,name\n1,North\n2,South\n")
    assert naa.load_atlas("Parcels.NII.GZ").regions["name"].tolist() == ["North", "South"]


def test_maps_whose_names_differ_by_case_alone_stay_apart_in_a_batch(files, run):
    Path("maps.csv").write_text("path,name\nmaps/0.nii.gz,Sub\nmaps/1.nii.gz,sub\n")
    assert run("batch", "maps.csv", "--atlas", "atlas.nii.gz", "--threshold", "1", "--output", "out")[0] == 0
    rows = Path("out", "modes.tsv").read_text("utf-8").splitlines()
    assert sorted({row.split("\t")[2] for row in rows[1:]}) == ["Sub", "sub"]


def test_text_with_line_ends_of_windows_is_read_as_text_without(files, run):
    tables = {
        "labels": ("names.csv", "index,name\n1,One\n2,Two\n"),
        "groups": ("groups.tsv", "region\tgroup\n1\tFirst\n2\tSecond\n"),
        "points": ("points.csv", "x,y,z,name\n2,0,0,a\n4,0,0,b\n"),
    }
    answers = []
    for end in ("\n", "\r\n"):
        for name, text in tables.values():
            Path(name).write_bytes(text.replace("\n", end).encode())
        atlas = naa.load_atlas("atlas.nii.gz", labels="names.csv", groups="groups.tsv")
        result = naa.assign("points.csv", atlas)
        answers.append((atlas.regions.to_dict("list"), result.assignments.to_dict("list")))
    assert str(answers[0]) == str(answers[1])
