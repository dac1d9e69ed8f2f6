"""Remarks: what the user should know about an atlas that was read all the same.

The stored index keeps them with the atlas, so that they are made every time, not only when the files are read.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from ..encoding import one_line
from ..errors import warn

_heard: ContextVar[list[str] | None] = ContextVar("heard", default=None)
_silent: ContextVar[bool] = ContextVar("silent", default=False)


def remark(message: str) -> None:
    """Warn the user with one sentence, once per atlas that is read."""
    if _silent.get():
        return
    message = one_line(message)  # file names may hold what no record can
    heard = _heard.get()
    if heard is not None:
        if message in heard:
            return
        heard.append(message)
    warn(message)


@contextmanager
def listening() -> Iterator[list[str]]:
    """Collect the remarks that are made inside; they still reach the user, and whoever listens outside."""
    heard: list[str] = []
    outside = _heard.get()
    token = _heard.set(heard)
    try:
        yield heard
    finally:
        _heard.reset(token)
        if outside is not None:
            outside += heard


@contextmanager
def silently() -> Iterator[None]:
    """Make no remark inside: where a file is looked at for its names alone, and is no atlas."""
    token = _silent.set(True)
    try:
        yield
    finally:
        _silent.reset(token)
