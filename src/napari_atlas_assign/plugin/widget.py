"""The dock widget: it collects parameters, starts a worker on the one pipeline, and hands the result to `show`."""

# No `from __future__ import annotations` here: napari finds the viewer to hand over by the parameter's name.

from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any, get_args
from weakref import ref

import numpy as np
from magicgui.widgets import (
    CheckBox,
    ComboBox,
    Container,
    FileEdit,
    FloatSpinBox,
    Label,
    ProgressBar,
    PushButton,
)
from napari.qt.threading import create_worker
from napari.utils.notifications import show_error
from qtpy.QtCore import QEvent, QObject

from ..assignment.conventions import CONVENTIONS
from ..assignment.result import Result
from ..atlas.catalogue import CatalogueEntry, catalogue
from ..errors import InputError
from ..modes.modes import Connectivity, Tail
from .geometry import ZYX_FROM_WORLD, place_of, set_geometry
from .layers import atlas_from_layer, full_resolution, image_from_layer, layer_kind, n_volumes, own_metadata
from .run import STEPS, AtlasChoice, AtlasShelf, Failure, steps
from .show import show
from .views import Plane, anatomical_view

FROM_FILE = "from a file…"

USUAL_Z = 3.1
"""Where the threshold begins for maps that look like z or t maps."""


