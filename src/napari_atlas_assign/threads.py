"""Pieces of work side by side in threads: numpy lets go of the interpreter's lock while it loops over large arrays."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, islice
from typing import Any


def in_threads(work: Callable[..., Any], arguments: Iterable[tuple[Any, ...]]) -> Iterator[Any]:
    """Results of a function, in order. Few calls are under way at a time, so that memory stays bounded."""
    rest = iter(arguments)
    first = list(islice(rest, 2))
    if len(first) < 2:  # threads cost time, too
        yield from (work(*some) for some in first)
        return
    workers = min(4, os.cpu_count() or 1)
    waiting: deque[Future[Any]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        for some in chain(first, rest):
            waiting.append(pool.submit(work, *some))
            if len(waiting) > 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
