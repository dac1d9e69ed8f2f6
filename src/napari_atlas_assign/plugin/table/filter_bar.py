"""The fields above a results table that choose which rows are shown."""

from __future__ import annotations

from collections.abc import Sequence

from qtpy.QtCore import Qt, Signal
from qtpy.QtWidgets import (
    QCheckBox,
    QComboBox,
    QDoubleSpinBox,
    QGridLayout,
    QHBoxLayout,
    QLabel,
    QLineEdit,
    QToolButton,
    QWidget,
)

from ..plain_text import tip
from .filters import SIDE, Condition, Filters, parse_numbers
from .rows import TableName
from .values import TableValues, distinct

USUAL: dict[TableName, tuple[str, float]] = {
    "assignments": ("correlation", 0.35),
    "modes": ("volume mm3", 100.0),
    "peaks": ("probability", 0.2),
    "regions": ("volume mm3", 1.0),
    "sweep": ("volume mm3", 100.0),
    "region_test": ("z", 2.0),
}
"""Where the filter by a score begins, for each table; the first is that of siibra's worked example."""

CHOICES = {SIDE: "any side", "atlas": "all atlases", "map name": "all maps"}
"""Columns with few values, and what stands for all of them."""


class ConditionRow(QWidget):
    """One score and its bound."""

    changed = Signal()

    def __init__(self, column: str, bound: float) -> None:
        super().__init__()
        self.only = QCheckBox("only rows with")
        self.column = QComboBox()
        self.column.setAccessibleName("Column to filter by")
        self.column.setSizeAdjustPolicy(QComboBox.SizeAdjustPolicy.AdjustToContents)
        self.relation = QComboBox()
        self.relation.addItems(["≥", "≤"])
        self.relation.setAccessibleName("At least or at most")
        self.bound = QDoubleSpinBox()
        self.bound.setAccessibleName("Bound of the filter, included")
        self.bound.setRange(-1e9, 1e9)
        self.bound.setDecimals(3)
        self.bound.setSingleStep(0.05)
        self.bound.setValue(bound)
        self._wanted = column
        self.only.toggled.connect(self.changed)
        self.relation.currentIndexChanged.connect(self.changed)
        self.column.activated.connect(self._column_chosen)
        self.column.currentIndexChanged.connect(self.changed)
        self.bound.valueChanged.connect(self.changed)
        layout = QHBoxLayout(self)
        layout.setContentsMargins(0, 0, 0, 0)
        for widget in (self.only, self.column, self.relation, self.bound):
            layout.addWidget(widget)

    def condition(self) -> Condition | None:
        """What is asked for; None where it is not ticked."""
        if not self.only.isChecked() or not self.column.currentText():
            return None
        return Condition(self.column.currentText(), self.bound.value(), self.relation.currentIndex() == 0)

    def offer(self, names: Sequence[str]) -> None:
        """Offer columns; the one chosen stays while there is one of its name."""
        self.column.blockSignals(True)
        self.column.clear()
        self.column.addItems(list(names))
        self.column.setCurrentText(self._wanted if self._wanted in names else (names[0] if names else ""))
        self.column.blockSignals(False)

    def _column_chosen(self) -> None:
        self._wanted = self.column.currentText()


