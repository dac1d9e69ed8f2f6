"""The tab of regions: a tree that folds, sorted or filtered as a list, and linked with the viewer."""

import threading
from types import SimpleNamespace

import dask.array
import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtCore import QPoint, Qt
from qtpy.QtTest import QTest

from napari_atlas_assign import Image, assign, load_atlas
from napari_atlas_assign.assignment import result as result_module
from napari_atlas_assign.assignment.regions.table import regions_of_map
from napari_atlas_assign.atlas.hierarchy import region_tree
from napari_atlas_assign.modes.point_set import PointSet
from napari_atlas_assign.plugin.layers.metadata import own_metadata
from napari_atlas_assign.plugin.show import show
from napari_atlas_assign.plugin.table import columns as table_columns
from napari_atlas_assign.plugin.table.outline import Outline
from tests.mouse import annotation, write_mouse
from tests.plugin.helpers import opened


@pytest.fixture(autouse=True)
def settings(monkeypatch):
    monkeypatch.setattr(table_columns, "_settings", lambda: None)


@pytest.fixture
def mouse(tmp_path):
    return load_atlas(write_mouse(tmp_path / "generated_mouse_100um_v1.0"))


@pytest.fixture
def cells(mouse):
    inside = np.argwhere(mouse_labels(mouse) == 12)[:7]
    return assign(PointSet(mouse.grid.to_world(inside), np.zeros(7), name="cells", space=mouse.space), mouse)


def mouse_labels(mouse):
    """Ids of the regions in the voxels of the atlas's grid."""
    labels = np.zeros(mouse.grid.n_voxels, np.int64)
    labels[mouse.voxel] = mouse.regions["id"].to_numpy()[mouse.region]
    return labels.reshape(mouse.grid.shape)


def regions_of(table_beside, result):
    """The viewer, the table and its page of regions, which is in sight."""
    viewer = ViewerModel()
    show(result, viewer)
    table, link = table_beside(viewer, result)
    table.tabs.setCurrentWidget(table.regions)
    return SimpleNamespace(viewer=viewer, table=table, page=table.regions, link=link)


def names(page):
    return [page.model.columns.values("region")[row] for row in page.model.rows]


def place_of(page, name):
    return names(page).index(name)


def test_the_tab_shows_the_region_table_and_counts_as_it_does(table_beside, cells):
    beside = regions_of(table_beside, cells)
    page = beside.page
    assert names(page) == cells.regions["region"].tolist()
    row = cells.regions["region"].tolist().index("Thalamus")
    assert page.model.columns.values("count")[row] == 7


def test_what_is_below_a_folded_row_is_out_of_sight_until_it_is_unfolded(table_beside, cells):
    beside = regions_of(table_beside, cells)
    page = beside.page
    everything = names(page)
    grey = int(page.model.rows[place_of(page, "Grey matter")])
    page.model.fold([grey], True)
    assert names(page) == [name for name in everything if name not in ("Visual areas", "Thalamus")]
    page.model.fold([grey], False)
    assert names(page) == everything
    page.model.fold(None, True)
    assert names(page) == ["root", "(none)"]


def test_a_tree_that_is_sorted_or_filtered_is_a_list_of_all_its_rows(table_beside, cells):
    beside = regions_of(table_beside, cells)
    page = beside.page
    page.model.fold(None, True)
    page.view.sortByColumn(page.model.columns.names.index("count"), Qt.SortOrder.DescendingOrder)
    assert names(page)[:3] == ["root", "Grey matter", "Thalamus"]
    page.view.sortByColumn(-1, Qt.SortOrder.AscendingOrder)
    assert names(page) == ["root", "(none)"]
    page.filters.search.setText("thal")
    assert names(page) == ["Thalamus"]


def test_a_fold_survives_another_result(table_beside, mouse, cells):
    beside = regions_of(table_beside, cells)
    beside.page.model.fold(None, True)
    beside.table.set_result(assign(PointSet(cells.points.xyz[:1], np.zeros(1), name="cells", space=mouse.space), mouse))
    beside.table.refresh()
    assert names(beside.page) == ["root", "(none)"]


def test_a_click_on_the_mark_folds_and_a_click_on_the_name_does_not(table_beside, cells):
    beside = regions_of(table_beside, cells)
    page, went = beside.page, []
    beside.table.place_chosen.connect(lambda place, subject: went.append(place))
    index = page.model.index(place_of(page, "Grey matter"), page.model.columns.names.index("region"))
    area = page.view.visualRect(index)

    def click(x):
        QTest.mouseClick(page.view.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(x, area.center().y()))

    click(area.right() - 4)
    assert ("Thalamus" in names(page), len(went)) == (True, 1)
    click(area.left() + 6)
    assert ("Thalamus" in names(page), len(went)) == (False, 1)


