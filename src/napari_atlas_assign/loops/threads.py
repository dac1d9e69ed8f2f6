"""Calls that work mostly outside of Python, in threads, with their results in order."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain, islice
from typing import Any


def in_threads(work: Callable[..., Any], arguments: Iterable[tuple[Any, ...]]) -> Iterator[Any]:
    """Results in order. Few calls are under way at a time, so that memory does not follow the number of arguments.

    Arguments are taken in the thread that asks for results, while others work.
    """
    arguments = iter(arguments)
    first = list(islice(arguments, 2))
    if len(first) < 2:  # a thread takes longer to start than one point to add up
        yield from (work(*some) for some in first)
        return
    workers = min(4, os.cpu_count() or 1)
    waiting: deque[Future[Any]] = deque()
    pool = ThreadPoolExecutor(workers)
    try:
        for some in chain(first, arguments):
            waiting.append(pool.submit(work, *some))
            if len(waiting) > 2 * workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:  # who asks for no further results need not wait for calls that have not begun
        pool.shutdown(cancel_futures=True)
