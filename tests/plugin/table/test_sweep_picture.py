"""The figure of a sweep in its window."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from napari_atlas_assign import Image, assign
from napari_atlas_assign.plugin.table.widget import ResultsTable


@pytest.fixture
def table(qtbot, small_atlas):
    data = np.zeros(small_atlas.grid.shape, np.float32)
    data[1:3, 1:3, 1:3] = np.arange(2, 10).reshape(2, 2, 2)
    made = ResultsTable()
    qtbot.addWidget(made)
    made.set_result(assign(Image(data, small_atlas.grid, "blob"), small_atlas, threshold=2.5, sweep=[2.5, 4.5]))
    return made


def test_the_figure_fills_its_window_and_keeps_its_shape(qtbot, table):
    picture = table.show_picture()
    qtbot.waitUntil(lambda: not picture.label.pixmap().isNull())
    shape = picture.label.pixmap().width() / picture.label.pixmap().height()
    picture.resize(1200, 500)
    qtbot.waitUntil(lambda: picture.label.pixmap().height() == picture.label.height())
    assert picture.label.pixmap().width() / picture.label.pixmap().height() == pytest.approx(shape, rel=0.01)
    picture.close()


def test_without_matplotlib_the_window_says_what_to_install(qtbot, table, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    picture = table.show_picture()
    qtbot.waitUntil(lambda: "pip install" in picture.label.text())
    picture.close()


def test_only_the_tab_of_a_sweep_has_the_button_and_without_a_sweep_there_is_none(qtbot, table, small_atlas):
    assert table.picture_button.isHidden()
    table.tabs.setCurrentWidget(table.sweep)
    assert not table.picture_button.isHidden()
    assert len(table.sweep.model.rows) == 2
    table.set_result(assign(Image(small_atlas.map_of(0), small_atlas.grid), small_atlas, threshold=0.5))
    assert not table.tabs.isTabVisible(table.tabs.indexOf(table.sweep))
    assert table.show_picture() is None
