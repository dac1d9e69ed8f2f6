"""Freed memory stays in the process, where the C library can be taught to keep it."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

CODE = """
import resource, sys
import numpy as np
from napari_atlas_assign.assignment.sums.memory import keep_freed_memory

def use():
    arrays = [np.ones(2**21, np.uint8) for _ in range(20)]

def pages():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

if sys.argv[1] == "keep":
    keep_freed_memory()
use()
before = pages()
use()
print(pages() - before)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="elsewhere nothing is done")
def test_what_was_freed_is_used_again():
    # Workers of a cluster, which other tests start, leave a setting in the environment that ends it.
    environment = {name: value for name, value in os.environ.items() if not name.startswith("MALLOC_")}

    def pages(how):
        command = [sys.executable, "-c", CODE, how]
        return int(subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout)

    assert pages("keep") < 100 < pages("give back")