class AssignWidget(Container):
    """Image, atlas and thresholds in; layers and a table out."""

    def __init__(self, napari_viewer: Any) -> None:
        self._viewer = napari_viewer
        self._shelf = AtlasShelf()
        self._worker: Any = None
        self._following: list[tuple[Any, Any]] = []
        self._known_atlases = [entry for entry in catalogue() if entry.local]
        self._chosen: set[str] = set()  # what the person picked by hand, which then is no longer picked for them
        self._make_fields()
        self.assign_button = PushButton(text="Assign")
        self.cancel_button = PushButton(text="Cancel", enabled=False)
        self.progress = ProgressBar(min=0, max=len(STEPS), value=0, visible=False)
        self.status = Label(value="")
        super().__init__(
            widgets=[
                self.image,
                self.axes_are_anatomical,
                self.atlas,
                self.region_shown,
                self.atlas_file,
                self.labels_file,
                self.threshold,
                self.tail,
                self.connectivity,
                self.min_volume,
                self.convention,
                _row(self.assign_button, self.cancel_button),
                self.progress,
                self.status,
                self._view_buttons(),
            ]
        )
        self.status.native.setWordWrap(True)
        self.status.native.setMinimumWidth(240)
        self.status.native.setTextInteractionFlags(self.status.native.textInteractionFlags().TextSelectableByMouse)
        self.assign_button.changed.connect(self.assign)
        self.cancel_button.changed.connect(self.cancel)
        for name in ("image", "atlas", "threshold"):
            getattr(self, name).changed.connect(partial(self._picked, name))
        self._guard = _ParentGuard(self)
        self._follow_viewer()

    def _make_fields(self) -> None:
        self.image = ComboBox(
            name="image", choices=self._image_choices, nullable=True, tooltip="The map to be explained"
        )
        self.axes_are_anatomical = CheckBox(
            text="axes are z, y, x in mm (S, A, R)",
            tooltip="This layer does not say where it lies. Tick if its scale and translation are mm "
            "and its axes run to superior, anterior and the right.",
        )
        self.atlas = ComboBox(
            name="atlas", choices=self._atlas_choices, tooltip="One of this machine, a layer, or a file"
        )
        self.region_shown = Label(label="region shown", tooltip="The region map at the slider's place", visible=False)
        self.atlas_file = FileEdit(label="atlas file", filter="Atlases (*.nii *.nii.gz *.xml *.json);;All files (*)")
        self.labels_file = FileEdit(
            label="names", filter="Tables (*.tsv *.csv *.txt *.xml *.json *.lut);;All files (*)", nullable=True
        )
        self.threshold = FloatSpinBox(
            name="threshold", min=0, max=1e9, step=0.1, value=0, tooltip="In the map's unit; modes lie beyond it"
        )
        self.tail = ComboBox(
            label="tail", choices=get_args(Tail), tooltip="Modes above the threshold, below its negative, or both"
        )
        self.connectivity = ComboBox(
            label="connectivity",
            choices=get_args(Connectivity),
            value=18,
            tooltip="Neighbours by faces (6), also edges (18), also corners (26)",
        )
        self.min_volume = FloatSpinBox(
            label="min mm³", min=0, max=1e9, step=10, value=0, tooltip="Smaller modes are dropped"
        )
        self.convention = ComboBox(
            label="convention",
            choices=list(CONVENTIONS),
            tooltip="default: on the map's own grid; siibra: as siibra 1.0 does",
        )

    # --- what the person does ---

    def assign(self) -> None:
        """Start an assignment with the parameters as they stand; a running one is cancelled."""
        self.cancel()
        try:
            image, choice = self._image(), self._choice()
        except InputError as error:
            self._fail(str(error))
            return
        worker = create_worker(
            steps,
            self._shelf,
            image,
            choice,
            self.parameters,
            _start_thread=False,
            _progress={"total": len(STEPS), "desc": "Assign modes"},
        )
        # Connected before the start: the signals of a worker that runs already may be gone.
        worker.yielded.connect(partial(self._on_step, worker))
        worker.returned.connect(partial(self._on_outcome, worker))
        self._worker = worker
        self._set_running(True)
        self.status.value = f"{STEPS[0]}…"
        worker.start()

    def cancel(self) -> None:
        """Stop a running assignment; what it still delivers is dropped."""
        if self._worker is None:
            return
        self._worker.quit()
        self._worker = None
        self._set_running(False)
        self.status.value = "Cancelled."

    def show_plane(self, plane: Plane) -> None:
        """Show the brain upright in an anatomical plane, as the image layer lies in the viewer."""
        layer = self.image.value
        known = layer is not None and _has_place(layer)
        anatomical_view(self._viewer, plane, place_of(layer).view_from_world if known else ZYX_FROM_WORLD)

    @property
    def parameters(self) -> dict[str, Any]:
        """The arguments of `assign` as the widget shows them."""
        return {
            "threshold": self.threshold.value,
            "tail": self.tail.value,
            "connectivity": self.connectivity.value,
            "min_volume_mm3": self.min_volume.value,
            "convention": self.convention.value,
        }

    @property
    def is_running(self) -> bool:
        """Whether an assignment is under way."""
        return self._worker is not None

    # --- what the worker tells ---

    def _on_step(self, worker: Any, step: str) -> None:
        if worker is self._worker:
            self.status.value = f"{step}…"
            self.progress.value = STEPS.index(step) + 1

    def _on_outcome(self, worker: Any, outcome: Result | Failure) -> None:
        if worker is not self._worker:
            return
        self._worker = None
        self._set_running(False)
        if isinstance(outcome, Failure):
            self._fail(outcome.message)
            return
        show(outcome, self._viewer)
        self.status.value = " ".join([_summary(outcome), *(f"Note: {w}." for w in outcome.warnings)])

    def _fail(self, message: str) -> None:
        self.status.value = message
        show_error(message)

    def _set_running(self, running: bool) -> None:
        self.assign_button.enabled = not running
        self.cancel_button.enabled = running
        self.progress.visible = running
        self.progress.value = 0

    # --- what goes in ---

    def _image(self) -> Any:
        layer = self.image.value
        if layer is None:
            raise InputError("there is no image layer; open a map, for example File > Open Sample > Atlas Assign")
        if self.axes_are_anatomical.value and not _has_place(layer):
            set_geometry(layer)
            self._image_changed()
        return image_from_layer(layer, self._volume(layer))

    def _volume(self, layer: Any) -> int | None:
        """The volume of a stack that the viewer's sliders stand at."""
        leading = full_resolution(layer).shape[:-3]
        if n_volumes(layer) == 1 or not leading:
            return None
        place = np.round(layer.world_to_data(self._viewer.dims.point)[: len(leading)]).astype(int)
        return int(np.ravel_multi_index(tuple(np.clip(place, 0, np.array(leading) - 1)), leading))

    def _choice(self) -> AtlasChoice:
        kind, value = self.atlas.value
        if kind == "layer":
            return AtlasChoice(atlas=atlas_from_layer(value))
        if kind == "name":
            return AtlasChoice(source=value)
        path, labels = _chosen_file(self.atlas_file), _chosen_file(self.labels_file)
        if path is None:
            raise InputError("no atlas file is chosen; choose one under 'atlas file'")
        return AtlasChoice(source=str(path), labels=labels)

    # --- choices, and following the viewer ---

    def _image_choices(self, _: Any = None) -> list[Any]:
        return [layer for layer in self._viewer.layers if _is_map(layer)]

    def _atlas_choices(self, _: Any = None) -> list[tuple[str, tuple[str, Any]]]:
        layers = [(f"layer: {layer.name}", ("layer", layer)) for layer in self._viewer.layers if _is_atlas(layer)]
        titles = Counter(entry.title for entry in self._known_atlases)
        named = [
            (entry.title if titles[entry.title] == 1 else f"{entry.title} ({entry.source})", _name_of(entry))
            for entry in self._known_atlases
        ]
        return [*layers, *named, (FROM_FILE, ("file", None))]

    def _follow_viewer(self) -> None:
        """Listen to the viewer; docking does it."""
        if self._following:
            return
        layers = self._viewer.layers
        self._following = [
            (layers.events.inserted, self._layer_added),
            (layers.events.removed, self._layers_changed),
            (layers.events.renamed, self._layers_changed),
            (layers.selection.events.active, self._follow_active),
            (self._viewer.dims.events.current_step, self._name_region),
        ]
        for event, callback in self._following:
            event.connect(callback)
        self._layers_changed()

    def _forget_viewer(self) -> None:
        """Stop working, and let go of the viewer; closing does it."""
        if self._worker is not None:
            self._worker.quit()
            self._worker = None
        for event, callback in self._following:
            event.disconnect(callback)
        self._following = []

    def _picked(self, name: str) -> None:
        self._chosen.add(name)
        if name == "image":
            self._image_changed()
        elif name == "atlas":
            self._atlas_changed()

    def _pick(self, name: str, value: Any) -> None:
        """Set a field for the person, who may still change it."""
        if name in self._chosen:
            return
        field = getattr(self, name)
        with field.changed.blocked():
            field.value = value

    def _layer_added(self, event: Any) -> None:
        self._layers_changed()
        if _is_atlas(event.value):
            self._pick("atlas", ("layer", event.value))
            self._atlas_changed()

    def _layers_changed(self, _: Any = None) -> None:
        for field in (self.image, self.atlas):
            before = field.value
            with field.changed.blocked():
                field.reset_choices()
            if field.value != before:  # the layer is gone; what takes its place was not picked by hand
                self._chosen.discard(field.name)
        self._follow_active()
        self._atlas_changed()
        self._name_region()

    def _name_region(self, _: Any = None) -> None:
        """Name the map of a region stack that the viewer shows: napari's slider has only numbers."""
        name = region_shown(self._viewer)
        self.region_shown.visible = name is not None
        self.region_shown.value = name or ""

    def _follow_active(self, _: Any = None) -> None:
        active = self._viewer.layers.selection.active
        if active is not None and _is_map(active):
            self._pick("image", active)
        elif self.image.value is None and len(self.image.choices):
            self._pick("image", self.image.choices[-1])
        self._image_changed()

    def _image_changed(self) -> None:
        layer = self.image.value
        self.axes_are_anatomical.visible = layer is not None and not _has_place(layer)
        if layer is not None:
            self._pick("threshold", usual_threshold(layer))

    def _atlas_changed(self) -> None:
        from_file = self.atlas.value is not None and self.atlas.value[0] == "file"
        self.atlas_file.visible = self.labels_file.visible = from_file

    def _view_buttons(self) -> Container:
        buttons = []
        for plane in get_args(Plane):
            button = PushButton(text=plane.capitalize(), tooltip=f"Show the brain upright, {plane}, right on the right")
            button.changed.connect(partial(self.show_plane, plane))
            buttons.append(button)
        return _row(*buttons)