def test_plus_and_minus_fold_the_current_row(table_beside, cells):
    beside = regions_of(table_beside, cells)
    page = beside.page
    page.view.setCurrentIndex(page.model.index(place_of(page, "Grey matter"), 1))
    QTest.keyClick(page.view, Qt.Key.Key_Minus)
    assert "Thalamus" not in names(page)
    QTest.keyClick(page.view, Qt.Key.Key_Plus)
    assert "Thalamus" in names(page)


@pytest.mark.parametrize("name", ["Thalamus", "Grey matter", "root (rest)", "root"])
def test_a_row_goes_to_a_voxel_of_its_region_and_shows_its_map(table_beside, mouse, cells, qtbot, name):
    beside = regions_of(table_beside, cells)
    node = next(node for node in region_tree(mouse) if node.name == name)
    went = []
    beside.table.place_chosen.connect(lambda place, subject: went.append(place))
    place = place_of(beside.page, name)
    beside.table.go_to_row(int(beside.page.model.rows[place]))
    voxel = mouse.grid.to_voxel(np.array(went[0])).round().astype(int)
    assert mouse_labels(mouse)[tuple(voxel)] in mouse.regions["id"].to_numpy()[list(node.members)]
    beside.page.view.selectRow(place)
    qtbot.waitUntil(lambda: any("(map)" in layer.name for layer in beside.viewer.layers))
    (layer,) = [layer for layer in beside.viewer.layers if "(map)" in layer.name]
    wanted = np.isin(annotation(), mouse.regions["id"].to_numpy()[list(node.members)])
    assert np.count_nonzero(layer.data) == wanted.sum()
    lit = layer.data_to_world(np.argwhere(layer.data)[0])  # z, y, x
    voxel = mouse.grid.to_voxel(np.array(lit[::-1])).round().astype(int)
    assert mouse_labels(mouse)[tuple(voxel)] in mouse.regions["id"].to_numpy()[list(node.members)]


def test_of_a_map_the_rows_show_the_regions_on_its_grid_and_highlight_no_mode(
    table_beside, write, blob_map, label_atlas, qtbot
):
    viewer = ViewerModel()
    result = assign(opened(viewer, write(blob_map)), label_atlas, threshold=3)
    show(result, viewer)
    table, _ = table_beside(viewer, result)
    table.tabs.setCurrentWidget(table.regions)
    assert table.regions.model.is_tree is False
    table.regions.view.selectRow(place_of(table.regions, "Lobus dexter"))
    qtbot.waitUntil(lambda: any("Lobus dexter" in layer.name for layer in viewer.layers))
    layer = next(layer for layer in viewer.layers if "Lobus dexter" in layer.name)
    assert layer.data.shape == blob_map.T.shape
    assert [s.mode for s in table.selected_subjects()] == [0]
    assert own_metadata(layer)["overlay"]


def test_of_a_map_that_stays_in_its_file_another_thread_works_the_table_out(table_beside, mouse, qtbot, monkeypatch):
    values = np.random.default_rng(0).normal(size=mouse.grid.shape).astype(np.float32)
    whole = assign(Image(values, mouse.grid, "heat", space=mouse.space), mouse, threshold=None)
    lazy = Image(dask.array.from_array(values, chunks=8), mouse.grid, "heat", space=mouse.space)
    threads = []

    def noted(*arguments):
        threads.append(threading.get_ident())
        return regions_of_map(*arguments)

    monkeypatch.setattr(result_module, "regions_of_map", noted)
    shown = regions_of(table_beside, assign(lazy, mouse, threshold=None))
    page = shown.page
    qtbot.waitUntil(lambda: page.reader is not None)
    assert threading.get_ident() not in threads
    assert len(threads) == 1
    np.testing.assert_allclose(
        np.array(page.model.columns.values("mean"), float), whole.regions["mean"].to_numpy(float), rtol=1e-6
    )
    assert page.working.isHidden()


def test_the_row_of_no_region_goes_nowhere(table_beside, cells):
    beside = regions_of(table_beside, cells)
    went = []
    beside.table.place_chosen.connect(lambda place, subject: went.append(place))
    beside.table.go_to_row(len(cells.regions) - 1)
    assert went == []


def test_open_rows_are_those_without_a_folded_ancestor():
    levels = np.array([0, 1, 2, 2, 1, 0, 1])
    rows = np.arange(7)
    for folded in ({0}, {1}, {5}, {0, 1}, {1, 5}, {2}):
        ancestors = [[a for a in range(r) if all(levels[a] < levels[k] for k in range(a + 1, r + 1))] for r in rows]
        expected = [r for r in rows if not set(ancestors[r]) & folded]
        assert Outline(levels).open_rows(rows, folded).tolist() == expected
