"""Ways to choose a threshold, and to choose among modes. Each does one thing.

A threshold is a number in the unit of the image, for `find_modes`. Which p value or percentile it came of is for the
record.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from ..errors import InputError
from ..image import Image
from .modes import Modes, Tail


def percentile_threshold(image: Image, q: float, tail: Tail = "positive") -> float:
    """The `q`-th percentile of an image's values in a tail, background left out.

    Parameters
    ----------
    image : Image
        Values that are 0, NaN or infinite are background.
    q : float
        From 0 to below 100: 95 leaves the highest 5 % of the values beyond the threshold.
    tail : {"positive", "negative", "both"}
        Of the values above 0; of those below 0, sign turned; of all, sign dropped.

    Returns
    -------
    float
        0 or more.

    Raises
    ------
    InputError
        If `q` or the tail is out of range, or the image has no value in the tail.
    """
    if not 0 <= q < 100:
        raise InputError(f"the percentile is {q}; give a number from 0 to below 100")
    if tail not in ("positive", "negative", "both"):
        raise InputError(f"the tail is {tail!r}; give 'positive', 'negative' or 'both'")
    values = image.data[np.isfinite(image.data)].astype(np.float64)
    values = {"positive": values[values > 0], "negative": -values[values < 0], "both": np.abs(values[values != 0])}[
        tail
    ]
    if not len(values):
        side = {"positive": "above 0", "negative": "below 0", "both": "other than 0"}[tail]
        raise InputError(f"{image.name} has no value {side}, so there is no percentile; choose another tail or image")
    return float(np.percentile(values, q))


def z_threshold(p: float, two_sided: bool = False) -> float:
    """The z value that a standard normal variable exceeds with probability `p`.

    Parameters
    ----------
    p : float
        Above 0; at most 0.5, two-sided at most 1, so that the threshold is 0 or more. Uncorrected.
    two_sided : bool
        `p` is that of exceeding the threshold in either tail.

    Raises
    ------
    InputError
        If `p` is out of range.
    """
    return max(0.0, -float(special.ndtri(_one_tail(p, two_sided))))


def t_threshold(p: float, df: float, two_sided: bool = False) -> float:
    """The t value that a variable with `df` degrees of freedom exceeds with probability `p`; see `z_threshold`.

    Raises
    ------
    InputError
        If `p` or `df` is out of range.
    """
    if not np.isfinite(df) or df <= 0:
        raise InputError(f"the degrees of freedom are {df}; give a number above 0")
    return max(0.0, -float(special.stdtrit(df, _one_tail(p, two_sided))))


def keep_largest(modes: Modes, k: int) -> Modes:
    """The `k` modes with the most voxels, of both signs together; they keep their numbers and order.

    Of equal modes, the ones with the lower numbers are kept.

    Raises
    ------
    InputError
        If `k` is below 1.
    """
    if k < 1 or k != int(k):
        raise InputError(f"the number of modes to keep is {k}; give 1 or a larger whole number")
    largest = np.sort(np.argsort(-modes.counts(), kind="stable")[: int(k)])
    rank = np.full(modes.n_modes, -1)
    rank[largest] = np.arange(len(largest))
    mode = rank[modes.mode]
    kept = mode >= 0
    return Modes(
        modes.grid, modes.voxel[kept], mode[kept], modes.value[kept], modes.number[largest], modes.sign[largest]
    )


def _one_tail(p: float, two_sided: bool) -> float:
    if not 0 < p <= (1 if two_sided else 0.5):
        most = "1" if two_sided else "0.5"
        raise InputError(f"the p value is {p}; give a number above 0, at most {most}")
    return p / 2 if two_sided else p
