from __future__ import annotations

import errno
import os
from dataclasses import replace

import nibabel as nib
import numpy as np
import pytest

from napari_atlas_assign.atlas.formats import nifti
from napari_atlas_assign.atlas.storage.index import entries, stored
from napari_atlas_assign.atlas.storage.worked_out import keep_worked_out, worked_out
from napari_atlas_assign.atomic import leftovers


@pytest.fixture
def path(tmp_path, monkeypatch):
    """A file of an atlas, and an empty index."""
    monkeypatch.setenv("NAPARI_ATLAS_ASSIGN_CACHE", str(tmp_path / "cache"))
    path = tmp_path / "atlas.nii"
    nib.save(nib.Nifti1Image(np.array([[[0, 1, 2]]], np.uint8), np.eye(4)), path)
    path.with_suffix(".csv").write_text("index,name\n1,A\n2,B\n")
    return path


def test_arrays_are_kept_for_the_next_session_from_the_first_on(path):
    first = stored(nifti, path)
    assert worked_out(first, "x") is None
    keep_worked_out(first, "x", {"a": np.arange(3)})
    later = stored(nifti, path)
    assert worked_out(later, "x")["a"].tolist() == [0, 1, 2]
    assert worked_out(later, "y") is None


def test_an_atlas_described_anew_is_the_same_and_one_made_of_it_is_not(path):
    atlas = stored(nifti, path)
    keep_worked_out(atlas, "x", {"a": np.arange(3)})
    assert worked_out(atlas.described(name="other"), "x") is not None
    other = replace(atlas, value=atlas.value * np.float32(0.5))
    assert worked_out(other, "x") is None
    keep_worked_out(other, "x", {"a": np.zeros(3)})
    assert worked_out(atlas, "x")["a"].tolist() == [0, 1, 2]


def test_later_arrays_take_the_place_of_earlier_ones(path):
    atlas = stored(nifti, path)
    for n in (3, 5):
        keep_worked_out(atlas, "x", {"a": np.arange(n)})
    assert len(worked_out(atlas, "x")["a"]) == 5


def test_damaged_arrays_are_none_and_can_be_kept_again(path):
    atlas = stored(nifti, path)
    keep_worked_out(atlas, "x", {"a": np.arange(3)})
    (file,) = atlas.stored_in.rglob("a.npy")
    file.write_bytes(file.read_bytes()[:-1])
    assert worked_out(atlas, "x") is None
    keep_worked_out(atlas, "x", {"a": np.arange(3)})
    assert worked_out(atlas, "x") is not None


def test_a_full_disk_costs_the_speed_alone(path, monkeypatch):
    atlas = stored(nifti, path)

    def full(where, *_, **__):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(where))

    with monkeypatch.context() as patch:
        patch.setattr(np, "save", full)
        keep_worked_out(atlas, "x", {"a": np.arange(3)})
    assert worked_out(atlas, "x") is None
    assert leftovers(atlas.stored_in / "worked-out") == []


def test_nothing_is_kept_of_an_atlas_whose_entry_has_gone(path):
    atlas = stored(nifti, path)
    (file,) = atlas.stored_in.parent.iterdir()
    file.rename(file.parent / "away")
    keep_worked_out(atlas, "x", {"a": np.arange(3)})
    assert not atlas.stored_in.exists()


def test_what_was_used_last_stays_and_counts_for_the_size_of_the_atlas(path):
    atlas = stored(nifti, path)
    before = entries()[0].n_bytes
    for name in map(str, range(15)):
        keep_worked_out(atlas, name, {"a": np.arange(100)})
        for kept in atlas.stored_in.glob("worked-out/*"):
            if os.stat(kept).st_mtime > 1e9:  # written just now: as many seconds ago as there are numbers to come
                os.utime(kept, (int(name), int(name)))
        assert worked_out(atlas, "0") is not None  # used again
    assert [name for name in map(str, range(15)) if worked_out(atlas, name)] == ["0", *map(str, range(4, 15))]
    assert entries()[0].n_bytes > before + 12 * 800
