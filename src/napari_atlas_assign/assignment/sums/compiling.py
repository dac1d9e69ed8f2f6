"""Loops compiled by numba, where it is installed: the same numbers to the last bit, sooner.

What numba compiled it keeps on disk, beside the source or in the user's cache folder (``NUMBA_CACHE_DIR`` names
another), by its own version, the processor and the source: once per machine. It writes whole files and renames them, so
that processes do not disturb each other.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib.util import find_spec
from typing import Any


def has_compiler() -> bool:
    """Whether numba is installed."""
    return find_spec("numba") is not None


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of numbers and arrays, compiled at its first call for each set of types; it must not raise.

    Where nothing can be kept on disk, or what is kept there is damaged, it is compiled anew.
    """
    import numba

    anew = numba.njit(nogil=True)(function)
    try:
        kept = numba.njit(nogil=True, cache=True)(function)
    except RuntimeError:  # no folder can be written
        return anew

    def call(*arguments: Any) -> Any:
        try:
            return kept(*arguments)
        except Exception:  # before the loop began: it raises nothing itself
            return anew(*arguments)

    return call
