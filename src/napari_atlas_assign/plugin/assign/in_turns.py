"""Showing a result step by step, in turns of the event loop between which the window answers."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from qtpy.QtWidgets import QWidget

from ..calm import keep_calm
from .parts import timer


class InTurns:
    """Takes one step in each turn; `end` is called after the last, unless they were stopped."""

    def __init__(self, parent: QWidget, end: Callable[[], None]) -> None:
        self._steps: Iterator[None] = iter(())
        self._fail: Callable[[Exception], object]
        self._end = end
        self._next = timer(parent, 0, self._turn)
        self.is_going = False
        parent.destroyed.connect(self._forget)

    def begin(self, steps: Iterator[None], fail: Callable[[Exception], object]) -> None:
        """Take the first step now and the others by and by; `fail` is told of an error, which is the end, too."""
        keep_calm()
        self._steps, self._fail, self.is_going = steps, fail, True
        self._turn()

    def stop(self) -> None:
        """Take no more steps."""
        self._next.stop()
        self.is_going = False

    def _forget(self) -> None:
        """Take no more steps; the timer goes with its parent, even amid a step."""
        self.is_going = False

    def _turn(self) -> None:
        try:
            next(self._steps)
        except StopIteration:
            self._over()
        except Exception as error:
            self._fail(error)
            self._over()
        else:
            if self.is_going:
                self._next.start()

    def _over(self) -> None:
        if self.is_going:  # else a step was the last because it was stopped, and others have the turn
            self.is_going = False
            self._end()
