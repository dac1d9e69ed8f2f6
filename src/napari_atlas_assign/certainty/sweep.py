"""Would the answer stand at another threshold? The modes of an image, followed along rising thresholds.

A mode's parent at the next lower threshold is the mode that holds its peak. A parent goes on as the child with the
highest peak (of equals the larger one, then the first); its other children have merged into it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..assignment.best_region import best_by_correlation, best_by_share
from ..assignment.comparison import Comparison
from ..assignment.parameters import Parameters, rising_thresholds
from ..assignment.scores import correlation, share
from ..assignment.tables import mode_parts
from ..errors import InputError
from ..modes.modes import Modes
from ..tables.frames import pd
from ..tables.parts import table_of_parts


def sweep_thresholds(
    compare_at: Callable[[float], Comparison],
    thresholds: Sequence[float],
    parameters: Parameters,
    progress: Callable[[int, int], None] | None = None,
) -> pd.DataFrame:
    """Compare an image with an atlas at every threshold and follow its modes by their peaks.

    Parameters
    ----------
    compare_at : callable
        Gives the comparison at a threshold.
    thresholds : sequence of float
        At least two, in the unit of the image; in any order.
    parameters : Parameters
        Of the comparisons; their threshold plays no part.
    progress : callable, optional
        Called with the number of thresholds done and of all, after each; what it raises ends the work.

    Returns
    -------
    DataFrame
        One row per threshold and mode, by rising threshold, then number: ``threshold``; ``cluster``, the
        same number for one mode at all thresholds, 1 for the one with the highest peak; ``input structure``, its
        number at this threshold; ``merges into``, at the next lower threshold the cluster that it has become a part of
        (empty where it stays itself); ``merged``, how many modes of the next higher threshold it holds. Then the
        columns of the table of modes, with ``best correlation`` and ``best share`` of the best regions.

    Raises
    ------
    InputError
        If there are fewer than two thresholds, or one is out of range.
    """
    levels = rising_thresholds(thresholds)
    if parameters.rois:
        raise InputError("regions of interest have no threshold to sweep; give a map")
    comparisons = []
    for number, level in enumerate(levels, 1):
        comparisons.append(compare_at(level))
        if progress is not None:
            progress(number, len(levels))
    parents = [parents_in(low.modes, high.modes) for low, high in pairwise(comparisons)]
    clusters = follow([comparison.modes for comparison in comparisons], parents)
    tables = []
    for number, (level, comparison) in enumerate(zip(levels, comparisons, strict=True)):
        merged = _children(parents[number], comparison.modes.n_modes) if number < len(parents) else 0
        into = pd.array([pd.NA] * comparison.modes.n_modes, dtype="Int64")
        if number:
            parent = np.append(clusters[number - 1], -1)[parents[number - 1]]
            gone = np.flatnonzero((parent != clusters[number]) & (parent >= 0))
            into[gone] = parent[gone]
        front = {"threshold": level, "cluster": clusters[number]}
        table = table_of_parts(mode_parts([comparison], parameters, False))
        front |= {"input structure": table.pop("input structure"), "merges into": into, "merged": merged}
        tables.append(pd.DataFrame(front).join(table).assign(**_best_scores(comparison)))
    return pd.concat(tables, ignore_index=True)


def parents_in(low: Modes, high: Modes) -> NDArray[np.int64]:
    """(M,) the mode of a lower threshold, 0.., that holds the peak of each mode of a higher one; of the same sign.

    Every mode has one, unless the cluster extent or the number of modes is limited: then -1 stands for none.
    """
    of_voxel = dict(
        zip(zip(low.voxel.tolist(), low.sign[low.mode].tolist(), strict=True), low.mode.tolist(), strict=True)
    )
    peak, _ = high.peaks()
    return np.array(
        [of_voxel.get(key, -1) for key in zip(peak.tolist(), high.sign.tolist(), strict=True)], dtype=np.int64
    )


def _children(parents: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """(n,) how many modes of the next higher threshold each holds."""
    return np.bincount(parents[parents >= 0], minlength=n)


def follow(modes: Sequence[Modes], parents: Sequence[NDArray[np.int64]]) -> list[NDArray[np.int64]]:
    """Numbers (M,) for the modes of every rising threshold that stay the same along them; 1 has the highest peak."""
    names: list[NDArray[np.int64]] = [np.zeros(0, np.int64)] * len(modes)
    heights: list[tuple[float, int]] = []  # of each name: its peak's value, and the order in which it was met
    for level in range(len(modes) - 1, -1, -1):
        peak_value = modes[level].peaks()[1]
        names[level] = np.full(modes[level].n_modes, -1, np.int64)
        if level < len(parents):
            child_value, size = modes[level + 1].peaks()[1], modes[level + 1].counts()
            for child in np.lexsort((np.arange(len(size)), -size, -child_value)):
                parent = parents[level][child]
                if parent >= 0 and names[level][parent] < 0:
                    names[level][parent] = names[level + 1][child]
        for mode in np.flatnonzero(names[level] < 0):
            names[level][mode] = len(heights)
            heights.append((float(peak_value[mode]), len(heights)))
    rank = np.empty(len(heights), np.int64)
    rank[sorted(range(len(heights)), key=lambda name: (-heights[name][0], heights[name][1]))] = np.arange(
        1, len(heights) + 1
    )
    return [rank[name] for name in names]


def _best_scores(comparison: Comparison) -> dict[str, Any]:
    """Correlation and share of the regions that name each mode; NaN where none does."""
    sums, n = comparison.sums, comparison.modes.n_modes
    columns = {}
    for name, score, find in (
        ("best correlation", correlation(sums), best_by_correlation),
        ("best share", share(sums), best_by_share),
    ):
        region = find(sums, comparison.atlas, n)
        value = np.full(n, np.nan)
        is_best = region[sums.mode] == sums.region
        value[sums.mode[is_best]] = score[is_best]
        columns[name] = value
    return columns
