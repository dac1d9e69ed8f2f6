"""Everything that can be closed, in every order of any two in real windows, and of any three in a model of a window."""

import itertools
import random
import threading

import numpy as np
import pytest
from napari.components import ViewerModel
from qtpy.QtWidgets import QWidget

from napari_atlas_assign import assign, show
from napari_atlas_assign.plugin.assign import worker as run
from napari_atlas_assign.plugin.assign.widget import AssignWidget
from napari_atlas_assign.plugin.layers.convert import atlas_to_layer
from napari_atlas_assign.plugin.layers.reader import read
from napari_atlas_assign.plugin.probe.widget import WhatIsHere
from napari_atlas_assign.plugin.show import TABLE_NAME
from napari_atlas_assign.plugin.table.viewer_link import TableLink
from napari_atlas_assign.plugin.table.widget import ResultsTable
from napari_atlas_assign.plugin.viewer.overlays import close_overlays, show_peaks, show_region
from tests.plugin.helpers import alive, as_layer, finish, move, settle

THINGS = ("source", "modes", "overlays", "widget", "table", "panel", "viewer")


def covering_orders(things, n):
    """Orders of things among which any n of them come in each of their orders."""
    chance = random.Random(0)
    missing = set(itertools.permutations(things, n))
    orders = []
    while missing:
        candidates = [tuple(chance.sample(things, len(things))) for _ in range(40)]
        best = max(candidates, key=lambda order: len(missing & set(itertools.combinations(order, n))))
        orders += [best, best[::-1]]
        missing -= {*itertools.combinations(best, n), *itertools.combinations(best[::-1], n)}
    return orders


@pytest.mark.parametrize(("n", "most"), [(2, 2), (3, 14)])
def test_orders_are_all_there(n, most):
    orders = covering_orders(THINGS, n)
    assert len(orders) <= most
    for some in itertools.permutations(THINGS, n):
        assert any(np.all(np.diff([order.index(name) for name in some]) > 0) for order in orders)


class Closable:
    """A real window with everything in it, closed thing by thing; what went with the viewer is closed already."""

    def __init__(self, viewer, source, atlas):
        self.viewer, self.is_closed = viewer, False
        self.before = self.callbacks()
        self.source = viewer.add_layer(as_layer(source))
        result = assign(self.source, atlas, threshold=3)
        show(result, viewer)
        self.modes = viewer.layers["map modes"]
        show_region(result, viewer, 0), show_peaks(result, viewer)
        self.widget, self.panel = AssignWidget(viewer), WhatIsHere(viewer)
        self.table = self.dock(result)
        self.panel.look_at(np.array([3.0, 3, 4]))
        self.table.assignments.view.selectRow(0)
        self.widget.atlas.value = ("layer", viewer.add_layer(as_layer(atlas_to_layer(atlas))))
        self.widget.threshold.value = 3
        self.widget.assign()

    def callbacks(self):
        return [*self.viewer.mouse_move_callbacks, *self.viewer.mouse_drag_callbacks]

    def dock(self, result):
        self.viewer.window.add_dock_widget(self.widget, name="Assign modes")
        self.viewer.window.add_dock_widget(self.panel, name="What is here?")
        return self.viewer.window.dock_widgets[TABLE_NAME]

    def close(self, name):
        if name in ("source", "modes"):
            if getattr(self, name) in self.viewer.layers:
                self.viewer.layers.remove(getattr(self, name))
        elif name == "overlays":
            close_overlays(self.viewer)
        elif name == "viewer":
            self.close_viewer()
            self.is_closed = True
        elif not self.is_closed:
            self.undock(getattr(self, name))
        elif alive(getattr(self, name)):
            getattr(self, name).close()

    def close_viewer(self):
        self.viewer.close()

    def undock(self, thing):
        self.viewer.window.remove_dock_widget(thing)

    def poke(self):
        """What the user goes on doing: nothing of it may reach what is closed."""
        move(self.viewer, tuple(self.viewer.dims.point))
        self.viewer.dims.set_point(self.viewer.dims.ndim - 1, 3.0)
        if self.modes in self.viewer.layers:
            self.modes.selected_label = 3 - self.modes.selected_label
        settle()


class ModelOfClosable(Closable):
    """The same without canvas: docks are parents that are taken away, as napari does, and deleted with the window."""

    def dock(self, result):
        self.window, table = QWidget(), ResultsTable()
        TableLink(table, self.viewer)
        table.set_result(result)
        for thing in (self.widget, self.panel, table):
            thing.setParent(self.window)
        return table

    def close_viewer(self):
        self.viewer.layers.clear()
        self.window.deleteLater()
        settle()

    def undock(self, thing):
        thing.setParent(None)
        thing.deleteLater()


@pytest.fixture
def gate(monkeypatch):
    """What a worker waits for."""
    gate = threading.Event()
    original = run.assigning
    monkeypatch.setattr(run, "assigning", lambda *a, **k: (gate.wait(30), original(*a, **k))[1])
    yield gate
    gate.set()


def close_all(session, order, gate, delivers_after, qtbot):
    """Close everything in an order; a worker that is at work delivers after one of the things is closed."""
    if delivers_after is None:
        gate.set()
        finish(qtbot, session.widget)
    with qtbot.capture_exceptions() as raised:
        for name in order:
            session.close(name)
            session.poke()
            assert not raised, (order, name, raised)
            if name == delivers_after:
                gate.set()
        gate.set()
        qtbot.wait(1)
        settle()
    assert not raised, (order, raised)
    assert session.callbacks() == session.before


@pytest.mark.parametrize("at_work", [False, True])
def test_real_windows_are_closed_in_any_order(make_napari_viewer, qtbot, write, blob_map, label_atlas, gate, at_work):
    path = write(blob_map)
    for order in covering_orders(THINGS, 2):
        gate.clear()
        session = Closable(make_napari_viewer(), read(path)[0], label_atlas)
        close_all(session, order, gate, order[3] if at_work else None, qtbot)


@pytest.mark.parametrize("at_work", [False, True])
def test_docks_and_layers_are_closed_in_any_order(qtbot, write, blob_map, label_atlas, gate, at_work):
    path, chance = write(blob_map), random.Random(1)
    for order in covering_orders(THINGS, 3):
        gate.clear()
        session = ModelOfClosable(ViewerModel(), read(path)[0], label_atlas)
        close_all(session, order, gate, chance.choice(order) if at_work else None, qtbot)
