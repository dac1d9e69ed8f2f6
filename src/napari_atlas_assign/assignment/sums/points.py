"""Sums of region maps over the blobs of uncertain points, by runs.

A blob is summed by its runs: rows of voxels along the grid's last axis. A region's map is cut into stretches, likewise:
entries of consecutive voxels of a row. What is looked up, run by stretch, is few; what is added up lies together. In
names, N points, P pairs of a point and a region, S stretches.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...atlas.atlas import Atlas
from ...atlas.kept import kept_with_atlas
from ...atlas.maximum_probability import with_minimum
from ...grid import Floats
from ...index_ranges import firsts, lengths, listed, slices
from ...loops.blobs import find, measure
from ...loops.stretches import add_up
from ...loops.threads import in_threads
from ...modes.points import Runs
from .overlap import ModeSums, OverlapSums, at_pairs, by_mode

Chunks = Iterable[tuple[NDArray[np.int64], Callable[[], Runs]]]
"""Some points, and what works out the runs of their blobs."""


_BLOCK = 4
"""Voxels in a block of a row, for which a table says where its stretches lie; more in grids of many rows."""


_MAX_BLOCKS = 2**22
"""Blocks of all rows, about: the table takes eight bytes for each."""


_WORTH_COMPILING = 20_000
"""Points; numpy has fewer done before numba has loaded what it compiled."""


_STRETCHES_AT_A_TIME = 2**14
"""Stretches whose entries are brought into order together, so that memory follows these alone."""


@dataclass(frozen=True)
class _Stretches:
    """The entries of an atlas by region, cut into stretches (S,) of consecutive voxels of one row.

    Stretches, and the entries in them, lie in the order of their first voxels, so that those that a blob meets lie
    together in memory.
    """

    region: NDArray[np.int32]
    first: NDArray[np.int32]
    stop: NDArray[np.int32]
    """Index along the last axis of the first voxel, and of the one behind the last."""
    value_at: NDArray[np.int64]
    """Place in `value` of the row's voxel 0, where the stretch reached so far."""
    value: NDArray[np.floating]
    """(E,), or those of a row of a labelled atlas."""
    before: Floats
    """(E + 1, 2) sum of all shares before each entry, and how many entries before it have the largest value of their
    voxel; side by side, since both are looked up together."""
    block: int
    """Voxels in a block of a row."""
    ending: NDArray[np.int32]
    """(rows, blocks) the first stretch that ends behind the beginning of each block."""
    beginning: NDArray[np.int32]
    """(rows, blocks) the first stretch that begins behind the end of each block."""


