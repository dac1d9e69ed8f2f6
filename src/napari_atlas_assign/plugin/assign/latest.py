"""Keeping up with a hand that moves: one thing at a time, and of what comes meanwhile only the last."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from threading import Thread
from typing import Generic, TypeVar

from ... import loops

T = TypeVar("T")

MOST_VOXELS = 12_000_000
"""Maps up to this size are updated live from the start: 1 mm in a human brain."""

AT_ONCE = 0.03
"""Seconds; an update that took less the last time is made at once, without the detour through a thread."""


@cache
def compile_beside() -> None:
    """Have the engine's innermost loops compiled in a thread, once in a session: a hand that moves will ask for it."""
    Thread(target=loops.prepare).start()


class Latest(Generic[T]):
    """Starts one item after the other; what waits is replaced by what comes later.

    Parameters
    ----------
    start : callable
        Called with an item; `finished` must be called when it is done.
    """

    def __init__(self, start: Callable[[T], None]) -> None:
        self._start = start
        self._waiting: list[T] = []
        self.is_busy = False

    def submit(self, item: T) -> None:
        """Start an item, or have it wait in place of the one that waits."""
        if self.is_busy:
            self._waiting = [item]
            return
        self.is_busy = True
        self._start(item)

    def finished(self) -> None:
        """The item that was started is done; start the one that waits."""
        self.is_busy = False
        if self._waiting:
            self.submit(self._waiting.pop())

    def clear(self) -> None:
        """Forget what waits and what was started."""
        self._waiting.clear()
        self.is_busy = False
