"""What is worked out of an atlas once."""

from __future__ import annotations

import gc
import weakref
from concurrent.futures import ThreadPoolExecutor
from time import sleep

import numpy as np

from napari_atlas_assign.atlas.kept import kept_with_atlas
from tests.cases import atlas_of


class Value:
    """Something that weak references can point to."""


def an_atlas():
    return atlas_of(np.full((1, 2, 2, 2), 0.5, np.float32), np.eye(4))


def test_a_value_is_made_once_for_each_atlas_and_key():
    made = []

    @kept_with_atlas()
    def value(atlas, *key):
        made.append(key)
        return Value()

    a, b = an_atlas(), an_atlas()
    assert value(a) is value(a)
    assert value(a, 1) is value(a, 1)
    assert value(a, 1) is not value(a, 2)
    assert value(a) is not value(b)
    assert made == [(), (1,), (2,), ()]


def test_values_go_with_their_atlas():
    value = kept_with_atlas()(lambda atlas: Value())
    atlas = an_atlas()
    kept = weakref.ref(value(atlas))
    gc.collect()
    assert kept() is not None
    del atlas
    gc.collect()
    assert kept() is None


def test_those_asked_for_last_are_kept_where_they_are_bounded():
    made = []
    value = kept_with_atlas(most=2)(lambda atlas, key: made.append(key))
    atlas = an_atlas()
    for key in (1, 2, 1, 3, 1, 2):
        value(atlas, key)
    assert made == [1, 2, 3, 2]


def test_threads_that_ask_at_once_get_one_value():
    made = []

    @kept_with_atlas()
    def value(atlas):
        sleep(0.05)
        made.append(atlas)
        return Value()

    atlas = an_atlas()
    with ThreadPoolExecutor(4) as pool:
        values = set(pool.map(value, [atlas] * 8))
    assert len(values) == len(made) == 1