class FilterBar(QWidget):
    """Search, modes, side, atlas, map, and bounds of scores."""

    changed = Signal()

    def __init__(self, table: TableName) -> None:
        super().__init__()
        self._usual = USUAL[table]
        self.search = QLineEdit()
        self.search.setPlaceholderText("search (Ctrl+F)")
        self.search.setAccessibleName("Search in the rows' texts")
        self.search.setToolTip("Words that must all occur in the row, in any case and order")
        self.search.setClearButtonEnabled(True)
        self.modes = QLineEdit()
        self.modes.setPlaceholderText("modes, as 1, 3-5")
        self.modes.setAccessibleName("Numbers of the modes to show")
        self.modes.setClearButtonEnabled(True)
        self.modes.setMaximumWidth(self.fontMetrics().averageCharWidth() * 26)
        self.modes.setVisible(table in ("assignments", "modes", "peaks"))
        self.choices = {name: QComboBox() for name in CHOICES}
        for name, box in self.choices.items():
            box.addItem(CHOICES[name])
            box.setAccessibleName(f"Show only one {name}")
            box.currentIndexChanged.connect(self.changed)
        self.choices[SIDE].addItems(["left", "right"])
        self.choices[SIDE].setToolTip("Of the region where the atlas tells, otherwise of the mode or place")
        self.conditions = [ConditionRow(*self._usual)]
        self.more = QToolButton()
        self.more.setText("+")
        self.more.setToolTip("Filter by another score as well")
        self.more.setAccessibleName("Add a filter by a score")
        self.more.clicked.connect(self.add_condition)
        self.count = QLabel()
        self.count.setAccessibleName("Number of rows shown")
        self.search.textChanged.connect(self.changed)
        self.modes.textChanged.connect(self._modes_edited)
        self.conditions[0].changed.connect(self.changed)
        self._names: list[str] = []
        self._lay_out()

    def filters(self) -> Filters:
        """What the fields ask for."""
        asked = (row.condition() for row in self.conditions)
        chosen = ((name, box.currentText()) for name, box in self.choices.items() if box.currentIndex() > 0)
        return Filters(
            tuple(condition for condition in asked if condition is not None),
            self.modes.text(),
            tuple(chosen),
            self.search.text(),
        )

    def offer(self, columns: TableValues) -> None:
        """Offer what there is to choose in a table; what is chosen stays while it exists."""
        names = [name for name in columns.names if columns.is_numeric(name)]
        if names != self._names:
            self._names = names
            for row in self.conditions:
                row.offer(names)
        for name, box in self.choices.items():
            if name != SIDE:
                self._offer_choice(box, distinct(columns.values(name)) if name in columns else [])

    def add_condition(self) -> ConditionRow:
        """Add fields for the bound of one more score."""
        row = ConditionRow(*self._usual)
        row.offer(self._names)
        row.only.setText("and with")
        row.only.setMinimumWidth(self.conditions[0].only.sizeHint().width())  # the fields stand below one another
        row.only.setChecked(True)
        row.changed.connect(self.changed)
        self.conditions.append(row)
        self._grid.addWidget(row, len(self.conditions), 0, Qt.AlignmentFlag.AlignLeft)
        self.changed.emit()
        return row

    def clear(self) -> None:
        """Ask for everything again."""
        self.blockSignals(True)
        self.search.clear()
        self.modes.clear()
        for box in self.choices.values():
            box.setCurrentIndex(0)
        for row in self.conditions[1:]:
            self._grid.removeWidget(row)
            row.deleteLater()
        del self.conditions[1:]
        self.conditions[0].only.setChecked(False)
        self.blockSignals(False)
        self.changed.emit()

    def _lay_out(self) -> None:
        first, second = QHBoxLayout(), QHBoxLayout()
        for widget in (self.search, self.modes, *self.choices.values()):
            first.addWidget(widget)
        for widget in (self.conditions[0], self.more, self.count):
            second.addWidget(widget)
        second.addStretch()
        self._grid = QGridLayout(self)
        self._grid.setContentsMargins(0, 0, 0, 0)
        self._grid.addLayout(first, 0, 0)
        self._grid.addLayout(second, 1, 0)

    def _modes_edited(self, text: str) -> None:
        understood = parse_numbers(text) is not None
        self.modes.setToolTip("Numbers and ranges" if understood else tip(f"{text!r} is no list of numbers, as 1, 3-5"))
        font = self.modes.font()
        font.setStrikeOut(not understood)
        self.modes.setFont(font)
        self.changed.emit()

    @staticmethod
    def _offer_choice(box: QComboBox, values: list[str]) -> None:
        if [box.itemText(i) for i in range(1, box.count())] != values:
            chosen, everything = box.currentText(), box.itemText(0)
            box.blockSignals(True)
            box.clear()
            box.addItems([everything, *values])
            box.setCurrentText(chosen if chosen in values else everything)
            box.blockSignals(False)
        box.setVisible(len(values) > 1 or box.currentIndex() > 0)
