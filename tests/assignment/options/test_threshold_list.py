"""The thresholds of a sweep, as users write them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_atlas_assign.assignment.options.threshold_list import thresholds_in, thresholds_text
from napari_atlas_assign.errors import InputError


@given(st.lists(st.floats(0, 1e6), min_size=1, max_size=9))
def test_thresholds_written_and_read_are_the_same(thresholds):
    assert list(thresholds_in(thresholds_text(thresholds))) == thresholds


def test_lowest_highest_and_how_many_are_evenly_spaced_with_both_ends():
    assert thresholds_in("2:5:4") == (2, 3, 4, 5)
    assert thresholds_in("2.3:5.1:2") == (2.3, 5.1)


@pytest.mark.parametrize("text", ["", "high", "2:5", "2:5:1", "2:5:1e9", "2:5:3.5", "2,,3", "2:5:1001"])
def test_what_is_none_is_told_with_both_ways_to_write_them(text):
    with pytest.raises(InputError, match=r"2\.3,2\.6,3\.1, or 2\.3:5:10"):
        thresholds_in(text)
