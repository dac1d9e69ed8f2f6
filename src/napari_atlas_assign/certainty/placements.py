"""Is an overlap more than a blob of this shape would have somewhere else in comparable tissue?

A mode is a set of points, the centres of its voxels. A placement turns it by a rotation drawn uniformly from SO(3)
about its centroid, and puts the centroid at a place drawn uniformly in the domain: a voxel of it, and a place within
the voxel. It is kept if at least `LEAST_INSIDE` of the points lie in the domain, and if the part of them that the atlas
covers differs from that of the mode by at most `COVERAGE`. The statistic of a region is the mean of its map over the
points.

In names, B placements, N points, R regions, M modes; T the statistic.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, NamedTuple

import numpy as np
import scipy
from numpy.typing import NDArray

from ..atlas.atlas import Atlas
from ..grid import Floats, Grid, product
from ..index_ranges import firsts, listed, slices
from ..loops.threads import in_threads
from ..modes.modes import Modes
from .placing_loop import loop_for

LEAST_INSIDE = 0.95
"""Part of the points that lie in the domain."""

COVERAGE = 0.1
"""By how much the covered part may differ from that of the mode."""

COVERED = 0.2
"""A point is covered where the sum of all regions' values is above this."""

TRIES = 200
"""Times the number of placements that are tried at most."""

TOO_LARGE = "too large to be placed elsewhere"

_POINTS_AT_A_TIME = 2**17
"""Points moved together: their arrays stay in the processor's cache."""

_TRIES_AT_A_TIME = 2**12

_TRIES_IN_A_THREAD = 2**10

_FEW_POINTS = 16
"""Points of a mode that are looked at first, to leave a placement outside the domain early."""


@dataclass(frozen=True)
class Domain:
    """Where modes may be placed: voxels of a grid."""

    grid: Grid
    inside: NDArray[np.bool_]
    """(X, Y, Z)."""
    what: str
    """What it is, in words, for the record."""

    @cached_property
    def voxels(self) -> NDArray[np.intp]:
        """(N,) flat C-order numbers of the voxels inside."""
        return np.flatnonzero(self.inside)

    @cached_property
    def flags(self) -> NDArray[np.bool_]:
        """(V + 1,) `inside` by flat number; the last, which -1 finds, for what lies outside the grid."""
        return np.append(self.inside.reshape(-1), False)


@dataclass(frozen=True)
class Placements:
    """The statistics of one mode where it is, and of its placements."""

    observed: Floats
    """(R,)"""
    placed: Floats
    """(B, R); without rows where the mode could not be placed often enough."""
    tried: int

    @property
    def is_placed(self) -> bool:
        """Whether the mode could be placed."""
        return len(self.placed) > 0

    def expected(self) -> Floats:
        """(R,) mean statistic over the placements."""
        return self.placed.mean(axis=0) if self.is_placed else np.full(len(self.observed), np.nan)

    def p(self) -> Floats:
        """(R,) (1 + number of placements with T at least the observed) / (B + 1)."""
        if not self.is_placed:
            return np.full(len(self.observed), np.nan)
        return (1 + (self.placed >= self.observed).sum(axis=0)) / (len(self.placed) + 1)

    def p_corrected(self) -> Floats:
        """(R,) Westfall and Young's p: how often any region is at least as extreme as this region is.

        A region is the more extreme the smaller its p, and of equal p the larger its T: without the second rule, the
        highest placements of all R regions would tie at 1 / (B + 1), and no corrected p could be below R / (B + 1).
        Every placement, and the mode itself, is compared with all others in the same way, so that a mode that is itself
        a placement has an exactly uniform smallest p.
        """
        if not self.is_placed:
            return np.full(len(self.observed), np.nan)
        every = np.vstack([self.observed, self.placed])
        own, most = np.full(len(self.observed), float(len(every))), np.full(len(every), float(len(every)))
        for region in np.flatnonzero(every.any(axis=0)):
            statistic = every[:, region]
            # A whole number of placements less a part of one, since maps are at most 1.
            extreme = scipy.stats.rankdata(-statistic, method="max") - statistic / 2
            np.minimum(most, extreme, out=most)
            own[region] = extreme[0]
        return np.searchsorted(np.sort(most), own, side="right") / len(every)


def place_modes(
    modes: Modes,
    atlas: Atlas,
    domain: Domain,
    placements: int,
    seed: int,
    progress: Callable[[int, int], None] | None = None,
) -> list[Placements]:
    """Place every mode elsewhere; each has random numbers of its own, by its number and the seed.

    Parameters
    ----------
    modes : Modes
    atlas : Atlas
    domain : Domain
    placements : int
        B.
    seed : int
    progress : callable, optional
        Called with the number of placements done and of all, now and then; what it raises ends the work.
    """
    results, covered = [], covered_voxels(atlas)
    loop = loop_for(modes.n_modes * placements)
    total = modes.n_modes * placements
    for mode in range(modes.n_modes):
        rows = modes.mode == mode
        xyz = modes.grid.to_world(modes.grid.unravel(modes.voxel[rows]))
        rng = np.random.default_rng([seed, int(modes.number[mode])])
        tell = None if progress is None else partial(_tell, progress, mode * placements, total)
        results.append(place(xyz, atlas, covered, domain, placements, rng, tell, loop))
    return results


