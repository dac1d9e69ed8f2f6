"""Ways to choose a threshold, and to choose among modes. Each does one thing.

A threshold is a number in the unit of the image, for `find_modes`. Which p value or percentile it came of is for the
record.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import scipy
from numpy.typing import NDArray

from ..errors import InputError
from ..grid import Floats
from ..header import Statistic
from ..image import Image
from ..lazy import blocks
from .modes import Modes, Tail

_TRAILING_BITS = 41
"""Of a float64; the sign, the exponent and 11 of 52 binary digits lead."""


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
    if image.is_lazy:
        percentile = _percentile_by_blocks(image, q, tail)
    else:
        values = _of_tail(image.data, tail)
        percentile = float(np.percentile(values, q)) if len(values) else None
    if percentile is None:
        side = {"positive": "above 0", "negative": "below 0", "both": "other than 0"}[tail]
        raise InputError(f"{image.name} has no value {side}, so there is no percentile; choose another tail or image")
    return percentile


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
    return max(0.0, -float(scipy.special.ndtri(_one_tail(p, two_sided))))


def t_threshold(p: float, df: float, two_sided: bool = False) -> float:
    """The t value that a variable with `df` degrees of freedom exceeds with probability `p`; see `z_threshold`.

    Raises
    ------
    InputError
        If `p` or `df` is out of range.
    """
    if not np.isfinite(df) or df <= 0:
        raise InputError(f"the degrees of freedom are {df}; give a number above 0")
    return max(0.0, -float(scipy.special.stdtrit(df, _one_tail(p, two_sided))))


def statistic_threshold(statistic: Statistic, p: float, two_sided: bool = False) -> float:
    """The value of a statistic that chance exceeds with probability `p`; see `z_threshold`.

    F and chi2 have one tail only. Of a map of the logarithms of p values, the logarithm of `p`, sign dropped.

    Raises
    ------
    InputError
        If `p` is out of range, a statistic of one tail is to have two sides, or the map holds p values themselves.
    """
    if statistic.name in ("z", "t", "r"):
        if statistic.name == "z":
            return z_threshold(p, two_sided)
        t = t_threshold(p, statistic.df[0], two_sided)
        return t if statistic.name == "t" else float(t / np.hypot(np.sqrt(statistic.df[0]), t))
    if two_sided or not 0 < p < 1:
        what = "it is two-sided, but" if two_sided else f"it is {p}, but"
        raise InputError(f"the p value: {what} a map of {statistic} has one tail; give a number between 0 and 1 alone")
    if statistic.name == "F":
        return 1 / float(scipy.special.fdtri(statistic.df[1], statistic.df[0], p))
    if statistic.name == "chi2":
        return float(scipy.special.chdtri(statistic.df[0], p))
    return -float(np.log(p) if statistic.name == "ln p" else np.log10(p))


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


def _of_tail(data: NDArray[Any], tail: Tail) -> Floats:
    """The finite values (N,) of a tail, above 0."""
    values = data[np.isfinite(data)].astype(np.float64)
    return {"positive": values[values > 0], "negative": -values[values < 0], "both": np.abs(values[values != 0])}[tail]


def _percentile_by_blocks(image: Image, q: float, tail: Tail) -> float | None:
    """`np.percentile` of the values of a tail in two walks through a lazy image; None where there are none.

    The first walk counts values by their leading bits, which order them; the second looks at those that share these
    bits with the two values between which the percentile lies.
    """
    counts = np.zeros(2 ** (63 - _TRAILING_BITS), np.int64)
    for block in blocks(image.data, image.name):
        counts += np.bincount(_leading_bits(_of_tail(block.values, tail)), minlength=len(counts))
    below = np.cumsum(counts)
    n = int(below[-1])
    if not n:
        return None
    position = (n - 1) * (q / 100)
    rank = min(int(position), n - 1)
    ranks = np.array([rank, min(rank + 1, n - 1)])
    bins = np.searchsorted(below, ranks, side="right")
    value, count = np.zeros(0), np.zeros(0, np.int64)
    for block in blocks(image.data, image.name):
        values = _of_tail(block.values, tail)
        more, counted = np.unique(values[np.isin(_leading_bits(values), bins)], return_counts=True)
        value, index = np.unique(np.concatenate([value, more]), return_inverse=True)
        count = np.bincount(index, np.concatenate([count, counted]), len(value)).astype(np.int64)
    first = below[bins[0]] - counts[bins[0]]  # between the two values there is none
    two = value[np.searchsorted(np.cumsum(count), ranks - first, side="right")]
    return float(np.quantile(two, position - rank))


def _leading_bits(values: Floats) -> NDArray[np.int64]:
    """Of floats above 0: exponent and first digits, which rise with the value."""
    return values.view(np.int64) >> _TRAILING_BITS


def _one_tail(p: float, two_sided: bool) -> float:
    if not 0 < p <= (1 if two_sided else 0.5):
        most = "1" if two_sided else "0.5"
        raise InputError(f"the p value is {p}; give a number above 0, at most {most}")
    return p / 2 if two_sided else p
