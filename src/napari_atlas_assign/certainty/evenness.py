"""Does a map vary, and is it smooth, alike in all its parts, as the random maps are that it is compared with?

Random maps of one smoothness do not tell how far means of regions stray in a map that is smoother, or varies more, in
some parts than in others. The parts are the eighths of the mask, and what an atlas covers and what it does not.

In names, V voxels of the mask, P parts.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..grid import Floats

LEVEL = 0.05
"""A map that is as uneven as no more than this part of its random maps is not like them."""

COVERED = 0.5
"""Share of a voxel that all regions of an atlas account for together, from which on the atlas covers it."""


FEWEST_VOXELS = 50
"""A part that has fewer, or all but fewer, tells nothing."""

_TINY = float(np.finfo(np.float32).tiny)


@dataclass(frozen=True)
class Parts:
    """Parts of a mask, in which variance and smoothness are looked at."""

    member: Floats
    """(P, V), 1 for the voxels of a part, else 0."""
    neighbours: tuple[NDArray[np.int64], NDArray[np.int64]]
    """Pairs of neighbours by a face, as numbers of voxels of the mask."""

    @classmethod
    def of(cls, mask: NDArray[np.bool_], covered: list[NDArray[np.bool_]]) -> Parts:
        """Eight of the mask (X, Y, Z), then two of each atlas, which covers some of its voxels (V,)."""
        voxels = np.argwhere(mask)
        beyond = voxels > np.median(voxels, axis=0)
        eighth = beyond @ np.array([4, 2, 1])
        member = [eighth == part for part in range(8)]
        for atlas in covered:
            member += [atlas, ~atlas]
        number = np.full(mask.shape, -1)
        number[mask] = np.arange(len(voxels))
        pairs = [(np.delete(number, -1, axis).ravel(), np.delete(number, 0, axis).ravel()) for axis in range(3)]
        first, second = (np.concatenate(side) for side in zip(*pairs, strict=True))
        both = (first >= 0) & (second >= 0)
        return cls(np.array(member, np.float64), (first[both], second[both]))

    @cached_property
    def size(self) -> Floats:
        """(1 + P,) voxels of the whole, and of every part."""
        return np.array([self.member.shape[1], *self.member.sum(axis=1)])

    def looks(self, values: Floats) -> Floats:
        """Of a map (V,), the logarithms of variance and roughness in every part, less those of the whole (2, P).

        Roughness is the mean square of the difference of neighbours, divided by the variance.
        """
        first, second = self.neighbours
        steps = np.bincount(first, (values[first] - values[second]) ** 2, minlength=len(values))
        n = self.size
        sums = np.array([[x.sum(), *(self.member @ x)] for x in (values, values**2, steps)])
        mean, square, step = sums / np.maximum(n, 1)
        variance = np.maximum(square - mean**2, _TINY)
        looks = np.log([variance, np.maximum(step / variance, _TINY)])
        told = (n[1:] >= FEWEST_VOXELS) & (n[0] - n[1:] >= FEWEST_VOXELS)
        return np.where(told, looks[:, 1:] - looks[:, :1], 0.0)


def evenness(looks: Floats) -> float:
    """The part of maps that are at least as uneven as the first of them.

    Parameters
    ----------
    looks : (n + 1, K) float
        What `Parts.looks` tells of the map and of each of n random maps. The largest deviation from their mean counts,
        in standard deviations.
    """
    spread = looks.std(axis=0)
    far = (np.abs(looks - looks.mean(axis=0)) / np.where(spread > 0, spread, 1)).max(axis=1)
    return float((far >= far[0] * (1 - 1e-9)).mean())  # equal but for rounding is equal
