"""What the values of an image are, as far as it says and they show: p values, labels, or a map."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError, plural
from ..header import says_p_values
from ..image import Image
from ..lazy import as_stored, extremes

_MOST_LABELS = 256
"""Up to so many different whole numbers look like labels; counts and rounded maps have more, or negative ones."""

_LEAST_JUMPS = 0.25
"""The part of the borders at which labels change by more than to the next value; those of two regions do by half."""

_MOST_AT_ONE = 0.95
"""The median from which values between 0 and 1 are p values: in most of the brain there is no effect."""

_ANY_P = 0.3

_LEAST_BRAIN = 0.1
"""A map of p values has one in every voxel of the brain; 1 - p, thresholded, has few."""


def check_no_p_values(image: Image) -> None:
    """Raise an InputError for a map of p values, of which a threshold would take the weak ones."""
    statistic = image.stated.statistic
    if statistic is not None and statistic.name == "p":
        raise InputError(_refusal(image, "its header says so"))
    if _median_of_p(image) >= _MOST_AT_ONE:
        raise InputError(_refusal(image, "its name says so, and most values are close to 1"))


def values_in_words(image: Image) -> str:
    """From where to where its finite values run, or that it holds nothing."""
    low, high = extremes(image.data, image.name)
    return f"its values run from {low:.4g} to {high:.4g}" if low or high else "all its values are 0"


def doubts_about_values(image: Image) -> list[str]:
    """Sentences about a map whose values may be something else than what a threshold is for."""
    if _ANY_P <= _median_of_p(image) < _MOST_AT_ONE:
        return [f"{image.name} may hold p values, of which the small ones are strong; if so, give 1 - p or -log10(p)"]
    n = _number_of_labels(image)
    if not n:
        return []
    return [
        f"{image.name} holds only whole numbers, {n} different {plural(n, 'one')} above 0, and looks "
        "like labels of regions; if so, "
        "give rois=True (command line: --rois)"
    ]


def _refusal(image: Image, why: str) -> str:
    return (
        f"{image.name} holds p values ({why}), of which the small ones are strong, so that a threshold would take the "
        "weak ones; make a map of -log10(p), and threshold it at 3 for p = 0.001, or give the map of the statistic"
    )


def _median_of_p(image: Image) -> float:
    """The median of the values of an image that is named after p values, 0 and NaN left out; 0 if they are none."""
    if not image.data.size or image.is_lazy or not says_p_values(image.name) or image.data.dtype.kind != "f":
        return 0.0
    values = image.data[np.isfinite(image.data) & (image.data != 0)]
    if len(values) < _LEAST_BRAIN * image.data.size or values.min(initial=0) < 0 or values.max(initial=0) > 1:
        return 0.0
    return float(np.median(values))


def _number_of_labels(image: Image) -> int:
    """How many different whole numbers above 0 an image holds, if they look like labels; else 0."""
    if image.is_lazy or image.stated.labels or image.stated.statistic is not None:
        return 0
    data = as_stored(image.data).ravel(order="K")
    if not _are_whole(data[:: max(1, len(data) // 4096)]) or not _are_whole(data):
        return 0
    above = data[data > 0]
    if above.max(initial=0) >= 2**24:  # which a table of counts would not hold
        return 0
    values = np.flatnonzero(np.bincount(above.astype(np.int64)))
    return len(values) if 2 <= len(values) <= _MOST_LABELS and _in_pieces(image.data, values) else 0


def _in_pieces(data: NDArray[Any], values: NDArray[np.int64]) -> bool:
    """Whether neighbours are mostly of one value, and others not mostly of the next: counts fall off step by step."""
    rank_of = np.zeros(values[-1] + 1, np.int16)
    rank_of[values] = np.arange(1, len(values) + 1)
    rank = rank_of[np.nan_to_num(data).astype(np.int32)]
    along = int(np.argmax(data.shape))
    step = np.abs(np.diff(rank, axis=along))
    inside = np.minimum(np.delete(rank, 0, along), np.delete(rank, -1, along)) > 0
    n_same = np.count_nonzero(inside & (step == 0))
    n_jumps = np.count_nonzero(step > 1)
    return bool(n_same > 0.5 * np.count_nonzero(inside) and n_jumps > _LEAST_JUMPS * np.count_nonzero(step))


def _are_whole(values: NDArray[Any]) -> bool:
    """Whether values are finite whole numbers, none below 0; NaN does not count."""
    if values.dtype.kind == "f":
        values = values[~np.isnan(values)]
        if not (values == np.rint(values)).all() or np.isinf(values).any():
            return False
    return bool(len(values)) and bool((values >= 0).all())
