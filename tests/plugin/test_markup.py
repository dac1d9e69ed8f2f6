"""Names of regions are shown as they are: no label or tooltip of the plugin takes them for markup."""

from __future__ import annotations

import ast
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import QAbstractListModel, QModelIndex, Qt
from qtpy.QtWidgets import QAbstractItemView, QLabel, QMenu, QWidget

from napari_atlas_assign import Image, assign
from napari_atlas_assign.plugin.layers.convert import atlas_to_layer, image_to_layer
from napari_atlas_assign.plugin.plain_text import labels_as_plain_text, plain, tip
from napari_atlas_assign.plugin.probe.widget import WhatIsHere
from napari_atlas_assign.plugin.show import TABLE_NAME
from napari_atlas_assign.plugin.table.widget import ResultsTable
from tests.plugin.helpers import finish, move, settle

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
    assert table.summary.textFormat() == Qt.TextFormat.PlainText


def test_the_labels_of_the_probe_show_plain_text(qtbot):
    probe = WhatIsHere(ViewerModel())
    qtbot.addWidget(probe)
    for label in (probe.place_label, probe.value_label, probe.peak_label):
        assert label.textFormat() == Qt.TextFormat.PlainText


@pytest.mark.parametrize("name", HOSTILE)
def test_what_napari_shows_has_no_tag_and_else_its_words(name):
    shown = plain(name)
    assert not any(tag in shown for tag in ("<img", "<b", "</b", "<a", "</a", "&lt;"))
    assert plain(shown) == shown
    assert plain("p < 0.05 & area > 3 mm3") == "p < 0.05 & area > 3 mm3"


def tooltips_of_items(view):
    """Tooltips of the cells and heads of a list, tree or table."""
    model, role = view.model(), Qt.ItemDataRole.ToolTipRole
    columns = range(1 if isinstance(model, QAbstractListModel) else model.columnCount(QModelIndex()))
    for column in columns:
        yield from (model.index(row, column).data(role) for row in range(min(model.rowCount(QModelIndex()), 20)))
        yield model.headerData(column, Qt.Orientation.Horizontal, role)


def texts_read_as_markup(widget):
    """All that a widget and its parts show or would show which Qt reads as markup: labels, tooltips, status texts."""
    for part in [widget, *widget.findChildren(QWidget)]:
        yield from (part.toolTip(), part.statusTip(), part.whatsThis())
        yield from (action.toolTip() for action in part.actions())
        if isinstance(part, QLabel) and part.textFormat() != Qt.TextFormat.PlainText:
            yield part.text()
        if isinstance(part, QAbstractItemView) and part.model() is not None:
            yield from tooltips_of_items(part)


def hostile_texts(widget):
    """Those of `texts_read_as_markup` with a tag of a name in them."""
    return [text for text in texts_read_as_markup(widget) if text and ("<img" in text or "<b>" in text)]


def test_nothing_in_the_window_reads_a_name_as_markup(make_napari_viewer_proxy, qtbot, blob_map, label_atlas):
    name = f"{HOSTILE[0]} {HOSTILE[1]}"
    viewer = make_napari_viewer_proxy(show=True)
    _, widget = viewer.window.add_plugin_dock_widget("napari-atlas-assign", "Assign modes")
    viewer.window.add_plugin_dock_widget("napari-atlas-assign", "What is here?")
    regions = label_atlas.regions.assign(name=[f"{name} {n}" for n in range(label_atlas.n_regions)])
    atlas = replace(label_atlas, name=name, regions=regions)
    for data, options, kind in (image_to_layer(Image(blob_map, atlas.grid, name)), atlas_to_layer(atlas)):
        layer = getattr(viewer, f"add_{kind}")(data, **options)
    source = viewer.layers[0]
    widget.image.value, widget.atlas.value, widget.threshold.value = source, ("layer", layer), 3
    widget.assign()
    finish(qtbot, widget)
    settle()
    table = viewer.window.dock_widgets[TABLE_NAME]
    window = table.window()
    for index in range(table.tabs.count()):
        table.tabs.setCurrentIndex(index)
        view = table.page.view
        view.selectRow(0)
        table.go_to_row(0)
        for menu in (view.column_menu(0), view.cell_menu(view.model().index(0, 1))):
            assert not [text for m in [menu, *menu.findChildren(QMenu)] for text in hostile_texts(m)]
    for role in ("modes", "regions"):
        viewer.layers.selection.active = next(each for each in viewer.layers if each.name.endswith(role))
        move(viewer, (0, *source.data_to_world((4, 6, 6)))[-viewer.dims.ndim :])
        settle()
        assert hostile_texts(window) == []
    widget.atlas.value, widget.threshold.value = ("layer", layer), 1000
    widget.assign()
    finish(qtbot, widget)
    settle()
    assert hostile_texts(window) == []


WRITTEN_EVERYWHERE = "–—…‹−≤≥►▼◄█"
"""Of Windows Glyph List 4, which the fonts of every desktop hold, beside Latin 1."""


def test_every_character_of_the_interface_is_in_the_fonts_of_every_desktop():
    folder = Path(files("napari_atlas_assign").joinpath("plugin"))
    sources = list(folder.rglob("*.py"))
    assert len(sources) > 50
    for source in sources:
        nodes = ast.walk(ast.parse(source.read_text(encoding="utf-8")))
        texts = [node.value for node in nodes if isinstance(node, ast.Constant) and isinstance(node.value, str)]
        strange = {char for text in texts for char in text if ord(char) > 0xFF} - set(WRITTEN_EVERYWHERE)
        assert not strange, source.name
