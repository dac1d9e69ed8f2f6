"""The fields of *How sure?*: four questions, each off until it is asked."""

from __future__ import annotations

from typing import Any

from magicgui.widgets import CheckBox, Container, FloatSpinBox, LineEdit, SpinBox

from ...assignment.options.threshold_list import thresholds_in, thresholds_text
from ...assignment.parameters import FEWEST_PLACEMENTS, FEWEST_SURROGATES, Parameters


class SureFields:
    """Fields that show what is asked of how sure the answers are."""

    def __init__(self) -> None:
        self.registration_sd = FloatSpinBox(
            label="registration sd",
            min=0,
            max=100,
            step=0.5,
            tooltip="Would the best regions hold if the map lay a little differently? Standard deviation in mm along "
            "each axis; 0 does not ask",
        )
        self.follow = CheckBox(
            text="follow modes along thresholds",
            tooltip="Would the modes and their best regions stand at other thresholds?",
        )
        self.sweep = LineEdit(
            label="thresholds",
            tooltip="The lowest, the highest and how many, as 2.3:5:10, or a list, as 2.3, 3.1, 4",
        )
        self.place = CheckBox(
            text="place modes elsewhere",
            tooltip="Of blobs of this shape in comparable tissue, which fraction p would lie in a region as much as "
            "this one?",
        )
        self.placements = SpinBox(
            label="placements",
            min=FEWEST_PLACEMENTS,
            max=10**6,
            value=4999,
            tooltip="How often each mode is placed elsewhere",
        )
        self.test = CheckBox(
            text="test the whole map",
            tooltip="A random map as smooth as this one and with its values would have so high a mean in a region in "
            "which fraction p of cases?",
        )
        self.surrogates = SpinBox(
            label="random maps",
            min=FEWEST_SURROGATES,
            max=10**6,
            value=999,
            tooltip="With how many random maps the whole map is compared",
        )
        self.seed = SpinBox(
            label="seed", min=0, max=10**9, tooltip="Of the random numbers: the same seed gives the same figures"
        )
        asked: list[Any] = [self.registration_sd, self.follow, self.sweep, self.place, self.placements]
        self.container = Container(widgets=[*asked, self.test, self.surrogates, self.seed])
        self._is_map = True

    @property
    def asks(self) -> bool:
        """Whether anything is asked."""
        return self._draws or self._follows

    def options(self) -> dict[str, Any]:
        """Arguments of `Parameters`.

        Raises
        ------
        InputError
            If the thresholds are none.
        """
        return {
            "registration_sd_mm": float(self.registration_sd.value),
            "sweep": thresholds_in(self.sweep.value) if self._follows else (),
            "placements": int(self.placements.value) if self.place.value else 0,
            "surrogates": int(self.surrogates.value) if self._tests else 0,
            "seed": int(self.seed.value) if self._draws else 0,
        }

    def values_of(self, parameters: Parameters) -> list[tuple[Any, Any]]:
        """Every field, and what it shows of parameters; how many draws there were last stays where none are asked."""
        return [
            (self.registration_sd, parameters.registration_sd_mm),
            (self.follow, bool(parameters.sweep)),
            (self.sweep, thresholds_text(parameters.sweep)),
            (self.place, bool(parameters.placements)),
            (self.placements, parameters.placements or self.placements.value),
            (self.test, bool(parameters.surrogates)),
            (self.surrogates, parameters.surrogates or self.surrogates.value),
            (self.seed, parameters.seed),
        ]

    def suggest(self, threshold: float, largest: float) -> None:
        """Offer thresholds, as long as none are asked for: from that of a map to near its largest value."""
        if not self.follow.value:
            with self.sweep.changed.blocked():
                self.sweep.value = f"{min(threshold, largest / 2):.6g}:{0.9 * largest:.3g}:10"

    def fit(self, is_map: bool) -> None:
        """Show the fields that mean something: regions of interest have no threshold and no values."""
        self._is_map = is_map
        for field, meant in (
            (self.follow, is_map),
            (self.sweep, self._follows),
            (self.placements, bool(self.place.value)),
            (self.test, is_map),
            (self.surrogates, self._tests),
            (self.seed, self._draws),
        ):
            field.visible = meant

    @property
    def _follows(self) -> bool:
        return self._is_map and bool(self.follow.value)

    @property
    def _tests(self) -> bool:
        return self._is_map and bool(self.test.value)

    @property
    def _draws(self) -> bool:
        """Whether random numbers are drawn."""
        return bool(self.registration_sd.value or self.place.value or self._tests)
