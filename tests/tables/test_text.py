from __future__ import annotations

import csv
import io

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_atlas_assign.encoding import no_formula
from napari_atlas_assign.tables.parts import Lasting, Nullable, Taken, columns_of_table, table_of_parts
from napari_atlas_assign.tables.text import rows_as_bytes, write_parts
from tests.tables.helpers import text_by_pandas

TEXT = st.text(st.characters(codec="utf-8"), max_size=8) | st.sampled_from(["=1+1", '"', "a\tb", "a\nb", "\r", "n/a"])
SIZE = 5


def arrays(elements, dtype):
    return st.lists(elements, min_size=SIZE, max_size=SIZE).map(lambda values: np.array(values, dtype))


COLUMNS = st.one_of(
    arrays(st.floats(), np.float64),
    arrays(st.integers(-(2**60), 2**60), np.int64),
    arrays(st.booleans(), bool),
    arrays(TEXT | st.none(), object),
    st.lists(TEXT, min_size=SIZE, max_size=SIZE),
    st.lists(st.integers(-9, 9) | st.none(), min_size=SIZE, max_size=SIZE).map(Nullable),
    arrays(TEXT | st.none(), object).map(Lasting),
    st.lists(st.integers(-9, 9) | st.none(), min_size=SIZE, max_size=SIZE).map(Nullable).map(Lasting),
    st.lists(st.tuples(st.floats(-99, 99), st.floats(-99, 99)), min_size=SIZE, max_size=SIZE),
    TEXT | st.none() | st.integers(-9, 9),
)


@settings(max_examples=300)
@given(st.dictionaries(st.sampled_from("abcd"), COLUMNS, min_size=1).map(lambda part: part | {"n": np.arange(SIZE)}))
def test_a_part_is_written_as_pandas_writes_its_table(tmp_path_factory, part):
    path = tmp_path_factory.mktemp("text") / "x.tsv"
    write_parts([part], path)
    table = table_of_parts([part])
    assert path.read_bytes().decode() == text_by_pandas(table)
    write_parts([columns_of_table(table)], path)
    assert path.read_bytes().decode() == text_by_pandas(table)


def test_parts_stand_below_each_other_and_what_one_lacks_is_missing(tmp_path):
    write_parts([{"a": [1, 2], "b": "x"}, {"a": [3], "c": ["y"]}], tmp_path / "x.tsv")
    assert (tmp_path / "x.tsv").read_text() == "a\tb\tc\n1\tx\tn/a\n2\tx\tn/a\n3\tn/a\ty\n"


def test_single_precision_has_its_own_digits():
    assert rows_as_bytes({"a": np.array([0.1, np.nan, 1e-9], np.float32)}, ["a"]) == b"0.1\nn/a\n1e-09\n"


@pytest.mark.parametrize("text", ["", "a", '"', "a\tb", "a\nb", "a\rb", "=1", "\u2028", 'say "a"'])
@pytest.mark.parametrize("names", [["a"], ["a", "b"]])
def test_cells_are_quoted_as_the_csv_module_quotes_them(text, names):
    line = io.StringIO()
    safe = no_formula(text)
    csv.writer(line, delimiter="\t", lineterminator="\n").writerow([safe] * len(names))
    of_rows = Taken([text], lambda: None, np.array([0]))
    assert rows_as_bytes({"a": of_rows, "b": [text]}, names).decode() == line.getvalue()


def test_a_table_without_rows_has_its_heads(tmp_path):
    write_parts([{"a": np.zeros(0), "b": 1}], tmp_path / "x.tsv")
    assert (tmp_path / "x.tsv").read_text() == "a\tb\n"


def test_rows_come_with_the_columns_asked_for_in_their_order():
    part = {"a": Taken(["x", None, "=y"], lambda: None, np.array([2, 0, 1])), "b": np.arange(3), "c": 7}
    assert rows_as_bytes(part, ["c", "a"]) == b"7\t'=y\n7\tx\n7\tn/a\n"


def test_halves_of_characters_are_written_as_what_they_are(tmp_path):
    write_parts([{"a": ["\ud800"]}], tmp_path / "x.tsv")
    assert (tmp_path / "x.tsv").read_text() == "a\n\\ud800\n"


def test_missing_values_of_pandas_are_missing():
    table = pd.DataFrame({"a": pd.array([1, None], "Int64"), "b": pd.Series([None, "x"], dtype="str")})
    assert rows_as_bytes(columns_of_table(table), ["a", "b"]) == b"1\tn/a\nn/a\tx\n"


def test_what_lasts_is_made_into_text_once():
    class Names(list):
        asked = 0

        def __iter__(self):
            self.asked += 1
            return super().__iter__()

    names = Names(["x", "=y"])
    lasting = Lasting(names)
    for number in range(3):
        rows = rows_as_bytes({"a": lasting, "n": np.full(2, number)}, ["a", "n"])
        assert rows == f"x\t{number}\n'=y\t{number}\n".encode()
    assert names.asked == 1
