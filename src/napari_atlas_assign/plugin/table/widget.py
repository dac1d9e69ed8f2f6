"""The results table: what was assigned, to be sorted, filtered, linked with the viewer, copied and saved.

It knows no viewer: it tells by signals what the user picked and where they want to go, and `select_modes` is told what
they picked elsewhere.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from functools import partial
from pathlib import Path
from typing import Any, get_args

import pandas as pd
from qtpy.QtCore import QEvent, QItemSelection, QItemSelectionModel, QModelIndex, Qt, QTimer, Signal
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import (
    QCheckBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QSizePolicy,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)
from superqt.utils import create_worker

from ...assignment.point_result import PointResult
from ...assignment.result import Result
from ...errors import InputError, counted
from ...report.colors import mode_color
from ...report.sweep_figure import OTHER
from ..plain_text import show_error
from .filter_bar import FilterBar
from .filters import MODE_COLUMN
from .model import FrameModel
from .peak_probability import with_peak_probability
from .region_rows import RegionReader, RegionTestReader
from .rows import RowReader, Subject, TableName, columns_of
from .saved_line import SavedLine
from .sweep_picture import SweepPicture
from .sweep_rows import SweepReader
from .values import TableValues
from .view import ResultView

ColorOfMode = Callable[[int, int], str]
"""Number of a run from 0, and of a mode -> ``#rrggbb``."""

SORTED_BY = {"region_test": "z"}
"""Columns by which tables are sorted at first, best first; others have an order of their own."""

Reader = RowReader | RegionReader | RegionTestReader | SweepReader

PICK_DELAY = 80
"""Milliseconds for which a selection must rest before it is told: rows that arrow keys pass are not shown."""


