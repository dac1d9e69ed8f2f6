"""Ctrl-C in a batch: the first finishes the maps in hand, the second ends at once.

An exception that comes up anywhere can leave a pool of processes waiting for ever, so that the interrupt sets a mark,
at which the batch looks; the second kills the workers and leaves. What is finished is in the journal already.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

_STOPPED = 1
"""Exit code after the second interrupt."""


class Stop:
    """Whether the user wants the batch to end.

    Parameters
    ----------
    tell : callable
        Called once, with the number of maps that are still finished.
    """

    def __init__(self, tell: Callable[[int], object] = lambda n_maps: None) -> None:
        self.asked = False
        self.tell = tell
        self._has_workers = False

    @contextmanager
    def while_workers_work(self) -> Iterator[None]:
        """Leave it to whoever looks at `asked` to end; elsewhere an interrupt is an exception, as ever."""
        self._has_workers = True
        try:
            yield
        finally:
            self._has_workers = False

    def interrupt(self, *_: Any) -> None:
        """Handle an interrupt."""
        if not self._has_workers:
            raise KeyboardInterrupt
        if self.asked:
            _end()
        self.asked = True


@contextmanager
def on_interrupt(tell: Callable[[int], object]) -> Iterator[Stop]:
    """Give what knows of interrupts from the keyboard; see `Stop`."""
    stop = Stop(tell)
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return
    before = signal.signal(signal.SIGINT, stop.interrupt)
    try:
        yield stop
    finally:
        signal.signal(signal.SIGINT, before)


def _end() -> None:
    """End this process and its workers, whatever they are at."""
    for worker in multiprocessing.active_children():
        worker.kill()
    os._exit(_STOPPED)
