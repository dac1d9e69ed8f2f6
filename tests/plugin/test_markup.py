"""Names of regions are shown as they are: no label or tooltip of the plugin takes them for markup."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import Qt
from qtpy.QtWidgets import QLabel

from napari_atlas_assign import Image, assign
from napari_atlas_assign.plugin.plain_text import labels_as_plain_text, tip
from napari_atlas_assign.plugin.probe.widget import WhatIsHere
from napari_atlas_assign.plugin.table.widget import ResultsTable

HOSTILE = ['<img src="file:///etc/passwd">', "<b>A</b>", "&lt;img&gt;", "<a href='http://x.invalid'>A</a>", "a < b & c"]


@pytest.mark.parametrize("name", HOSTILE)
def test_a_tooltip_shows_tags_as_text(name):
    shown = tip(name)
    assert "<img" not in shown
    assert "<b>" not in shown
    assert "<a " not in shown
    assert tip("Area 4, left") == "Area 4, left"


def test_labels_of_a_widget_show_their_text_as_it_is(qtbot):
    label = QLabel(HOSTILE[0])
    qtbot.addWidget(label)
    labels_as_plain_text(label)
    assert label.textFormat() == Qt.TextFormat.PlainText


@pytest.fixture
def result(small_atlas):
    atlas = replace(small_atlas, regions=small_atlas.regions.assign(name=HOSTILE[:3]))
    noise = np.random.default_rng(0).normal(size=atlas.grid.shape).astype(np.float32)
    return assign(Image(noise, atlas.grid, HOSTILE[0]), atlas, threshold=1.0)


def test_no_cell_or_heading_of_the_tables_has_a_tag_in_its_tooltip(qtbot, result):
    table = ResultsTable()
    qtbot.addWidget(table)
    table.set_result(result)
    for page in (table.assignments, table.modes, table.peaks):
        model = page.model
        for row in range(model.rowCount()):
            for column in range(model.columnCount()):
                text = str(model.data(model.index(row, column), Qt.ItemDataRole.ToolTipRole))
                assert "<img" not in text
                assert "<b>" not in text
    assert table.about.textFormat() == Qt.TextFormat.PlainText


def test_the_labels_of_the_probe_show_plain_text(qtbot):
    probe = WhatIsHere(ViewerModel())
    qtbot.addWidget(probe)
    for label in (probe.place_label, probe.value_label, probe.peak_label):
        assert label.textFormat() == Qt.TextFormat.PlainText
