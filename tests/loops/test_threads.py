"""Calls in threads: results in order, few under way, and what one raises ends all."""

from __future__ import annotations

import os
import threading
import time

import pytest

from napari_atlas_assign.loops.threads import in_threads


def test_results_come_in_order_from_other_threads():
    def work(n):
        time.sleep(0.01 * (n % 3 == 0))
        return n, threading.current_thread() is threading.main_thread()

    assert list(in_threads(work, ((n,) for n in range(20)))) == [(n, False) for n in range(20)]


def test_one_call_needs_no_thread():
    assert list(in_threads(lambda: threading.current_thread() is threading.main_thread(), [()])) == [True]
    assert list(in_threads(lambda: 1, [])) == []


def test_arguments_are_taken_as_results_are_asked_for():
    taken = []

    def arguments():
        for n in range(1000):
            taken.append(n)
            yield (n,)

    results = in_threads(lambda n: n, arguments())
    assert next(results) == 0
    assert len(taken) < 20
    results.close()


def test_calls_that_have_not_begun_are_left_when_no_further_result_is_asked_for():
    begun = []

    def work(n):
        begun.append(n)
        time.sleep(0.02)

    results = in_threads(work, ((n,) for n in range(1000)))
    next(results)
    results.close()
    assert len(begun) <= 2 + 2 * min(4, os.cpu_count())


def test_what_a_call_raises_ends_all():
    def work(n):
        if n == 3:
            raise ValueError("three")
        return n

    results = in_threads(work, ((n,) for n in range(1000)))
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(ValueError, match="three"):
        list(results)
