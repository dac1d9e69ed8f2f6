"""The fields of `Parameters`: the threshold at first sight, everything else under *Settings* and *How sure?*."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, get_args

import numpy as np
from magicgui.widgets import CheckBox, ComboBox, Container, FloatSpinBox, SpinBox

from ...assignment.conventions import CONVENTIONS
from ...assignment.parameters import Parameters, Threshold
from ...modes.modes import Connectivity, Tail
from ..calm import keep_calm
from .settings import Defaults
from .slider import Slider
from .sure_fields import SureFields

KINDS = {"value": "value", "percentile": "percentile", "p": "p value"}

BEGINNINGS = {"percentile": 95.0, "p": 0.001}
"""Where the number begins when the kind of threshold is chosen."""

LARGEST = 1e9

MOST_DECIMALS = 8


class ParameterFields:
    """Fields that show `Parameters`; `changed` is called with every change by hand."""

    def __init__(self, defaults: Defaults, changed: Callable[[], None]) -> None:
        self.kind = ComboBox(
            label="threshold by",
            choices=[(text, kind) for kind, text in KINDS.items()],
            tooltip="A value in the map's unit, a percentile of the values of the tail, or a p value",
        )
        self.threshold = FloatSpinBox(
            name="threshold", min=0, max=LARGEST, step=0.1, value=0, tooltip="In the map's unit; modes lie beyond it"
        )
        self.slider = Slider()
        self.slider.setAccessibleName("Threshold")
        self.slider.setRange(0, 1)
        self.two_sided = CheckBox(text="two-sided", tooltip="Chance may exceed it on either side")
        self.df = FloatSpinBox(label="t map: df", min=0, max=LARGEST, tooltip="Degrees of freedom; 0 for z maps")
        self.tail = ComboBox(
            label="tail",
            choices=get_args(Tail),
            value=defaults.tail,
            tooltip="Modes above the threshold, below its negative, or both",
        )
        self.connectivity = ComboBox(
            label="connectivity",
            choices=get_args(Connectivity),
            value=defaults.connectivity,
            tooltip="Neighbours by faces (6), also edges (18), also corners (26)",
        )
        self.min_volume = FloatSpinBox(
            label="min volume mm³",
            min=0,
            max=LARGEST,
            step=10,
            value=defaults.min_volume_mm3,
            tooltip="Smaller modes are dropped",
        )
        self.keep_largest = SpinBox(label="keep largest", min=0, max=10**6, tooltip="Keep this many modes; 0 keeps all")
        self.split_height = FloatSpinBox(
            label="split height",
            min=0,
            max=LARGEST,
            step=0.1,
            tooltip="Split modes at saddles, from peaks that stand out by this height; 0 does not",
        )
        self.split_rois = CheckBox(text="split regions of interest", tooltip="One mode per connected part")
        self.minimum_probability = FloatSpinBox(
            label="minimum probability",
            min=0,
            max=1,
            step=0.05,
            tooltip="Smaller values of region maps do not count for the mpm share",
        )
        self.level = ComboBox(
            label="level", choices=[("regions as they are", None)], tooltip="Score the regions' ancestors instead"
        )
        self.convention = ComboBox(
            label="convention",
            choices=list(CONVENTIONS),
            value=defaults.convention,
            tooltip="default: on the map's own grid; siibra: as siibra 1.0 does",
        )
        self.more = Container(
            widgets=[
                *(self.kind, self.two_sided, self.df, self.tail, self.min_volume, self.connectivity),
                *(self.keep_largest, self.split_height, self.split_rois, self.minimum_probability, self.level),
                self.convention,
            ]
        )
        self.sure = SureFields()
        self._largest = 1.0
        self._source_kind = "image"
        self._levels: Sequence[tuple[str, int | None]] = []
        self._changed = changed
        self.kind.changed.connect(self._begin_kind)
        for field in (self.threshold, *self.more, *self.sure.container):
            field.changed.connect(self._on_change)
        self.slider.valueChanged.connect(self._slide)
        self.show_levels(1)
        self._fit()

    @property
    def parameters(self) -> Parameters:
        """What the fields show.

        Raises
        ------
        InputError
            If a number is out of its range.
        """
        if self._source_kind == "points":
            return Parameters(
                minimum_probability=float(self.minimum_probability.value),
                level=self.level.value,
                convention=self.convention.value,
            )
        kind, number = self.kind.value, float(self.threshold.value)
        threshold: float | Threshold = number
        if kind != "value":
            threshold = Threshold(kind, number)
        if kind == "p":
            threshold = Threshold("p", number, bool(self.two_sided.value), float(self.df.value) or None)
        return Parameters(
            threshold=threshold,
            tail=self.tail.value,
            connectivity=self.connectivity.value,
            min_volume_mm3=float(self.min_volume.value),
            keep_largest=int(self.keep_largest.value) or None,
            split_height=float(self.split_height.value) or None,
            rois=self._source_kind in ("labels", "shapes"),
            split_rois=self._source_kind in ("labels", "shapes") and bool(self.split_rois.value),
            minimum_probability=float(self.minimum_probability.value),
            level=self.level.value,
            convention=self.convention.value,
            **self.sure.options(),
        )

    @property
    def asks_how_sure(self) -> bool:
        """Whether it takes longer, because it is asked how sure the answers are."""
        return self.sure.asks

    def restore(self, parameters: Parameters) -> None:
        """Show other parameters, and tell of the change once."""
        threshold = parameters.threshold
        if not isinstance(threshold, Threshold):
            threshold = Threshold("value", float(threshold or 0))
        level = parameters.level
        if level is not None and level not in [value for _, value in self._levels]:
            self.show_levels(level + 2)
        values = [
            (self.kind, threshold.kind),
            (self.threshold, threshold.number),
            (self.two_sided, threshold.two_sided),
            (self.df, threshold.df or 0),
            (self.tail, parameters.tail),
            (self.connectivity, parameters.connectivity),
            (self.min_volume, parameters.min_volume_mm3),
            (self.keep_largest, parameters.keep_largest or 0),
            (self.split_height, parameters.split_height or 0),
            (self.split_rois, parameters.split_rois),
            (self.minimum_probability, parameters.minimum_probability),
            (self.level, level),
            (self.convention, parameters.convention),
            *self.sure.values_of(parameters),
        ]
        for field, value in values:
            self.set_quietly(field, value)
        self._changed()

    def set_quietly(self, field: Any, value: Any) -> None:
        """Set a field without telling of a change."""
        with field.changed.blocked():
            if field is self.threshold:
                self._fit_decimals(float(value))
            field.value = value
        self._fit()

    def show_source(self, kind: str, largest: float) -> None:
        """Fit the fields to a source: its kind, and the largest absolute value of a map, where the slider ends."""
        self._source_kind, self._largest = kind, largest if np.isfinite(largest) and largest > 0 else 1.0
        self._fit()

    def show_levels(self, n_levels: int) -> None:
        """Offer the levels of a tree of regions."""
        self._levels = [
            ("regions as they are", None),
            *((f"{n} (roots)" if n == 0 else str(n), n) for n in range(n_levels - 1)),
        ]
        chosen = self.level.value
        with self.level.changed.blocked():
            self.level.choices = self._levels
            self.level.value = chosen if chosen in [value for _, value in self._levels] else None
        self._fit()

    def _begin_kind(self, kind: str) -> None:
        """A number of one kind means nothing in another."""
        number = BEGINNINGS.get(kind, min(float(self.threshold.value), self._largest))
        with self.threshold.changed.blocked():
            self._fit_decimals(number)
            self.threshold.value = number

    def _on_change(self) -> None:
        self._fit()
        self._changed()

    def _slide(self, value: float) -> None:
        keep_calm()
        decimals = 2 - int(np.floor(np.log10(self.slider.maximum())))  # no finer than a hand can drag
        self.threshold.value = round(float(value), min(max(decimals, 0), 4))

    def _fit_decimals(self, number: float) -> None:
        """Two decimals, more where thresholds are small, and as many as a number has."""
        least = 4 if self.kind.value == "p" or self._largest < 1 else 2
        needed = (n for n in range(least, MOST_DECIMALS) if round(number, n) == number)
        self.threshold.native.setDecimals(next(needed, MOST_DECIMALS))

    def _fit(self) -> None:
        """Show the fields that mean something, and bring the slider to where the number is."""
        is_map, kind = self._source_kind == "image", self.kind.value
        for field, meant in (
            (self.kind, is_map),
            (self.threshold, is_map),
            (self.two_sided, is_map and kind == "p"),
            (self.df, is_map and kind == "p"),
            (self.tail, is_map),
            (self.min_volume, is_map),
            (self.connectivity, self._source_kind != "points"),
            (self.keep_largest, self._source_kind != "points"),
            (self.split_height, is_map),
            (self.split_rois, self._source_kind in ("labels", "shapes")),
            (self.level, len(self._levels) > 1),
        ):
            field.visible = meant
        number = float(self.threshold.value)
        self.sure.suggest(number if kind == "value" else self._largest / 2, self._largest)
        self.sure.fit(is_map)
        self._fit_decimals(number)
        self.slider.setVisible(is_map and kind != "p")
        blocked = self.slider.blockSignals(True)
        self.slider.setRange(0, {"value": self._largest, "percentile": 99.9}.get(kind, 1.0))
        self.slider.setSingleStep(self.slider.maximum() / 200)
        self.slider.setPageStep(self.slider.maximum() / 20)
        self.slider.setValue(min(number, self.slider.maximum()))
        self.slider.blockSignals(blocked)
