"""Named pipes, devices and sockets are refused at once, whatever they are given as; reading them may never end."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from napari_atlas_assign import InputError, assign, load_atlas, rerun
from napari_atlas_assign.batch.inputs import find_maps
from napari_atlas_assign.plugin.layers.reader import get_reader

pytestmark = pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")

ENDINGS = ("", ".nii", ".nii.gz", ".csv", ".tsv", ".json", ".xml", ".hdr", ".zarr", ".mgz", ".gii", ".HEAD")


def special(folder: Path, kind: str, ending: str) -> Path:
    path = folder / f"a{ending}"
    if kind == "a named pipe":
        os.mkfifo(path)
    elif kind == "a device":
        path.symlink_to("/dev/zero")
    else:
        here = os.getcwd()
        os.chdir(folder)  # addresses of sockets are short
        with socket.socket(socket.AF_UNIX) as opened:
            opened.bind(path.name)
        os.chdir(here)
    return path


@pytest.mark.parametrize("kind", ["a named pipe", "a device", "a socket"])
@pytest.mark.parametrize("ending", ENDINGS)
def test_special_files_are_refused_as_what_they_are(tmp_path, small_atlas, kind, ending):
    path = special(tmp_path, kind, ending)
    nib.save(nib.Nifti1Image(np.ones((4, 4, 4), np.uint8), np.eye(4)), tmp_path / "labels.nii.gz")
    tries = {
        "map": lambda: assign(path, small_atlas),
        "atlas": lambda: load_atlas(path),
        "dialect": lambda: load_atlas(path, dialect="nifti"),
        "table": lambda: load_atlas(tmp_path / "labels.nii.gz", labels=path),
        "record": lambda: rerun(path),
        "batch": lambda: find_maps([path]),
    }
    for what, call in tries.items():
        with pytest.raises(InputError, match=f"^a.* is {kind}, not a file") as error:
            call()
        assert "\n" not in str(error.value), what
    assert get_reader(path) is None


def test_special_files_inside_folders_are_refused_or_passed_over(tmp_path, small_atlas):
    zarr = pytest.importorskip("zarr")
    group = zarr.open_group(tmp_path / "a.zarr", mode="w")
    group.create_array("0", data=np.ones((2, 2, 2)), chunks=(1, 1, 1))
    chunk = next(f for f in (tmp_path / "a.zarr" / "0").rglob("*") if f.is_file() and f.suffix != ".json")
    chunk.unlink()
    os.mkfifo(chunk)
    with pytest.raises(InputError, match="is a named pipe"):
        assign(tmp_path / "a.zarr", small_atlas)
    nib.save(nib.Nifti1Image(np.ones((4, 4, 4), np.uint8), np.eye(4)), tmp_path / "labels.nii.gz")
    for name in ("labels.csv", "labels.json", "labels.tsv", "labels.txt"):
        os.mkfifo(tmp_path / name)
    assert load_atlas(tmp_path / "labels.nii.gz").n_regions == 1  # beside the image: no tables


def test_a_pipe_in_the_place_of_a_saved_table_is_told(tmp_path, small_atlas):
    noise = np.random.default_rng(0).normal(size=small_atlas.grid.shape).astype(np.float32)
    nib.save(nib.Nifti1Image(noise, small_atlas.grid.affine), tmp_path / "map.nii")
    labels = (noise > 1).astype(np.uint8)
    nib.save(nib.Nifti1Image(labels, small_atlas.grid.affine), tmp_path / "labels.nii")
    out = assign(tmp_path / "map.nii", load_atlas(tmp_path / "labels.nii")).save(tmp_path / "out")
    (out / "modes.tsv").unlink()
    os.mkfifo(out / "modes.tsv")
    command = [sys.executable, "-m", "napari_atlas_assign", "rerun", str(out)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert "modes.tsv: is the same again, but the file beside the record is missing" in done.stdout
    with pytest.raises(InputError, match=r"'modes\.tsv', which would be lost"):
        assign(tmp_path / "map.nii", load_atlas(tmp_path / "labels.nii")).save(tmp_path / "out")
