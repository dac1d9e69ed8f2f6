from __future__ import annotations

import numpy as np
import pandas as pd

from napari_atlas_assign.tables.parts import Nullable, Taken, n_rows, names_of, table_of_parts


def test_a_part_becomes_a_table_with_the_types_of_its_columns():
    names = pd.DataFrame({"name": ["A", "B"]})["name"].array
    part = {"n": Nullable([1, None]), "name": Taken(["A", "B"], lambda: names, np.array([1, 0])), "map": "x"}
    table = table_of_parts([part])
    assert table["n"].dtype == "Int64"
    assert table["name"].tolist() == ["B", "A"]
    assert table["name"].dtype == names.dtype
    assert table["map"].tolist() == ["x", "x"]


def test_parts_stand_below_each_other():
    parts = [{"a": np.array([1, 2]), "b": "x"}, {"a": np.array([3]), "c": ["y"]}]
    assert names_of(parts) == ["a", "b", "c"]
    assert [n_rows(part) for part in parts] == [2, 1]
    table = table_of_parts(parts)
    assert table["a"].tolist() == [1, 2, 3]
    assert table.index.tolist() == [0, 1, 2]