def _tell(progress: Callable[[int, int], None], before: int, total: int, done: int) -> None:
    progress(before + done, total)


def covered_voxels(atlas: Atlas) -> NDArray[np.bool_]:
    """(V + 1,) whether the sum of all regions' values is above `COVERED`; the last stands for all outside the grid."""
    if atlas.is_labelled:
        return np.append(atlas.occupied(range(atlas.grid.n_voxels)), False)
    covered = np.zeros(atlas.grid.n_voxels + 1, bool)
    covered[atlas.voxel[atlas.value > COVERED]] = True
    first = firsts(atlas.voxel)
    if len(first) < len(atlas.voxel):
        covered[atlas.voxel[first[np.add.reduceat(atlas.value, first, dtype=np.float64) > COVERED]]] = True
    return covered


def place(
    xyz: Floats,
    atlas: Atlas,
    covered: NDArray[np.bool_],
    domain: Domain,
    placements: int,
    rng: np.random.Generator,
    tell: Callable[[int], None] | None = None,
    loop: Callable[..., int] | None = None,
) -> Placements:
    """Place one mode, points (N, 3) in world mm, until there are enough placements or too many tries.

    `covered` is what `covered_voxels` gives for the atlas; `tell` is called with the number of placements now and then.
    With a compiled `loop`, which is what `loop_for` gives, the same comes sooner.
    """
    centre = xyz.mean(axis=0)
    # Far points first: they tell soonest that a placement leaves the domain.
    order = np.argsort(-np.linalg.norm(xyz - centre, axis=1), kind="stable")
    around = (xyz - centre)[order]
    number, inside = atlas.grid.numbers_of(xyz)  # many points of a coarser grid lie on faces between voxels
    voxel = np.where(inside, number, -1)
    observed = _statistics(voxel[None], atlas)
    rules = (
        _Rule.of_domain(domain, len(xyz)),
        _Rule.of_atlas(atlas.grid, covered, float(covered[voxel].mean()), len(xyz)),
    )
    way = _place if loop is None or not atlas.is_tabled else partial(_looped, loop)
    work = partial(way, around, atlas, rules)
    kept: list[Floats] = []
    n_kept, tried = 0, 0
    while n_kept < placements and tried < TRIES * placements:
        turns, centres = _draw(domain, min(_TRIES_AT_A_TIME, TRIES * placements - tried), rng)
        some = ((turns[part], centres[part]) for part in slices(len(turns), _TRIES_IN_A_THREAD))
        for means in in_threads(work, some):
            kept.append(means[: placements - n_kept])
            n_kept += len(kept[-1])
            if n_kept == placements:
                break
        tried += len(turns)
        if tell is not None:
            is_over = n_kept >= placements or tried >= TRIES * placements
            tell(placements if is_over else n_kept)
    placed = np.concatenate([*kept, np.zeros((0, atlas.n_regions))])
    return Placements(observed[0], placed[: placements if n_kept >= placements else 0], tried)


def holm(smallest: Sequence[float]) -> Floats:
    """(M,) Holm's factor of each mode, and NaN for one without a p: the smallest p has the largest.

    A p value times its factor, and never below the corrected one before it, holds its level over all modes.
    """
    p = np.asarray(smallest, dtype=np.float64)
    factor = np.full(len(p), np.nan)
    known = np.flatnonzero(~np.isnan(p))
    order = known[np.argsort(p[known], kind="stable")]
    factor[order] = np.arange(len(order), 0, -1)
    return factor


def corrected_over_modes(p: Sequence[Floats]) -> list[Floats]:
    """Correct the p (R,) of each mode, corrected over regions already, over the modes of the map by Holm's steps."""
    smallest = [float(values.min()) if len(values) else np.nan for values in p]
    factor = holm(smallest)
    corrected = [np.minimum(values * f, 1) for values, f in zip(p, factor, strict=True)]
    floor = 0.0
    for mode in np.argsort(np.where(np.isnan(factor), 0, -factor), kind="stable"):
        if not np.isnan(factor[mode]):
            corrected[mode] = np.maximum(corrected[mode], floor)
            floor = float(corrected[mode].min())
    return corrected