class TablePage(QWidget):
    """One table with its filters; nothing is computed before somebody looks at it."""

    picked = Signal()
    """Another selection, made here; `selected_subjects` tells it."""

    go_asked = Signal(int, str)
    """Row of the DataFrame and column to go to."""

    filters_shown = Signal()
    """The filters, which may have been folded away, were asked for by a key."""

    def __init__(self, table: TableName, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.table = table
        self.model = FrameModel(self)
        self.reader: Reader | None = None
        self._color: ColorOfMode | None = None
        self._waiting: tuple[Result | PointResult, Callable[[], pd.DataFrame]] | None = None
        self._modes_waiting: tuple[Collection[int], Mapping[str, Any]] | None = None
        self._beside: Result | PointResult | None = None  # of which a thread works the table out
        self.working = QLabel("Reading all of the map…")
        self.working.hide()
        self._by_hand = False  # who selected the rows
        self.filters = FilterBar(table)
        self.view = ResultView(self.model, table)
        self.view.setAccessibleName(f"Table of {table}")
        self.view.setAccessibleDescription(
            "Enter goes to the place of the cell, Control C copies the selected rows, Control F searches, "
            "Escape clears; the context menu chooses columns"
        )
        self.view.go_asked.connect(self._go)
        self.view.cleared.connect(self.clear)
        self.filters.changed.connect(self._apply_filters)
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(PICK_DELAY)
        self._timer.timeout.connect(self.picked)
        selection: Any = self.view.selectionModel()
        selection.selectionChanged.connect(self._selection_changed)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        self.filters.hide()
        layout.addWidget(self.filters)
        layout.addWidget(self.working)
        layout.addWidget(self.view)
        self.setTabOrder(self.filters, self.view)

    def set_table(
        self, result: Result | PointResult, frame: Callable[[], pd.DataFrame], color: ColorOfMode | None = None
    ) -> None:
        """Hold another table ready, and the colours of its modes; `refresh` shows it."""
        self._waiting = result, frame
        has_modes = isinstance(result, Result) and self.table not in ("regions", "region_test")
        self._color = (color or (lambda run, mode: mode_color(mode))) if has_modes else None

    def refresh(self) -> None:
        """Show what waits, at once or when a thread has worked it out. Sorting, filters, columns and rows stay."""
        if self._waiting is not None and self._reads_a_map(self._waiting[0]):
            self._work_out(*self._waiting)
            return
        if self._waiting is not None:
            (result, frame), self._waiting = self._waiting, None
            columns = TableValues(frame(), columns_of(result, self.table))
            self.reader, color = self._reader_of(result, columns)
            self.filters.offer(columns)
            self.model.color_of_mode = color
            is_first = not self.model.columns.names
            self.model.set_columns(columns, self.reader.keys)
            if is_first and self.table in SORTED_BY:
                self.view.sortByColumn(columns.names.index(SORTED_BY[self.table]), Qt.SortOrder.DescendingOrder)
            self._apply_filters()
            if self._by_hand:
                self._timer.start()  # the same rows may now be about modes of other numbers
        if self._modes_waiting is not None:
            (numbers, among), self._modes_waiting = self._modes_waiting, None
            self._select_modes(numbers, among)

    def _reads_a_map(self, result: Result | PointResult) -> bool:
        """Whether the table has yet to be worked out from a map that is read from its file for it."""
        if self.table != "regions" or not isinstance(result, Result) or "regions" in vars(result):
            return False
        return any(image.is_lazy for image in result.images)

    def _work_out(self, result: Result | PointResult, frame: Callable[[], pd.DataFrame]) -> None:
        """Have a thread work a table out, which the result keeps, then show it."""
        if self._beside is result:
            return
        self._beside = result
        self.working.show()
        worker: Any = create_worker(frame, _start_thread=False)
        worker.returned.connect(self._worked_out)
        worker.errored.connect(self._not_worked_out)
        worker.start()

    def _worked_out(self, _: pd.DataFrame) -> None:
        if self._beside is not None and "regions" in vars(self._beside):  # else that of a newer result is to come
            self._beside = None
            self.working.hide()
            self.refresh()

    def _not_worked_out(self, error: Exception) -> None:
        self._beside = None
        self.working.hide()
        show_error(f"the table of regions could not be worked out: {error}")

    def select_modes(self, numbers: Collection[int], among: Mapping[str, Any], now: bool = True) -> None:
        """Select the rows of modes, without telling so; if not `now`, with the next `refresh`.

        Only rows are meant whose cells are as in `among` (column -> value), as far as the table has these columns.
        """
        self._modes_waiting = numbers, among
        if now:
            self.refresh()

    def selected_subjects(self) -> list[Subject]:
        """What the selected rows are about, each once, in the order in which they are shown."""
        if self.reader is None:
            return []
        return list(dict.fromkeys(self.reader.subject(row) for row in self.view.selected_rows()))

    def clear(self) -> None:
        """Let go of the selection; where there is none, of the filters."""
        if self.view.selectionModel().hasSelection():
            self.view.clearSelection()
        else:
            self.filters.clear()

    def find(self) -> None:
        """Go to the search field, which may have been folded away."""
        self.filters.show()
        self.filters_shown.emit()
        self.filters.search.setFocus(Qt.FocusReason.ShortcutFocusReason)
        self.filters.search.selectAll()

    # --- what Qt calls ---

    def event(self, event: QEvent) -> bool:
        """Claim the keys below before a window's shortcuts get them."""
        if event.type() == QEvent.Type.ShortcutOverride and self._is_ours(event):
            event.accept()
            return True
        return bool(super().event(event))

    def keyPressEvent(self, event: Any) -> None:
        """Ctrl+F searches; Escape in a filter returns to the table, and clears the search on the way."""
        if event.matches(QKeySequence.StandardKey.Find):
            self.find()
        elif self._is_ours(event):
            self.filters.search.clear()
            self.view.setFocus(Qt.FocusReason.ShortcutFocusReason)
        else:
            super().keyPressEvent(event)

    # --- inside ---

    def _reader_of(
        self, result: Result | PointResult, columns: TableValues
    ) -> tuple[Reader, Callable[[int], str] | None]:
        """What reads the rows, and the colour of the mode of each."""
        if self.table == "regions":
            return RegionReader(result, columns), None
        if self.table == "region_test":
            assert isinstance(result, Result)
            return RegionTestReader(result), None
        reader: RowReader | SweepReader = RowReader(result, self.table, columns)
        if self.table == "sweep":
            assert isinstance(result, Result)
            reader = SweepReader(result, columns)
        return reader, None if self._color is None else partial(_color, self._color, reader)

    def _is_ours(self, event: Any) -> bool:
        in_filters = self.filters.isAncestorOf(self.focusWidget() or self)
        return bool(event.matches(QKeySequence.StandardKey.Find)) or (in_filters and event.key() == Qt.Key.Key_Escape)

    def _apply_filters(self) -> None:
        self.model.set_filters(self.filters.filters())
        shown, total = len(self.model.rows), len(self.model.columns)
        self.filters.count.setText(f"{shown} of {counted(total, 'row')}" if shown < total else counted(total, "row"))

    def _select_modes(self, numbers: Collection[int], among: Mapping[str, Any]) -> None:
        columns = self.model.columns
        if not isinstance(self.reader, RowReader | SweepReader):
            return
        wanted, modes = set(numbers), self.reader.modes()
        others = [(columns.values(name), value) for name, value in among.items() if name in columns]
        places = [
            n
            for n, row in enumerate(self.model.rows.tolist())
            if modes[row] in wanted and all(cells[row] == value for cells, value in others)
        ]
        selection, last = QItemSelection(), self.model.columnCount() - 1
        for first, end in _stretches(places):
            selection.select(self.model.index(first, 0), self.model.index(end, last))
        chooser: Any = self.view.selectionModel()
        self._by_hand = False
        self._timer.stop()
        chooser.blockSignals(True)
        chooser.select(selection, QItemSelectionModel.SelectionFlag.ClearAndSelect)
        if places:
            flag = QItemSelectionModel.SelectionFlag.NoUpdate
            chooser.setCurrentIndex(self.model.index(places[0], max(self.view.currentIndex().column(), 0)), flag)
        chooser.blockSignals(False)
        for view in (self.view, self.view.pinned):
            view.viewport().update()
        if places:
            self.view.scrollTo(self.view.currentIndex())

    def _selection_changed(self) -> None:
        self._by_hand = True
        self._timer.start()

    def _go(self, index: QModelIndex) -> None:
        self.go_asked.emit(int(self.model.rows[index.row()]), self.model.columns.names[index.column()])


class ResultsTable(QWidget):
    """The tables of a result, and buttons that save it."""

    picked = Signal(object)
    """List of `Subject`: what the rows that the user selected are about; empty where they let go."""

    place_chosen = Signal(object, object)
    """Place x, y, z in world mm, and the `Subject` of the row, of a click, double click or Enter on a cell."""

    report_asked = Signal()
    """A report is about to be written: modes are to have its colours."""

    column_chosen = Signal(str)
    """Name of a column of the regions by which they are to be coloured."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.result: Result | PointResult | None = None
        self.assignments, self.modes, self.peaks, self.regions, self.sweep, self.region_test = (
            TablePage(table) for table in get_args(TableName)
        )
        self.summary = QLabel()
        self.summary.setTextFormat(Qt.TextFormat.PlainText)
        self.show_regions = QCheckBox("region maps")
        self.show_regions.setToolTip("Show the regions of the selected rows in the viewer, in 3D as surfaces")
        self.show_regions.setChecked(True)
        self.show_regions.toggled.connect(self._tell_picked)
        self.save_button = QPushButton("Save result…")
        self.save_button.setToolTip("Write the tables, the volume of modes and the record into a folder")
        self.save_button.clicked.connect(self._ask_and_save)
        self.report_button = QPushButton("Save report…")
        self.report_button.clicked.connect(self._ask_and_report)
        self.tabs = QTabWidget()
        for page, title in self._titles().items():
            self.tabs.addTab(page, title)
            page.picked.connect(self._tell_picked)
            page.filters_shown.connect(self._fit_toggles)
            page.go_asked.connect(self._go)
            page.view.clicked.connect(self._clicked)
        self.regions.view.paint_asked.connect(self.column_chosen)
        self.tabs.currentChanged.connect(self.refresh)
        self.tabs.currentChanged.connect(self._fit_toggles)
        self.filter_button = _toggle("Filter", "Search, and choose rows (Ctrl+F)", self._show_filters)
        self.picture_button = QPushButton("Figure…")
        self.picture_button.setToolTip("Size and best regions of the modes along the threshold")
        self.picture_button.clicked.connect(self.show_picture)
        self.all_columns = _toggle("All columns", "All columns of the files, in siibra's order", self._show_all_columns)
        top = QHBoxLayout()
        self.summary.setSizePolicy(
            QSizePolicy.Policy.Ignored, QSizePolicy.Policy.Preferred
        )  # cut off where it is narrow
        top.addWidget(self.summary, 1)
        buttons = (self.picture_button, self.filter_button, self.all_columns)
        for widget in (*buttons, self.show_regions, self.save_button, self.report_button):
            top.addWidget(widget)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        self.saved = SavedLine()
        layout.addLayout(top)
        layout.addWidget(self.saved)
        layout.addWidget(self.tabs)
        self._enable()

    def set_result(self, result: Result | PointResult, color: ColorOfMode | None = None) -> None:
        """Show a result, with the colour of each mode.

        Cheap enough to be called while a slider moves: tables out of sight wait until looked at.
        """
        self.result = result
        for page in self._titles():
            has_table = _has_table(result, page.table)
            self.tabs.setTabVisible(self.tabs.indexOf(page), has_table)
            if has_table:
                page.set_table(result, partial(_frame, result, page.table), color)
        self.tabs.setTabText(1, "Modes" if isinstance(result, Result) else "Points")
        self.summary.setText(_summary(result))
        self._enable()
        if not self.window().isVisible() or self.isVisible():  # not while its dock is closed or behind another
            self.refresh()

    def refresh(self) -> None:
        """Bring the table in sight up to date."""
        self.page.refresh()
        self._fit_toggles()

    @property
    def page(self) -> TablePage:
        """The table in sight."""
        page = self.tabs.currentWidget()
        assert isinstance(page, TablePage)
        return page

    def select_modes(self, numbers: Collection[int], among: Mapping[str, Any] | None = None) -> None:
        """Select the rows of modes in all tabs, as after a click on a mode in the viewer; `picked` does not tell.

        `among` (column -> value) says which modes are meant where several have one number: ``map``, ``atlas``.
        """
        for page in self._titles():
            page.select_modes(numbers, among or {}, now=page is self.page)

    def selected_subjects(self) -> list[Subject]:
        """What the rows that are selected in the table in sight are about."""
        return self.page.selected_subjects()

    def go_to_row(self, row: int, column: str = MODE_COLUMN) -> None:
        """Go to the place of a cell (row of the DataFrame) of the table in sight: by default the mode's peak."""
        self._go(row, column)

    def save(self, folder: str | Path) -> Path | None:
        """Write the result into a folder; what is wrong with the folder is shown, not raised."""
        result = self.result
        return None if result is None else self._told(_written(lambda: result.save(folder), "The result is in"))

    def save_report(self, path: str | Path) -> Any:
        """Write the report in a thread, since its figures take seconds; what is wrong with the file is shown.

        Returns the worker, which has been started; None without a result that can be reported.
        """
        from napari.qt.threading import create_worker

        if not isinstance(self.result, Result):
            return None
        self.report_asked.emit()
        worker = create_worker(_report, self.result, path, _start_thread=False, _progress={"desc": "Save report"})
        worker.returned.connect(self._told)
        worker.finished.connect(self._enable)
        self.report_button.setEnabled(False)
        self.saved.tell("Saving the report…")
        worker.start()
        return worker

    def show_picture(self) -> SweepPicture | None:
        """Show the figure of the sweep in a window: of the map and atlas of the first selected row, else of the first.

        Returns the window; None where there is no sweep.
        """
        result = self.result
        if not isinstance(result, Result) or not result.parameters.sweep:
            return None
        subjects = self.sweep.selected_subjects()
        picture = SweepPicture(result.single(subjects[0].run if subjects else 0), self)
        picture.show()
        return picture

    # --- what Qt calls ---

    def showEvent(self, event: Any) -> None:
        """Catch up with results that came while the table was out of sight."""
        self.refresh()
        super().showEvent(event)

    # --- inside ---

    def _titles(self) -> dict[TablePage, str]:
        return {
            self.assignments: "Assignments",
            self.modes: "Modes",
            self.peaks: "Peaks",
            self.regions: "Regions",
            self.sweep: "Thresholds",
            self.region_test: "Whole map",
        }

    def _enable(self) -> None:
        self.save_button.setEnabled(self.result is not None)
        self.report_button.setEnabled(isinstance(self.result, Result))
        self.report_button.setToolTip(
            "A report draws modes of maps; save points by 'Save result…'"
            if isinstance(self.result, PointResult)
            else "Write one HTML file with the tables and figures of every mode"
        )

    def _told(self, outcome: tuple[Path | None, str]) -> Path | None:
        path, message = outcome
        self.saved.tell(message, path)
        if path is None:
            show_error(message)
        return path

    def _show_filters(self, on: bool) -> None:
        self.page.filters.setVisible(on)

    def _show_all_columns(self, on: bool) -> None:
        self.page.view.show_all(on)

    def _fit_toggles(self, _: int = 0) -> None:
        """Let the buttons say what the table in sight shows."""
        self.picture_button.setVisible(self.page is self.sweep)
        view = self.page.view
        shows_all = len(view.visible_columns()) == len(self.page.model.columns.names)
        for toggle, on in ((self.filter_button, not self.page.filters.isHidden()), (self.all_columns, shows_all)):
            blocked = toggle.blockSignals(True)
            toggle.setChecked(on)
            toggle.blockSignals(blocked)

    def _tell_picked(self) -> None:
        self.picked.emit(self.selected_subjects())

    def _clicked(self, index: QModelIndex) -> None:
        self.go_to_row(int(self.page.model.rows[index.row()]))

    def _go(self, row: int, column: str) -> None:
        reader = self.page.reader
        place = None if reader is None else reader.place(row, column)
        if reader is not None and place is not None:
            self.place_chosen.emit(place, reader.subject(row))

    def _ask_and_save(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "A new or empty folder for the result")
        if folder:
            self.save(folder)

    def _ask_and_report(self) -> None:
        path, _ = QFileDialog.getSaveFileName(self, "A file for the report", "report.html", "HTML (*.html)")
        if path:
            self.save_report(path if path.lower().endswith((".html", ".htm")) else f"{path}.html")


def _toggle(text: str, tip: str, act: Callable[[bool], None]) -> QPushButton:
    button = QPushButton(text)
    button.setToolTip(tip)
    button.setCheckable(True)
    button.toggled.connect(act)
    return button


def _written(write: Callable[[], Path], said: str) -> tuple[Path | None, str]:
    """The file or folder that was written, and what to tell; what is wrong with it is told, not raised."""
    try:
        path = write()
    except InputError as error:
        return None, str(error)
    return path, f"{said} {path}"


def _report(result: Result, path: str | Path) -> tuple[Path | None, str]:
    from ...report.html import save_report

    return _written(lambda: save_report(result, path), "The report is")


def _has_table(result: Result | PointResult, table: TableName) -> bool:
    """Points have no peaks, and what was not asked has no table."""
    if isinstance(result, PointResult):
        return table in ("assignments", "modes", "regions")
    asked = {"sweep": bool(result.parameters.sweep), "region_test": bool(result.parameters.surrogates)}
    return asked.get(table, True)


def _frame(result: Result | PointResult, table: TableName) -> pd.DataFrame:
    if table == "assignments" and isinstance(result, Result):
        return with_peak_probability(result)
    frame: pd.DataFrame = getattr(result, table)
    return frame


def _color(color: ColorOfMode, reader: RowReader | SweepReader, row: int) -> str:
    run, mode = reader.mode(row)
    return color(run, mode) if mode else OTHER


def _summary(result: Result | PointResult) -> str:
    atlases = ", ".join(atlas.name for atlas in result.atlases)
    if isinstance(result, PointResult):
        return f"{result.points.name}, {atlases}: {counted(len(result.points), 'point')}"
    n = sum(run.modes.n_modes for run in {id(run.modes): run for run in result.comparisons}.values())
    modes = counted(n, "mode")
    images = result.image.name if not result.is_stack else f"{result.image.name} and {len(result.images) - 1} more"
    return f"{images}, {atlases}: {modes}, threshold {result.comparisons[0].threshold:g}"


def _stretches(places: list[int]) -> list[tuple[int, int]]:
    """First and last of each run of numbers that follow one another."""
    stretches: list[tuple[int, int]] = []
    for place in places:
        if stretches and stretches[-1][1] == place - 1:
            stretches[-1] = stretches[-1][0], place
        else:
            stretches.append((place, place))
    return stretches
