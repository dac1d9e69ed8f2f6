"""The dock 'Three planes': what the viewer shows, axial, coronal and sagittal at once, with one place in all three."""

# No `from __future__ import annotations` here: napari finds the viewer to hand over by the parameter's name.

import re
from collections.abc import Iterator, Sequence
from typing import Any, get_args

import numpy as np
from napari.components import ViewerModel
from napari.qt import QtViewer
from qtpy.QtCore import QEvent, QTimer
from qtpy.QtWidgets import QBoxLayout, QHBoxLayout, QLabel, QLineEdit, QVBoxLayout, QWidget

from ...errors import InputError
from ...grid import Floats
from ..docks import soon_beside_panels
from ..layers.frame import Frame
from ..plain_text import labels_as_plain_text
from ..probe.caption import one_line, region_here
from ..probe.lookup import read_in_memory, what_is_here
from ..probe.voxel_reader import VoxelReader
from ..viewer.anatomical import MARGIN, Plane, anatomical_view, axes_of
from ..viewer.crosshair import crosshair_of, is_of_crosshair, show_crosshair
from ..viewer.oblique import go_to_world, world_under
from ..viewer.orientation_letters import SMALL, show_letters
from ..viewer.viewer_frame import view_frame
from .mirror import MirroredLayer, arrange

STILL = 3
"""Pixels that a hand may move in a click."""

SOON = 30
"""Milliseconds for which changes of voxels are taken together."""

SMALLEST = 110
"""Pixels of each edge of a plane."""


