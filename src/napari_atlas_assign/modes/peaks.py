"""Peaks: the highest places of a mode, some distance apart.

In names, K peaks, N voxels of modes.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from ..errors import InputError
from ..grid import Floats
from .labelling import lowest_joined
from .modes import Modes
from .neighbours import neighbour_pairs

VOXELS_AT_A_TIME = 2**22
"""Voxels of modes worked on at a time; of one mode, all."""


@dataclass(frozen=True)
class Peaks:
    """Peaks of modes, sorted by mode, then falling value."""

    mode: NDArray[np.int64]
    """(K,) which mode, 0..M-1."""
    rank: NDArray[np.int64]
    """(K,) 1 for the highest peak of its mode, then 2, 3, ..."""
    voxel: NDArray[np.int64]
    """(K,) flat C-order voxel number on the modes' grid."""
    value: Floats
    """(K,) image value there; like the modes' values, with the sign turned in negative modes."""


def find_peaks(modes: Modes, n: int = 3, min_distance_mm: float = 8.0) -> Peaks:
    """Find up to `n` peaks of every mode, at least `min_distance_mm` apart.

    A peak is a voxel without a higher neighbour (of 26) in its mode; of a plateau of equal voxels, the one nearest to
    the plateau's mean position. The highest is taken first (that of `Modes.peaks`), then always the highest of those
    far enough from all that were taken; of equal ones that with the lowest world x, y, z. So every mode has at least
    one peak, all lie in their mode, and none depends on how the file is stored.

    Parameters
    ----------
    modes : Modes
    n : int
        1 or more.
    min_distance_mm : float
        Between voxel centres; 0 or more.

    Raises
    ------
    InputError
        If `n` or the distance is out of range.
    """
    if n < 1 or n != int(n):
        raise InputError(f"the number of peaks is {n}; give 1 or a larger whole number")
    if not np.isfinite(min_distance_mm) or min_distance_mm < 0:
        raise InputError(f"the distance between peaks is {min_distance_mm}; give 0 or a positive number of mm")
    if not modes.n_modes:
        nothing = np.zeros(0, np.int64)
        return Peaks(nothing, nothing, nothing, np.zeros(0))
    groups = _groups(modes)
    of_groups = [_peaks_of(_modes_between(modes, low, high), n, min_distance_mm) for low, high in groups]
    return Peaks(
        np.concatenate([peaks.mode + low for peaks, (low, _) in zip(of_groups, groups, strict=True)]),
        np.concatenate([peaks.rank for peaks in of_groups]),
        np.concatenate([peaks.voxel for peaks in of_groups]),
        np.concatenate([peaks.value for peaks in of_groups]),
    )


def _groups(modes: Modes) -> list[tuple[int, int]]:
    """First mode, and mode after the last, of groups that are worked on one after the other to save memory."""
    bounds, ends = [0], np.append(modes.starts[1:], len(modes.voxel))
    while bounds[-1] < modes.n_modes:
        within = np.searchsorted(ends, modes.starts[bounds[-1]] + VOXELS_AT_A_TIME, side="right")
        bounds.append(max(int(within), bounds[-1] + 1))
    return list(pairwise(bounds))


def _modes_between(modes: Modes, low: int, high: int) -> Modes:
    if (low, high) == (0, modes.n_modes):
        return modes
    rows = slice(modes.starts[low], modes.starts[high] if high < modes.n_modes else None)
    voxel, mode, value = modes.voxel[rows], modes.mode[rows] - low, modes.value[rows]
    return Modes(modes.grid, voxel, mode, value, modes.number[low:high], modes.sign[low:high])


def _peaks_of(modes: Modes, n: int, min_distance_mm: float) -> Peaks:
    xyz = modes.grid.to_world(modes.grid.unravel(modes.voxel))
    summits = _local_maxima(modes, xyz)
    mode = modes.mode[summits]
    starts = np.searchsorted(mode, np.arange(modes.n_modes + 1))
    taken = [_far_apart(summits[starts[m] : starts[m + 1]], xyz, int(n), min_distance_mm) for m in range(modes.n_modes)]
    rows = np.concatenate(taken)
    return Peaks(
        modes.mode[rows],
        np.concatenate([np.arange(1, len(t) + 1) for t in taken]),
        modes.voxel[rows],
        modes.value[rows],
    )


def _far_apart(summits: NDArray[np.int64], xyz: Floats, n: int, distance: float) -> NDArray[np.int64]:
    """The first up to `n` summits that keep their distance from those before them."""
    taken: list[np.int64] = []
    while len(summits) and len(taken) < n:
        taken.append(summits[0])
        apart = np.linalg.norm(xyz[summits] - xyz[summits[0]], axis=1)
        # The small tolerance keeps a peak at exactly the distance, whatever the affine's rounding.
        far = apart >= distance * (1 - 1e-6)
        far[0] = False
        summits = summits[far]
    return np.array(taken, dtype=np.int64)


def _local_maxima(modes: Modes, xyz: Floats) -> NDArray[np.int64]:
    """One row for each voxel or plateau without a higher neighbour: by mode, that of `Modes.peaks`, then falling."""
    n = len(modes.voxel)
    below = np.zeros(n, bool)
    equal = []
    for a, b in neighbour_pairs(modes, 26):
        of_a, of_b = modes.value[a], modes.value[b]
        below[a[of_a < of_b]] = True
        below[b[of_b < of_a]] = True
        same = of_a == of_b
        equal.append((a[same], b[same]))
    plateau = lowest_joined(n, *(np.concatenate(rows) for rows in zip(*equal, strict=True)))
    lower = np.zeros(n, bool)
    lower[plateau[below]] = True
    rows = np.flatnonzero(~lower[plateau])
    own = plateau[rows]
    count = np.bincount(own, minlength=n)
    mean = np.stack([np.bincount(own, xyz[rows, d], n) for d in range(3)], -1)[own] / count[own][:, None]
    off_centre = np.linalg.norm(xyz[rows] - mean, axis=1).round(6)
    x, y, z = xyz[rows].round(6).T
    order = np.lexsort((z, y, x, off_centre, own))
    rows = rows[order[np.unique(own[order], return_index=True)[1]]]
    # The highest peak of a mode is the one that the table of modes names, also among equals.
    highest = np.searchsorted(modes.mode * modes.grid.n_voxels + modes.voxel, _keys_of_highest(modes))
    rows = np.concatenate([highest, rows[~np.isin(plateau[rows], plateau[highest])]])
    x, y, z = xyz[rows].round(6).T
    later = np.ones(len(rows), bool)
    later[: len(highest)] = False
    return rows[np.lexsort((z, y, x, -modes.value[rows], later, modes.mode[rows]))]


def _keys_of_highest(modes: Modes) -> NDArray[np.int64]:
    return np.arange(modes.n_modes) * modes.grid.n_voxels + modes.peaks()[0]
