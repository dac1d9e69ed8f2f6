"""The arguments of an assignment, checked, and in a form that a record can keep."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from difflib import get_close_matches
from typing import Any, Literal

import numpy as np

from ..errors import InputError
from ..header import Statistic
from ..image import Image
from ..modes.meaning import check_no_p_values
from ..modes.modes import Connectivity, Tail, check_parameters
from ..modes.thresholds import percentile_threshold, statistic_threshold
from .conventions import ConventionName, get_convention

FEWEST_PLACEMENTS = 999
"""Of a mode, for a p value; 4,999 are better."""

FEWEST_SURROGATES = 99
"""Random maps, for a p value; 999 are better."""


@dataclass(frozen=True)
class Threshold:
    """How the threshold is chosen, where it is not simply a value.

    Parameters
    ----------
    kind : {"value", "percentile", "p"}
        ``value``: `number` itself. ``percentile``: of the values of the tail, 0 to 100. ``p``: what chance exceeds
        with probability `number`: the t value with `df`, else the value of the statistic that the header states (z, t,
        F, chi2, r), else the z value.
    number : float
        The value, percentile or probability.
    two_sided : bool
        For ``p``: chance may exceed it on either side.
    df : float, optional
        For ``p``: degrees of freedom of a t map.
    """

    kind: Literal["value", "percentile", "p"]
    number: float
    two_sided: bool = False
    df: float | None = None

    def __post_init__(self) -> None:
        if self.kind not in ("value", "percentile", "p"):
            raise InputError(f"the kind of threshold is {self.kind!r}; give 'value', 'percentile' or 'p'")
        if self.kind != "p" and (self.two_sided or self.df is not None):
            raise InputError(
                "two-sided and degrees of freedom belong to a threshold by p value; leave them out or give p"
            )
        what = {"value": "threshold", "percentile": "percentile", "p": "p value"}[self.kind]
        for name, number in ((what, self.number), ("number of degrees of freedom", 1 if self.df is None else self.df)):
            if not _is_number(number):
                raise InputError(f"the {name} is {number!r}; give a number")

    def value(self, image: Image, tail: Tail) -> float:
        """The threshold for one image, in its unit."""
        if self.kind == "percentile":
            return percentile_threshold(image, self.number, tail)
        if self.kind == "p":
            return statistic_threshold(self._statistic(image), self.number, self.two_sided)
        return float(self.number)

    def explained(self, image: Image) -> str | None:
        """A sentence about the statistic by which the p value was turned into a threshold for an image."""
        stated = image.stated.statistic
        if self.kind != "p" or self.df is not None or stated is None:
            return None
        return f"{image.name}: the p value {self.number:g} is taken as that of {stated}, as its header states"

    def came_to(self, image: Image, value: float) -> str:
        """What the choice came to for one image: ``p < 0.001, t(19), threshold 3.579``."""
        how = ""
        if self.kind == "percentile":
            how = f"percentile {self.number:g}, "
        elif self.kind == "p":
            sides = " (two-sided)" if self.two_sided else ""
            how = f"p < {self.number:g}{sides}, {self._statistic(image).symbol}, "
        return f"{how}threshold {value:.4g}"

    def _statistic(self, image: Image) -> Statistic:
        if self.df is not None:
            if self.df <= 0:
                raise InputError(f"the degrees of freedom are {self.df}; give a number above 0")
            return Statistic("t", (float(self.df),))
        return image.stated.statistic or Statistic("z")


@dataclass(frozen=True)
class Parameters:
    """Everything besides the image and the atlas that decides the tables.

    Parameters
    ----------
    threshold : float, Threshold or None
        In the unit of the image, 0 or more; modes lie beyond it, the threshold itself is background. None: no modes,
        only the table of regions.
    tail : {"positive", "negative", "both"}
        Which sign to look at. Modes of opposite sign never merge.
    connectivity : {6, 18, 26}
        Voxels are neighbours through faces (6), also edges (18), also corners (26).
    min_volume_mm3, min_voxels : float, int
        Smaller modes are dropped (cluster extent).
    keep_largest : int, optional
        Keep only this many modes, the largest by volume.
    split_height : float, optional
        Split modes at their saddles, from peaks that stand out by at least this height.
    rois : bool
        The image holds labels: each is one mode as it is. The threshold and the tail are not used.
    split_rois : bool
        Split each label into its connected components.
    peaks, peak_distance_mm : int, float
        In the table of peaks, at most so many local maxima of each mode, at least so far apart.
    minimum_probability : float
        From 0 to 1: for ``mpm share``, values below it leave a place to no region.
    level : int, optional
        Score the regions' ancestors at this level of the tree, 0 at the root, instead of the regions.
    registration_sd_mm : float
        Work out how sure shares and best regions are, if the image may lie this far off along each axis (mm).
    placements : int
        Place every mode so often elsewhere, for p values: 0, or at least `FEWEST_PLACEMENTS`.
    surrogates : int
        Test every region against so many random maps: 0, or at least `FEWEST_SURROGATES`.
    seed : int
        Of the random numbers of these three.
    sweep : sequence of float
        Thresholds along which modes are followed, two at least; kept as a rising tuple. None for no sweep.
    convention : {"default", "siibra"}
        See `conventions`.
    """

    threshold: float | Threshold | None = 0.0
    tail: Tail = "positive"
    connectivity: Connectivity = 18
    min_volume_mm3: float = 0.0
    min_voxels: int = 1
    keep_largest: int | None = None
    split_height: float | None = None
    rois: bool = False
    split_rois: bool = False
    peaks: int = 3
    peak_distance_mm: float = 8.0
    minimum_probability: float = 0.0
    level: int | None = None
    registration_sd_mm: float = 0.0
    placements: int = 0
    surrogates: int = 0
    seed: int = 0
    sweep: Sequence[float] = ()
    convention: ConventionName = "default"

    def __post_init__(self) -> None:
        get_convention(self.convention)
        number = 0.0 if self.threshold is None or isinstance(self.threshold, Threshold) else self.threshold
        check_parameters(number, self.tail, self.connectivity, self.min_volume_mm3)
        _check_number("minimum number of voxels", self.min_voxels, 1)
        if self.keep_largest is not None:
            _check_number("number of modes to keep", self.keep_largest, 1)
        if self.split_height is not None:
            _check_number("height for splitting", self.split_height, 0)
        _check_number("number of peaks", self.peaks, 1)
        _check_number("distance between peaks", self.peak_distance_mm, 0)
        _check_number("minimum probability", self.minimum_probability, 0)
        if self.minimum_probability > 1:
            raise InputError(f"the minimum probability is {self.minimum_probability}; give a number from 0 to 1")
        if self.level is not None:
            _check_number("level of the tree of regions", self.level, 0)
        _check_number("standard deviation of the registration", self.registration_sd_mm, 0)
        _check_number("seed", self.seed, 0)
        if self.placements != 0:
            _check_number("number of placements", self.placements, FEWEST_PLACEMENTS)
        if self.surrogates != 0:
            _check_number("number of surrogates", self.surrogates, FEWEST_SURROGATES)
        object.__setattr__(self, "sweep", rising_thresholds(self.sweep) if len(self.sweep) else ())

    @property
    def asks_how_sure(self) -> bool:
        """Whether anything of `certainty` is to be worked out."""
        return bool(self.registration_sd_mm or self.placements or self.surrogates or self.sweep)

    @classmethod
    def from_options(cls, options: Mapping[str, Any]) -> Parameters:
        """Make parameters of what the user has written.

        Raises
        ------
        InputError
            If an option is unknown, and then perhaps misspelled, or out of its range.
        """
        check_names(options)
        return cls(**options)

    @property
    def makes_a_map(self) -> bool:
        """Whether it asks for what regions of interest do not have, whatever an image says it is."""
        return any(getattr(self, f.name) != f.default for f in fields(self) if f.name in NOT_FOR_ROIS)

    @property
    def has_modes(self) -> bool:
        """Whether modes are looked for; without a threshold, only regions are."""
        return self.threshold is not None or self.rois

    def threshold_for(self, image: Image) -> float:
        """The threshold for one image, in its unit.

        Raises
        ------
        InputError
            If there is none for this image; of p values, the small ones are strong.
        """
        check_no_p_values(image)
        assert self.threshold is not None, "see has_modes"
        return (
            self.threshold.value(image, self.tail) if isinstance(self.threshold, Threshold) else float(self.threshold)
        )

    def threshold_in_words(self, image: Image, value: float) -> str | None:
        """What the choice of a threshold came to for one image; None where there is none, as for ROIs."""
        if self.rois or self.threshold is None:
            return None
        chosen = self.threshold if isinstance(self.threshold, Threshold) else Threshold("value", self.threshold)
        return chosen.came_to(image, value)

    def as_dict(self) -> dict[str, Any]:
        """All parameters as plain values for a record; `from_dict` takes them back."""
        values = {key: value.item() if isinstance(value, np.generic) else value for key, value in vars(self).items()}
        return values | ({"threshold": asdict(self.threshold)} if isinstance(self.threshold, Threshold) else {})

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> Parameters:
        """Make parameters of what `as_dict` gave.

        Raises
        ------
        InputError
            If a name is unknown or a value out of its range.
        """
        unknown = sorted(set(values) - {f.name for f in fields(cls)})
        if unknown:
            raise InputError(f"unknown parameters: {', '.join(unknown)}; the record is of another version")
        values = dict(values)
        try:
            if isinstance(values.get("threshold"), dict):
                values["threshold"] = Threshold(**values["threshold"])
            return cls(**values)
        except TypeError as error:
            raise InputError(f"the parameters are not those of an assignment ({error})") from error


def check_names(options: Iterable[str]) -> None:
    """Raise an InputError for an option that is no field of `Parameters`."""
    known = [f.name for f in fields(Parameters)]
    for name in options:
        if name not in known:
            close = get_close_matches(name, known, 3)
            raise InputError(
                f"there is no option {name}; "
                + (f"perhaps {' or '.join(close)} is meant" if close else f"there are {', '.join(known)}")
            )


def other_than_default(parameters: Parameters) -> dict[str, Any]:
    """The options that say something."""
    values = {field.name: (getattr(parameters, field.name), field.default) for field in fields(parameters)}
    return {name: value for name, (value, default) in values.items() if value != default}


NOT_FOR_ROIS = (
    *("threshold", "tail", "min_volume_mm3", "min_voxels", "keep_largest", "split_height"),
    *("surrogates", "sweep"),
)
"""Fields of `Parameters` that ask for what regions of interest do not have."""


def rising_thresholds(thresholds: Sequence[float]) -> tuple[float, ...]:
    """The thresholds of a sweep, each once, rising.

    Raises
    ------
    InputError
        If one is no number of at least 0, or there are fewer than two.
    """
    for threshold in thresholds:
        _check_number("threshold of the sweep", threshold, 0)
    rising = tuple(sorted({float(threshold) for threshold in thresholds}))
    if len(rising) < 2:
        raise InputError("a sweep needs at least two different thresholds; give a list such as [2.3, 2.6, 3.1]")
    return rising


def _check_number(what: str, value: Any, low: float) -> None:
    if not _is_number(value) or value < low:
        raise InputError(f"the {what} is {value}; give a number of at least {low}")


def _is_number(value: Any) -> bool:
    if isinstance(value, bool) or not isinstance(value, int | float | np.integer | np.floating):
        return False
    return -(2**63) <= value < 2**63 if isinstance(value, int) else bool(np.isfinite(value))
