"""How long each stage of an assignment takes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter

Timings = dict[str, float]
"""Seconds per stage."""


@contextmanager
def timed(timings: Timings, stage: str) -> Iterator[None]:
    """Add the seconds that a block takes to a stage."""
    start = perf_counter()
    yield
    timings[stage] = timings.get(stage, 0.0) + perf_counter() - start
