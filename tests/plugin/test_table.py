"""The results table sorts, filters, formats, tells which row was clicked, and saves."""

import numpy as np
import pandas as pd
import pytest
from layer_cases import AFFINES
from qtpy.QtCore import Qt

from napari_atlas_assign import Image, assign
from napari_atlas_assign.plugin.table import FrameModel, ResultsTable, TablePage, format_value, shown_rows


@pytest.fixture
def frame():
    return pd.DataFrame(
        {
            "input structure": [1, 1, 2, 3],
            "centroid": [(1.0, 2.0, 3.0), (1.0, 2.0, 3.0), (-4.0, 0.0, 1.0), (0.0, 0.0, 0.0)],
            "region": ["B", "Ä", "A", None],
            "correlation": [0.5, 0.1, np.nan, 0.35],
        }
    )


@pytest.fixture
def result(blob_map, small_atlas):
    data = np.zeros(small_atlas.grid.shape, np.float32)
    data[1:4, 4:8, 2:6], data[6:9, 4:9, 2:6] = 4, 6
    return assign((data, small_atlas.grid.affine), small_atlas, threshold=1)


# --- without Qt ---


def test_rows_stay_in_their_order_without_sort_and_filter(frame):
    assert shown_rows(frame).tolist() == [0, 1, 2, 3]


def test_sorting_puts_what_is_undefined_last_both_ways(frame):
    assert shown_rows(frame, "correlation", True).tolist() == [1, 3, 0, 2]
    assert shown_rows(frame, "correlation", False).tolist() == [0, 3, 1, 2]
    assert shown_rows(frame, "region", True).tolist() == [2, 0, 1, 3]


def test_sorting_is_stable_and_takes_coordinates(frame):
    assert shown_rows(frame, "input structure", False).tolist() == [3, 2, 0, 1]
    assert shown_rows(frame, "centroid", True).tolist() == [2, 3, 0, 1]


def test_the_filter_includes_its_bound_and_drops_what_is_undefined(frame):
    assert shown_rows(frame, filter_by="correlation", minimum=0.35).tolist() == [0, 3]
    assert shown_rows(frame, "correlation", True, "correlation", 0.2).tolist() == [3, 0]


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.123456, "0.123"), (12345.6, "12,346"), (7, "7"), (np.int64(7), "7"), (float("nan"), "–"), (None, "–"),
        ((1.0, -2.25, 3.0), "1.0, -2.2, 3.0"), ("Área", "Área"), (-0.5, "-0.500"),
    ],
)  # fmt: skip
def test_values_are_formatted_for_people(value, text):
    assert format_value(value) == text


# --- the model ---


def cell(model, row, column, role=Qt.ItemDataRole.DisplayRole):
    return model.data(model.index(row, list(model.frame.columns).index(column)), role)


def test_the_model_shows_formatted_values_and_the_full_value_on_hover(frame, qtmodeltester):
    model = FrameModel()
    model.set_frame(frame)
    assert (model.rowCount(), model.columnCount()) == (4, 4)
    assert cell(model, 0, "correlation") == "0.500"
    assert cell(model, 0, "correlation", Qt.ItemDataRole.ToolTipRole) == "0.5"
    assert cell(model, 2, "correlation") == "–"
    qtmodeltester.check(model)


def test_headers_explain_the_columns(frame):
    model = FrameModel()
    model.set_frame(frame)
    assert model.headerData(3, Qt.Orientation.Horizontal) == "correlation"
    assert "Pearson" in model.headerData(3, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole)


def test_sort_and_filter_survive_another_table(frame):
    model = FrameModel()
    model.set_frame(frame)
    model.sort(3, Qt.SortOrder.DescendingOrder)
    model.set_filter("correlation", 0.2)
    model.set_frame(frame.iloc[:3])
    assert model.rows.tolist() == [0]


def test_an_empty_table_is_fine(frame):
    model = FrameModel()
    model.set_frame(frame.iloc[:0])
    model.sort(3)
    assert model.rowCount() == 0


def test_a_selected_row_stays_selected_when_rows_move(frame, qtbot):
    page = TablePage(filter_by="correlation")
    qtbot.addWidget(page)
    page.set_frame(frame)
    page.view.selectRow(0)
    page.view.sortByColumn(3, Qt.SortOrder.AscendingOrder)
    (selected,) = page.view.selectionModel().selectedRows()
    assert page.model.rows[selected.row()] == 0
    assert selected.row() == 2


# --- the widgets ---


def test_correlation_at_least_035_is_one_tick(frame, qtbot):
    page = TablePage(filter_by="correlation")
    qtbot.addWidget(page)
    page.set_frame(frame)
    assert page.count.text() == "4 rows"
    page.only.setChecked(True)
    assert page.model.frame.iloc[page.model.rows]["correlation"].tolist() == [0.5, 0.35]
    assert page.count.text() == "2 of 4 rows"


def test_any_column_of_numbers_can_be_filtered_by(frame, qtbot):
    page = TablePage(filter_by="correlation")
    qtbot.addWidget(page)
    page.set_frame(frame)
    assert [page.column.itemText(i) for i in range(page.column.count())] == ["input structure", "correlation"]
    page.column.setCurrentText("input structure")
    page.minimum.setValue(2)
    page.only.setChecked(True)
    assert page.model.rows.tolist() == [2, 3]


def test_a_click_tells_the_mode_whatever_the_sorting(result, qtbot):
    table = ResultsTable()
    qtbot.addWidget(table)
    went = []
    table.set_result(result, went.append)
    page = table.assignments
    page.view.sortByColumn(list(result.assignments.columns).index("correlation"), Qt.SortOrder.AscendingOrder)
    shown = result.assignments.iloc[page.model.rows]["input structure"].tolist()
    for row, number in enumerate(shown):
        page.view.clicked.emit(page.model.index(row, 0))
        assert went[-1] == number
    assert set(shown) == {1, 2}
    table.tabs.setCurrentWidget(table.modes)
    table.modes.view.clicked.emit(table.modes.model.index(1, 0))
    assert went[-1] == 2


def test_save_writes_what_the_result_writes(result, qtbot, tmp_path):
    table = ResultsTable()
    qtbot.addWidget(table)
    assert not table.save_button.isEnabled()
    table.set_result(result, lambda number: None)
    assert table.save_button.isEnabled()
    table.save(tmp_path / "ours")
    result.save(tmp_path / "theirs")
    for name in ("assignments.tsv", "modes.tsv"):
        assert (tmp_path / "ours" / name).read_bytes() == (tmp_path / "theirs" / name).read_bytes()


def test_a_folder_that_cannot_be_used_is_told_not_raised(result, qtbot, tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr("napari.utils.notifications.show_error", told.append)
    (tmp_path / "precious.txt").write_text("keep")
    table = ResultsTable()
    qtbot.addWidget(table)
    table.set_result(result, lambda number: None)
    assert table.save(tmp_path) is None
    assert len(told) == 1
    assert "not empty" in told[0]
    assert (tmp_path / "precious.txt").read_text() == "keep"


def test_names_of_layers_are_shown_as_they_are_not_as_markup(blob_map, label_atlas, qtbot):
    table = ResultsTable()
    qtbot.addWidget(table)
    image = Image.from_array(blob_map, AFFINES["ras"], name="<b>bold</b>")
    table.set_result(assign(image, label_atlas), lambda number: None)
    assert table.about.text().startswith("<b>bold</b>, tiny: 2 modes")
    assert table.about.textFormat() == Qt.TextFormat.PlainText