class _ParentGuard(QObject):
    """Tells the widget when it is docked and when its dock is closed, which napari does by taking the parent away."""

    def __init__(self, widget: AssignWidget) -> None:
        super().__init__(widget.native)
        self._widget = ref(widget)
        widget.native.installEventFilter(self)
        widget.native.destroyed.connect(widget._forget_viewer)

    def eventFilter(self, native: Any, event: Any) -> bool:
        """See Qt."""
        widget = self._widget()
        if event.type() == QEvent.Type.ParentChange and widget is not None:
            if native.parent() is None:
                widget.cancel()
                widget._forget_viewer()
            else:
                widget._follow_viewer()
        return False


def region_shown(viewer: Any) -> str | None:
    """Name of the region whose map the uppermost visible region stack shows; None where there is no such stack."""
    for layer in reversed(list(viewer.layers)):
        names = own_metadata(layer).get("regions")
        if names and layer.visible:
            index = round(float(layer.world_to_data(viewer.dims.point)[0]))
            return str(names[min(max(index, 0), len(names) - 1)])
    return None


def usual_threshold(layer: Any) -> float:
    """A first threshold: `USUAL_Z` for a map with both signs that reaches it, as z and t maps do; else 0."""
    data = full_resolution(layer)
    if not isinstance(data, np.ndarray) or data.dtype.kind not in "if" or not data.size:
        return 0.0
    low, high = np.nanmin(data, initial=0), np.nanmax(data, initial=0)
    return USUAL_Z if low < 0 and high > USUAL_Z else 0.0


def _name_of(entry: CatalogueEntry) -> tuple[str, str]:
    return "name", f"{entry.source}:{entry.name}"


def _summary(result: Result) -> str:
    modes, pairs = len(result.modes), len(result.assignments)
    volume = result.image.source.get("volume")
    return (
        "" if volume is None else f"Volume {volume}, at the slider: "
    ) + f"{modes} {'mode' if modes == 1 else 'modes'}, {pairs} {'assignment' if pairs == 1 else 'assignments'}."


def _is_map(layer: Any) -> bool:
    return layer_kind(layer) == "image" and own_metadata(layer).get("role") != "region maps"


def _is_atlas(layer: Any) -> bool:
    role = own_metadata(layer).get("role")
    return role in ("atlas", "region maps") or (layer_kind(layer) == "labels" and role is None)


def _has_place(layer: Any) -> bool:
    try:
        place_of(layer)
    except InputError:
        return False
    return True


def _chosen_file(field: FileEdit) -> Path | None:
    """The file in a field; an empty field holds the current folder."""
    text = str(field.value or "").strip()
    return Path(text) if text not in ("", ".") else None


def _row(*widgets: Any) -> Container:
    return Container(widgets=list(widgets), layout="horizontal", labels=False)
