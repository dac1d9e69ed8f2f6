"""The results table: what was assigned, to be sorted, filtered, clicked and saved."""

from __future__ import annotations

from collections.abc import Callable
from numbers import Integral, Real
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from qtpy.QtCore import QAbstractTableModel, QModelIndex, Qt, Signal
from qtpy.QtWidgets import (
    QAbstractItemView,
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QFileDialog,
    QHBoxLayout,
    QLabel,
    QPushButton,
    QTableView,
    QTabWidget,
    QVBoxLayout,
    QWidget,
)

from ..assignment.result import Result
from ..assignment.scores import SCORES
from ..errors import InputError

MODE_COLUMN = "input structure"

USUAL_MINIMUM = 0.35
"""Where the filter by correlation begins: the value of siibra's worked example."""

HEADERS = {
    MODE_COLUMN: "Number of the mode: its value in the modes layer and in components.nii.gz",
    "centroid": "Mean position of the mode's voxels, x, y, z in mm",
    "volume": "Index of the region's map in the atlas",
    "region": "The region's name",
} | {name: (score.__doc__ or "").strip() for name, score in SCORES.items()}
"""Column name -> what it says when the cursor is over it."""

# --- without Qt ---


def shown_rows(
    frame: pd.DataFrame,
    sort_by: str | None = None,
    ascending: bool = True,
    filter_by: str | None = None,
    minimum: float = -np.inf,
) -> NDArray[np.intp]:
    """Rows of a table that pass a filter (column >= minimum), sorted; what is undefined fails, and sorts last."""
    rows = np.arange(len(frame))
    if filter_by is not None:
        rows = rows[frame[filter_by].to_numpy(float)[rows] >= minimum]
    if sort_by is not None:
        column = frame[sort_by].iloc[rows]
        defined = column.notna().to_numpy()
        keys = column[defined].tolist()
        order = sorted(range(len(keys)), key=keys.__getitem__, reverse=not ascending)  # stable, and takes tuples
        rows = np.concatenate([rows[defined][order], rows[~defined]])
    return rows


def format_value(value: Any) -> str:
    """A cell as people read it: three decimals at most, coordinates with one, a dash for what is undefined."""
    if value is None or (isinstance(value, Real) and value != value):
        return "–"
    if isinstance(value, tuple):
        return ", ".join(f"{v:.1f}" for v in value)
    if isinstance(value, Integral):
        return str(value)
    if isinstance(value, Real):
        size = abs(float(value))
        return f"{value:,.0f}" if size >= 1000 else f"{value:.1f}" if size >= 100 else f"{value:.3f}"
    return str(value)


# --- the model ---


