"""No full search for garbage while something moves: in napari's window it takes a fifth of a second, which is seen."""

from __future__ import annotations

import gc
from time import monotonic

from qtpy.QtCore import QTimer

REST = 2.0
"""Seconds for which nothing must have moved before Python searches as often as before."""

RARELY = 1000
"""Smaller searches between two full ones while something moves, instead of 10; so memory cannot grow for ever."""

_before: list[tuple[int, int, int]] = []
"""How often Python searched before; empty while nothing moves."""

_moved = 0.0
"""When something moved last."""


def keep_calm() -> None:
    """Something moves: let full searches for garbage be rare until it rests. Called in the window's thread."""
    global _moved
    _moved = monotonic()
    if not _before:
        _before.append(gc.get_threshold())
        young, middle, old = _before[0]
        gc.set_threshold(young, middle, max(old, RARELY))
        QTimer.singleShot(int(1000 * REST), _look)


def _look() -> None:
    left = _moved + REST - monotonic()
    if left > 0:
        QTimer.singleShot(int(1000 * left) + 1, _look)
    else:
        gc.set_threshold(*_before.pop())
