"""Cells are read, sorted and written for reading; nothing here needs Qt."""

import numpy as np
import pandas as pd
import pytest

from napari_atlas_assign.assignment.columns import ASSIGNMENTS, MODES, PEAKS, POINT_ASSIGNMENTS, POINTS
from napari_atlas_assign.plugin.table.values import (
    TableValues,
    distinct,
    format_value,
    full_text,
    sides,
    sorted_rows,
)


@pytest.fixture
def columns():
    return TableValues(
        pd.DataFrame(
            {
                "input structure": [1, 1, 2, 3],
                "centroid": [(1.0, 2.0, 3.0), (1.0, 2.0, 3.0), (-4.0, 0.0, 1.0), (0.0, 0.0, 0.0)],
                "region": ["B", "Ä", "a", None],
                "correlation": [0.5, 0.1, np.nan, 0.35],
            }
        )
    )


def rows(columns, name, ascending=True):
    return sorted_rows(columns, np.arange(len(columns)), name, ascending).tolist()


def test_without_a_column_rows_stay_in_their_order(columns):
    assert rows(columns, None) == [0, 1, 2, 3]


def test_what_is_missing_comes_last_both_ways(columns):
    assert rows(columns, "correlation") == [1, 3, 0, 2]
    assert rows(columns, "correlation", False) == [0, 3, 1, 2]
    assert rows(columns, "region")[-1] == rows(columns, "region", False)[-1] == 3


def test_texts_are_sorted_without_regard_to_case(columns):
    assert rows(columns, "region") == [2, 0, 1, 3]


def test_sorting_is_stable_and_takes_coordinates(columns):
    assert rows(columns, "input structure", False) == [3, 2, 0, 1]
    assert rows(columns, "centroid") == [2, 3, 0, 1]


def test_a_column_of_mixed_things_can_be_sorted():
    mixed = TableValues(pd.DataFrame({"x": ["b", 2, (1.0,), None, 1, "A"]}))
    assert sorted_rows(mixed, np.arange(6), "x").tolist() == [4, 1, 5, 0, 2, 3]


def test_missing_numbers_of_any_type_are_none():
    frame = pd.DataFrame({"volume": pd.array([1, None], dtype="Int64"), "x": [np.nan, 1.5], "s": ["a", np.nan]})
    columns = TableValues(frame)
    assert columns.values("volume") == [1, None]
    assert columns.values("x") == [None, 1.5]
    assert columns.values("s") == ["a", None]
    assert np.isnan(columns.numbers("volume")[1])


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.123456, "0.123"), (12345.6, "12,345.600"), (7, "7"), (12345, "12,345"), (np.int64(7), "7"),
        (float("nan"), "–"), (None, "–"), (pd.NA, "–"), ((1.0, -2.25, 3.0), "1.0, -2.2, 3.0"), ("Área", "Área"),
        (-0.5, "-0.500"), (-0.0001, "0.000"), (float("inf"), "inf"), (True, "True"),
    ],
)  # fmt: skip
def test_values_are_formatted_for_people(value, text):
    assert format_value(value) == text


@pytest.mark.parametrize(
    ("values", "texts"),
    [
        ([81.0, 58563.0], ["81", "58,563"]),
        ([81.25, 58563.0], ["81.2", "58,563.0"]),
        ([0.5, 7.0], ["0.500", "7.000"]),
        ([np.nan, 1.0], ["–", "1"]),
        ([np.nan], ["–"]),
    ],
)
def test_the_numbers_of_a_column_have_as_many_decimals(values, texts):
    columns = TableValues(pd.DataFrame({"x": values}))
    assert columns.texts("x", range(len(values))) == texts


def test_the_full_value_has_every_digit():
    assert full_text(0.1 + 0.2) == "0.30000000000000004"
    assert full_text((34.24, -22.34, 47.6)) == "34.24, -22.34, 47.6 mm"
    assert full_text(None) == "undefined or missing"


def test_only_parts_of_a_whole_have_bars():
    columns = TableValues(pd.DataFrame(), {**ASSIGNMENTS, **MODES})
    assert columns.part_of_whole("share", 0.25) == 0.25
    assert columns.part_of_whole("unassigned share: juelich", 1.0000001) == 1
    assert columns.part_of_whole("left share", -1e-9) == 0
    assert columns.part_of_whole("share", None) is None
    assert columns.part_of_whole("correlation", 0.5) is None
    assert TableValues(pd.DataFrame()).part_of_whole("share", 0.5) is None


@pytest.mark.parametrize("columns", [ASSIGNMENTS, MODES, PEAKS, POINT_ASSIGNMENTS, POINTS])
def test_every_column_explains_itself_and_every_fraction_has_a_bar(columns):
    shown = TableValues(pd.DataFrame(), columns)
    for name, column in columns.items():
        assert column.meaning in shown.explanation(name)
        assert (shown.part_of_whole(name, 0.5) is not None) == (column.kind == "fraction")


def test_the_bar_of_an_unassigned_share_tells_what_is_undecided():
    table = pd.DataFrame({"unassigned share: a": [0.5, 0.2], "undecided share: a": [0.3, -1e-17], "share": [1.0, 1.0]})
    columns = TableValues(table, {**ASSIGNMENTS, **MODES})
    assert columns.undecided_of("unassigned share: a", 0) == 0.3
    assert columns.undecided_of("unassigned share: a", 1) == 0
    assert columns.undecided_of("unassigned share", 0) == columns.undecided_of("share", 0) == 0


def test_sides_are_the_regions_where_known_and_else_where_the_mode_is():
    place = [(-3.0, 0, 0), (3.0, 0, 0), (0.0, 0, 0)]
    assert sides(TableValues(pd.DataFrame({"centroid": place}))) == ["left", "right", "midline"]
    known = pd.DataFrame({"centroid": place, "hemisphere": [None, "left", "left"]})
    assert sides(TableValues(known)) == ["left", "left", "left"]
    shares = pd.DataFrame({"left share": [0.9, 0.2, 0.5], "right share": [0.1, 0.8, 0.5]})
    assert sides(TableValues(shares)) == ["left", "right", "midline"]
    assert sides(TableValues(pd.DataFrame({"x": [1]}))) == [None]


def test_distinct_texts_are_sorted_and_leave_out_what_is_missing():
    assert distinct(["b", None, "a", "b"]) == ["a", "b"]
