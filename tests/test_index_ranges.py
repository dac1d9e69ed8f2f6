"""Ranges of whole numbers, many at a time."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from napari_atlas_assign.index_ranges import firsts, listed, slices


@given(st.lists(st.tuples(st.integers(-50, 50), st.integers(0, 9))))
def test_ranges_are_listed_as_a_loop_would(ranges):
    begin = np.array([start for start, _ in ranges], int)
    end = begin + np.array([length for _, length in ranges], int)
    expected = [(n, i) for n, (low, high) in enumerate(zip(begin, end, strict=True)) for i in range(low, high)]
    which, number = listed(begin, end)
    assert list(zip(which.tolist(), number.tolist(), strict=True)) == expected


@given(st.integers(0, 40), st.integers(1, 12))
def test_slices_cover_every_row_once_and_are_no_longer_than_asked(n, length):
    parts = [list(range(n))[part] for part in slices(n, length)]
    assert [row for part in parts for row in part] == list(range(n))
    assert all(0 < len(part) <= length for part in parts)


@given(st.lists(st.integers(0, 2)))
def test_firsts_are_where_a_number_is_not_the_one_before(numbers):
    expected = [n for n, number in enumerate(numbers) if n == 0 or number != numbers[n - 1]]
    assert firsts(np.array(numbers, int)).tolist() == expected
