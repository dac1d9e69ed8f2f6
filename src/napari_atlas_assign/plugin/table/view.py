"""The view of a results table: columns that can be chosen, moved and pinned, and the keyboard."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from qtpy.QtCore import QEvent, QModelIndex, QPoint, Qt, QTimer, Signal
from qtpy.QtGui import QKeySequence
from qtpy.QtWidgets import QAbstractItemView, QApplication, QHeaderView, QMenu, QTableView, QWidget

from .columns import ColumnLayout, load_layout, squeezed, store_layout
from .copy import FORMATS
from .model import CellDelegate, FrameModel, indent
from .values import head_of

# Clear grey over whatever the theme paints: napari's style sheets leave the palette's own colours to the system.
STYLE = "QTableView { alternate-background-color: rgba(128, 128, 128, 40); }"
PINNED_STYLE = STYLE + "QTableView { border: 0; padding: 0; border-right: 1px solid rgba(128, 128, 128, 200); }"

WIDEST = 48
"""Widths of columns are at most this many letters, until the user draws them wider."""

NARROWEST = 14
"""Letters that a column keeps where several have to share what room there is."""

MEASURED_ROWS = 60
"""Rows that widths are measured on; measuring ten thousand would be felt."""


class FoldingView(QTableView):
    """A table whose rows may be a tree: a click before the text of a branch folds it, and does nothing else."""

    _folds = False

    def mousePressEvent(self, event: Any) -> None:
        """See Qt."""
        self._folds = self._fold_at(event.pos())
        if not self._folds:
            super().mousePressEvent(event)

    def mouseDoubleClickEvent(self, event: Any) -> None:
        """See Qt: the second press of two."""
        self._folds = self._fold_at(event.pos())
        if not self._folds:
            super().mouseDoubleClickEvent(event)

    def mouseReleaseEvent(self, event: Any) -> None:
        """See Qt: no click where the press has folded."""
        if not self._folds:
            super().mouseReleaseEvent(event)

    def _fold_at(self, place: QPoint) -> bool:
        index, model = self.indexAt(place), self.model()
        branch = model.branch(index) if index.isValid() and isinstance(model, FrameModel) else None
        if branch is None or branch.is_open is None:
            return False
        if place.x() - self.visualRect(index).left() > indent(branch, self.fontMetrics()) + 4:
            return False
        model.fold([int(model.rows[index.row()])], branch.is_open)
        return True


class ResultView(FoldingView):
    """A table with a context menu for columns and copies; pinned columns stay in sight at the left."""

    go_asked = Signal(QModelIndex)
    """A double click or Enter on a cell."""

    paint_asked = Signal(str)
    """The name of a column by which the regions are to be coloured."""

    cleared = Signal()
    """Escape."""

    def __init__(self, model: FrameModel, name: str, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._name = name
        self._chosen = load_layout(name)
        self._arranging = False
        self._wished: dict[int, int] = {}  # widths of columns by their cells
        self._given: dict[int, int] = {}  # and those that they got; another one was drawn by the user
        self._model = model
        self.setModel(model)
        self._prepare(self)
        self.setSortingEnabled(True)
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        self.customContextMenuRequested.connect(self._open_cell_menu)
        self.setHorizontalScrollMode(QAbstractItemView.ScrollMode.ScrollPerPixel)
        self.pinned = self._make_pinned()
        # Methods only: a lambda that knows a header is garbage together with it to Python, and the menu stays shut.
        self._heads.customContextMenuRequested.connect(self._open_column_menu)
        self._heads.sortIndicatorChanged.connect(self._show_sorting)
        self._heads.sectionMoved.connect(self._after_drag)
        self._heads.sectionResized.connect(self._place_pinned)
        self.doubleClicked.connect(self.go_asked)
        model.modelReset.connect(self._new_columns)
        # Both headers make their sections anew, which is nobody's wish for other widths.
        model.layoutAboutToBeChanged.connect(lambda: self._set_arranging(True))
        model.layoutChanged.connect(lambda: self._set_arranging(False))

    # --- columns ---

    def visible_columns(self) -> list[str]:
        """Names of the columns in sight, from left to right."""
        names, heads = self._model.columns.names, self._heads
        order = [heads.logicalIndex(place) for place in range(heads.count())]
        return [names[section] for section in order if not self.isColumnHidden(section)]

    @property
    def layout_of_columns(self) -> ColumnLayout:
        """What the user chose, or what is usual."""
        return self._chosen or ColumnLayout.usual(self._name, self._model.columns.names)

    def choose_columns(self, layout: ColumnLayout) -> None:
        """Show, hide, order and pin columns, and keep the choice."""
        self._chosen = layout
        store_layout(self._name, layout)
        self._arrange()

    def column_menu(self, section: int, parent: QWidget | None = None) -> QMenu:
        """What can be done with a column, and which columns there are."""
        layout, names = self.layout_of_columns, self._model.columns.names
        menu = QMenu("Column", parent or self)
        if 0 <= section < len(names):
            name = names[section]
            only_one = len(self.visible_columns()) < 2
            pin = menu.addAction("Pin at the left")
            pin.setCheckable(True)
            pin.setChecked(name in layout.pinned)
            pin.toggled.connect(lambda on: self.choose_columns(layout.with_pinned(name, on)))
            for text, steps in (("Move to the left", -1), ("Move to the right", 1)):
                action = menu.addAction(text)
                action.triggered.connect(lambda _, n=steps: self.choose_columns(layout.moved(names, name, n)))
            if self._name == "regions" and self._model.columns.is_numeric(name):
                menu.addAction("Colour the brain by this column").triggered.connect(lambda: self.paint_asked.emit(name))
            hide = menu.addAction("Hide")
            hide.setEnabled(not only_one)
            hide.triggered.connect(lambda: self.choose_columns(layout.with_hidden(name)))
            menu.addSeparator()
        shown = _submenu(menu, "Columns")
        for other in layout.arranged(names):
            action = shown.addAction(head_of(other).replace("&", "&&"))
            action.setCheckable(True)
            action.setChecked(other not in layout.hidden)
            action.setEnabled(other in layout.hidden or len(self.visible_columns()) > 1)
            action.toggled.connect(lambda on, n=other: self.choose_columns(layout.with_hidden(n, not on)))
        menu.addAction("All columns, in siibra's order").triggered.connect(lambda: self.choose_columns(ColumnLayout()))
        menu.addAction("The usual columns").triggered.connect(lambda: self.show_all(False))
        return menu

    def show_all(self, on: bool) -> None:
        """Show all columns in the order of the files, or the usual ones."""
        names = self._model.columns.names
        self.choose_columns(ColumnLayout() if on else ColumnLayout.usual(self._name, names))

    def fit_columns(self) -> None:
        """Widths for the headers and the first rows."""
        metrics = self.fontMetrics()
        longest = metrics.averageCharWidth() * WIDEST
        margin = metrics.averageCharWidth() * 3
        self._wished, self._given = {}, {}
        for section, name in enumerate(self._model.columns.names):
            texts = [head_of(name) + "   ", *self._model.columns.texts(name, self._model.rows[:MEASURED_ROWS].tolist())]
            branches = (self._model.branch(self._model.index(n, section)) for n in range(len(texts) - 1))
            before = [0, *(0 if branch is None else indent(branch, metrics) for branch in branches)]
            widths = (metrics.horizontalAdvance(text) + space for text, space in zip(texts, before, strict=True))
            self._wished[section] = self._given[section] = min(longest, margin + max(widths))
            self.setColumnWidth(section, self._wished[section])

    # --- rows ---

    def selected_rows(self) -> list[int]:
        """Rows of the DataFrame that are selected, in the order in which they are shown."""
        selection = self.selectionModel().selection()
        places = {place for area in selection for place in range(area.top(), area.bottom() + 1)}
        return [int(self._model.rows[place]) for place in sorted(places)]

    def text_of_rows(self, form: str) -> str:
        """The selected rows (without selection, all that are shown) as `table_copy.FORMATS` writes them."""
        rows = self.selected_rows() or self._model.rows.tolist()
        return FORMATS[form](self._model.columns, self.visible_columns(), rows)

    def copy(self, form: str = "TSV") -> None:
        """Put `text_of_rows` on the clipboard."""
        QApplication.clipboard().setText(self.text_of_rows(form))

    def cell_menu(self, index: QModelIndex) -> QMenu:
        """What can be done with a cell, its row and its column."""
        menu = QMenu(self)
        go = menu.addAction("Go to this place\tEnter")
        go.setEnabled(index.isValid())
        go.triggered.connect(lambda: self.go_asked.emit(index))
        if self._model.is_tree:
            for text, folded in (("Fold all", True), ("Unfold all", False)):
                menu.addAction(text).triggered.connect(lambda _, f=folded: self._model.fold(None, f))
        copies = _submenu(menu, "Copy" if self.selectionModel().hasSelection() else "Copy all rows")
        for form in FORMATS:
            action = copies.addAction(f"{form}\tCtrl+C" if form == "TSV" else form)
            action.triggered.connect(lambda _, f=form: self.copy(f))
        menu.addSeparator()
        menu.addMenu(self.column_menu(index.column() if index.isValid() else -1, menu))
        return menu

    # --- what Qt calls ---

    def event(self, event: QEvent) -> bool:
        """Claim the keys below before a window's shortcuts get them."""
        if event.type() == QEvent.Type.ShortcutOverride and self._action_for(event) is not None:
            event.accept()
            return True
        return bool(super().event(event))

    def keyPressEvent(self, event: Any) -> None:
        """Enter goes to the current cell's place, Ctrl+C copies, Escape clears; the rest is Qt's."""
        action = self._action_for(event)
        if action is None:
            super().keyPressEvent(event)
        else:
            action()

    def resizeEvent(self, event: Any) -> None:
        """Keep the pinned columns as high as the table, and the usual columns in sight."""
        super().resizeEvent(event)
        self._squeeze()
        self._place_pinned()

    def moveCursor(self, action: Any, modifiers: Any) -> QModelIndex:
        """Scroll, so that the current cell is not under the pinned columns."""
        target = super().moveCursor(action, modifiers)
        if not self._is_pinned(target.column()):
            hidden = self.pinned.width() - self.visualRect(target).left()
            if self.pinned.isVisible() and hidden > 0 and target.isValid():
                bar = self.horizontalScrollBar()
                bar.setValue(bar.value() - hidden)
        return target

    def scrollTo(self, index: QModelIndex, hint: Any = QAbstractItemView.ScrollHint.EnsureVisible) -> None:
        """Pinned columns are in sight anyway: scroll to their rows only."""
        bar = self.horizontalScrollBar()
        before = bar.value()
        super().scrollTo(index, hint)
        if self._is_pinned(index.column()):
            bar.setValue(before)

    # --- inside ---

    @property
    def _heads(self) -> QHeaderView:
        header = self.horizontalHeader()
        assert header is not None
        return header

    def _prepare(self, view: QTableView) -> None:
        view.setStyleSheet(STYLE)
        view.setAlternatingRowColors(True)
        view.setSelectionBehavior(QAbstractItemView.SelectionBehavior.SelectRows)
        view.setEditTriggers(QAbstractItemView.EditTrigger.NoEditTriggers)
        view.setWordWrap(False)
        view.setShowGrid(False)
        view.setTabKeyNavigation(False)
        view.setItemDelegate(CellDelegate(view))
        rows, heads = view.verticalHeader(), view.horizontalHeader()
        rows.hide()
        rows.setSectionResizeMode(QHeaderView.ResizeMode.Fixed)
        rows.setDefaultSectionSize(round(self.fontMetrics().height() * 1.5))
        heads.setHighlightSections(False)
        heads.setSortIndicator(-1, Qt.SortOrder.AscendingOrder)  # the result's own order
        if hasattr(heads, "setSortIndicatorClearable"):  # Qt 6: a third click brings it back
            heads.setSortIndicatorClearable(True)
        heads.setSectionsMovable(True)
        heads.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)

    def _make_pinned(self) -> QTableView:
        """A second view on the same rows, laid over the left of this one."""
        view = FoldingView(self)
        view.setModel(self._model)
        view.setSelectionModel(self.selectionModel())
        self._prepare(view)
        view.setStyleSheet(PINNED_STYLE)
        view.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        view.setFrameShape(view.Shape.NoFrame)
        view.setContextMenuPolicy(Qt.ContextMenuPolicy.CustomContextMenu)
        view.customContextMenuRequested.connect(
            lambda place: self._open_menu_of(view.indexAt(place), view.viewport().mapToGlobal(place))
        )
        view.setVerticalScrollMode(self.verticalScrollMode())
        for policy in (view.setHorizontalScrollBarPolicy, view.setVerticalScrollBarPolicy):
            policy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        heads = view.horizontalHeader()
        heads.setSectionsMovable(False)
        heads.setSectionsClickable(True)
        heads.setSortIndicatorShown(True)
        heads.customContextMenuRequested.connect(self._open_pinned_menu)
        heads.sortIndicatorChanged.connect(self._sort_by_pinned)
        heads.sectionResized.connect(self._pinned_resized)
        self.verticalScrollBar().valueChanged.connect(view.verticalScrollBar().setValue)
        view.verticalScrollBar().valueChanged.connect(self.verticalScrollBar().setValue)
        view.doubleClicked.connect(self.go_asked)
        view.clicked.connect(self.clicked)
        view.hide()
        return view

    def _new_columns(self) -> None:
        self.fit_columns()
        self._arrange()

    def _arrange(self) -> None:
        """Bring the columns in the order that was chosen."""
        names, layout, heads = self._model.columns.names, self.layout_of_columns, self._heads
        pinned_heads = self.pinned.horizontalHeader()
        self._arranging = True
        visible = [name for name in layout.arranged(names) if name not in layout.hidden]
        for place, name in enumerate(layout.arranged(names)):
            section = names.index(name)
            hidden = name in layout.hidden and bool(visible)  # never nothing at all
            for header in (heads, pinned_heads):
                header.moveSection(header.visualIndex(section), place)
            self.setColumnHidden(section, hidden)
            self.pinned.setColumnHidden(section, hidden or name not in layout.pinned)
        self._arranging = False
        self._squeeze()
        self._place_pinned()

    def _set_arranging(self, on: bool) -> None:
        self._arranging = on

    def _after_drag(self, *_: int) -> None:
        if self._arranging:
            return
        names, heads = self._model.columns.names, self._heads
        order = [names[heads.logicalIndex(place)] for place in range(heads.count())]
        layout = self.layout_of_columns.reordered(order)
        QTimer.singleShot(0, lambda: self.choose_columns(layout))  # the header is still at its own move

    def _squeeze(self) -> None:
        """Let all columns be seen without scrolling, where the user has not chosen them or drawn one wider."""
        sections = [n for n in self._wished if not self.isColumnHidden(n)]
        is_drawn = any(self.columnWidth(n) != self._given[n] for n in sections)
        if self._chosen is not None or is_drawn or self._arranging:
            return
        wished = [self._wished[n] for n in sections]
        least = [self.fontMetrics().averageCharWidth() * NARROWEST] * len(sections)
        for section, width in zip(sections, squeezed(wished, least, self.viewport().width()), strict=True):
            self._given[section] = width
            self.setColumnWidth(section, width)

    def _is_pinned(self, section: int) -> bool:
        names = self._model.columns.names
        return 0 <= section < len(names) and names[section] in self.layout_of_columns.pinned

    def _pinned_resized(self, section: int, _: int, size: int) -> None:
        if not self._arranging and not self.pinned.isColumnHidden(section):
            self.setColumnWidth(section, size)

    def _place_pinned(self, *_: int) -> None:
        if self._arranging:
            return
        sections = [n for n in range(len(self._model.columns.names)) if not self.pinned.isColumnHidden(n)]
        pinned = [n for n in sections if self._is_pinned(n)]
        self._arranging = True
        for section in pinned:
            self.pinned.setColumnWidth(section, self.columnWidth(section))
        self._arranging = False
        self.pinned.setVisible(bool(pinned))
        heads, rows = self._heads.geometry(), self.viewport().geometry()
        self.pinned.horizontalHeader().setFixedHeight(heads.height())
        width = sum(self.columnWidth(section) for section in pinned)
        self.pinned.setGeometry(heads.x(), heads.y(), width, heads.height() + rows.height())

    def _action_for(self, event: Any) -> Callable[[], None] | None:
        plain = event.modifiers() & ~Qt.KeyboardModifier.KeypadModifier == Qt.KeyboardModifier.NoModifier
        if event.matches(QKeySequence.StandardKey.Copy):
            return self.copy
        if plain and event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            return self._go_to_current
        if plain and event.key() == Qt.Key.Key_Escape:
            return self.cleared.emit
        if event.key() in (Qt.Key.Key_Plus, Qt.Key.Key_Minus) and self._model.is_tree:
            return partial(self._fold_current, event.key() == Qt.Key.Key_Minus)
        return None

    def _fold_current(self, folded: bool) -> None:
        if self.currentIndex().isValid():
            self._model.fold([int(self._model.rows[self.currentIndex().row()])], folded)

    def _go_to_current(self) -> None:
        if self.currentIndex().isValid():
            self.go_asked.emit(self.currentIndex())

    def _open_cell_menu(self, place: QPoint) -> None:
        self._open_menu_of(self.indexAt(place), self.viewport().mapToGlobal(place))

    def _open_column_menu(self, place: QPoint) -> None:
        _pop_up(self.column_menu(self._heads.logicalIndexAt(place)), self._heads.mapToGlobal(place))

    def _open_pinned_menu(self, place: QPoint) -> None:
        heads: Any = self.pinned.horizontalHeader()
        _pop_up(self.column_menu(heads.logicalIndexAt(place)), heads.mapToGlobal(place))

    def _show_sorting(self, section: int, order: Qt.SortOrder) -> None:
        self.pinned.horizontalHeader().setSortIndicator(section, order)

    def _sort_by_pinned(self, section: int, order: Qt.SortOrder) -> None:
        self._heads.setSortIndicator(section, order)

    def _open_menu_of(self, index: QModelIndex, place: QPoint) -> None:
        _pop_up(self.cell_menu(index), place)


def _submenu(menu: QMenu, title: str) -> QMenu:
    """A menu in a menu, with a parent: PySide deletes one of `addMenu(title)` with the action that tells of it."""
    inner = QMenu(title, menu)
    menu.addMenu(inner)
    return inner


def _pop_up(menu: QMenu, place: QPoint) -> None:
    menu.exec(place)
    menu.deleteLater()
