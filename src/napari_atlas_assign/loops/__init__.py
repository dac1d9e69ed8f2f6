"""Loops that numba compiles, where it is installed, for those who assign again and again, as with a live threshold.

numpy walks through the same arrays some twenty times and waits for the memory each time. Loading numba and compiling
take longer than many assignments do, so that nothing is compiled before somebody asks for it. Results are the same to
the last bit: both add the same numbers in the same order. `threads` needs no numba.
"""

from __future__ import annotations


def prepare() -> bool:
    """Compile all loops of an assignment, where numba is installed; whether they are ready now."""
    from . import blobs, components, pairs, stretches

    every = (
        components.search,
        components.sort,
        components.join,
        pairs.add_up,
        blobs.find,
        blobs.measure,
        stretches.add_up,
    )
    return all([loop.prepare() for loop in every])