class ThreePlanes(QWidget):
    """Three views of the viewer's layers; a click in one, or a place that is typed, moves them and the viewer."""

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self._viewer = napari_viewer
        self._views: list[_View] = []
        self._mirrored: dict[Any, MirroredLayer] = {}
        self._followed: list[tuple[Any, Any]] = []
        self._is_moving = False
        self._frame: Frame | None = None
        self._xyz: Floats | None = None
        self._reader = VoxelReader(self._tell)
        self.place = QLineEdit()
        self.place.setPlaceholderText("39 -22 55")
        self.place.setToolTip("Go to x, y, z in mm: three numbers, then Enter")
        self.place.setAccessibleName("Place in mm")
        self.place.setMaximumWidth(14 * self.fontMetrics().averageCharWidth())
        self.place.returnPressed.connect(self._go_to_typed)
        self.caption = QLabel()
        self.caption.setWordWrap(True)
        labels_as_plain_text(self.caption)
        self._layers_soon = self._timer(0, self._arrange_layers)
        self._voxels_soon = self._timer(SOON, self._refresh_voxels)
        top = QHBoxLayout()
        top.addWidget(self.place)
        top.addWidget(self.caption, 1)
        self._planes = QBoxLayout(QBoxLayout.Direction.TopToBottom)
        self._planes.setSpacing(2)
        layout = QVBoxLayout(self)
        layout.setContentsMargins(4, 4, 4, 4)
        layout.addLayout(top)
        layout.addLayout(self._planes, 1)

    @property
    def models(self) -> dict[Plane, Any]:
        """The viewer model of each plane."""
        return {view.plane: view.model for view in self._views}

    @property
    def xyz(self) -> Floats | None:
        """World mm (3,) of the place that all planes show; None while no layer says where it lies."""
        return self._xyz

    def go_to(self, xyz: Any) -> None:
        """Show a place (3,) in world mm in all planes and in the viewer."""
        frame = view_frame(self._viewer)
        if frame is None:
            return
        self._is_moving = True
        try:
            go_to_world(self._viewer, frame, xyz)
            if crosshair_of(self._viewer) is not None:
                show_crosshair(self._viewer, frame, xyz, self._name_of(xyz))
        finally:
            self._is_moving = False
        self._show_place(np.asarray(xyz, dtype=np.float64))

    # --- following the viewer ---

    def event(self, event: Any) -> bool:
        """See Qt. napari closes a dock by taking the widget's parent away, and gives it one by docking."""
        if event.type() == QEvent.Type.ParentChange:
            if self.parent() is None:
                self.close_views()
            else:
                self.open_views()
        return bool(super().event(event))

    def resizeEvent(self, event: Any) -> None:
        """Beside one another in a wide dock, below one another in a high one."""
        ways = QBoxLayout.Direction
        self._planes.setDirection(ways.LeftToRight if self.width() > self.height() else ways.TopToBottom)
        super().resizeEvent(event)

    def open_views(self) -> None:
        """Make the views, and follow the viewer."""
        if self._views:
            return
        soon_beside_panels(self, self._viewer)
        for plane in get_args(Plane):
            view = _View(plane)
            view.model.mouse_drag_callbacks.append(self._clicked)
            self._planes.addWidget(view.canvas, 1)
            self._views.append(view)
        viewer = self._viewer
        self._viewer.mouse_drag_callbacks.append(self._clicked)
        self._followed = [
            (viewer.layers.events.inserted, self._layers_changed),
            (viewer.layers.events.removed, self._layers_changed),
            (viewer.layers.events.reordered, self._layers_changed),
            (viewer.layers.selection.events.active, self._place_changed),
            (viewer.dims.events.current_step, self._place_changed),
            (viewer.events.theme, self._theme_changed),
            *((model.dims.events.current_step, self._plane_moved) for model in self.models.values()),
        ]
        for event, callback in self._followed:
            event.connect(callback)
        self._theme_changed()
        self._arrange_layers()

    def close_views(self) -> None:
        """Let go of the viewer, and take the views down."""
        for timer in (self._layers_soon, self._voxels_soon):
            timer.stop()
        self._reader.forget()
        for event, callback in self._followed:
            event.disconnect(callback)
        self._followed = []
        if self._clicked in self._viewer.mouse_drag_callbacks:
            self._viewer.mouse_drag_callbacks.remove(self._clicked)
        for layer in list(self._mirrored):
            self._forget(layer)
        for view in self._views:
            view.model.mouse_drag_callbacks.remove(self._clicked)
            self._planes.removeWidget(view.canvas)
            view.close()
        self._views, self._frame, self._xyz = [], None, None

    # --- inside: layers ---

    def _layers_changed(self, _: Any = None) -> None:
        self._layers_soon.start()

    def _arrange_layers(self) -> None:
        """Have in all planes what the viewer has; its crosshair aside, which the planes have by themselves."""
        layers = [layer for layer in self._viewer.layers if not is_of_crosshair(layer)]
        for layer in [layer for layer in self._mirrored if layer not in layers]:
            self._forget(layer)
        for layer in layers:
            if layer not in self._mirrored:
                self._mirrored[layer] = MirroredLayer(layer, len(self._views))
                layer.events.set_data.connect(self._voxels_changed)
        for number, model in enumerate(self.models.values()):
            own = [crosshair_of(model)] if crosshair_of(model) is not None else []
            arrange(model.layers, [*(self._mirrored[layer].mirrors[number] for layer in layers), *own])
        self._show_place()

    def _forget(self, layer: Any) -> None:
        layer.events.set_data.disconnect(self._voxels_changed)
        self._mirrored.pop(layer).forget()

    def _voxels_changed(self, _: Any = None) -> None:
        if not self._voxels_soon.isActive():
            self._voxels_soon.start()

    def _refresh_voxels(self) -> None:
        for mirrored in self._mirrored.values():
            mirrored.refresh()

    def _theme_changed(self, _: Any = None) -> None:
        for model in self.models.values():
            model.theme = self._viewer.theme

    # --- inside: places ---

    def _place_changed(self, _: Any = None) -> None:
        if not self._is_moving:
            self._show_place()

    def _show_place(self, xyz: Floats | None = None) -> None:
        """Show a place, or where the viewer is, in all planes, upright where the brain has come or lies otherwise."""
        frame, first = view_frame(self._viewer), self._frame is None
        if frame is None:
            self._frame = self._xyz = None
            self.caption.setText("Open a map that knows its place in the brain.")
            return
        if xyz is None:
            xyz = world_under(self._viewer, frame, self._viewer.dims.point)
        leading = self._viewer.dims.point[:-3]
        self._is_moving, self._frame, self._xyz = True, frame, xyz
        try:
            for view in self._views:
                if view.model.dims.ndim == self._viewer.dims.ndim:
                    view.show(frame, xyz, leading, first)
        finally:
            self._is_moving = False
        self._tell()

    def _plane_moved(self, event: Any) -> None:
        """The wheel has moved the slices of a plane."""
        if self._is_moving or self._frame is None:
            return
        model = next(model for model in self.models.values() if model.dims.events is event.source.events)
        self.go_to(world_under(model, self._frame, model.dims.point))

    def _clicked(self, viewer: Any, event: Any) -> Iterator[None]:
        """A click, no drag: go there."""
        start = np.array(event.pos)
        yield
        while event.type == "mouse_move":
            yield
        frame = self._frame
        if frame is None or viewer.dims.ndisplay != 2 or np.abs(np.array(event.pos) - start).max() > STILL:
            return
        active = viewer.layers.selection.active
        if str(getattr(active, "mode", "pan_zoom")) == "pan_zoom":
            self.go_to(world_under(viewer, frame, event.position))

    def _go_to_typed(self) -> None:
        try:
            self.go_to(place_in(self.place.text()))
        except InputError as error:
            self.caption.setText(str(error))

    def _tell(self) -> None:
        if self._xyz is None:
            return
        self.caption.setText(one_line(what_is_here(self._viewer, self._xyz, self._reader)))
        if not self.place.hasFocus():
            self.place.setText(" ".join(f"{round(value) or 0:d}" for value in self._xyz))
        self._reader.fetch()

    def _name_of(self, xyz: Any) -> str:
        return region_here(what_is_here(self._viewer, np.asarray(xyz, dtype=np.float64), read_in_memory))

    def _timer(self, milliseconds: int, do: Any) -> QTimer:
        timer = QTimer(self)
        timer.setSingleShot(True)
        timer.setInterval(milliseconds)
        timer.timeout.connect(do)
        return timer


