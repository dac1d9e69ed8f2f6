"""The dock 'What is here?': values, modes and regions under the cursor; pins; peaks one after the other; views."""

# No `from __future__ import annotations` here: napari finds the viewer to hand over by the parameter's name.

from collections.abc import Callable
from functools import partial
from typing import Any, cast
from weakref import ref

import numpy as np
from qtpy.QtCore import QEvent, QRect, Qt, QTimer
from qtpy.QtGui import QColor
from qtpy.QtWidgets import (
    QAbstractItemView,
    QComboBox,
    QHBoxLayout,
    QHeaderView,
    QLabel,
    QPushButton,
    QSizePolicy,
    QStyledItemDelegate,
    QTreeWidget,
    QTreeWidgetItem,
    QWidget,
)

from ...assignment.result import Result
from ...errors import InputError
from ...grid import Floats
from ..docks import soon_in_tabs
from ..following import Following
from ..layers.frame import Frame, title_of
from ..layers.layer_results import results_in, run_shown
from ..plain_text import labels_as_plain_text, show_error, tip
from ..scrolling import scrolling_layout
from ..viewer import commands as view_commands
from ..viewer.anatomical import convention_of
from ..viewer.buttons import button, plane_buttons
from ..viewer.keep_in_view import keep_whole
from ..viewer.overlays import close_overlays, show_peaks, show_region, show_shares
from ..viewer.placing import go_to_place
from ..viewer.viewer_frame import view_frame, view_from_world
from .lookup import Cursor, Here, RegionHere, peaks_in, place_under, what_is_here
from .pinned_places import add_pin
from .voxel_reader import VoxelReader

INTERVAL = 33
"""ms between two looks at what is under the cursor."""

MOST_REGIONS = 60
"""Rows of the list of regions."""

_TELLING = frozenset({"inserted", "removed", "visible", "data", "features", "name"})
"""Events of layers after which something else may be at a place."""

_BAR = Qt.ItemDataRole.UserRole + 1


