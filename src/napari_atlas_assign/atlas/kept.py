"""What is worked out of an atlas once, and kept for as long as the atlas is in use."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable
from functools import wraps
from threading import Lock, RLock
from typing import TypeVar
from weakref import WeakKeyDictionary

from .atlas import Atlas

Value = TypeVar("Value")


def kept_with_atlas(most: int | None = None) -> Callable[[Callable[..., Value]], Callable[..., Value]]:
    """Decorate a function of an atlas, and of more that is hashable: each value is made once and goes with its atlas.

    Threads that ask for values of one atlas wait for each other. A value must not hold its atlas.

    Parameters
    ----------
    most : int, optional
        Values that are kept for one atlas, those that were asked for last; all if None.
    """

    def decorate(make: Callable[..., Value]) -> Callable[..., Value]:
        kept: WeakKeyDictionary[Atlas, tuple[RLock, OrderedDict[Hashable, Value]]] = WeakKeyDictionary()
        lock = Lock()

        @wraps(make)
        def once(atlas: Atlas, *more: Hashable) -> Value:
            with lock:
                of_atlas, values = kept.setdefault(atlas, (RLock(), OrderedDict()))
            with of_atlas:
                if more not in values:
                    values[more] = make(atlas, *more)
                values.move_to_end(more)
                while most is not None and len(values) > most:
                    values.popitem(last=False)
                return values[more]

        return once

    return decorate
