"""What numba compiled is kept on disk, and nothing that lies there can end a run."""

from __future__ import annotations

import os
import subprocess
import sys

CODE = """
import numpy as np
from tests.assignment.sums.test_compiling import added
from napari_atlas_assign.assignment.sums.compiling import compiled
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


def test_a_damaged_file_is_passed_by(tmp_path):
    assert run(tmp_path) == ("6.0", "")
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert {path.suffix for path in kept} == {".nbi", ".nbc"}
    for path in kept:
        path.write_bytes(b"damaged")
    assert run(tmp_path) == ("6.0", "")
