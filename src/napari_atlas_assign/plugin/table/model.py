"""The Qt side of a table's data: a model over whole columns, and how cells are painted."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np
import pandas as pd
from qtpy.QtCore import QAbstractTableModel, QModelIndex, QObject, QRectF, Qt
from qtpy.QtGui import QColor, QFontMetrics, QPainter, QPalette
from qtpy.QtWidgets import QStyle, QStyledItemDelegate, QStyleOptionViewItem

from ..plain_text import tip
from .filters import MODE_COLUMN, Filters, passing
from .outline import TREE_COLUMN, Branch, Outline, outline_of
from .values import TableValues, format_value, full_text, head_of, is_number, sorted_rows

TO_THE_LEFT, TO_THE_RIGHT = (
    int(side | Qt.AlignmentFlag.AlignVCenter) | int(Qt.TextFlag.TextSingleLine)
    for side in (Qt.AlignmentFlag.AlignLeft, Qt.AlignmentFlag.AlignRight)
)

Keys = Callable[[], Sequence[Hashable]]


class FrameModel(QAbstractTableModel):
    """A table of pandas for Qt: sorts and filters whole columns at once, so that ten thousand rows are no matter."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.columns = TableValues(pd.DataFrame())
        self.rows = np.arange(0)
        """Rows of the DataFrame as they are shown."""
        self._sort: tuple[str | None, bool] = (None, True)
        self._filters = Filters()
        self._keys: Keys = tuple
        self._outline: Outline | None = None
        self._folded: frozenset[Hashable] = frozenset()
        """Keys of rows of which what is below them is out of sight."""
        self.color_of_mode: Callable[[int], str] | None = None
        """Colour (``#rrggbb``) of the mode that a row of the DataFrame is about."""

    @property
    def frame(self) -> pd.DataFrame:
        """The whole table, neither sorted nor filtered."""
        return self.columns.frame

    def set_columns(self, columns: TableValues, keys: Keys | None = None) -> None:
        """Show another table. Sorting, filters and selection stay; `keys` tell rows again (by default their places)."""
        keys = keys or (lambda: range(len(columns)))
        self._outline = outline_of(columns)
        if columns.names != self.columns.names:
            self.beginResetModel()
            self.columns, self._keys = columns, keys
            self.rows = self._shown()
            self.endResetModel()
            return
        self.layoutAboutToBeChanged.emit()
        chosen = self.persistentIndexList()
        known = self._keys() if chosen else ()
        old = [(known[self.rows[i.row()]], i.column()) for i in chosen]
        self.columns, self._keys = columns, keys
        self.rows = self._shown()
        known = keys() if chosen else ()
        place = {known[row]: n for n, row in enumerate(self.rows.tolist())} if chosen else {}
        self._layout_changed(chosen, [(place.get(k), column) for k, column in old])

    def set_filters(self, filters: Filters) -> None:
        """Show only rows that pass."""
        if filters != self._filters:
            self._filters = filters
            self._rearrange()

    def sort(self, column: int, order: Qt.SortOrder = Qt.SortOrder.AscendingOrder) -> None:
        """Sort by a column; -1 is the table's own order."""
        name = self.columns.names[column] if 0 <= column < len(self.columns.names) else None
        self._sort = (name, order == Qt.SortOrder.AscendingOrder)
        self._rearrange()

    def value(self, index: QModelIndex) -> Any:
        """The unformatted value of a cell."""
        return self.columns.values_at(index.column())[self.rows[index.row()]]

    def text(self, index: QModelIndex) -> str:
        """A cell as it is shown."""
        return format_value(self.value(index), self.columns.decimals(self.columns.names[index.column()]))

    def chip(self, index: QModelIndex) -> str | None:
        """The colour that stands before the number of a mode."""
        if self.color_of_mode is None or self.columns.names[index.column()] != MODE_COLUMN:
            return None
        return self.color_of_mode(int(self.rows[index.row()]))

    @property
    def is_tree(self) -> bool:
        """Whether rows are shown as a tree: sorted or filtered ones are not."""
        return self._outline is not None and self._sort[0] not in self.columns and self._filters == Filters()

    def branch(self, index: QModelIndex) -> Branch | None:
        """How a cell stands in the tree; None where no tree is shown, or by another column."""
        outline = self._outline
        if outline is None or not self.is_tree or self.columns.names[index.column()] != TREE_COLUMN:
            return None
        row = int(self.rows[index.row()])
        is_open = self._keys()[row] not in self._folded if outline.has_children[row] else None
        return Branch(int(outline.levels[row]), is_open)

    def fold(self, rows: Sequence[int] | None, folded: bool) -> None:
        """Fold away what lies below rows of the DataFrame, or unfold it; below all rows if None."""
        keys = self._keys()
        chosen = frozenset(keys if rows is None else (keys[row] for row in rows))
        self._folded = self._folded | chosen if folded else self._folded - chosen
        self._rearrange()

    def rowCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008, D102
        return 0 if parent.isValid() else len(self.rows)

    def columnCount(self, parent: QModelIndex = QModelIndex()) -> int:  # noqa: B008, D102
        return 0 if parent.isValid() else len(self.columns.names)

    def data(self, index: QModelIndex, role: int = Qt.ItemDataRole.DisplayRole) -> Any:  # noqa: D102
        if not index.isValid():
            return None
        if role == Qt.ItemDataRole.DisplayRole:
            return self.text(index)
        if role == Qt.ItemDataRole.ToolTipRole:
            return tip(f"{self.columns.names[index.column()]}: {full_text(self.value(index))}")
        if role == Qt.ItemDataRole.TextAlignmentRole and is_number(self.value(index)):
            return Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter
        return None

    def headerData(  # noqa: D102
        self, section: int, orientation: Qt.Orientation, role: int = Qt.ItemDataRole.DisplayRole
    ) -> Any:
        if orientation != Qt.Orientation.Horizontal or not 0 <= section < len(self.columns.names):
            return None
        name = self.columns.names[section]
        if role == Qt.ItemDataRole.DisplayRole:
            return head_of(name)
        if role == Qt.ItemDataRole.InitialSortOrderRole:
            large = self.columns.is_best_when_large(name)
            return Qt.SortOrder.DescendingOrder if large else Qt.SortOrder.AscendingOrder
        if role != Qt.ItemDataRole.ToolTipRole:
            return None
        in_files = "" if head_of(name) == name else f" In files: {name}."
        return tip(self.columns.explanation(name) + in_files)

    def _shown(self) -> Any:
        name, ascending = self._sort
        rows = passing(self.columns, self._filters)
        if self._outline is not None and self.is_tree:
            folded = {row for row, key in enumerate(self._keys()) if key in self._folded} if self._folded else ()
            rows = self._outline.open_rows(rows, folded)
        return sorted_rows(self.columns, rows, name if name in self.columns else None, ascending)

    def _rearrange(self) -> None:
        self.layoutAboutToBeChanged.emit()
        before, self.rows = self.rows, self._shown()
        chosen = self.persistentIndexList()
        place = {row: n for n, row in enumerate(self.rows.tolist())} if chosen else {}
        self._layout_changed(chosen, [(place.get(int(before[i.row()])), i.column()) for i in chosen])

    def _layout_changed(self, old: list[QModelIndex], new: list[tuple[int | None, int]]) -> None:
        places = [QModelIndex() if row is None else self.index(row, column) for row, column in new]
        self.changePersistentIndexList(old, places)
        self.layoutChanged.emit()