class WhatIsHere(QWidget):
    """Follows the cursor and tells what is there."""

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self._viewer = napari_viewer
        self._cursor: Cursor | None = None
        self._callback: Callable[[Any, Any], None] | None = None
        self._following = Following()
        self._peak = -1
        self._sought: Floats | None = None  # the place that is told; None is the cursor's
        self._reader = VoxelReader(partial(_look_again, ref(self)))
        self.here: Here | None = None
        self._make()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(INTERVAL)
        self._timer.timeout.connect(self._look)
        self.destroyed.connect(partial(_forget, ref(self)))
        view_commands.bind_view_keys(napari_viewer)
        keep_whole(napari_viewer)
        self._follow_viewer()
        self._tell(None)

    # --- what the user does ---

    def look_at(self, xyz: Floats) -> None:
        """Tell what is at a place (3,) in world mm; values that are not in memory follow."""
        self._sought = np.asarray(xyz, dtype=np.float64)
        self._look()

    @property
    def is_pinned(self) -> bool:
        """Whether the panel stays at a place instead of following the cursor."""
        return self.pin_button.isChecked()

    def step(self, by: int) -> None:
        """Go to the next (1) or the previous (-1) local maximum of the viewer's results, and stay there."""
        peaks = peaks_in(self._viewer)
        if not peaks:
            self.peak_label.setText("no result yet")
            return
        self._peak = (self._peak + by) % len(peaks) if self._peak >= 0 else (0 if by > 0 else len(peaks) - 1)
        result, run, row = peaks[self._peak]
        go_to_place(self._viewer, result, row["position"], run)
        self.pin_button.setChecked(True)
        self.look_at(np.array(row["position"]))
        name = result.comparisons[run].image.name
        self.peak_label.setText(
            f"{self._peak + 1} of {len(peaks)}: mode {row['input structure']}.{row['peak']} of {name}"
            + (_plateau(result, run, row["input structure"]) if row["peak"] == 1 else "")
        )

    def pin(self) -> None:
        """Stay at the place that is shown, and mark it in the viewer; or follow the cursor again."""
        if self.is_pinned and self.here is not None:
            add_pin(self._viewer, self.here, self._frame())

    def _hold(self, pinned: bool) -> None:
        if pinned and self.here is not None:
            self._sought = np.array(self.here.xyz)

    # --- following the viewer ---

    def _follow_viewer(self) -> None:
        if self._callback is not None:
            return
        self._callback = _mouse_callback(self)
        self._viewer.mouse_move_callbacks.append(self._callback)
        self._following.start(
            (self._viewer.dims.events.current_step, self._moved_slices),
            (self._viewer.dims.events.order, self._show_view),
            (self._viewer.scene.camera.events.orientation, self._show_view),
            (self._viewer.layers.events, self._layers_changed),
        )
        self._show_view()

    def _forget_viewer(self) -> None:
        if self._callback is None:
            return
        self._cursor = None
        self._reader.forget()
        if self._callback in self._viewer.mouse_move_callbacks:
            self._viewer.mouse_move_callbacks.remove(self._callback)
        self._following.stop()
        self._callback = None

    def event(self, event: Any) -> bool:
        """napari closes a dock by taking its widget's parent away, and may dock it again."""
        if event.type() == QEvent.Type.ParentChange and hasattr(self, "_timer"):
            if self.parent() is None:
                self._forget_viewer()
            else:
                self._follow_viewer()
                soon_in_tabs(self, self._viewer)
        return bool(super().event(event))

    def closeEvent(self, event: Any) -> None:
        """See Qt."""
        self._forget_viewer()
        super().closeEvent(event)

    def _moved(self, cursor: Cursor) -> None:
        """The mouse is somewhere else; this is called hundreds of times a second, and only takes note."""
        if self.is_pinned or not self.isVisible():
            return
        self._cursor, self._sought = cursor, None
        self._look_soon()

    def _look_soon(self) -> None:
        if not self._timer.isActive():
            self._timer.start()

    def _moved_slices(self, _: Any = None) -> None:
        """Another slice has come under the cursor, or another volume of a stack."""
        if self._cursor is not None and self._sought is None:
            self._cursor = _in_slice(self._cursor, self._viewer.dims)
        if self.here is not None and self.isVisible():
            self._look_soon()

    def _layers_changed(self, event: Any) -> None:
        """Called for every event of every layer: with each step of a live threshold, something else is at a place."""
        if event.type not in _TELLING:
            return
        self._reader.forget()
        if not len(self._viewer.layers):
            self._tell(None)
        elif self.here is not None and self.isVisible():
            self._look_soon()

    def _look(self) -> None:
        xyz = self._sought
        if xyz is None and self._cursor is not None:
            xyz = place_under(self._viewer, self._cursor, self._reader)
        if xyz is not None:
            self._tell(what_is_here(self._viewer, xyz, self._reader))
        elif view_frame(self._viewer) is None:
            self._tell(None)
        self._reader.fetch()

    def _frame(self) -> Frame:
        return view_frame(self._viewer) or Frame()

    # --- what is told ---

    def _tell(self, here: Here | None) -> None:
        self.here = here
        self.pin_button.setEnabled(here is not None)
        if here is None:
            self.place_label.setText("x –  y –  z – mm")
            self.value_label.setText("Move the cursor over a map that knows its place in the brain.")
            self._list_regions([])
            return
        self.place_label.setText(coordinates(here.xyz, here.space))
        self.value_label.setText(values_line(here))
        self.nothing_label.setText(not_covered_lines(here))
        self._list_regions(here.regions[:MOST_REGIONS])

    def _list_regions(self, regions: list[RegionHere]) -> None:
        several = len({region.atlas for region in regions}) > 1
        self.regions.setColumnHidden(2, not several)
        while self.regions.topLevelItemCount() > len(regions):
            self.regions.takeTopLevelItem(self.regions.topLevelItemCount() - 1)
        for n, region in enumerate(regions):
            item = self.regions.topLevelItem(n)
            if item is None:
                item = QTreeWidgetItem()
                self.regions.addTopLevelItem(item)
            item.setText(0, region.name)
            item.setToolTip(0, tip(region.name))
            item.setText(1, f"{region.value:.2f}")
            item.setData(1, _BAR, (region.value, region.color))
            item.setText(2, region.atlas)
        self.nothing_label.setVisible(self.here is not None and bool(self.nothing_label.text()))
        self._can_draw()

    def _can_draw(self) -> None:
        region, result = self._chosen_region(), bool(results_in(self._viewer))
        self.map_button.setEnabled(region is not None and result)
        self.outline_button.setEnabled(region is not None and result)
        self.shares_button.setEnabled(result and self.here is not None and bool(self.here.modes))
        self.peaks_button.setEnabled(result)

    # --- overlays ---

    def _chosen_region(self) -> RegionHere | None:
        """The region that is selected in the list, or the first."""
        if self.here is None or not self.here.regions:
            return None
        items = self.regions.selectedIndexes()
        row = items[0].row() if items else 0
        return self.here.regions[min(row, len(self.here.regions) - 1)]

    def _draw_region(self, contour: bool) -> None:
        region = self._chosen_region()
        if region is None:
            return
        for result in results_in(self._viewer):
            for n, run in enumerate(result.comparisons):
                if run.atlas.name == region.atlas:
                    which = region.row if region.row >= 0 else region.name
                    self._try(partial(show_region, result.single(n), self._viewer, which, contour))
                    return
        show_error(f"{region.atlas} was not part of an assignment yet; press Assign first")

    def _draw_shares(self) -> None:
        for mode in self.here.modes if self.here is not None else []:
            for result in results_in(self._viewer):
                for n, run in enumerate(result.comparisons):
                    if (title_of(result), run.map_index, run.atlas.name) == (mode.image, mode.volume, mode.atlas):
                        self._try(partial(show_shares, result.single(n), self._viewer, mode.number))
                        return

    def _draw_peaks(self) -> None:
        result = run_shown(self._viewer)
        if result is not None:
            self._try(partial(show_peaks, result, self._viewer))

    def _try(self, draw: Callable[[], Any]) -> None:
        try:
            draw()
        except InputError as error:
            show_error(str(error))

    # --- views ---

    def _show_view(self, _: Any = None) -> None:
        """Let the controls say what the viewer shows."""
        self.convention.blockSignals(True)
        self.convention.setCurrentText(convention_of(self._viewer, view_from_world(self._viewer)))
        self.convention.blockSignals(False)

    def _set_convention(self, convention: str) -> None:
        view_commands.show_convention(self._viewer, cast(Any, convention))
        self._show_view()

    # --- the parts ---

    def _make(self) -> None:
        self.place_label = QLabel()
        font = self.place_label.font()
        font.setPointSizeF(font.pointSizeF() * 1.25)
        font.setBold(True)
        self.place_label.setFont(font)
        self.place_label.setToolTip("World coordinates in mm: x to the right, y to the front, z up")
        self.value_label = QLabel()
        self.value_label.setWordWrap(True)
        for label in (self.place_label, self.value_label):
            label.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self.regions = QTreeWidget()
        self.regions.setHeaderLabels(["region", "probability", "atlas"])
        self.regions.setRootIsDecorated(False)
        self.regions.setUniformRowHeights(True)
        self.regions.setSelectionMode(QAbstractItemView.SelectionMode.SingleSelection)
        self.regions.setItemDelegateForColumn(1, _BarDelegate(self.regions))
        self.regions.setMinimumHeight(120)
        self.regions.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Ignored)  # the rest of the height
        header = cast(QHeaderView, self.regions.header())
        header.setStretchLastSection(False)
        header.setSectionResizeMode(0, QHeaderView.ResizeMode.Stretch)
        self.regions.setColumnWidth(1, 9 * self.fontMetrics().horizontalAdvance("0") + 40)
        self.regions.itemSelectionChanged.connect(self._can_draw)
        self.regions.itemDoubleClicked.connect(lambda *_: self._draw_region(contour=False))
        self.nothing_label = QLabel()
        self.nothing_label.setWordWrap(True)

        self.pin_button = QPushButton("Pin")
        self.pin_button.setCheckable(True)
        self.pin_button.setToolTip("Stay at this place and mark it; press again to follow the cursor")
        self.pin_button.toggled.connect(self._hold)
        self.pin_button.clicked.connect(lambda _: self.pin())
        previous = button("◄ peak", "Go to the previous local maximum", lambda: self.step(-1))
        following = button("peak ►", "Go to the next local maximum", lambda: self.step(1))
        self.peak_label = QLabel()
        self.peak_label.setWordWrap(True)
        for label in (self.place_label, self.value_label, self.peak_label):
            labels_as_plain_text(label)

        self.map_button = button("Map", "Show the selected region's map", lambda: self._draw_region(False))
        self.outline_button = button("Outline", "Outline the selected region", lambda: self._draw_region(True))
        self.peaks_button = button("Peaks", "Show all peaks with names", self._draw_peaks)
        self.shares_button = button("Shares", "Paint the shares of the mode here onto the regions", self._draw_shares)
        close = button("Close", "Close region maps, outlines, shares and peaks", lambda: close_overlays(self._viewer))

        self.convention = QComboBox()
        self.convention.addItems(["neurological", "radiological"])
        self.convention.setToolTip("neurological: right on the right; radiological: right on the left (Alt-R)")
        self.convention.currentTextChanged.connect(self._set_convention)
        letters = button(
            "Letters", "L R A P S I at the edges of the canvas", lambda: view_commands.toggle_letters(self._viewer)
        )
        template = button(
            "Template", "A template brain behind everything else", lambda: view_commands.add_template(self._viewer)
        )

        layout = scrolling_layout(self, lines=15)
        layout.setContentsMargins(6, 6, 6, 6)
        layout.addWidget(self.place_label)
        layout.addWidget(self.value_label)
        layout.addWidget(self.regions, stretch=1)
        layout.addWidget(self.nothing_label)
        layout.addLayout(_row(self.pin_button, previous, following))
        layout.addWidget(self.peak_label)
        layout.addLayout(_row(self.map_button, self.outline_button, self.peaks_button, self.shares_button, close))
        layout.addLayout(_row(*plane_buttons(self._viewer)))
        layout.addLayout(_row(self.convention, letters, template))


