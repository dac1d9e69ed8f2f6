"""The dock widget: it collects parameters, has the one pipeline run, and hands the result to `show`'s functions."""

# No `from __future__ import annotations` here: napari finds the viewer to hand over by the parameter's name.

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from math import isfinite
from pathlib import Path
from time import perf_counter
from typing import Any
from weakref import ref

from magicgui.widgets import CheckBox, Label, ProgressBar, PushButton
from napari.qt.threading import create_worker
from qtpy.QtCore import QEvent
from qtpy.QtWidgets import QFileDialog, QFormLayout, QLabel, QWidget
from superqt.utils import create_worker as superqt_worker

from ...assignment.assign import finish
from ...assignment.point_result import PointResult
from ...assignment.result import Result
from ...atlas.atlas import Atlas
from ...errors import InputError
from ...report.provenance import read_record
from ...report.settings import settings_of
from ..ahead import prepare_beside
from ..calm import keep_calm
from ..docks import soon_in_tabs
from ..following import Following
from ..layers.convert import is_atlas, may_be_atlas
from ..layers.frame import title_of
from ..layers.metadata import layer_kind
from ..plain_text import labels_as_plain_text, show_error, show_warning
from ..probe.caption import draw_ahead_in_turns, show_first_peak_in_turns
from ..scrolling import scrolling_layout
from ..show import show_table, show_table_in_turns
from ..viewer import commands as view_commands
from ..viewer.anatomical import Plane
from ..viewer.buttons import ViewButtons
from ..viewer.first_sight import present
from ..viewer.keep_in_view import keep_whole
from ..viewer.placing import (
    draw,
    find_frame_of_layer,
    find_layers,
    put_in_turns,
    rename_results,
    tell_modes,
)
from .atlas_chooser import AtlasChooser
from .empty_state import EmptyState
from .in_turns import InTurns
from .latest import AT_ONCE, MOST_VOXELS, Latest, compile_beside
from .parameter_fields import ParameterFields
from .parts import align_labels, collapsible, name_by_labels, row, text, timer
from .settings import read_defaults
from .source_fields import SourceFields, largest_value, shows_a_result, unit_of, usual_threshold
from .summary import levels_in, region_shown, summary_of
from .worker import STEPS, AtlasShelf, Failure, Outcome, Request, Watch, load, steps, unforeseen

WORDS_DELAY = 60
"""Milliseconds for which words and tables wait while a hand moves, so that the layers come first."""

LOOK_EVERY = 100
"""Milliseconds between looks at how far a download is."""