def indent_step(metrics: QFontMetrics) -> int:
    """Pixels by which a level of a tree is indented; the mark that folds stands in the last of them."""
    return 2 * metrics.averageCharWidth()


def indent(branch: Branch, metrics: QFontMetrics) -> int:
    """Pixels before the text of a cell in a tree."""
    return (branch.level + 1) * indent_step(metrics)


class CellDelegate(QStyledItemDelegate):
    """Paints cells; parts of a whole have a bar under the number, in the colour of the text, whatever the theme.

    Text is drawn directly: style sheets take several times as long for each cell, which a moving slider makes felt.
    """

    def paint(self, painter: QPainter, option: QStyleOptionViewItem, index: QModelIndex) -> None:  # noqa: D102
        model: Any = index.model()
        value = model.value(index)
        selected = bool(option.state & QStyle.StateFlag.State_Selected)
        if selected or option.state & QStyle.StateFlag.State_HasFocus:
            style = option.widget.style()
            style.drawPrimitive(QStyle.PrimitiveElement.PE_PanelItemViewItem, option, painter, option.widget)
        role = QPalette.ColorRole.HighlightedText if selected else QPalette.ColorRole.Text
        color = option.palette.color(role)
        metrics = option.fontMetrics
        margin = metrics.averageCharWidth() // 2 + 1
        area = option.rect.adjusted(margin, 0, -margin, 0)
        chip = model.chip(index)
        if chip is not None:
            size = metrics.ascent()
            painter.fillRect(QRectF(area.left(), area.center().y() - size / 2 + 1, size, size), QColor(chip))
        painter.setPen(color)
        branch = model.branch(index)
        if branch is not None:
            area.setLeft(area.left() + indent(branch, metrics))
            if branch.is_open is not None:
                mark = area.adjusted(-indent_step(metrics), 0, 0, 0)
                painter.drawText(mark, TO_THE_LEFT, "▼" if branch.is_open else "►")
        painter.drawText(
            area,
            TO_THE_RIGHT if is_number(value) else TO_THE_LEFT,
            metrics.elidedText(model.text(index), Qt.TextElideMode.ElideRight, area.width()),
        )
        name = model.columns.names[index.column()]
        part = model.columns.part_of_whole(name, value)
        if part is not None:
            height = max(2.0, option.rect.height() / 8)
            undecided = model.columns.undecided_of(name, int(model.rows[index.row()]))
            # The whole, the part of it and, of what is unassigned, the part that lies outside: one over the other.
            for filled, opacity in ((1.0, 40), (part, 80 if undecided else 170), (part - undecided, 170)):
                color.setAlpha(opacity)
                top = option.rect.bottom() + 1 - height
                painter.fillRect(QRectF(area.left(), top, area.width() * filled, height), color)