def _draw(domain: Domain, n: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Rotations (n, 3, 3), uniform, and places (n, 3) for the centroid in world mm, uniform in the domain."""
    turns = scipy.spatial.transform.Rotation.random(n, rng).as_matrix()
    ijk = domain.grid.unravel(domain.voxels[rng.integers(len(domain.voxels), size=n)])
    return turns, domain.grid.to_world(ijk + rng.uniform(-0.5, 0.5, (n, 3)))


class _Rule(NamedTuple):
    """How many points of a placement that counts lie in flagged voxels of a grid."""

    grid: Grid
    flags: NDArray[np.bool_]
    """(V + 1,) by flat number; the last, which -1 finds, for what lies outside the grid."""
    fewest: int
    most: int

    @classmethod
    def of_domain(cls, domain: Domain, n_points: int) -> _Rule:
        """Enough of all points lie in the domain."""
        return cls(domain.grid, domain.flags, int(np.ceil(LEAST_INSIDE * n_points - 1e-9)), n_points)

    @classmethod
    def of_atlas(cls, grid: Grid, covered: NDArray[np.bool_], part: float, n_points: int) -> _Rule:
        """About as large a part of all points is covered as where the mode is."""
        allowed = np.flatnonzero(np.abs(np.arange(n_points + 1) / n_points - part) <= COVERAGE)
        return cls(grid, covered, int(allowed[0]), int(allowed[-1]))


def _place(around: Floats, atlas: Atlas, rules: tuple[_Rule, _Rule], turns: Floats, centres: Floats) -> Floats:
    """(K, R) means of the maps for those of the placements (n,) of points (N, 3) about their centroid that count."""
    for rule in rules:
        rows = _that_count(around, rule, turns, centres)
        turns, centres = turns[rows], centres[rows]
    statistics: list[Floats] = [np.zeros((0, atlas.n_regions))]
    for some in slices(len(turns), max(1, _POINTS_AT_A_TIME // len(around))):
        statistics.append(_statistics(_moved_voxels(around, turns[some], centres[some], atlas.grid), atlas))
    return np.concatenate(statistics)


def _looped(
    loop: Callable[..., int],
    around: Floats,
    atlas: Atlas,
    rules: tuple[_Rule, _Rule],
    turns: Floats,
    centres: Floats,
) -> Floats:
    """As `_place`, by the compiled loop."""
    means = np.empty((len(turns), atlas.n_regions))
    kept = loop(
        around,
        *((*_in_voxels(turns, centres, grid), grid.shape, *bounds) for grid, *bounds in rules),
        (atlas.begin_of_voxel, np.asarray(atlas.region), np.asarray(atlas.value)),
        means,
    )
    return means[:kept]


def _that_count(around: Floats, rule: _Rule, turns: Floats, centres: Floats) -> NDArray[np.intp]:
    """Which of the placements (n,) keep a rule; the first points tell of most that do not."""
    flagged, rows = np.zeros(len(turns), np.int64), np.arange(len(turns))
    begin = 0
    while begin < len(around) and len(rows):
        end = min(2 * begin + _FEW_POINTS, len(around))
        for some in slices(len(rows), max(1, _POINTS_AT_A_TIME // (end - begin))):
            here = rows[some]
            voxel = _moved_voxels(around[begin:end], turns[here], centres[here], rule.grid)
            flagged[here] += rule.flags[voxel].sum(axis=1)
        may_count = (flagged[rows] <= rule.most) & (flagged[rows] + len(around) - end >= rule.fewest)
        rows, begin = rows[may_count], end
    return rows


def _statistics(voxel: NDArray[np.integer], atlas: Atlas) -> Floats:
    """(n, R) mean of every region's map over placed points (n, N), given by the atlas voxels that contain them."""
    n, n_points = voxel.shape
    inside = np.flatnonzero(voxel >= 0)
    which, entry = listed(*atlas.entries_at(voxel.reshape(-1)[inside]))
    pair = inside[which] // n_points * atlas.n_regions + atlas.region_of(entry)
    return np.bincount(pair, atlas.value[entry], n * atlas.n_regions).reshape(n, atlas.n_regions) / n_points


def _moved_voxels(around: Floats, turns: Floats, centres: Floats, grid: Grid) -> NDArray[np.integer]:
    """(n, N) flat numbers of the voxels that contain points (N, 3) when turned and put at centres; -1 outside the grid.

    The points are given about their centroid.
    """
    turns, centres = _in_voxels(turns, centres, grid)
    flat: Any = 0
    inside: Any = True
    for axis, length in enumerate(grid.shape):
        index = turns[:, 0, axis, None] * around[:, 0]
        for a in (1, 2):
            index += turns[:, a, axis, None] * around[:, a]
        index += centres[:, axis, None]
        whole = np.floor(index, out=index).astype(np.int32)
        inside &= whole.view(np.uint32) < length
        flat = flat * length + whole
    return np.where(inside, flat, -1)


def _in_voxels(turns: Floats, centres: Floats, grid: Grid) -> tuple[Floats, Floats]:
    """Rotations (n, 3, 3) and centres (n, 3), such that a point turned and put there lies in the voxel below."""
    return product(np.moveaxis(turns, 1, -1), grid.inverse[:3, :3]), grid.to_voxel(centres) + 0.5