def coordinates(xyz: tuple[float, float, float], space: str | None = None) -> str:
    """A place in words: ``x −42.0  y 18.5  z 3.0 mm  MNI152NLin6Asym``."""
    parts = (f"{name} {value:.1f}".replace("-", "−") for name, value in zip("xyz", xyz, strict=True))
    return f"{'  '.join(parts)} mm" + (f"  {space}" if space else "")


def values_line(here: Here) -> str:
    """Values and modes at a place, one image a line."""
    numbers: dict[str, list[str]] = {}
    several = len({mode.atlas for mode in here.modes}) > 1
    for mode in here.modes:
        numbers.setdefault(mode.image, []).append(f"{mode.number} ({mode.atlas})" if several else str(mode.number))
    lines = []
    for name, value in here.values:
        number = "…" if value is None else f"{value:.4g}"
        lines.append(", ".join([f"{name}: {number}", *(f"mode {n}" for n in numbers.pop(name, []))]))
    lines += [f"{name}: mode {', '.join(of_image)}" for name, of_image in numbers.items()]
    return "\n".join(lines) or "no visible map here"


def not_covered_lines(here: Here) -> str:
    """Of every atlas that does not cover a place, the nearest region, one atlas a line."""
    lines = [f"{one.atlas} has no region here; nearest: {one.name}, {one.distance_mm:.1f} mm" for one in here.nearest]
    if not lines and not here.regions:
        return "No region of the loaded atlases here."
    return "\n".join(lines)


