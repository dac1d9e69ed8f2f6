"""Filters say which rows are shown; nothing here needs Qt."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_atlas_assign.plugin.table.filters import SIDE, Condition, Filters, parse_numbers, passing
from napari_atlas_assign.plugin.table.values import TableValues


@pytest.fixture
def columns():
    return TableValues(
        pd.DataFrame(
            {
                "input structure": [1, 1, 2, 13],
                "centroid": [(-5.0, 0.0, 0.0)] * 2 + [(5.0, 0.0, 0.0)] * 2,
                "region": ["Area hOc1 (V1)", "Area FG2", "STRASSE", None],
                "correlation": [0.5, 0.1, np.nan, 0.35],
                "atlas": ["one", "two", "one", "two"],
            }
        )
    )


def shown(columns, **filters):
    return passing(columns, Filters(**filters)).tolist()


def test_no_filter_shows_everything(columns):
    assert shown(columns) == [0, 1, 2, 3]


def test_bounds_are_included_and_what_is_undefined_fails(columns):
    assert shown(columns, conditions=(Condition("correlation", 0.35),)) == [0, 3]
    assert shown(columns, conditions=(Condition("correlation", 0.35, at_least=False),)) == [1, 3]


def test_all_conditions_must_hold(columns):
    assert shown(columns, conditions=(Condition("correlation", 0.2), Condition("input structure", 1, False))) == [0]


def test_conditions_on_columns_that_are_missing_or_no_numbers_let_everything_pass(columns):
    assert shown(columns, conditions=(Condition("share", 0.5), Condition("region", 0))) == [0, 1, 2, 3]


def test_modes_are_chosen_by_numbers_and_ranges(columns):
    assert shown(columns, modes="1, 10-20") == [0, 1, 3]
    assert shown(columns, modes="99") == []


def test_half_written_numbers_hide_nothing(columns):
    assert shown(columns, modes="1, x") == [0, 1, 2, 3]


def test_one_atlas_and_one_side(columns):
    assert shown(columns, choices=(("atlas", "two"),)) == [1, 3]
    assert shown(columns, choices=((SIDE, "right"),)) == [2, 3]
    assert shown(columns, choices=(("map name", "absent column"),)) == [0, 1, 2, 3]


def test_all_words_must_occur_in_any_case_order_and_column(columns):
    assert shown(columns, text="TWO fg2") == [1]
    assert shown(columns, text="straße") == [2]
    assert shown(columns, text="(v1)") == [0]
    assert shown(columns, text="  ") == [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("text", "ranges"),
    [
        ("", []), (" ", []), ("3", [(3, 3)]), ("1, 3-5", [(1, 1), (3, 5)]), ("5 - 3;8", [(3, 5), (8, 8)]),
        ("2–4", [(2, 4)]), ("1 2", [(1, 1), (2, 2)]), ("-1", None), ("1-", None), ("a", None), ("1.5", None),
        ("٣", None),
    ],
)  # fmt: skip
def test_numbers_are_read_as_people_write_them(text, ranges):
    assert parse_numbers(text) == ranges


@settings(max_examples=50)
@given(st.text(max_size=12))
def test_no_text_breaks_the_filter_by_modes_or_the_search(text):
    columns = TableValues(pd.DataFrame({"input structure": [1, 2], "region": ["a", None]}))
    assert len(passing(columns, Filters(modes=text, text=text))) <= 2
