"""Work that a second thread does ahead of the one that needs it: unpacking and looking overlap."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from queue import Queue
from threading import Thread
from typing import TypeVar

Item = TypeVar("Item")

_END = object()


def ahead(items: Iterable[Item], most: int) -> Iterator[Item]:
    """Yield items in order, made by a second thread that is up to `most` of them ahead.

    What the making of one raises is raised where it would be yielded.
    """
    queue: Queue[tuple[object, BaseException | None]] = Queue(most)
    stopped = False

    def make() -> None:
        try:
            for item in items:
                queue.put((item, None))
                if stopped:
                    return
            queue.put((_END, None))
        except BaseException as error:  # handed over, and raised where the user can see it
            queue.put((_END, error))

    Thread(target=make, daemon=True).start()
    try:
        while True:
            item, error = queue.get()
            if error is not None:
                raise error
            if item is _END:
                return
            yield item  # type: ignore[misc]  # all but _END are items
    finally:
        stopped = True
        while not queue.empty():
            queue.get_nowait()