class _BarDelegate(QStyledItemDelegate):
    """A number with a bar in the region's colour beside it."""

    def paint(self, painter: Any, option: Any, index: Any) -> None:
        """See Qt."""
        super().paint(painter, option, index)
        bar = index.data(_BAR)
        if not bar or painter is None:
            return
        value, color = bar
        left = option.fontMetrics.horizontalAdvance("0.00") + 12
        width = max(option.rect.width() - left - 4, 0)
        rect = QRect(
            option.rect.left() + left,
            option.rect.top() + option.rect.height() // 4,
            round(width * min(value, 1)),
            option.rect.height() // 2,
        )
        painter.fillRect(rect, QColor(color))


def _mouse_callback(widget: WhatIsHere) -> Callable[[Any, Any], None]:
    """A callback that does not keep the widget alive, and goes with it."""
    weak = ref(widget)

    def on_mouse_move(viewer: Any, event: Any) -> None:
        probe = weak()
        if probe is None:
            viewer.mouse_move_callbacks.remove(on_mouse_move)
            return
        probe._moved(Cursor(tuple(event.position), event.view_direction))

    return on_mouse_move


def _in_slice(cursor: Cursor, dims: Any) -> Cursor:
    """A cursor that stands still while slices move under it."""
    if cursor.view_direction is not None or len(dims.point) != len(cursor.position):
        return cursor
    point = np.array(dims.point, dtype=np.float64)
    displayed = list(dims.displayed)
    point[displayed] = np.array(cursor.position)[displayed]
    return Cursor(tuple(point.tolist()), None)


def _look_again(widget: Any) -> None:
    """Voxels have come for a widget that may be gone."""
    probe = widget()
    if probe is not None:
        probe._look()


def _forget(widget: Any) -> None:
    """Qt has destroyed a widget that Python may still hold: nothing must reach it any more."""
    probe = widget()
    if probe is not None:
        probe._forget_viewer()


def _row(*widgets: QWidget) -> QHBoxLayout:
    layout = QHBoxLayout()
    for widget in widgets:
        layout.addWidget(widget)
    return layout


def _plateau(result: Result, run: int, mode: int) -> str:
    """Says so where several voxels of a mode hold its peak value."""
    modes = result.comparisons[run].modes
    n = int(modes.peak_counts()[modes.number == mode][0])
    return f", one of {n:,} equal voxels" if n > 1 else ""
