"""What numba compiled is kept on disk, and nothing that lies there, or does not, can end a run."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numba
import pytest

CODE = """
import numpy as np
from tests.loops.test_compiling import added
from napari_atlas_assign.loops.compiling import compiled
print(compiled(added)(np.arange(4.0)))
"""


def added(values):
    total = 0.0
    for value in values:
        total += value
    return total


def run(folder):
    environment = os.environ | {"NUMBA_CACHE_DIR": str(folder)}
    done = subprocess.run([sys.executable, "-c", CODE], env=environment, capture_output=True, text=True, check=False)
    return done.stdout.strip(), done.stderr


def files(folder, ending=""):
    return sorted(path for path in folder.rglob(f"*{ending}") if path.is_file())


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A folder into which two processes wrote at once, and what they printed."""
    folder = tmp_path_factory.mktemp("kept")
    with ThreadPoolExecutor(2) as pool:
        return folder, list(pool.map(run, [folder] * 2))


@pytest.fixture
def folder(written, tmp_path):
    return shutil.copytree(written[0], tmp_path / "kept")


def test_processes_that_write_at_once_do_not_disturb_each_other(written):
    folder, printed = written
    assert printed == [("6.0", "")] * 2
    assert {path.suffix for path in files(folder)} == {".nbi", ".nbc"}  # nothing half written is left


def test_a_damaged_file_is_passed_by(folder):
    for path in files(folder):
        path.write_bytes(b"damaged")
    assert run(folder) == ("6.0", "")


def test_what_another_numba_kept_is_not_run(folder):
    (index,) = files(folder, ".nbi")
    before, version, behind = index.read_bytes().partition(numba.__version__.encode())
    index.write_bytes(before + version.replace(b".", b"!") + behind)
    for code in files(folder, ".nbc"):
        code.write_bytes(b"of another version")
    assert run(folder) == ("6.0", "")
    assert version in index.read_bytes()


def test_where_no_folder_can_be_written_it_is_compiled_all_the_same(tmp_path):
    file = tmp_path / "file"
    file.write_bytes(b"")
    assert run(file / "folder") == ("6.0", "")
