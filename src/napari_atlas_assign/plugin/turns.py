"""Long work in the window's thread, step by step: a generator that pauses where the window may answer."""

from __future__ import annotations

from collections.abc import Iterator


def at_once(turns: Iterator[None]) -> None:
    """Do all steps without a pause."""
    for _ in turns:
        pass
