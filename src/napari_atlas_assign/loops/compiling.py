"""What numba compiles is the same to the last bit, sooner.

It is kept on disk, beside the source or in the user's cache folder (``NUMBA_CACHE_DIR`` names another), by numba's own
version, the processor and the source: once per machine. numba writes whole files and renames them, so that processes do
not disturb each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib.util import find_spec
from typing import Any


def has_compiler() -> bool:
    """Whether numba is installed."""
    return find_spec("numba") is not None


def compiled(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function of numbers and arrays, compiled at its first call for each set of types; it must not raise.

    Where nothing can be kept on disk, or what is kept there is damaged, it is compiled anew.
    """
    import numba

    anew = numba.njit(nogil=True)(function)
    try:
        kept = numba.njit(nogil=True, cache=True)(function)
    except RuntimeError:  # no folder can be written
        return anew

    def call(*arguments: Any) -> Any:
        try:
            return kept(*arguments)
        except Exception:  # before the loop began: it raises nothing itself
            return anew(*arguments)

    return call


class Loop:
    """A loop that is compiled when somebody asks for it.

    Parameters
    ----------
    function : callable
        See `compiled`.
    examples : callable
        Gives arguments of every set of types that it will be called with.
    """

    def __init__(self, function: Callable[..., Any], examples: Callable[[], Iterator[tuple[Any, ...]]]) -> None:
        self._function, self._examples = function, examples
        self._compiled: Callable[..., Any] | None = None

    @property
    def is_ready(self) -> bool:
        """Whether it was compiled."""
        return self._compiled is not None

    def prepare(self) -> bool:
        """Compile it, where numba is installed; whether it is ready now."""
        if not self.is_ready and has_compiler():
            loop = compiled(self._function)
            for example in self._examples():
                loop(*example)
            self._compiled = loop
        return self.is_ready

    def __call__(self, *arguments: Any) -> Any:
        """Run it; it must be ready."""
        assert self._compiled is not None, "see is_ready"
        return self._compiled(*arguments)
