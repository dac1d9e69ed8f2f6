"""The text of a table, kept as it is."""

from __future__ import annotations

import csv

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_atlas_assign.cluster_tables.table import Line, decoded, encoded, lines_of, text_of


@given(st.binary())
def test_the_bytes_of_a_file_come_back(data):
    if data[:2] in (b"\xff\xfe", b"\xfe\xff") and len(data) % 2:
        data += b"\0"
    text, encoding = decoded(data)
    assert encoded(text, encoding) == data


@given(st.text(st.sampled_from('ab,"\r\n\t ')))
def test_the_lines_of_a_text_are_all_of_it(text):
    assert text_of(lines_of(text)) == text


def test_a_quoted_field_may_hold_the_end_of_a_line():
    assert [line.text for line in lines_of('1,"two\nlines",3\n4,5,6\n')] == ['1,"two\nlines",3', "4,5,6"]


@pytest.mark.parametrize("separator", "\t;,")
@given(st.lists(st.text(st.sampled_from('ab c,;"\t'), min_size=1), min_size=1, max_size=3))
def test_added_fields_are_read_back_by_any_reader(separator, added):
    line = Line(separator.join("12"), "\n").with_fields(added, separator, width=4)
    assert next(csv.reader([line.text], delimiter=separator)) == ["1", "2", "", "", *added]


def test_between_blanks_a_name_is_one_word():
    assert Line("1  2", "\n").with_fields(["Area 4a"], " ", width=2).text == "1  2  Area_4a"
