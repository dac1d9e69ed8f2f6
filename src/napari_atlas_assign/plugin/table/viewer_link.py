"""The results table and the viewer as one: what is picked in the one is picked in the other.

Rows that are selected highlight their modes and show their region maps; a click on a mode in the canvas, or another
selected label of the modes layer, selects its rows; the place of a cell is gone to.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any
from weakref import WeakKeyDictionary, ref

import numpy as np
from qtpy.QtCore import QEvent, QObject

from ...assignment.point_result import PointResult
from ...assignment.result import Result
from ...atlas.hierarchy import TreeNode
from ..layers.frame import title_of
from ..layers.metadata import layer_kind, own_metadata
from ..layers.mode_layers import color_as_report, highlight
from ..probe.caption import caption_of, show_place
from ..region_views.by_column import show_regions_by
from ..region_views.meshes import show_mesh
from ..viewer.overlays import show_region, show_region_in
from ..viewer.placing import find_layer, find_layers, find_modes_layer
from ..viewer.viewer_frame import volume_shown
from .rows import Place, Subject
from .widget import ResultsTable

MOST_REGIONS = 4
"""Region maps that are shown at once; of more selected rows, those of the first."""

Region = tuple[str, int | TreeNode]
"""An atlas by its name, and a row of its table or several regions together."""

STILL = 3
"""Pixels that a hand may move in a click."""


class TableLink:
    """Ties a results table to a viewer, for as long as the table lives and is not taken out of its dock."""

    def __init__(self, table: ResultsTable, viewer: Any) -> None:
        self._table, self._viewer = ref(table), viewer
        self._told = False  # the viewer is being told, and need not tell back
        self._maps: dict[Region, Any] = {}
        self._surfaces: dict[Region, Any] = {}
        self._labels: WeakKeyDictionary[Any, int] = WeakKeyDictionary()
        self._highlighted: list[Any] = []
        self._followed: list[tuple[Any, Any]] = []
        self._is_open = False
        table.picked.connect(self.show_picked)
        table.place_chosen.connect(self.go_to)
        table.report_asked.connect(self.color_as_report)
        table.column_chosen.connect(self.color_regions)
        table.destroyed.connect(self.close)
        table.installEventFilter(_Docking(table, self))
        self.open()

    def open(self) -> None:
        """Listen to the viewer."""
        if self._is_open:
            return
        self._is_open = True
        self._caption_opens(True)
        self._viewer.layers.events.inserted.connect(self._layer_added)
        self._viewer.dims.events.ndisplay.connect(self._turned)
        self._viewer.mouse_drag_callbacks.append(self._clicked)
        for layer in self._viewer.layers:
            self._follow(layer)

    def close(self) -> None:
        """Let go of the viewer."""
        if not self._is_open:
            return
        self._is_open = False
        self._caption_opens(False)
        self._highlight_in({})
        self._viewer.layers.events.inserted.disconnect(self._layer_added)
        self._viewer.dims.events.ndisplay.disconnect(self._turned)
        with suppress(ValueError):
            self._viewer.mouse_drag_callbacks.remove(self._clicked)
        for event, callback in self._followed:
            event.disconnect(callback)
        self._followed = []
        self._maps.clear()
        self._surfaces.clear()

    def go_to(self, place: Place, subject: Subject) -> None:
        """Move the viewer to a place in world mm, of a stack in the volume that the row is about."""
        table = self._table()
        if self._is_open and table is not None and table.result is not None:
            show_place(self._viewer, table.result, place, subject.run)

    def color_as_report(self) -> None:
        """Let modes have the colours of the report, in the viewer and in the table."""
        table = self._table()
        if self._is_open and table is not None:
            for layer in self._modes_layers():
                color_as_report(layer)
            table.update()
            table.page.view.viewport().update()

    def color_regions(self, column: str) -> None:
        """Colour the regions of the first atlas, of a stack by what is in its first map, by a column of their table."""
        table = self._table()
        if self._is_open and table is not None and table.result is not None:
            show_regions_by(table.result.single(0), self._viewer, column)

    def show_picked(self, subjects: Sequence[Subject]) -> None:
        """Highlight modes, and show their regions in place of those of earlier rows: as maps, in 3D as surfaces."""
        table = self._table()
        if not self._is_open or table is None or table.result is None:
            return
        with self._telling():
            if isinstance(table.result, PointResult):
                self._select_points(table.result, subjects)
            else:
                self._highlight(table.result, subjects)
            self._show_regions(table.result, subjects if table.show_regions.isChecked() else [])

    # --- inside ---

    def _caption_opens(self, on: bool) -> None:
        caption = caption_of(self._viewer)
        if caption is None:
            return
        if on:
            caption.open()
        else:
            caption.close()

    @contextmanager
    def _telling(self) -> Iterator[None]:
        self._told, before = True, self._told
        try:
            yield
        finally:
            self._told = before

    def _select_points(self, result: PointResult, subjects: Sequence[Subject]) -> None:
        layer = find_layer(self._viewer, "points", result.points.name)
        if layer is not None:
            numbers = result.modes["input structure"].drop_duplicates().tolist()
            layer.selected_data = {numbers.index(subject.mode) for subject in subjects if subject.mode}

    def _highlight(self, result: Result, subjects: Sequence[Subject]) -> None:
        picked: dict[Any, dict[int, list[int]]] = {layer: {} for layer in self._modes_layers()}
        for subject in subjects:
            layer = find_modes_layer(result, self._viewer, subject.run) if subject.mode else None
            if layer is not None:
                volume = result.comparisons[subject.run].map_index
                picked[layer].setdefault(volume, []).append(subject.mode)
        for layer, modes in picked.items():
            first = next((numbers[0] for numbers in modes.values()), layer.selected_label)
            if layer.selected_label != first:
                layer.selected_label = first
        self._highlight_in(picked)

    def _highlight_in(self, picked: Mapping[Any, Mapping[int, Sequence[int]]]) -> None:
        for layer in self._highlighted:
            if layer not in picked and layer in self._viewer.layers:
                highlight(layer, {})  # of another image, or of a table that is closed
        for layer, modes in picked.items():
            highlight(layer, modes)
        self._highlighted = list(picked)

    def _show_regions(self, result: Result | PointResult, subjects: Sequence[Subject]) -> None:
        wanted: dict[Region, Result | PointResult] = {}
        for subject in subjects:
            region = subject.joined if subject.region is None else subject.region
            is_shown = isinstance(result, Result) or not subject.mode  # points colour themselves
            if region is not None and len(wanted) < MOST_REGIONS and is_shown:
                single = result.single(subject.run)
                wanted[single.atlas.name, region] = single
        is_flat = self._viewer.dims.ndisplay == 2
        self._show_maps(wanted if is_flat else {})
        self._show_surfaces({} if is_flat else wanted)

    def _show_maps(self, wanted: Mapping[Region, Result | PointResult]) -> None:
        layers = self._viewer.layers
        shown = {key: layer for key, layer in self._maps.items() if layer in layers}
        spare = [layer for key, layer in shown.items() if key not in wanted]
        self._maps = {key: layer for key, layer in shown.items() if key in wanted}
        for (atlas, region), single in wanted.items():
            if (atlas, region) in self._maps:
                continue
            if spare:
                self._maps[atlas, region] = show_region_in(spare.pop(0), single, self._viewer, region)
            else:
                self._maps[atlas, region] = show_region(single, self._viewer, region)
        for layer in spare:
            layers.remove(layer)

    def _show_surfaces(self, wanted: Mapping[Region, Result | PointResult]) -> None:
        layers = self._viewer.layers
        shown = {key: layer for key, layer in self._surfaces.items() if layer in layers}
        for key, layer in shown.items():
            if key not in wanted:
                layers.remove(layer)
        self._surfaces = {key: layer for key, layer in shown.items() if key in wanted}
        for (atlas, region), single in wanted.items():
            if (atlas, region) not in self._surfaces:
                self._surfaces[atlas, region] = show_mesh(single, self._viewer, region)

    def _turned(self, _: Any = None) -> None:
        """From 2D to 3D, or back."""
        table = self._table()
        if table is not None:
            self.show_picked(table.selected_subjects())

    def _layer_added(self, event: Any) -> None:
        self._followed = [(e, callback) for e, callback in self._followed if e.source in self._viewer.layers]
        self._follow(event.value)

    def _follow(self, layer: Any) -> None:
        if layer_kind(layer) == "labels" and own_metadata(layer).get("role") == "modes":
            self._labels[layer] = layer.selected_label
            followed = layer.events.selected_label, self._label_selected
            followed[0].connect(followed[1])
            self._followed.append(followed)

    def _label_selected(self, event: Any) -> None:
        layer = event.source
        before, self._labels[layer] = self._labels.get(layer), layer.selected_label
        if not self._told and layer.selected_label != before:  # napari tells of it after every change of colours, too
            self._pick(layer, layer.selected_label)

    def _clicked(self, viewer: Any, event: Any) -> Iterator[None]:
        """A click, no drag, on a mode; not while the user paints."""
        start = np.array(event.pos)
        yield
        while event.type == "mouse_move":
            yield
        if np.abs(np.array(event.pos) - start).max() > STILL:
            return
        active = viewer.layers.selection.active
        if str(getattr(active, "mode", "pan_zoom")) not in ("pan_zoom", "pick"):
            return
        for layer in reversed(self._modes_layers()):
            label = layer.visible and layer.get_value(
                event.position, view_direction=event.view_direction, dims_displayed=event.dims_displayed, world=True
            )
            if label:
                self._pick(layer, int(label))
                return

    def _pick(self, layer: Any, label: int) -> None:
        table, layers = self._table(), self._modes_layers()
        if table is None or layer not in layers:
            return
        volume = volume_shown(layer, self._viewer.dims.point)
        among: dict[str, Any] = {"map": volume}
        if len(layers) > 1:
            among["atlas"] = own_metadata(layer)["atlas"]
        with self._telling():
            table.select_modes([label], among)
            layer.selected_label = label
            self._highlight_in({other: {volume: [label]} if other == layer else {} for other in layers})

    def _modes_layers(self) -> list[Any]:
        """The layers of modes of the result in the table."""
        result = None if (table := self._table()) is None else table.result
        return find_layers(self._viewer, "modes", title_of(result)) if isinstance(result, Result) else []


class _Docking(QObject):
    """Tells a link when its table is docked, and when it is not any more; keeps the link alive."""

    def __init__(self, table: ResultsTable, link: TableLink) -> None:
        super().__init__(table)
        self._link = link

    def eventFilter(self, watched: Any, event: Any) -> bool:
        """See Qt. napari closes a dock by taking the table's parent away, and gives it one by docking."""
        if event.type() == QEvent.Type.ParentChange:
            if watched.parent() is None:
                self._link.close()
            else:
                self._link.open()
        return False
