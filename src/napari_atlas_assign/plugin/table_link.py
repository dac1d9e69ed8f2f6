"""The results table and the viewer as one: what is picked in the one is picked in the other.

Rows that are selected highlight their modes and show their region maps; a click on a mode in the canvas, or another
selected label of the modes layer, selects its rows; the place of a cell is gone to.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any
from weakref import WeakKeyDictionary, ref

import numpy as np

from ..assignment.point_result import PointResult
from ..assignment.result import Result
from .layers import layer_kind, own_metadata
from .overlays import highlighted_colors
from .region_overlays import show_region
from .show import find_frame, find_layer, find_modes_layer
from .table import ResultsTable
from .table_rows import Place, Subject
from .views import go_to

MOST_REGIONS = 4
"""Region maps that are shown at once; of more selected rows, those of the first."""

STILL = 3
"""Pixels that a hand may move in a click."""


class TableLink:
    """Ties a results table to a viewer, for as long as the table lives."""

    def __init__(self, table: ResultsTable, viewer: Any) -> None:
        self._table, self._viewer = ref(table), viewer
        self._told = False  # the viewer is being told, and need not tell back
        self._maps: dict[tuple[str, int], Any] = {}
        self._labels: WeakKeyDictionary[Any, int] = WeakKeyDictionary()
        self._highlighted: Any = None
        table.picked.connect(self.show_picked)
        table.place_chosen.connect(self.go_to)
        table.destroyed.connect(self.close)
        self._followed: list[tuple[Any, Any]] = []
        viewer.layers.events.inserted.connect(self._layer_added)
        viewer.mouse_drag_callbacks.append(self._clicked)
        for layer in viewer.layers:
            self._follow(layer)

    def close(self) -> None:
        """Let go of the viewer."""
        self._viewer.layers.events.inserted.disconnect(self._layer_added)
        with suppress(ValueError):
            self._viewer.mouse_drag_callbacks.remove(self._clicked)
        for event, callback in self._followed:
            event.disconnect(callback)
        self._followed = []

    def go_to(self, place: Place, subject: Subject) -> None:
        """Move the viewer to a place in world mm."""
        table = self._table()
        if table is not None and table.result is not None:
            go_to(self._viewer, find_frame(table.result, self._viewer).to_view(place))

    def show_picked(self, subjects: Sequence[Subject]) -> None:
        """Highlight modes, and show region maps in place of those of earlier rows."""
        table = self._table()
        if table is None or table.result is None:
            return
        with self._telling():
            self._highlight(table.result, list(dict.fromkeys(subject.mode for subject in subjects)))
            self._show_maps(table.result, subjects if table.show_regions.isChecked() else [])

    # --- inside ---

    @contextmanager
    def _telling(self) -> Iterator[None]:
        self._told, before = True, self._told
        try:
            yield
        finally:
            self._told = before

    def _highlight(self, result: Result | PointResult, modes: list[int]) -> None:
        if isinstance(result, PointResult):
            layer = find_layer(self._viewer, "points", result.points.name)
            if layer is not None:
                numbers = result.modes["input structure"].drop_duplicates().tolist()
                layer.selected_data = {numbers.index(mode) for mode in modes}
            return
        layer = find_modes_layer(result, self._viewer)
        if layer is None:
            return
        if modes and layer.selected_label != modes[0]:
            layer.selected_label = modes[0]
        self._highlight_in(layer, modes)

    def _highlight_in(self, layer: Any, modes: Sequence[int]) -> None:
        if self._highlighted is not None and self._highlighted != layer:
            highlight(self._highlighted, [])  # of another image
        highlight(layer, modes)
        self._highlighted = layer

    def _show_maps(self, result: Result | PointResult, subjects: Sequence[Subject]) -> None:
        wanted: dict[tuple[str, int], Result] = {}
        for subject in subjects:
            if subject.region is not None and len(wanted) < MOST_REGIONS and isinstance(result, Result):
                wanted[result.runs[subject.run].atlas.name, subject.region] = result.single(subject.run)
        layers = self._viewer.layers
        for key in [key for key in self._maps if key not in wanted]:
            layer = self._maps.pop(key)
            if layer in layers:
                layers.remove(layer)
        for (atlas, region), single in wanted.items():
            if self._maps.get((atlas, region)) not in layers:
                self._maps[atlas, region] = show_region(single, self._viewer, region)

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
        """A click, no drag, on a mode; not while a person paints."""
        start = np.array(event.pos)
        yield
        while event.type == "mouse_move":
            yield
        if np.abs(np.array(event.pos) - start).max() > STILL:
            return
        active = viewer.layers.selection.active
        layer = self._modes_layer()
        if layer is None or not layer.visible or str(getattr(active, "mode", "pan_zoom")) not in ("pan_zoom", "pick"):
            return
        label = layer.get_value(
            event.position, view_direction=event.view_direction, dims_displayed=event.dims_displayed, world=True
        )
        if label:
            self._pick(layer, int(label))

    def _pick(self, layer: Any, label: int) -> None:
        table = self._table()
        if table is None or layer is None or layer != self._modes_layer():  # equal, not the same: proxies
            return
        with self._telling():
            table.select_modes([label])
            layer.selected_label = label
            self._highlight_in(layer, [label])

    def _modes_layer(self) -> Any | None:
        table = self._table()
        return None if table is None or table.result is None else find_modes_layer(table.result, self._viewer)


def highlight(layer: Any, modes: Sequence[int]) -> None:
    """Let modes stand out in their layer, the others paler; without any, all are as before."""
    about = own_metadata(layer)
    colors = {int(number): color for number, color in about.get("colors", {}).items()}
    picked = [colors[mode] for mode in modes if mode in colors]
    if picked != about.get("highlighted", []):
        about["highlighted"] = picked
        layer.colormap = highlighted_colors(colors, picked)
