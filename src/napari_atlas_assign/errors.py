"""What can be wrong with what a user hands over.

Every message is one sentence that names the file or layer, says what is wrong and what to do.
"""

from __future__ import annotations

import inspect
import sys
import warnings

from .encoding import one_line

_LONGEST = 1200
"""Letters of a message; of a longer one, such as one that names a path of thousands, the middle is left out."""


class InputError(ValueError):
    """The input or an argument is wrong, and the user can mend it; the message is on one line."""

    def __init__(self, message: object = "") -> None:
        super().__init__(_short(one_line(str(message))))


class GridError(InputError):
    """A grid has no usable geometry: a singular or non-finite affine, or an empty shape."""


class AtlasError(InputError):
    """An atlas cannot be read, or its files contradict each other."""


class AssignmentWarning(UserWarning):
    """The assignment ran, but the user should look at something; the message is on one line."""

    def __init__(self, message: object = "") -> None:
        super().__init__(_short(one_line(str(message))))


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]} … {text[-_LONGEST // 2 :]}"


def counted(n: int, noun: str) -> str:
    """``1 electrode``, ``2 electrodes``."""
    return f"{n} {plural(n, noun)}"


def plural(n: int, one: str, several: str | None = None) -> str:
    """A noun as it stands behind a number; of ``region of interest`` or ``random map``, the right word takes the s."""
    if n == 1:
        return one
    if several is not None:
        return several
    head, of, rest = one.partition(" of ")
    rule = next(((end, other) for end, other in _PLURALS.items() if head.endswith(end)), ("", "s"))
    return f"{head[: len(head) - len(rule[0])]}{rule[1]}{of}{rest}"


_PLURALS = {"axis": "axes", "index": "indices", "s": "ses"}
"""Endings of nouns that take more than an s."""


def warn(sentence: str) -> None:
    """Warn with one sentence, at the user's own line: the innermost outside this package and Python's own modules."""
    frame = inspect.currentframe()
    while frame is not None and frame.f_back is not None and _is_between(frame.f_globals.get("__name__", "")):
        frame = frame.f_back
    assert frame is not None  # as CPython has it
    names = frame.f_globals
    warnings.warn_explicit(
        sentence,
        AssignmentWarning,
        frame.f_code.co_filename,
        frame.f_lineno,
        names.get("__name__"),
        names.setdefault("__warningregistry__", {}),
    )


def _is_between(module: str) -> bool:
    """Whether a module lies between the user's line and a warning."""
    top = module.partition(".")[0]
    return top == __name__.partition(".")[0] or top in sys.stdlib_module_names
