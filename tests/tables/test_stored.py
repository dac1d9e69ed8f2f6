from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from napari_atlas_assign.tables.stored import Frame, StoredTable

TABLE = pd.DataFrame(
    {
        "id": np.array([3, 5], np.uint16),
        "name": ["Á", None],
        "x": [0.1 + 0.2, float("nan")],
        "n": pd.array([1, 2], "Int64"),
        "mixed": np.array([None, float("nan")], object),
    }
)


def test_a_table_comes_back_through_json_with_types_and_digits():
    stored = StoredTable(json.loads(json.dumps(StoredTable.of(TABLE).columns)))
    pd.testing.assert_frame_equal(stored.frame(), TABLE, check_exact=True)
    assert len(stored) == 2
    assert stored.column("id") == [3, 5]
    assert stored.column("none") is None


@pytest.mark.parametrize("columns", [[["a", "int64", [1]], ["b", "int64", [1, 2]]], [["a", [1]]], 3, [["a", "x", 1]]])
def test_what_is_no_table_is_told_when_it_is_read(columns):
    with pytest.raises((TypeError, ValueError)):
        StoredTable(columns)


def test_a_frame_is_made_once_and_when_it_is_asked_for():
    class Holder:
        table = Frame("table")

    holder = Holder()
    holder.table = given = StoredTable.of(TABLE)
    assert holder.__dict__["_table"] is given
    assert holder.table is holder.table
    pd.testing.assert_frame_equal(holder.table, TABLE)
