"""Text of unstated encoding."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_atlas_assign.encoding import decode, no_formula, one_line

WORDS = st.text(st.characters(exclude_categories=["Cs", "Cc"], exclude_characters="\ufeff"), max_size=30)


@given(WORDS)
def test_text_in_unicode_is_read_as_it_was_written(text):
    assert decode(text.encode("utf-8")) == text
    assert decode(text.encode("utf-8-sig")) == text
    assert decode(text.encode("utf-16")) == text


def test_what_is_no_unicode_is_latin_1():
    assert decode("Gyrus frontalis supérieur".encode("latin-1")) == "Gyrus frontalis supérieur"


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_line_ends_are_alike(end):
    assert decode(f"a{end}b{end}".encode()) == "a\nb\n"


@given(st.text())
def test_one_line_can_be_printed_and_saved(text):
    line = one_line(text)
    assert len(line.splitlines()) <= 1 or not line.isascii()
    assert all(ord(letter) >= 32 for letter in line)
    line.encode("utf-8")


@pytest.mark.parametrize(
    ("value", "expected"), [("=1+1", "'=1+1"), ("@x", "'@x"), ("Area 4a", "Area 4a"), (-3.5, -3.5), ("", "")]
)
def test_text_that_a_spreadsheet_would_calculate_is_marked_and_numbers_are_not(value, expected):
    assert no_formula(value) == expected
