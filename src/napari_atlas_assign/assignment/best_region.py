"""Which region a mode or point is named by, and when by none.

By correlation, the region with the largest one above 0: an undefined or negative one says nothing. By share, the region
with the largest one of at least `LEAST_SHARE`; none of an atlas whose values are no probabilities. In names, P pairs of
a mode (or point) and a region.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ..atlas.atlas import Atlas
from ..atlas.lookup import ValuesAt
from ..grid import Floats
from .scores import correlation, share
from .sums.overlap import OverlapSums

LEAST_SHARE = 0.01
"""A region that accounts for less of a mode does not name it."""


def best_by_correlation(sums: OverlapSums, atlas: Atlas, n_modes: int) -> NDArray[np.int64]:
    """(M,) the region with each mode's largest correlation above 0; -1 where there is none."""
    return largest_of_each(sums.mode, sums.region, above_zero(correlation(sums)), n_modes)


def best_by_share(sums: OverlapSums, atlas: Atlas, n_modes: int) -> NDArray[np.int64]:
    """(M,) the region with each mode's largest share, if it is large enough; -1 where there is none."""
    return largest_of_each(sums.mode, sums.region, large_enough(share(sums), atlas), n_modes)


def best_to_show(sums: OverlapSums, atlas: Atlas, n_modes: int) -> NDArray[np.int64]:
    """(M,) the best region by correlation or, where none is, by share; -1 where there is neither.

    A mode inside a region that fills the box around both has no correlation with it, and lies there all the same.
    """
    by_correlation = best_by_correlation(sums, atlas, n_modes)
    return np.where(by_correlation >= 0, by_correlation, best_by_share(sums, atlas, n_modes))


BEST_BY: dict[str, Callable[[OverlapSums, Atlas, int], NDArray[np.int64]]] = {
    "best region by correlation": best_by_correlation,
    "best region by share": best_by_share,
}
"""Columns of the table of modes that name a region -> what finds it."""


def above_zero(correlations: Floats) -> Floats:
    """The correlations (P,) that may name a region; the others are NaN."""
    return np.where(correlations > 0, correlations, np.nan)


def large_enough(shares: Floats, atlas: Atlas) -> Floats:
    """The shares (P,) that may name a region; the others are NaN."""
    # Shares are sums in rounded numbers: one of exactly the least counts.
    return np.where((shares >= LEAST_SHARE * (1 - 1e-9)) & atlas.holds_probabilities, shares, np.nan)


def highest_here(here: ValuesAt, n: int) -> tuple[NDArray[np.int64], Floats]:
    """(N,) the region with the largest value at each of N places, and its value; -1 and NaN where there is none."""
    return largest_of_each(here.place, here.region, here.value, n), largest_value(here.place, here.value, n)


def largest_value(of: NDArray[np.int64], value: Floats, n: int) -> Floats:
    """(n,) the largest value (P,) of each; NaN where there is none."""
    largest = np.full(n, np.nan)
    np.fmax.at(largest, of, value)
    return largest


def largest_of_each(mode: NDArray[np.int64], region: NDArray[np.int64], score: Floats, n: int) -> NDArray[np.int64]:
    """(n,) the region with each mode's largest score (P,), the first of equals; -1 where all are NaN."""
    largest = largest_value(mode, score, n)
    is_largest = np.flatnonzero(score == largest[mode])  # NaN equals nothing
    none = np.iinfo(np.int64).max
    best = np.full(n, none)
    np.minimum.at(best, mode[is_largest], region[is_largest])
    return np.where(best < none, best, -1)