@kept_with_atlas()
def _stretches(atlas: Atlas) -> _Stretches:
    """Kept, since a table of points is assigned again for another sigma, and one point after the other live."""
    n_along = atlas.grid.shape[2]
    if atlas.is_labelled:
        # All values are 1, so that those of one row stand for all rows.
        runs, ones = atlas.as_runs(), np.ones(n_along, np.float32)
        row, first = np.divmod(runs.start, n_along)
        region, first = runs.region.astype(np.int32), first.astype(np.int32)
        stop = first + np.diff(runs.begin).astype(np.int32)
        value_at, value, before = np.zeros(len(runs), np.int64), ones, _running(ones, ones)
    else:
        region, row, first, stop, order = _by_place(atlas)
        value_at, value = np.cumsum(stop - first, dtype=np.int64) - stop, atlas.value[order]
        before = _running(atlas.share[order], atlas.largest[order])
    n_rows = atlas.grid.n_voxels // n_along
    block = max(_BLOCK, n_along * n_rows // _MAX_BLOCKS)
    ending, beginning = _marks(row, first, stop, block, (n_rows, -(-n_along // block)))
    return _Stretches(region, first, stop, value_at, value, before, block, ending, beginning)


def _by_place(
    atlas: Atlas,
) -> tuple[NDArray[np.int32], NDArray[np.integer], NDArray[np.int32], NDArray[np.int32], NDArray[np.integer]]:
    """Stretches (S,) in order: region, row, first voxel, voxel behind the last; and the order (E,) of their entries."""
    order, bounds = atlas.by_region
    voxel, n_along = atlas.voxel[order], atlas.grid.shape[2]
    new = np.ones(len(voxel), bool)
    new[1:] = (np.diff(voxel) != 1) | (voxel[1:] % n_along == 0)
    new[bounds[:-1][np.diff(bounds) > 0]] = True
    entry = np.flatnonzero(new)
    length = lengths(entry, len(voxel))
    by_place = np.argsort(voxel[entry], kind="stable")
    entry, length = entry[by_place], length[by_place]
    row, first = np.divmod(voxel[entry], n_along)
    small = np.int32 if len(order) < 2**31 else np.int64
    parts = slices(len(entry), _STRETCHES_AT_A_TIME)
    entries = [order[listed(entry[s], entry[s] + length[s])[1]].astype(small) for s in parts]
    return (
        atlas.region[order[entry]].astype(np.int32),
        row,
        first.astype(np.int32),
        (first + length).astype(np.int32),
        np.concatenate([np.zeros(0, small), *entries]),
    )


def _marks(
    row: NDArray[np.integer],
    first: NDArray[np.int32],
    stop: NDArray[np.int32],
    block: int,
    shape: tuple[int, int],
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """`ending` and `beginning` of `_Stretches`."""
    mark = row.astype(np.int64) * shape[1] + first // block
    beginning = np.cumsum(np.bincount(mark, minlength=shape[0] * shape[1]), dtype=np.int32)
    ending = np.concatenate([np.zeros(1, np.int32), beginning[:-1]])
    # A stretch that goes on in later blocks of its row is the first there, unless an earlier one does, too.
    n_later = (stop - 1) // block - first // block
    which, later = listed(mark + 1, mark + 1 + n_later)
    np.minimum.at(ending, later, which.astype(np.int32))
    return ending.reshape(shape), beginning.reshape(shape)


def _running(*columns: NDArray[Any]) -> Floats:
    """(E + 1, columns) running totals, from 0."""
    total = np.zeros((len(columns[0]) + 1, len(columns)))
    for n, column in enumerate(columns):
        np.cumsum(column, dtype=np.float64, out=total[1:, n])
    return total


def sums_of_runs(
    chunks: Chunks, n_points: int, atlas: Atlas, box_padding: int = 0, minimum_probability: float = 0.0
) -> OverlapSums:
    """Add up the runs of every point's blob with every region map, chunk by chunk; `box_padding` is in voxels."""
    atlases = with_minimum(atlas, minimum_probability)
    stretches = [_stretches(some) for some in atlases] if n_points else []  # much work in a large atlas
    if n_points >= _WORTH_COMPILING:
        for loop in (find, measure, add_up):
            loop.prepare()
    of_points = np.zeros((5, n_points))
    box = np.zeros((n_points, 2, 3))
    parts: list[list[Floats]] = [[np.zeros((8, 0))] for _ in atlases]

    def work(
        chunk: NDArray[np.int64], work_out: Callable[[], Runs]
    ) -> tuple[NDArray[np.int64], tuple[Floats, Floats], list[Floats]]:
        runs = work_out()
        return chunk, _mode_sums(runs, len(chunk)), [_pair_sums(runs, some, atlas, len(chunk)) for some in stretches]

    for chunk, (sums, corners), sums_of_maps in in_threads(work, chunks):
        of_points[:, chunk], box[chunk] = sums, corners
        for part, of_map in zip(parts, sums_of_maps, strict=True):
            of_map[0] = chunk[of_map[0].astype(np.int64)]
            part.append(of_map)
    unit = atlas.grid.voxel_volume
    tables = [_sorted(np.concatenate(part, axis=1)) for part in parts]
    pairs = tables[0]
    number, largest = _numbers(pairs, atlas.n_regions), pairs[6] * unit
    covered = by_mode(number, largest, atlas.n_regions, n_points)
    for of_minimum in tables[1:]:
        largest = at_pairs(number, _numbers(of_minimum, atlas.n_regions), of_minimum[2] * unit)
    voxels, sum_b, sum_bb, maximum, minimum = of_points
    box[:, 1] += box_padding
    return OverlapSums(
        mode=pairs[0].astype(np.int64),
        region=pairs[1].astype(np.int64),
        volume=pairs[2] * unit,
        sum_a=pairs[3] * unit,
        sum_share=pairs[4] * unit,
        sum_ab=pairs[5] * unit,
        maximum=pairs[7],
        largest=largest,
        modes=ModeSums(
            voxels * unit,
            sum_b * unit,
            sum_bb * unit,
            maximum,
            minimum,
            box,
            covered,
        ),
        regions=atlas.region_sums,
        voxel_volume=unit,
    )


def _sorted(pairs: Floats) -> Floats:
    """Pairs (8, P) by point, then region."""
    return pairs[:, np.lexsort((pairs[1], pairs[0]))]


def _numbers(pairs: Floats, n_regions: int) -> NDArray[np.int64]:
    """(P,) number of each of the pairs (8, P)."""
    return pairs[0].astype(np.int64) * n_regions + pairs[1].astype(np.int64)


def _mode_sums(runs: Runs, n: int) -> tuple[Floats, Floats]:
    """Per point: voxels, sum, sum of squares, maximum and minimum (5, n), and the box (n, 2, 3)."""
    sums = np.zeros((5, n))
    box = np.zeros((n, 2, 3))
    if measure.is_ready:
        measure(
            (runs.point, runs.i, runs.j, runs.start, runs.stop, runs.factor, runs.row, runs.profile_at),
            runs.profile.reshape(-1),
            runs.summit,
            (runs.before().reshape(-1), runs.before(2).reshape(-1)),
            sums,
            box,
        )
    elif len(runs.point):
        _measured(runs, sums, box)
    return sums, box


def _measured(runs: Runs, sums: Floats, box: Floats) -> None:
    """What `measure` does, with arrays."""
    n = sums.shape[1]
    first = firsts(runs.point)
    present = runs.point[first]
    # Along a run, a blob rises to one summit and falls: the extremes are at the summit and at the ends.
    at_ends = np.minimum(runs.values_at(runs.start), runs.values_at(runs.stop - 1))
    summit = runs.summit[runs.row] - runs.profile_at
    at_summit = runs.values_at(np.clip(summit, runs.start, runs.stop - 1))
    sums[0] = np.bincount(runs.point, runs.stop - runs.start, n)
    sums[1], sums[2] = np.bincount(runs.point, runs.sums(), n), np.bincount(runs.point, runs.sums(2), n)
    sums[3, present] = np.maximum.reduceat(at_summit, first)
    sums[4, present] = np.minimum.reduceat(at_ends, first)
    for axis, (low, behind) in enumerate([(runs.i, runs.i + 1), (runs.j, runs.j + 1), (runs.start, runs.stop)]):
        box[present, 0, axis] = np.minimum.reduceat(low, first) - 0.5
        box[present, 1, axis] = np.maximum.reduceat(behind, first) - 0.5


def _pair_sums(runs: Runs, stretches: _Stretches, atlas: Atlas, n: int) -> Floats:
    """Per pair (P,) that overlaps, as rows (8, P): point, region, sums of 1, a, share, a b and of 1 where a is the
    largest, and maximum of a.
    """
    n_keys = n * atlas.n_regions
    if add_up.is_ready:
        table = np.zeros((n_keys, 6))
        add_up(
            (runs.point, runs.i, runs.j, runs.start, runs.stop, runs.factor, runs.profile_at),
            runs.profile.reshape(-1),
            atlas.grid.shape,
            (stretches.ending, stretches.beginning, stretches.block),
            (stretches.region, stretches.first, stretches.stop, stretches.value_at),
            stretches.value,
            stretches.before,
            atlas.n_regions,
            table,
        )
        columns: Floats = table.T
    else:
        columns = _added_up(runs.clipped(atlas.grid.shape), stretches, atlas, n_keys)
    pairs = np.flatnonzero(columns[0])
    return np.stack([pairs // atlas.n_regions, pairs % atlas.n_regions, *(column[pairs] for column in columns)])


def _added_up(runs: Runs, stretches: _Stretches, atlas: Atlas, n_keys: int) -> Floats:
    """What `add_up` does, with arrays: (6, n_keys) of runs (L,) inside the grid."""
    mark = (runs.i * atlas.grid.shape[1] + runs.j) * stretches.ending.shape[1]
    begin = stretches.ending.take(mark + runs.start // stretches.block)
    end = stretches.beginning.take(mark + (runs.stop - 1) // stretches.block)
    run, s = listed(begin, np.maximum(begin, end))
    start = np.maximum(runs.start.astype(np.int32)[run], stretches.first[s])
    length = np.minimum(runs.stop.astype(np.int32)[run], stretches.stop[s]) - start
    met = np.flatnonzero(length > 0)
    met = met[_longest_first(length[met])]
    run, s, start, length = run[met], s[met], start[met], length[met]
    entry = stretches.value_at[s] + start
    weight = runs.profile_at[run] + start
    total, product, highest = _along_stretches(stretches.value, entry, runs.profile.reshape(-1), weight, length)
    shares, largest = (stretches.before.take(entry + length, axis=0) - stretches.before.take(entry, axis=0)).T
    key = (runs.point * atlas.n_regions)[run] + stretches.region[s]
    maximum = np.zeros(n_keys)
    np.maximum.at(maximum, key, highest)
    columns = (length, total, shares, runs.factor[run] * product, largest)
    return np.stack([*(np.bincount(key, column, n_keys) for column in columns), maximum])


def _longest_first(length: NDArray[np.integer]) -> NDArray[np.int64]:
    """(S,) the order of falling lengths."""
    longest = length.max(initial=0)
    small = (longest - length).astype(np.min_scalar_type(longest))  # which sorts faster
    return np.argsort(small, kind="stable")


def _along_stretches(
    value: NDArray[np.floating],
    value_at: NDArray[np.int64],
    weight: Floats,
    weight_at: NDArray[np.int64],
    length: NDArray[np.integer],
) -> tuple[Floats, Floats, Floats]:
    """Sum of values, sum of values times weights, and largest value along stretches (S,) of falling lengths."""
    sums = np.zeros((3, len(length)))
    for a, b in pairwise(np.flatnonzero(np.diff(length, prepend=0, append=0)).tolist()):
        steps = np.arange(length[a])[:, None]  # stretches of one length side by side: numpy adds whole rows
        values = value.take(value_at[a:b] + steps).astype(np.float64)
        sums[0, a:b] = _sum_of_rows(values)
        values.max(axis=0, out=sums[2, a:b])
        values *= weight.take(weight_at[a:b] + steps)
        sums[1, a:b] = _sum_of_rows(values)
    return sums[0], sums[1], sums[2]


def _sum_of_rows(values: Floats) -> Floats:
    """(n,) of (rows, n), row after row, whatever else there is: of one column, numpy would add the values in pairs."""
    return values.cumsum(axis=0)[-1] if values.shape[1] == 1 else values.sum(axis=0)