class FrameModel(QAbstractTableModel):
    """A table of pandas for Qt: sorts and filters whole columns at once, so that ten thousand rows are no matter."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.frame = pd.DataFrame()
        self.rows = np.arange(0)
        self._columns: list[list[Any]] = []
        self._sort: tuple[str | None, bool] = (None, True)
        self._filter: tuple[str | None, float] = (None, -np.inf)

    def set_frame(self, frame: pd.DataFrame) -> None:
        """Show another table; sorting and filter stay where their columns still exist."""
        self.beginResetModel()
        self.frame = frame
        self._columns = [frame[c].tolist() for c in frame]
        if self._sort[0] not in frame:
            self._sort = (None, True)
        if self._filter[0] not in frame:
            self._filter = (None, -np.inf)
        self.rows = self._shown()
        self.endResetModel()

    def set_filter(self, column: str | None, minimum: float = -np.inf) -> None:
        """Show only rows with at least `minimum` in a column; None shows all."""
        self._filter = (column, minimum)
        self._rearrange()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; -1 is the table's own order."""
        name = self.frame.columns[column] if 0 <= column < self.frame.shape[1] else None
        self._sort = (name, order == Qt.SortOrder.AscendingOrder)
        self._rearrange()

    def value(self, index: QModelIndex) -> Any:
        """The unformatted value of a cell."""
        return self._columns[index.column()][self.rows[index.row()]]

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008, D102
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008, D102
        return 0 if parent.isValid() else len(self._columns)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: D102
        if not index.isValid():
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return format_value(self.value(index))
        if role == Qt.ItemDataRole.ToolTipRole:
            return str(self.value(index))
        if role == Qt.ItemDataRole.TextAlignmentRole and isinstance(self.value(index), Real | tuple):
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def headerData(  # noqa: D102
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal or section >= len(self._columns):
            return None
        name = str(self.frame.columns[section])
        if role == Qt.ItemDataRole.DisplayRole:
            return name
        return HEADERS.get(name) if role == Qt.ItemDataRole.ToolTipRole else None

    def _shown(self) -> NDArray[np.intp]:
        return shown_rows(self.frame, *self._sort, *self._filter)

    def _rearrange(self) -> None:
        self.layoutAboutToBeChanged.emit()
        before, self.rows = self.rows, self._shown()
        place = {row: n for n, row in enumerate(self.rows.tolist())}
        old = self.persistentIndexList()
        new = [
            self.index(place[before[i.row()]], i.column()) if before[i.row()] in place else QModelIndex() for i in old
        ]
        self.changePersistentIndexList(old, new)
        self.layoutChanged.emit()


# --- the widgets ---


class TablePage(QWidget):
    """One table with its filter."""

    row_clicked = Signal(int)
    """Row of the DataFrame."""

    def __init__(self, filter_by: str | None = None, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._favourite = filter_by
        self.model = FrameModel(self)
        self.view = QTableView(self)
        self.view.setModel(self.model)
        heads: Any = self.view.horizontalHeader()
        rows: Any = self.view.verticalHeader()
        heads.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)  # the result's own order
        self.view.setSortingEnabled(True)
        self.view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        self.view.setWordWrap(False)
        rows.hide()
        rows.setDefaultSectionSize(self.fontMetrics().height() + 8)
        heads.setHighlightSections(False)
        self.view.clicked.connect(self._click)
        self.view.activated.connect(self._click)

        self.only = QCheckBox("only rows with")
        self.column = QComboBox()
        self.minimum = QDoubleSpinBox()
        self.minimum.setRange(-1e9, 1e9)
        self.minimum.setDecimals(3)
        self.minimum.setSingleStep(0.05)
        self.minimum.setPrefix("≥ ")
        self.minimum.setValue(USUAL_MINIMUM if filter_by else 0)
        self.count = QLabel()
        self.only.toggled.connect(self._apply_filter)
        self.column.currentTextChanged.connect(self._apply_filter)
        self.minimum.valueChanged.connect(self._apply_filter)

        self.bar = QHBoxLayout()
        for widget in (self.only, self.column, self.minimum, self.count):
            self.bar.addWidget(widget)
        self.bar.addStretch()
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.addLayout(self.bar)
        layout.addWidget(self.view)

    def set_frame(self, frame: pd.DataFrame) -> None:
        """Show a table; the filter stays as it is."""
        numeric = [str(c) for c in frame.columns if pd.api.types.is_numeric_dtype(frame[c])]
        chosen = self.column.currentText() or self._favourite
        self.column.blockSignals(True)
        self.column.clear()
        self.column.addItems(numeric)
        self.column.setCurrentText(chosen if chosen in numeric else numeric[0])
        self.column.blockSignals(False)
        self.model.set_frame(frame)
        self._fit_columns()
        self._apply_filter()

    def _fit_columns(self) -> None:
        """Widths of the headers and of the first rows; measuring ten thousand rows would be felt."""
        metrics = self.view.fontMetrics()
        for section, name in enumerate(self.model.frame.columns):
            texts = [str(name) + "   ", *(format_value(v) for v in self.model.frame[name].iloc[:200])]
            self.view.setColumnWidth(section, min(360, 18 + max(metrics.horizontalAdvance(t) for t in texts)))

    def _apply_filter(self) -> None:
        column = self.column.currentText() if self.only.isChecked() else None
        self.model.set_filter(column or None, self.minimum.value())
        shown, total = len(self.model.rows), len(self.model.frame)
        self.count.setText(f"{shown} of {total} rows" if shown < total else f"{total} rows")

    def _click(self, index: QModelIndex) -> None:
        self.row_clicked.emit(int(self.model.rows[index.row()]))


class ResultsTable(QWidget):
    """The tables of a result, and a button that saves it."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self.result: Result | None = None
        self._go_to_mode: Callable[[int], None] = lambda number: None
        self.assignments = TablePage(filter_by="correlation")
        self.modes = TablePage()
        self.about = QLabel()
        self.about.setTextFormat(Qt.TextFormat.PlainText)
        self.save_button = QPushButton("Save result…")
        self.save_button.setToolTip("Write both tables, the volume of modes and the record into a folder")
        self.save_button.clicked.connect(self._ask_and_save)
        self.tabs = QTabWidget()
        for page, title in ((self.assignments, "Assignments"), (self.modes, "Modes")):
            self.tabs.addTab(page, title)
            page.row_clicked.connect(self.go_to_row)
        top = QHBoxLayout()
        top.addWidget(self.about)
        top.addStretch()
        top.addWidget(self.save_button)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.addLayout(top)
        layout.addWidget(self.tabs)
        self.save_button.setEnabled(False)

    def set_result(self, result: Result, go_to_mode: Callable[[int], None]) -> None:
        """Show a result; `go_to_mode` is called with a mode's number when one of its rows is clicked."""
        self.result, self._go_to_mode = result, go_to_mode
        self.assignments.set_frame(result.assignments)
        self.modes.set_frame(result.modes)
        self.about.setText(
            f"{result.image.name}, {result.atlas.name}: {len(result.modes)} modes, "
            f"threshold {result.runs[0].threshold:g}"
        )
        self.save_button.setEnabled(True)

    def go_to_row(self, row: int) -> None:
        """Go to the mode in a row of the DataFrame of the tab that is open."""
        page = self.assignments if self.tabs.currentWidget() is self.assignments else self.modes
        self._go_to_mode(int(page.model.frame[MODE_COLUMN].iloc[row]))

    def save(self, folder: str | Path) -> Path | None:
        """Write the result into a folder; what is wrong with the folder is shown, not raised."""
        from napari.utils.notifications import show_error, show_info

        if self.result is None:
            return None
        try:
            written = self.result.save(folder)
        except InputError as error:
            show_error(str(error))
            return None
        show_info(f"The result is in {written}")
        return written

    def _ask_and_save(self) -> None:
        folder = QFileDialog.getExistingDirectory(self, "A new or empty folder for the result")
        if folder:
            self.save(folder)
