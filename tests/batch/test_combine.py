"""The combined tables keep what each column holds."""

import pandas as pd
import pytest

from napari_atlas_assign.assignment.columns import ASSIGNMENTS, MODES, PEAKS, POINT_ASSIGNMENTS, POINTS, Kind, kind_of
from napari_atlas_assign.batch.combine import open_table
from napari_atlas_assign.batch.work import columns_of

CELLS: dict[Kind, tuple[str, object]] = {
    "text": ("007 True n/a", "007 True n/a"),
    "integer": ("-3", -3),
    "number": ("0.1", 0.1),
    "fraction": ("0.30000000000000004", 0.30000000000000004),
    "position": ('"(1.5, -2.0, 3.25)"', [1.5, -2.0, 3.25]),
    "boolean": ("True", True),
}


@pytest.mark.parametrize("known", [ASSIGNMENTS, MODES, PEAKS, POINT_ASSIGNMENTS, POINTS])
def test_parquet_has_every_column_of_every_table_in_its_kind(known, tmp_path):
    pytest.importorskip("pyarrow")
    names = [*known, *(f"{name}: other" for name in known)]
    columns = columns_of(names, known)
    cells = [CELLS[kind] for _, kind in columns]
    rows = "\t".join(text for text, _ in cells) + "\n" + "\t".join("n/a" for _ in cells) + "\n"
    with open_table(tmp_path / "table.parquet", "parquet") as table:
        table.add(columns, rows.encode())
    read = pd.read_parquet(tmp_path / "table.parquet")
    for (name, kind), (_, value) in zip(columns, cells, strict=True):
        assert kind == kind_of(name, known)
        first, second = read[name]
        assert (list(first) if kind == "position" else first) == value, name
        assert second is None or second != second
