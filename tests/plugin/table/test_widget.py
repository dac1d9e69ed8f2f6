"""The results table sorts, filters, arranges, copies, saves, and tells what was picked; all without a viewer."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from qtpy.QtCore import Qt
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QApplication

from napari_atlas_assign import Image, assign
from napari_atlas_assign.assignment.columns import ASSIGNMENTS
from napari_atlas_assign.modes.point_set import PointSet
from napari_atlas_assign.plugin.table import columns as table_columns
from napari_atlas_assign.plugin.table.columns import ColumnLayout
from napari_atlas_assign.plugin.table.filters import Condition, Filters
from napari_atlas_assign.plugin.table.model import FrameModel
from napari_atlas_assign.plugin.table.rows import RowReader, Subject, columns_of
from napari_atlas_assign.plugin.table.values import TableValues
from napari_atlas_assign.plugin.table.widget import PICK_DELAY, ResultsTable, TablePage
from napari_atlas_assign.report.colors import mode_color
from tests.plugin.helpers import AFFINES


@pytest.fixture(autouse=True)
def settings(monkeypatch):
    kept = SimpleNamespace(columns="")
    monkeypatch.setattr(table_columns, "_settings", lambda: kept)
    return kept


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
def data(small_atlas):
    """Two modes, whose peaks stay above thresholds up to 5."""
    data = np.zeros(small_atlas.grid.shape, np.float32)
    data[1:4, 4:8, 2:6], data[6:9, 4:9, 2:6] = 4, 3
    data[2, 5, 3], data[7, 6, 4] = 7, 6
    return data


@pytest.fixture
def result(data, small_atlas):
    return assign((data, small_atlas.grid.affine), small_atlas, threshold=1)


@pytest.fixture
def table(qtbot, result):
    table = ResultsTable()
    qtbot.addWidget(table)
    table.resize(900, 400)
    table.set_result(result)
    return table


@pytest.fixture
def model(frame):
    model = FrameModel()
    model.set_columns(TableValues(frame, ASSIGNMENTS))
    return model


def sort(page, column, order=Qt.SortOrder.AscendingOrder):
    page.view.sortByColumn(page.model.columns.names.index(column), order)


def shown(page, column):
    return [page.model.columns.values(column)[row] for row in page.model.rows]


def index_of(page, place, column):
    return page.model.index(place, page.model.columns.names.index(column))


# --- the model ---


def test_the_model_shows_rounded_values_and_the_full_value_on_hover(model, qtmodeltester):
    assert (model.rowCount(), model.columnCount()) == (4, 4)
    assert model.data(model.index(0, 3)) == "0.500"
    assert model.data(model.index(0, 3), Qt.ItemDataRole.ToolTipRole) == "correlation: 0.5"
    assert model.data(model.index(2, 3)) == "–"
    qtmodeltester.check(model)


def test_headers_explain_the_columns(model):
    assert model.headerData(3, Qt.Orientation.Horizontal) == "correlation"
    assert "Pearson" in model.headerData(3, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole)


def test_every_column_of_every_table_is_explained(result, small_atlas):
    points = assign(PointSet(np.zeros((1, 3)), np.zeros(1)), small_atlas)
    tables = [(result, "assignments"), (result, "modes"), (result, "peaks"), (points, "assignments"), (points, "modes")]
    for source, table in tables:
        model = FrameModel()
        model.set_columns(TableValues(getattr(source, table), columns_of(source, table)))
        for section, name in enumerate(model.columns.names):
            text = model.headerData(section, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole)
            assert text != name


def test_sort_and_filters_survive_another_table(model, frame):
    model.sort(3, Qt.SortOrder.DescendingOrder)
    model.set_filters(Filters((Condition("correlation", 0.2),)))
    model.set_columns(TableValues(frame.iloc[:3]))
    assert model.rows.tolist() == [0]
    model.set_columns(TableValues(frame[["region"]]))
    assert model.rows.tolist() == [0, 1, 2, 3]


def test_an_empty_table_is_fine(model, frame):
    model.set_columns(TableValues(frame.iloc[:0]))
    model.sort(3)
    assert model.rowCount() == 0


# --- one page ---


def test_a_selected_row_stays_selected_when_rows_move(table):
    page = table.assignments
    last = int(page.model.rows[-1])
    page.view.selectRow(len(page.model.rows) - 1)
    sort(page, "correlation")
    assert page.view.selected_rows() == [last]
    page.filters.search.setText("no such region")
    assert page.view.selected_rows() == []


def test_correlation_at_least_035_is_one_tick(table):
    page = table.assignments
    page.filters.conditions[0].only.setChecked(True)
    expected = table.result.assignments.query("correlation >= 0.35")
    assert 0 < len(expected) < len(table.result.assignments)
    assert page.model.rows.tolist() == expected.index.tolist()
    assert page.filters.count.text() == f"{len(expected)} of {len(table.result.assignments)} rows"


def test_any_column_of_numbers_has_bounds_at_both_ends_and_several_at_once(table):
    page = table.assignments
    first, second = page.filters.conditions[0], page.filters.add_condition()
    first.column.setCurrentText("input structure")
    first.bound.setValue(1)
    first.relation.setCurrentIndex(1)
    first.only.setChecked(True)
    second.column.setCurrentText("share")
    second.bound.setValue(0.01)
    assert set(shown(page, "input structure")) == {1}
    assert min(shown(page, "share")) >= 0.01
    page.filters.clear()
    assert len(page.model.rows) == len(table.result.assignments)
    assert len(page.filters.conditions) == 1


def test_modes_sides_and_words_filter(table):
    page = table.assignments
    page.filters.modes.setText("2")
    assert set(shown(page, "input structure")) == {2}
    page.filters.modes.setText("2-")
    assert set(shown(page, "input structure")) == {1, 2}
    page.filters.modes.clear()
    page.filters.search.setText("area RIGHT")
    assert set(shown(page, "region")) == {"Area A right"}


def test_only_several_atlases_and_maps_can_be_chosen_from(table, data, small_atlas, juelich):
    assert table.assignments.filters.choices["atlas"].isHidden()
    affine = small_atlas.grid.affine
    table.set_result(assign((data, affine), [small_atlas, juelich], threshold=1))
    box = table.assignments.filters.choices["atlas"]
    assert not box.isHidden()
    box.setCurrentText("juelich")
    assert set(shown(table.assignments, "atlas")) == {"juelich"}
    table.set_result(assign((data, affine), small_atlas, threshold=1))
    assert box.isHidden()
    assert len(table.assignments.model.rows)


# --- columns ---


def test_columns_are_hidden_moved_and_pinned_and_stay_so(table, result, settings, qtbot):
    view = table.assignments.view
    view.choose_columns(
        ColumnLayout().with_hidden("volume").with_pinned("region").moved(view.visible_columns(), "share", -99)
    )
    assert view.visible_columns()[:2] == ["share", "region"] or view.visible_columns()[0] == "region"
    assert "volume" not in view.visible_columns()
    assert not view.pinned.isHidden()
    table.set_result(result)
    assert "volume" not in view.visible_columns()
    another = ResultsTable()
    qtbot.addWidget(another)
    another.set_result(result)
    assert another.assignments.view.visible_columns() == view.visible_columns()
    another.modes.refresh()
    assert "volume mm3" in another.modes.view.visible_columns()


def test_the_menu_of_a_column_pins_moves_hides_and_restores(table):
    view = table.assignments.view
    usual = view.visible_columns()
    table.all_columns.click()

    def act(name, text):
        menu = view.column_menu(view._model.columns.names.index(name))
        next(action for action in menu.actions() if action.text() == text).trigger()

    act("region", "Pin at the left")
    assert view.visible_columns()[0] == "region"
    act("centroid", "Move to the right")
    assert view.visible_columns()[:4] == ["region", "input structure", "volume", "centroid"]
    act("centroid", "Hide")
    assert "centroid" not in view.visible_columns()
    act("region", "All columns, in siibra's order")
    assert view.visible_columns()[:-1] == list(table.result.assignments)
    assert view.pinned.isHidden()
    act("region", "The usual columns")
    assert view.visible_columns() == usual


def test_the_last_column_cannot_be_hidden(table):
    view = table.assignments.view
    table.all_columns.click()
    view.choose_columns(ColumnLayout(hidden=tuple(view.visible_columns()[1:])))
    menu = view.column_menu(0)
    assert not next(action for action in menu.actions() if action.text() == "Hide").isEnabled()
    view.choose_columns(ColumnLayout(hidden=tuple(view._model.columns.names)))
    assert view.visible_columns()


def test_dragging_a_column_is_kept(table, settings, qtbot):
    view = table.assignments.view
    table.all_columns.click()
    view.horizontalHeader().moveSection(3, 0)
    qtbot.waitUntil(lambda: "order" in settings.columns)
    assert view.visible_columns()[:2] == ["region", "input structure"]


def test_pinned_columns_cover_the_left_and_scroll_along(table, qtbot):
    table.show()
    qtbot.waitExposed(table)
    view = table.assignments.view
    view.choose_columns(ColumnLayout().with_pinned("region"))
    assert view.pinned.width() == view.columnWidth(view._model.columns.names.index("region"))
    view.pinned.horizontalHeader().resizeSection(view._model.columns.names.index("region"), 222)
    assert view.pinned.width() == 222
    assert view.pinned.selectionModel() is view.selectionModel()


# --- keys ---


def press(qtbot, widget, key, modifier=Qt.KeyboardModifier.NoModifier):
    qtbot.keyClick(widget, key, modifier)


def test_control_c_copies_the_selected_rows_as_tsv(table, qtbot):
    view = table.assignments.view
    table.all_columns.click()
    view.selectRow(1)
    press(qtbot, view, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    lines = QApplication.clipboard().text().splitlines()
    assert len(lines) == 2
    assert lines[0].split("\t")[:-1] == list(table.result.assignments)
    assert repr(float(table.result.assignments["correlation"].iloc[1])) in lines[1]


def test_the_menu_of_a_cell_copies_in_every_form(table):
    view = table.assignments.view
    view.selectRow(0)
    menu = view.cell_menu(view.model().index(0, 0))
    copies = next(action.menu() for action in menu.actions() if action.text() == "Copy")
    for action, start in zip(
        copies.actions(), ("input structure\t", "| input structure", "\\begin{tabular}"), strict=True
    ):
        action.trigger()
        assert QApplication.clipboard().text().startswith(start)


def test_enter_goes_to_the_place_of_the_current_cell(table, qtbot):
    page = table.assignments
    page.view.setCurrentIndex(index_of(page, 0, "centroid"))
    with qtbot.waitSignal(table.place_chosen) as told:
        press(qtbot, page.view, Qt.Key.Key_Return)
    assert told.args[0] == table.result.assignments["centroid"].iloc[0]


def test_control_f_searches_and_escape_comes_back(table, qtbot):
    table.show()
    qtbot.waitExposed(table)
    page = table.assignments
    page.view.setFocus()
    press(qtbot, page.view, Qt.Key.Key_F, Qt.KeyboardModifier.ControlModifier)
    assert page.focusWidget() is page.filters.search
    qtbot.keyClicks(page.filters.search, "left")
    press(qtbot, page.filters.search, Qt.Key.Key_Escape)
    assert page.filters.search.text() == ""
    assert page.focusWidget() is page.view


def test_escape_lets_go_of_rows_first_and_then_of_filters(table, qtbot):
    page = table.assignments
    page.filters.search.setText("area")
    page.view.selectRow(0)
    press(qtbot, page.view, Qt.Key.Key_Escape)
    assert page.view.selected_rows() == []
    assert page.filters.search.text() == "area"
    press(qtbot, page.view, Qt.Key.Key_Escape)
    assert page.filters.search.text() == ""


def test_arrows_move_the_selection(table, qtbot):
    view = table.assignments.view
    view.selectRow(0)
    press(qtbot, view, Qt.Key.Key_Down)
    assert view.selected_rows() == [1]


def test_the_keys_are_claimed_before_shortcuts_of_a_window(table):
    from qtpy.QtCore import QEvent
    from qtpy.QtGui import QKeyEvent

    page = table.assignments
    for widget, keys in ((page.view, QKeySequence.StandardKey.Copy), (page, QKeySequence.StandardKey.Find)):
        sequence = QKeySequence(keys)
        combined = sequence[0]
        event = QKeyEvent(QEvent.Type.ShortcutOverride, combined.key(), combined.keyboardModifiers())
        event.ignore()
        QApplication.sendEvent(widget, event)
        assert event.isAccepted()


def test_a_double_click_of_a_hand_ends_at_the_cell_s_own_place(table, qtbot):
    table.show()
    qtbot.waitExposed(table)
    page, places = table.assignments, []
    table.all_columns.click()
    table.place_chosen.connect(lambda place, _: places.append(place))
    spot = page.view.visualRect(index_of(page, 0, "centroid")).center()
    for hit in (qtbot.mouseClick, qtbot.mouseDClick):
        hit(page.view.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert places[-1] == table.result.assignments["centroid"].iloc[0]


def test_everything_that_takes_keys_has_a_name(table):
    from qtpy.QtWidgets import QAbstractButton, QComboBox, QDoubleSpinBox, QLineEdit

    for page in (table.assignments, table.modes, table.peaks):
        assert page.view.accessibleName()
        filters = page.filters
        fields = [filters.search, filters.modes, *filters.choices.values(), filters.more]
        for row in filters.conditions:
            fields += [row.column, row.relation, row.bound]
        assert all(isinstance(field, QLineEdit | QComboBox | QDoubleSpinBox | QAbstractButton) for field in fields)
        assert all(field.accessibleName() for field in fields)
    assert all(button.text() for button in (table.save_button, table.report_button, table.show_regions))


# --- what is told and what is asked ---


def test_a_click_goes_to_the_peak_whatever_the_sorting(table, qtbot):
    page = table.assignments
    sort(page, "correlation")
    peaks = table.result.modes.set_index("input structure")["peak"]
    for place, number in enumerate(shown(page, "input structure")):
        with qtbot.waitSignal(table.place_chosen) as told:
            page.view.clicked.emit(page.model.index(place, 0))
        assert told.args[0] == peaks[number]
        assert told.args[1].mode == number


def test_a_double_click_goes_where_the_column_suggests(table, qtbot):
    from napari_atlas_assign.assignment.best_overlap import best_overlap

    page, row = table.assignments, table.result.assignments.iloc[0]
    overlap = best_overlap(table.result.comparisons[0], int(row["input structure"]), int(row["volume"]))
    peak = table.result.modes.set_index("input structure")["peak"][row["input structure"]]
    for column, place in (
        ("centroid", row["centroid"]), ("correlation", overlap), ("region", overlap), ("share", overlap),
        ("input structure", peak), ("sign", peak),
    ):  # fmt: skip
        with qtbot.waitSignal(table.place_chosen) as told:
            page.view.doubleClicked.emit(index_of(page, 0, column))
        assert told.args[0] == place, column


def test_the_tables_of_modes_and_peaks_have_places_too(result):
    modes = RowReader(result, "modes", TableValues(result.modes))
    assert modes.place(0, "peak value") == result.modes["peak"][0]
    assert modes.place(0, "centroid") == result.modes["centroid"][0]
    best = modes.subject(0)
    assert result.modes["best region by correlation"][0] == result.atlas.regions["name"][best.region]
    assert modes.place(0, "best region by share") != modes.place(0, "centroid")
    peaks = RowReader(result, "peaks", TableValues(result.peaks))
    for row in range(len(result.peaks)):
        assert peaks.place(row, "best region") == result.peaks["position"][row]


def test_places_belong_to_the_atlas_and_map_of_their_row(data, small_atlas, juelich):
    maps = [Image.from_array(volume, small_atlas.grid.affine) for volume in (data, data[::-1].copy())]
    several = assign(maps, [juelich, small_atlas], threshold=1)
    reader = RowReader(several, "assignments", TableValues(several.assignments))
    for row, (index, atlas) in enumerate(several.assignments[["map", "atlas"]].itertuples(index=False)):
        run = several.comparisons[reader.subject(row).run]
        assert (run.map_index, run.atlas.name) == (index, atlas)
    assert len(set(reader.keys())) == len(several.assignments)
    by_name = RowReader(several, "modes", TableValues(several.modes))
    assert by_name.place(0, "best region by share: small atlas") is not None


def test_selected_rows_are_told_once_they_rest(table, qtbot):
    page = table.assignments
    told = []
    table.picked.connect(told.append)
    page.view.selectRow(0)
    page.view.selectRow(1)
    qtbot.waitUntil(lambda: bool(told))
    row = table.result.assignments.iloc[1]
    assert told == [[Subject(int(row["input structure"]), int(row["volume"]), 0)]]
    page.view.clearSelection()
    qtbot.waitUntil(lambda: len(told) == 2)
    assert told[1] == []


def test_modes_picked_elsewhere_are_selected_in_every_table_and_not_told_back(table, qtbot):
    qtbot.wait(PICK_DELAY * 2)
    told = []
    table.picked.connect(told.append)
    table.select_modes([2])
    for page in (table.assignments, table.modes, table.peaks):
        table.tabs.setCurrentWidget(page)
        numbers = [page.model.columns.values("input structure")[row] for row in page.view.selected_rows()]
        assert set(numbers) == {2}
    assert not [subjects for subjects in told if {s.mode for s in subjects} != {2}]


def test_a_moving_threshold_keeps_rows_selected_though_numbers_change(table, data, small_atlas):
    page = table.modes
    table.tabs.setCurrentWidget(page)
    page.view.selectRow(0)
    peak = table.result.modes["peak"][0]
    for threshold in (2.0, 3.5, 5.0):
        table.set_result(assign((data, small_atlas.grid.affine), small_atlas, threshold=threshold))
        (row,) = page.view.selected_rows()
        assert table.result.modes["peak"][row] == peak
    gone = data.copy()
    gone[7, 6, 4] = 0
    table.set_result(assign((gone, small_atlas.grid.affine), small_atlas, threshold=5))
    assert page.view.selected_rows() == []


def test_a_moving_threshold_keeps_sorting_filters_columns_and_place(table, data, small_atlas, qtbot):
    page = table.assignments
    table.show()
    qtbot.waitExposed(table)
    table.resize(500, 260)
    sort(page, "share", Qt.SortOrder.DescendingOrder)
    page.filters.conditions[0].only.setChecked(True)
    page.filters.conditions[0].bound.setValue(0.01)
    page.view.setColumnWidth(3, 333)
    page.view.horizontalScrollBar().setValue(120)
    table.set_result(assign((data, small_atlas.grid.affine), small_atlas, threshold=2))
    assert shown(page, "share") == sorted(shown(page, "share"), reverse=True)
    assert min(shown(page, "correlation")) >= 0.01
    assert page.view.columnWidth(3) == 333
    assert page.view.horizontalScrollBar().value() == 120


def test_tables_out_of_sight_are_not_computed(qtbot, result):
    asked = []

    class Watched:
        def __getattr__(self, name):
            asked.append(name)
            return getattr(result, name)

    page = TablePage("modes")
    qtbot.addWidget(page)
    page.set_table(result, lambda: Watched().modes)
    assert asked == []
    page.refresh()
    page.refresh()
    assert asked == ["modes"]


# --- the whole ---


def test_points_have_two_tables_and_the_report_says_why_there_is_none(table, small_atlas):
    table.set_result(assign(PointSet(np.array([[-5.0, 0, 0], [100, 100, 100]]), np.zeros(2)), small_atlas))
    assert [table.tabs.tabText(i) for i in range(3) if table.tabs.isTabVisible(i)] == ["Assignments", "Points"]
    assert not table.report_button.isEnabled()
    assert "Save result" in table.report_button.toolTip()
    reader = table.assignments.reader
    assert reader.place(0, "correlation") == (-5.0, 0.0, 0.0)
    assert reader.subject(len(reader.columns) - 1) == Subject(2, None, 0)
    assert len(set(reader.keys())) == len(reader.columns)
    table.tabs.setCurrentWidget(table.modes)
    table.modes.view.selectRow(0)
    assert table.selected_subjects()[0].mode == 1


def test_a_result_without_modes_is_shown(table, small_atlas):
    nothing = np.zeros(small_atlas.grid.shape, np.float32)
    table.set_result(assign((nothing, small_atlas.grid.affine), small_atlas, threshold=1))
    for page in (table.assignments, table.modes, table.peaks):
        table.tabs.setCurrentWidget(page)
        assert page.model.rowCount() == 0
    assert "0 modes" in table.summary.text()


def test_save_writes_what_the_result_writes(result, qtbot, tmp_path):
    table = ResultsTable()
    qtbot.addWidget(table)
    assert not table.save_button.isEnabled()
    table.set_result(result)
    assert table.save_button.isEnabled()
    table.save(tmp_path / "ours")
    result.save(tmp_path / "theirs")
    for name in ("assignments.tsv", "modes.tsv"):
        assert (tmp_path / "ours" / name).read_bytes() == (tmp_path / "theirs" / name).read_bytes()


def test_a_folder_that_cannot_be_used_is_told_not_raised(table, tmp_path, monkeypatch):
    told = []
    monkeypatch.setattr("napari_atlas_assign.plugin.table.widget.show_error", told.append)
    (tmp_path / "precious.txt").write_text("keep")
    assert table.save(tmp_path) is None
    assert len(told) == 1
    assert "not empty" in told[0]
    assert (tmp_path / "precious.txt").read_text() == "keep"


def test_a_report_is_written_in_a_thread_and_what_is_wrong_is_told(table, tmp_path, monkeypatch, qtbot):
    told = []
    monkeypatch.setattr("napari_atlas_assign.plugin.table.widget.show_error", told.append)
    table.save_report(tmp_path / "report.html")
    assert not table.report_button.isEnabled()
    assert table.saved.text.text() == "Saving the report…"
    assert table.saved.open_button.isHidden()
    qtbot.waitUntil(lambda: table.saved.path is not None and table.report_button.isEnabled())
    assert not table.saved.isHidden()
    opened = []
    monkeypatch.setattr(
        "napari_atlas_assign.plugin.table.saved_line.QDesktopServices.openUrl",
        lambda url: opened.append(url.toLocalFile()),
    )
    table.saved.open_button.click()
    table.saved.folder_button.click()
    assert opened == [str(tmp_path / "report.html"), str(tmp_path)]
    assert (tmp_path / "report.html").read_text("utf-8").startswith("<!DOCTYPE html>")
    table.save_report(tmp_path / "report.pdf")
    qtbot.waitUntil(lambda: len(told) == 1)
    assert "does not end in .html" in told[0]
    assert table.saved.open_button.isHidden()


def test_names_of_layers_are_shown_as_they_are_not_as_markup(blob_map, label_atlas, qtbot):
    table = ResultsTable()
    qtbot.addWidget(table)
    image = Image.from_array(blob_map, AFFINES["ras"], name="<b>bold</b>")
    table.set_result(assign(image, label_atlas, threshold=3))
    assert table.summary.text().startswith("<b>bold</b>, tiny: 2 modes")
    assert table.summary.textFormat() == Qt.TextFormat.PlainText


def test_ten_thousand_rows_are_sorted_filtered_and_kept(qtbot, rng):
    n = 10_000
    big = pd.DataFrame(
        {"input structure": np.arange(n), "region": [f"Area {i % 97}" for i in range(n)], "share": rng.random(n)}
    )
    page = TablePage("assignments")
    qtbot.addWidget(page)
    page.model.set_columns(TableValues(big))
    page.view.fit_columns()
    sort(page, "share", Qt.SortOrder.DescendingOrder)
    assert shown(page, "share") == sorted(big["share"], reverse=True)
    page.filters.search.setText("area 13")
    assert len(page.model.rows) == (big["region"].str.contains("Area 13")).sum()


# --- what is seen first ---


def test_the_usual_columns_fit_beside_the_docks_of_a_small_screen(table, qtbot):
    view = table.assignments.view
    assert view.visible_columns() == [
        *("input structure", "region", "share", "mpm share", "correlation", "peak probability"),
        *(["hemisphere"] if "hemisphere" in table.result.assignments else []),
    ]
    assert view.model().headerData(0, Qt.Orientation.Horizontal) == "mode"
    assert sum(view.columnWidth(view._model.columns.names.index(name)) for name in view.visible_columns()) < 930


def test_the_probability_at_the_peak_is_that_of_the_atlas_there(table):
    result, columns = table.result, table.assignments.model.columns
    values = columns.values("peak probability")
    for row, (mode, region) in enumerate(
        zip(*(result.assignments[n] for n in ("input structure", "volume")), strict=True)
    ):
        peak = result.modes.loc[result.modes["input structure"] == mode, "peak"].iloc[0]
        at = tuple(np.round(np.linalg.inv(result.atlas.grid.affine) @ [*peak, 1])[:3].astype(int))
        assert values[row] == pytest.approx(float(result.atlas.map_of(int(region))[at]))
    assert max(values) > 0


def test_each_mode_has_a_chip_in_its_colour(table, result, qtbot):
    model = table.assignments.model
    place = model.columns.names.index("input structure")
    assert model.chip(model.index(0, place)) == mode_color(model.value(model.index(0, place)))
    assert model.chip(model.index(0, place + 1)) is None
    table.set_result(result, lambda run, mode: f"#00000{mode}")
    assert model.chip(model.index(0, place)) == "#000001"
    table.show()
    qtbot.waitExposed(table)
    row = table.assignments.view.visualRect(model.index(0, place))
    table.set_result(result, lambda run, mode: "#12ab34")
    picture = table.assignments.view.viewport().grab(row).toImage()
    colors = [picture.pixelColor(x, picture.height() // 2).getRgb()[:3] for x in range(picture.width())]
    assert any(np.allclose(color, (0x12, 0xAB, 0x34), atol=8) for color in colors)  # screens may have fewer colours


def test_filters_are_folded_away_until_they_are_asked_for(table, qtbot):
    table.show()
    qtbot.waitExposed(table)
    filters = table.assignments.filters
    assert not filters.isVisible()
    table.filter_button.click()
    assert filters.isVisible()
    table.filter_button.click()
    table.assignments.find()
    assert filters.isVisible()
    assert table.filter_button.isChecked()


def test_the_test_of_the_whole_map_begins_with_the_best_region(qtbot, data, small_atlas):
    table = ResultsTable()
    qtbot.addWidget(table)
    table.set_result(assign((data, small_atlas.grid.affine), small_atlas, threshold=1, surrogates=99))
    table.tabs.setCurrentWidget(table.region_test)
    z = [value for value in shown(table.region_test, "z") if value is not None]  # those that cannot be tested are last
    assert z == sorted(z, reverse=True)
    sort(table.region_test, "region")
    table.set_result(assign((data, small_atlas.grid.affine), small_atlas, threshold=2, surrogates=99))
    assert shown(table.region_test, "region") == sorted(shown(table.region_test, "region"))
