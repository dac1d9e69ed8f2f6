"""Items made ahead by a second thread."""

import threading
import time

import pytest

from napari_atlas_assign.atlas.files.ahead import ahead


def test_items_come_in_order_and_from_another_thread():
    threads = set()

    def numbers():
        for n in range(50):
            threads.add(threading.get_ident())
            yield n

    assert list(ahead(numbers(), 3)) == list(range(50))
    assert threading.get_ident() not in threads
    assert list(ahead([], 1)) == []


def test_an_error_comes_after_the_items_made_before_it():
    def numbers():
        yield 1
        yield None
        raise ValueError("no third")

    items = ahead(numbers(), 5)
    assert [next(items), next(items)] == [1, None]
    with pytest.raises(ValueError, match="no third"):
        next(items)


def test_no_more_are_made_than_asked_for_and_none_once_nobody_takes_them():
    made = []

    def numbers():
        for n in range(1000):
            made.append(n)
            yield n

    items = ahead(numbers(), 2)
    assert next(items) == 0
    time.sleep(0.1)
    assert len(made) <= 5
    before = threading.active_count()
    items.close()
    deadline = time.monotonic() + 5
    while threading.active_count() >= before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() < before
    assert len(made) <= 6