class _View:
    """A plane with its model and its canvas; the whole is seen until it is zoomed by hand."""

    def __init__(self, plane: Plane) -> None:
        self.plane = plane
        self.model = ViewerModel(title=plane)
        self.canvas = QtViewer(self.model)
        self.canvas.dims.hide()
        self.canvas.setMinimumSize(SMALLEST, SMALLEST)
        self._fitted = self.model.scene.camera.zoom
        self.model.canvas.events.size.connect(self._fit)

    def show(self, frame: Frame, xyz: Floats, leading: Sequence[float], anew: bool) -> None:
        """Go to a place (3,) in world mm and along the axes before space; if `anew` or rolled, upright."""
        depth = axes_of(self.plane, frame.view_from_world)[0]
        if anew or self.model.dims.order[-3] - len(leading) != depth:
            anatomical_view(self.model, self.plane, frame.view_from_world)
            self._fitted = self.model.scene.camera.zoom
            show_letters(self.model, size=SMALL)
        if leading:
            self.model.dims.set_point(range(len(leading)), leading)
        go_to_world(self.model, frame, xyz.tolist())
        show_crosshair(self.model, frame, xyz)

    def close(self) -> None:
        """Take the canvas down."""
        self.model.canvas.events.size.disconnect(self._fit)
        self.model.layers.clear()
        self.canvas.close()
        self.canvas.setParent(None)

    def _fit(self, _: Any = None) -> None:
        camera = self.model.scene.camera
        if len(self.model.layers) and camera.zoom == self._fitted:
            self.model.reset_view(margin=MARGIN)
            self._fitted = camera.zoom


def place_in(text: str) -> Floats:
    """World mm (3,) that are typed as three numbers, with spaces, commas or semicolons between them.

    Raises
    ------
    InputError
        If they are not three finite numbers.
    """
    try:
        place = np.array([float(part) for part in re.split(r"[\s,;]+", text.replace("−", "-").strip(" ,;()[]"))])
    except ValueError:
        place = np.zeros(0)
    if place.shape != (3,) or not np.isfinite(place).all():
        raise InputError(f"{text!r} is no place; type x, y and z in mm, such as 39 -22 55")
    return place