class AssignWidget(QWidget):
    """A map, an atlas and a threshold in; layers and a table out, also while the threshold is dragged."""

    def __init__(self, napari_viewer: Any) -> None:
        super().__init__()
        self._viewer = napari_viewer
        self._defaults = read_defaults()
        self._shelf = AtlasShelf()
        self._worker: Any = None
        self._running: Any = None  # what the worker works on
        self._name_shown = ""  # of the map
        self._failed = False  # whether the status tells of an error
        self._watch = Watch()
        self._shown: tuple[Any, ...] = ()  # what the last result was of; a change of the threshold alone is quick
        self._seconds = float("inf")
        self._result: Result | PointResult | None = None
        self._goes_to_peak = False  # as soon as no hand drags
        self._owes_words = False  # whether the layers do not tell yet what the modes are
        self._following = Following()
        self._chosen: set[str] = set()  # what the user picked by hand, which then is no longer picked for them
        self._latest: Latest[bool] = Latest(self._run)
        self._make_fields()
        self._make_timers()
        self._lay_out()
        self.image.changed.connect(partial(self._picked, "image"))
        self.atlas.changed.connect(partial(self._picked, "atlas"))
        self.geometry.changed.connect(self._align)
        self.live.changed.connect(self._parameters_changed)
        self.assign_button.changed.connect(self.assign)
        self.cancel_button.changed.connect(self.cancel)
        self.load_button.changed.connect(self._ask_and_load)
        self.fields.slider.sliderReleased.connect(self._released)
        self.destroyed.connect(partial(_let_go, ref(self), self._following))
        view_commands.bind_view_keys(napari_viewer)
        keep_whole(napari_viewer)
        self._follow_viewer()
        prepare_beside()

    def _make_fields(self) -> None:
        self.atlas = AtlasChooser(self._defaults.atlas)
        self.source_fields = SourceFields(
            self._viewer, self._parameters_changed, lambda: self.atlas.layers, lambda: self.atlas.grid(self._shelf)
        )
        self.fields = ParameterFields(self._defaults, self._parameters_changed)
        self.image, self.geometry, self.volumes = (
            self.source_fields.image,
            self.source_fields.geometry,
            self.source_fields.volumes,
        )
        self.threshold = self.fields.threshold
        self.threshold.changed.connect(lambda _: self._chosen.add("threshold"))
        self.region_shown = Label(label="region shown", tooltip="The region map at the slider's place", visible=False)
        self.live = CheckBox(text="live", value=self._defaults.live, tooltip="Update while a threshold is dragged")
        self.assign_button = PushButton(text="Assign", tooltip="Compare the modes of the map with the atlas's regions")
        self.cancel_button = PushButton(text="Cancel", visible=False)
        self.load_button = PushButton(
            text="Load settings from a record…", tooltip="The provenance.json beside saved tables"
        )
        self.progress = ProgressBar(min=0, max=len(STEPS), value=0, visible=False)
        self.status = text()
        self.notes = text()

    def _make_timers(self) -> None:
        self._showing = InTurns(self, self._latest.finished)
        self._ahead = InTurns(self, lambda: None)
        self._soon = timer(self, 0, lambda: self._latest.submit(False))
        self._words_soon = timer(self, WORDS_DELAY, self._tell)
        self._look = timer(self, LOOK_EVERY, self._look_at_download)
        self._look.setSingleShot(False)

    def _lay_out(self) -> None:
        form = QFormLayout()
        self.atlas_label = QLabel("atlas")
        form.addRow(self.atlas_label, self.atlas)
        labels_as_plain_text(self.region_shown.native)
        form.addRow("", self.region_shown.native)
        self.threshold_label = QLabel("threshold")
        form.addRow(self.threshold_label, self.threshold.native)
        form.addRow("", self.fields.slider)
        self.more = collapsible("Settings")
        self.fields.more.margins = (0, 0, 0, 0)
        self.more.addWidget(self.fields.more.native)
        self.more.addWidget(self.load_button.native)
        layout = scrolling_layout(self, lines=13)
        self.empty = EmptyState(self._viewer)
        layout.addWidget(self.empty)
        layout.addWidget(self.source_fields.native)
        layout.addLayout(form)
        layout.addWidget(row(self.assign_button, self.cancel_button, self.live).native)
        for field in (self.progress, self.status, self.notes):
            layout.addWidget(field.native)
        self.sure = collapsible("How sure?")
        self.fields.sure.container.margins = (0, 0, 0, 0)
        self.sure.addWidget(self.fields.sure.container.native)
        for section in (self.more, self.sure):
            section.toggled.connect(self._align)
            layout.addWidget(section)
        name_by_labels(self.source_fields, self.fields.more, self.fields.sure.container)
        self.view_buttons = ViewButtons(self._viewer)
        layout.addWidget(self.view_buttons)
        layout.addStretch()

    # --- what the user does ---

    def assign(self) -> None:
        """Start an assignment with the parameters as they stand; a running one is cancelled."""
        self._drop()
        self._latest.submit(True)

    def cancel(self) -> None:
        """Stop a running assignment; what it still delivers is dropped."""
        if self._worker is not None or self._showing.is_going:
            self._drop()
            self.status.value = "Cancelled."

    def show_plane(self, plane: Plane) -> None:
        """Show the brain upright in an anatomical plane."""
        view_commands.show_plane(self._viewer, plane)

    def load_record(self, path: str | Path) -> None:
        """Restore the settings of a saved result: its parameters, and its atlases where the catalogue has them.

        Raises
        ------
        InputError
            If the file is no record, or its parameters are not known.
        """
        settings = settings_of(read_record(Path(path)))
        offered = self.atlas.choices
        atlases = [("name", a.source) for a in settings.atlases if ("name", a.source) in offered]
        self.atlas.set_values(atlases)
        paths = {str(choice.path) for choice in settings.inputs if choice.path is not None}
        for layer in self.image.choices:
            if layer is not None and str(layer.source.path) in paths:
                self.image.value = layer
        self._chosen |= {"atlas", "threshold"} if atlases else {"threshold"}
        self.fields.restore(settings.parameters)
        missing = [a.name for a in settings.atlases if ("name", a.source) not in offered]
        self.status.value = f"Settings of {Path(path).parent.name or path} restored." + (
            f" Open {', '.join(missing)} and choose it." if missing else ""
        )

    @property
    def is_running(self) -> bool:
        """Whether an assignment is under way or about to begin."""
        return self._worker is not None or self._soon.isActive() or self._showing.is_going

    @property
    def result(self) -> Result | PointResult | None:
        """The last result."""
        return self._result

    # --- running ---

    def _request(self, fresh: bool = False) -> Request | Failure:
        """Collect what is asked for; `fresh` looks at labels of layers again, which may have been painted."""
        try:
            source = self.source_fields.source()
            atlases = self.atlas.atlas_choices(fresh, self.image.value)
            parameters = self.fields.parameters
        except InputError as error:
            return Failure(str(error))
        layer = self.image.value
        frame = find_frame_of_layer(layer, source)
        # By hand, colours begin anew, so that they are those of the report.
        earlier = [] if fresh else find_layers(self._viewer, "modes", layer.name)
        return Request(source, atlases, parameters, partial(draw, frame=frame, earlier=earlier), frame)

    def _run(self, by_hand: bool) -> None:
        """Run what the fields say; whatever happens, the way is free for the next."""
        keep_calm()
        try:
            self._run_request(by_hand)
        except Exception as error:
            self._drop()
            self._fail(unforeseen(self._name, error), aloud=by_hand)
            self._latest.finished()

    @property
    def _name(self) -> str:
        """Of the layer, for messages."""
        return "nothing" if self.image.value is None else f"the layer {self.image.value.name!r}"

    def _run_request(self, by_hand: bool) -> None:
        """Run by hand or for another map or atlas aloud, else without a word and fast."""
        if by_hand and self.source_fields.waits_for_atlas:
            self._load_atlas()
            return
        request = self._request(fresh=by_hand)
        if isinstance(request, Failure):
            self._fail(request, aloud=by_hand)
            self._latest.finished()
        elif by_hand or self._request_key(request) != self._shown:
            self._start(request, aloud=True)
        elif self._seconds > AT_ONCE or request.parameters.asks_how_sure:
            if isfinite(self._seconds):
                compile_beside()
            self._start(request, aloud=False)
        else:
            began, request = perf_counter(), replace(request, owes_words=True)
            self._show(self._deliver(finish(steps(self._shelf, request)), request, False, began), False)

    def _load_atlas(self) -> None:
        """Load the atlas on whose voxels the map is to lie, then go on."""
        choice = self.atlas.atlas_choices(False, self.image.value)[0]
        self._work(choice, partial(load, self._shelf, choice, self._name), len(STEPS), True, self._go_on)

    def _go_on(self, outcome: Atlas | Failure) -> Iterator[None]:
        if isinstance(outcome, Failure):
            self._fail(outcome, aloud=True)
        else:
            self._latest.submit(True)
        yield from ()

    def _start(self, request: Request, aloud: bool) -> None:
        """Have a worker run a request; `aloud` shows progress, and errors and warnings as notifications."""
        began = perf_counter()
        work = partial(steps, self._shelf, request)
        self._work(request, work, request.n_steps, aloud, lambda o: self._deliver(o, request, aloud, began))

    def _work(
        self, what: Any, work: Callable[..., Any], n_steps: int, aloud: bool, then: Callable[[Any], Iterator[None]]
    ) -> None:
        """Have a worker do something, which is what is under way then."""
        self._watch = Watch()
        make: Any = superqt_worker  # napari notes each of its own workers for as long as its window lives
        if aloud:
            make = partial(create_worker, _progress={"total": n_steps, "desc": "Assign modes"})
        worker = make(work, self._watch, _start_thread=False)
        # Connected before the start: the signals of a worker that runs already may be gone.
        worker.yielded.connect(partial(self._on_step, what, aloud))
        worker.returned.connect(partial(self._on_outcome, what, aloud, then))
        self._worker, self._running = worker, what
        if aloud:
            self.progress.max = n_steps
            self._set_running(True)
            self.status.value = f"{STEPS[0]}…"
            self._look.start()
        worker.start()

    def _on_step(self, what: Any, aloud: bool, step: str) -> None:
        if what is self._running and aloud:
            self.status.value = f"{step}…"
            self.progress.value = self.progress.value + 1

    def _on_outcome(self, what: Any, aloud: bool, then: Callable[[Any], Iterator[None]], outcome: Any) -> None:
        if what is not self._running:
            return
        self._worker = self._running = None
        self._set_running(False)
        self._show(then(outcome), aloud)

    def _show(self, turns: Iterator[None], aloud: bool) -> None:
        """Do something step by step; then it is the next request's turn."""
        self._showing.begin(turns, lambda error: self._fail(unforeseen(self._name, error), aloud))

    def _deliver(self, outcome: Outcome | Failure, request: Request, aloud: bool, began: float) -> Iterator[None]:
        """Show what came out; what is new in the viewer takes napari long, so that the window answers in between."""
        if isinstance(outcome, Failure):
            self._fail(outcome, aloud)
            return
        if aloud:
            yield  # what a worker brought and its first layer are not of one turn
        self._failed = False
        self._result = result = outcome.result
        if isinstance(result, Result) and not find_layers(self._viewer, "modes", title_of(result)):
            self._goes_to_peak = True
        yield from put_in_turns(self._viewer, result, outcome.layers, request.frame)
        self._note(result.warnings, aloud)
        self._owes_words = request.owes_words
        if aloud:
            self.status.value = summary_of(result)
            self.atlas.note_use()
            yield
            yield from show_table_in_turns(result, self._viewer)
        else:
            self._seconds = perf_counter() - began
            if not self._words_soon.isActive():
                self._words_soon.start()
        if self._shown != self._request_key(request):
            self._shown = self._request_key(request)
            self.fields.show_levels(levels_in(result))
        if self._goes_to_peak and not self.fields.slider.isSliderDown():  # no other slice under a hand that drags
            self._goes_to_peak = False
            yield
            yield from show_first_peak_in_turns(self._viewer, result)

    def _request_key(self, request: Request) -> tuple[Any, ...]:
        return (self.image.value, self.source_fields.volumes.value, tuple(self.atlas.values), request.parameters.level)

    def _tell(self) -> None:
        """Tell in words and tables what a hand that moves has brought."""
        if self._result is None:
            return
        if not self._failed:
            self.status.value = summary_of(self._result)
        if self._owes_words:
            tell_modes(self._viewer, self._result)
            self._owes_words = False
        show_table(self._result, self._viewer)

    def _fail(self, failure: Failure, aloud: bool) -> None:
        self._failed = True
        self.status.value = failure.message
        self._note((), False)
        if aloud:
            show_error(failure.message)

    def _note(self, warnings: tuple[str, ...], aloud: bool) -> None:
        self.notes.value = "\n".join(f"Note: {warning}." for warning in warnings)
        self.notes.visible = bool(warnings)
        if aloud:
            for warning in warnings:
                show_warning(warning)

    def _drop(self) -> None:
        """Stop what runs, and forget what waits; what is shown is told."""
        if self._words_soon.isActive():
            self._words_soon.stop()
            self._tell()
        self._soon.stop()
        self._showing.stop()
        self._latest.clear()
        self._watch.stop.set()
        if self._worker is not None:
            self._worker.quit()
            self._worker = self._running = None
            self._set_running(False)

    def _set_running(self, running: bool) -> None:
        self.assign_button.enabled = not running
        self.cancel_button.visible = running
        self.progress.visible = running
        self.progress.value = 0
        if not running:
            self._look.stop()

    def _look_at_download(self) -> None:
        if self._watch.note:
            self.status.value = self._watch.note

    # --- following the fields ---

    def _parameters_changed(self) -> None:
        """Update soon, if that is wanted and possible; changes of one moment are taken together."""
        self._forget_error()
        if self.live.value and self._can_follow():
            self._soon.start()
        else:
            self._soon.stop()

    def _released(self) -> None:
        if self._goes_to_peak:
            self._soon.start()

    def _can_follow(self) -> bool:
        """Whether updates may come unasked: all is known and at hand, and it takes no time."""
        layer = self.image.value
        if layer is None or self.source_fields.n_voxels > MOST_VOXELS or self.fields.asks_how_sure:
            return False
        return self.atlas.is_local and self.source_fields.is_placed

    def _forget_error(self) -> None:
        """An error that was told is no longer true when what it is about has changed."""
        if self._failed:
            self._failed = False
            self.status.value = ""

    def _picked(self, name: str) -> None:
        self._chosen.add(name)
        if name == "image":
            self._image_changed()
        else:
            self.source_fields.fit()

    # --- following the viewer ---

    def event(self, event: Any) -> bool:
        """See Qt. napari closes a dock by taking the widget's parent away, and gives it one by docking."""
        if event.type() == QEvent.Type.ParentChange:
            if self.parent() is None:
                self._forget_viewer()
            else:
                self._follow_viewer()
                soon_in_tabs(self, self._viewer)
        elif event.type() == QEvent.Type.Show:
            self._align()  # in the font of the window
        return bool(super().event(event))

    def _follow_viewer(self) -> None:
        """Listen to the viewer; docking does it."""
        layers = self._viewer.layers
        self._following.start(
            (layers.events.inserted, self._layer_added),
            (layers.events.removed, self._layers_changed),
            (layers.events.renamed, self._layer_renamed),
            (layers.selection.events.active, self._follow_active),
            (self._viewer.dims.events.current_step, self._name_region),
        )
        self._layers_changed()
        for layer in list(self._viewer.layers):
            self._pick_atlas(layer)
        if self.image.value is not None:
            present(self._viewer, self.image.value)
        self._ahead.begin(draw_ahead_in_turns(self._viewer), partial(unforeseen, "the caption"))

    def _forget_viewer(self) -> None:
        """Stop working, and let go of the viewer; closing does it."""
        self._words_soon.stop()
        self._ahead.stop()
        self.cancel()
        self._drop()
        self._following.stop()
        self.source_fields.forget()
        self._result, self._shown = None, ()

    def _pick(self, name: str, value: Any) -> None:
        """Set a field for the user, who may still change it."""
        if name in self._chosen:
            return
        if name == "atlas":
            self.atlas.set_value(value)
            self.source_fields.fit()
        elif name == "threshold":
            self.fields.set_quietly(self.threshold, value)
        else:
            with self.image.changed.blocked():
                self.image.value = value

    def _layer_added(self, event: Any) -> None:
        if not shows_a_result(event.value):  # those are of no concern for any field
            self._layers_changed()
            self._pick_atlas(event.value)
            present(self._viewer, event.value)

    def _layer_renamed(self, _: Any = None) -> None:
        before, layer = self._name_shown, self.image.value
        self._layers_changed()
        if layer is not None and before not in ("", layer.name):
            rename_results(self._viewer, before, layer.name)
            self._parameters_changed()

    def _pick_atlas(self, layer: Any) -> None:
        if is_atlas(layer) and layer is not self.image.value:
            self._pick("atlas", ("layer", layer))

    def _layers_changed(self, _: Any = None) -> None:
        before = self.image.value
        with self.image.changed.blocked():
            self.image.reset_choices()
            if before in self.image.choices:  # it may have another name by now
                self.image.value = before
        if self.image.value is not before:  # the layer is gone; what takes its place was not picked by hand
            self._chosen.discard("image")
        self._pick_active()
        self._image_changed()
        self._name_region()
        self._forget_error()

    def _offer_atlases(self) -> None:
        """Offer layers as atlases; a layer is never explained by itself."""
        image = self.image.value
        layers = [layer for layer in self._viewer.layers if layer is not image and may_be_atlas(layer)]
        if not self.atlas.set_layers(layers):
            self._chosen.discard("atlas")

    def _name_region(self, _: Any = None) -> None:
        """Name the map of a region stack that the viewer shows: napari's slider has only numbers."""
        name = region_shown(self._viewer)
        self.region_shown.visible = name is not None
        self.region_shown.value = name or ""

    def _follow_active(self, _: Any = None) -> None:
        before = self.image.value
        self._pick_active()
        if self.image.value is not before:  # layers that come become active time and again
            self._image_changed()

    def _pick_active(self) -> None:
        active = self._viewer.layers.selection.active
        choices = [layer for layer in self.image.choices if layer is not None]
        if active in choices and layer_kind(active) != "labels":
            self._pick("image", active)
        elif self.image.value is None and choices:
            self._pick("image", next((x for x in reversed(choices) if not is_atlas(x)), choices[-1]))

    def _image_changed(self) -> None:
        layer = self.image.value
        self._name_shown = "" if layer is None else layer.name
        self.empty.setVisible(layer is None)
        self._offer_atlases()
        self.source_fields.fit()
        self.fields.show_source(self.source_fields.kind, 0.0 if layer is None else largest_value(layer))
        self.sure.setVisible(self.source_fields.kind != "points")
        is_map = self.source_fields.kind == "image"
        self.threshold_label.setVisible(is_map)
        unit = "" if layer is None else unit_of(layer)
        self.threshold_label.setText(f"threshold ({unit})" if unit else "threshold")
        self._align()
        if layer is not None and is_map:
            self._pick("threshold", usual_threshold(layer, self._defaults.z_threshold))

    def _align(self, _: Any = None) -> None:
        """One column of labels, as wide as those need that are in sight."""
        sections = ((self.more, self.fields.more), (self.sure, self.fields.sure.container))
        opened = [fields for section, fields in sections if section.isExpanded()]
        align_labels([self.source_fields, *opened], self.atlas_label, self.threshold_label)

    def _ask_and_load(self) -> None:
        path, _ = QFileDialog.getOpenFileName(self, "A record of an assignment", "", "Records (*.json)")
        if path:
            try:
                self.load_record(path)
            except InputError as error:
                self._fail(Failure(str(error)), aloud=True)


def _let_go(widget: Any, following: Following, _: Any = None) -> None:
    """Cut what a widget is tied to when Qt has destroyed it: no field of it may be touched any more."""
    following.stop()
    gone = widget()
    if gone is not None and gone._worker is not None:
        gone._watch.stop.set()
        gone._worker.quit()
        gone._worker = gone._running = None
