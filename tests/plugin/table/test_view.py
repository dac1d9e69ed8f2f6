"""The results table under a hand on the mouse: heads and open menus."""

import gc
from types import SimpleNamespace

import numpy as np
import pytest
from qtpy.QtCore import QPoint, Qt, QTimer
from qtpy.QtGui import QContextMenuEvent
from qtpy.QtWidgets import QApplication

from napari_atlas_assign import assign
from napari_atlas_assign.plugin.table import columns as table_columns
from napari_atlas_assign.plugin.table.widget import ResultsTable


@pytest.fixture
def page(qtbot, small_atlas, monkeypatch):
    monkeypatch.setattr(table_columns, "_settings", lambda: SimpleNamespace(columns=""))
    data = np.zeros(small_atlas.grid.shape, np.float32)
    data[1:4, 4:8, 2:6], data[6:9, 4:9, 2:6] = 4, 3
    table = ResultsTable()
    qtbot.addWidget(table)
    table.resize(900, 400)
    table.set_result(assign((data, small_atlas.grid.affine), small_atlas, threshold=1))
    table.show()
    qtbot.waitExposed(table)
    gc.collect()  # what is only tied to Qt's own objects must outlive this
    yield table.page
    table.page.view.clearSelection()


def middle_of_head(view, name):
    heads, section = view.horizontalHeader(), view.model().columns.names.index(name)
    return QPoint(heads.sectionViewportPosition(section) + heads.sectionSize(section) // 2, heads.height() // 2)


def ask_for_menu(qtbot, widget, place, *choices):
    """Right click, and click on one choice after the other in the menus that open; what each menu offered."""
    offered = []

    def choose():
        menu = QApplication.activePopupWidget()
        offered.append([action.text().split("\t")[0] for action in menu.actions() if action.text()])
        wanted = choices[len(offered) - 1]
        action = next(a for a in menu.actions() if a.text().split("\t")[0] == wanted)
        if len(offered) < len(choices):
            QTimer.singleShot(200, choose)
        qtbot.mouseClick(menu, Qt.MouseButton.LeftButton, pos=menu.actionGeometry(action).center())

    QTimer.singleShot(200, choose)
    event = QContextMenuEvent(QContextMenuEvent.Reason.Mouse, place, widget.mapToGlobal(place))
    QApplication.sendEvent(widget, event)
    assert len(offered) == len(choices)
    return offered


def shown(page, name):
    cells = page.model.columns.values(name)
    return [cells[row] for row in page.model.rows.tolist()]


def test_a_click_sorts_the_best_first_and_the_third_brings_the_result_s_own_order_back(page, qtbot):
    own = page.model.rows.tolist()
    heads = page.view.horizontalHeader()
    spot = middle_of_head(page.view, "correlation")
    orders = []
    for _ in range(3):
        qtbot.mouseClick(heads.viewport(), Qt.MouseButton.LeftButton, pos=spot)
        orders.append(page.model.rows.tolist())
    values = page.model.columns.values("correlation")
    rising = [values[row] for row in orders[1]]
    assert rising == sorted(rising)
    assert [values[row] for row in orders[0]] == rising[::-1]
    assert orders[2] == own
    assert heads.sortIndicatorSection() == -1


@pytest.mark.parametrize(("form", "begins"), [("TSV", "input structure\t"), ("Markdown", "| "), ("LaTeX", "\\begin{")])
def test_a_form_of_copy_is_chosen_in_the_open_menu(page, qtbot, form, begins):
    QApplication.clipboard().setText("before")
    place = page.view.visualRect(page.model.index(0, 0)).center()
    offered = ask_for_menu(qtbot, page.view.viewport(), place, "Copy all rows", form)
    assert offered == [["Go to this place", "Copy all rows", "Column"], ["TSV", "Markdown", "LaTeX"]]
    assert QApplication.clipboard().text().startswith(begins)


@pytest.mark.parametrize("choice", ["Pin at the left", "Hide"])
def test_the_menu_of_a_head_opens_under_the_mouse(page, qtbot, choice):
    place = middle_of_head(page.view, "region")
    ask_for_menu(qtbot, page.view.horizontalHeader().viewport(), place, choice)
    layout = page.view.layout_of_columns
    assert "region" in (layout.pinned if choice == "Pin at the left" else layout.hidden)


def test_pinned_heads_have_the_menu_and_sort_as_others_do(page, qtbot):
    page.view.choose_columns(page.view.layout_of_columns.with_pinned("region", True))
    gc.collect()
    heads, spot = page.view.pinned.horizontalHeader(), QPoint(20, 8)
    qtbot.mouseClick(heads.viewport(), Qt.MouseButton.LeftButton, pos=spot)
    assert shown(page, "region") == sorted(shown(page, "region"))
    section = page.view.horizontalHeader().sortIndicatorSection()
    assert page.model.columns.names[section] == "region"
    ask_for_menu(qtbot, heads.viewport(), spot, "Pin at the left")
    assert not page.view.layout_of_columns.pinned


def test_pinned_rows_scroll_with_the_others(page, qtbot):
    page.view.choose_columns(page.view.layout_of_columns.with_pinned("region", True))
    page.window().resize(900, 160)
    qtbot.waitUntil(lambda: page.view.verticalScrollBar().maximum() > 0)
    gc.collect()
    page.view.verticalScrollBar().setValue(1)
    assert page.view.pinned.verticalScrollBar().value() == 1
    page.view.pinned.verticalScrollBar().setValue(0)
    assert page.view.verticalScrollBar().value() == 0


def test_the_usual_columns_share_the_room_until_one_is_drawn_wider(page):
    view = page.view

    def reach():
        return sum(view.columnWidth(n) for n in range(view.model().columnCount()) if not view.isColumnHidden(n))

    wished = reach()
    for width in (wished - 40, wished + 300, wished - 80):
        view.resize(width, 300)
        assert reach() <= max(view.viewport().width(), view.fontMetrics().averageCharWidth() * 14 * 7)
    view.resize(wished + 300, 300)
    assert reach() == wished
    first = next(n for n in range(view.model().columnCount()) if not view.isColumnHidden(n))
    view.setColumnWidth(first, view.columnWidth(first) + 200)
    view.resize(wished - 80, 300)
    assert reach() == wished + 200
