"""What arrays give back is kept for the next ones."""

from __future__ import annotations

from functools import cache

import numpy as np

_LARGEST = 2**25 - 2**16
"""Bytes: glibc learns from blocks of up to 32 MiB."""


@cache
def keep_freed_memory() -> None:
    """Let the C library keep up to 64 MiB of freed memory in the process, once; elsewhere than with glibc, do nothing.

    At first glibc gives what is freed back to the system, which hands it out again page by page, filled with zeros:
    thousands of pages at each assignment, which may take as long as all the rest. It keeps twice the largest block that
    it saw freed, so that it is shown one, of which no page is ever touched.
    """
    np.empty(_LARGEST, np.uint8)
