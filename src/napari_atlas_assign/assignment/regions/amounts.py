"""Integrals by region: how much of space, of modes, of an image or of points lies in every region.

A place counts for a region by its share w = a / max(1, sum of all regions' a), so that what lies in regions and what
lies in none add up to the whole. In names, R regions, K weights, N voxels or points. Amounts are arrays (K, R + 1), of
which the last column is what lies in no region; weights are 1 and, where the midplane is known, the part on its left.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ...atlas.atlas import Atlas, shares
from ...atlas.kept import kept_with_atlas
from ...atlas.lookup import values_at
from ...atlas.storage.worked_out import keep_worked_out, worked_out
from ...grid import Floats, Grid, indices_of
from ...image import Image
from ...index_ranges import firsts, slices
from ...lazy import Voxels, blocks
from ...modes.hemispheres import Hemispheres, Midplane, left_parts, on_the_left
from ...modes.modes import Modes
from ...modes.point_set import PointSet
from ...modes.points import check_reach, sphere_runs
from ..integrals.cache import IntegralsOf, RegionIntegrals, integrals_over, store_integrals
from ..integrals.fine_grid import is_too_fine, voxelwise_integrals
from ..sums.points import sums_of_runs

_AT_A_TIME = 2**18
"""Voxels, entries or points worked on together, so that memory stays bounded."""

_VOXELS_PER_POINT = 512
"""Voxels of a labelled atlas that are laid out for each point, which takes less time than to search for it."""

_PIECE = 2**20
"""Voxels of an image that are taken from it together."""

_PIECES_KEPT = 10
"""Pieces of images whose overlaps are kept for the next image: a brain of 1 mm voxels has seven to nine."""

_MOST_KEPT = 2**22
"""Entries of overlaps with all of a grid that are kept: 100 MB."""

_ROUNDING = 1e-9
"""Of a whole: what rounding may leave of it outside regions that hold all of it, or count twice."""


class ImageAmounts(NamedTuple):
    """What an image has in every region, over its finite voxels."""

    space: Floats
    """(R + 1,) mm3 of these voxels."""
    total: Floats
    """(R + 1,) integral of the image."""
    maximum: Floats
    """(R + 1,) largest value where the region is the largest of all; NaN where there is none."""


@kept_with_atlas(most=2)
def volumes(atlas: Atlas, midplane: Midplane | None) -> Floats:
    """(K, R + 1) mm3 of every region; NaN of no region, which has no end."""
    if isinstance(midplane, Hemispheres):
        return _volumes(atlas, midplane)
    what = f"volumes {midplane!r}"
    kept = worked_out(atlas, what)
    volume = _volumes(atlas, midplane) if kept is None else kept["volume"]
    if kept is None:
        keep_worked_out(atlas, what, {"volume": volume})
    return volume


def _volumes(atlas: Atlas, midplane: Midplane | None) -> Floats:
    volume = np.zeros((1 if midplane is None else 2, atlas.n_regions))
    for part in slices(len(atlas.value), _AT_A_TIME):
        share, region = atlas.share[part].astype(np.float64), atlas.region_of(part)
        for row, weight in zip(volume, _sided(atlas.grid, atlas.voxel_of(part), midplane), strict=True):
            row += np.bincount(region, share * weight, atlas.n_regions)
    return np.pad(volume * atlas.grid.voxel_volume, ((0, 0), (0, 1)), constant_values=np.nan)


def amounts_of_modes(modes: Modes, atlas: Atlas, midplane: Midplane | None) -> Floats:
    """(K, R + 1) mm3 of all modes together, each place once."""
    voxel = np.sort(modes.voxel)
    first = firsts(voxel)
    if len(first) < len(voxel):
        voxel = voxel[first]  # regions of interest may share voxels
    integrals = _integrals(atlas, modes.grid, voxel)
    amounts = np.zeros((1 if midplane is None else 2, atlas.n_regions + 1))
    for rows in slices(len(voxel), _AT_A_TIME):
        weights = _sided(modes.grid, voxel[rows], midplane)
        amounts += _weighted(integrals(rows), weights, modes.grid, atlas.n_regions)
    return _rounded(amounts, amounts.sum(axis=1))


def amounts_of_image(image: Image, atlas: Atlas) -> ImageAmounts:
    """What an image has in every region, read piece by piece."""
    amounts = np.zeros((2, atlas.n_regions + 1))
    magnitude, maximum = np.zeros(2), np.full(atlas.n_regions + 1, -np.inf)
    unit = image.grid.voxel_volume
    for voxel, value in _pieces(image):
        for rows, overlaps in _overlaps(atlas, image.grid, voxel):
            x = value[rows]  # overwritten at last
            overlaps.raise_to(x, maximum)
            amounts += _with_none(np.stack([overlaps.space, overlaps.total(x)]), np.array([len(x), x.sum()]) * unit)
            magnitude += np.array([len(x), np.abs(x, out=x).sum()]) * unit
    space, total = _rounded(amounts, magnitude)
    return ImageAmounts(space, total, np.where(np.isinf(maximum), np.nan, maximum))


def amounts_of_points(points: PointSet, atlas: Atlas, midplane: Midplane | None) -> Floats:
    """(K, R + 1) number of points; an uncertain one counts by the parts of its blob, and on the side on which it lies.

    Raises
    ------
    InputError
        If a coordinate or sigma is far too large for any brain.
    """
    check_reach(points, atlas.grid)
    amounts = np.zeros((1 if midplane is None else 2, atlas.n_regions + 1))
    in_labels = _lookup(atlas, len(points))
    for rows in slices(len(points), _AT_A_TIME):
        xyz, exact = points.xyz[rows], points.sigma[rows] == 0
        amounts += _counted(in_labels, atlas, xyz if exact.all() else xyz[exact], midplane)
    blurred = np.flatnonzero(points.sigma)
    if len(blurred):
        amounts += _of_blobs(PointSet(points.xyz[blurred], points.sigma[blurred], name=points.name), atlas, midplane)
    return _rounded(amounts, amounts.sum(axis=1))


# --- voxels ---


def _integrals(atlas: Atlas, grid: Grid, voxel: NDArray[np.int64]) -> IntegralsOf:
    way = voxelwise_integrals if is_too_fine(atlas, grid) else integrals_over
    return way(atlas, grid, voxel)


def _weighted(integrals: RegionIntegrals, weights: Floats, grid: Grid, n_regions: int) -> Floats:
    """(K, R + 1) integrals of weights (K, N), of which the first are 1, over voxels (N,)."""
    of_weights = [integrals.share, *(integrals.share * weight[integrals.row] for weight in weights[1:])]
    in_regions = [np.bincount(integrals.region, integral, n_regions) for integral in of_weights]
    return _with_none(np.stack(in_regions), weights.sum(axis=1) * grid.voxel_volume)


def _with_none(in_regions: Floats, whole: Floats) -> Floats:
    """Amounts (K, R) with what they leave of the whole (K,) in no region: (K, R + 1)."""
    amounts = np.empty((len(whole), in_regions.shape[1] + 1))
    amounts[:, :-1], amounts[:, -1] = in_regions, whole - in_regions.sum(axis=1)
    return amounts


@dataclass(frozen=True)
class _Overlaps:
    """Overlaps (E,) of voxels (N,) of an image with regions: all that does not depend on the image's values.

    Those of a region come by voxel, but not one after the other: a sum need not wait for itself.
    """

    row: NDArray[np.intp]
    region: NDArray[np.intp]
    share: Floats
    """Integral of a region's share over a voxel, mm3."""
    space: Floats
    """(R,) integral of each region's share over all voxels, mm3."""
    largest_row: NDArray[np.intp]
    """Where regions are the largest of all in some of a voxel, by region."""
    largest_begin: NDArray[np.intp]
    """Where in `largest_row` the voxels begin of each of `largest_region`."""
    largest_region: NDArray[np.intp]
    beyond: Floats
    """(N,) 0 for voxels in some of which no region is the largest, minus infinity for all others."""

    @classmethod
    def of(cls, integrals: RegionIntegrals, n_voxels: int, grid: Grid, n_regions: int) -> _Overlaps:
        apart = _apart(integrals.region)
        row, region = integrals.row[apart], integrals.region[apart].astype(np.intp)
        share = integrals.share[apart].astype(np.float64, copy=False)
        largest = np.flatnonzero(integrals.largest)
        largest = largest[np.argsort(integrals.region[largest], kind="stable")]
        begin = firsts(integrals.region[largest])
        covered = np.bincount(integrals.row, integrals.largest, n_voxels)
        beyond = np.where(covered < grid.voxel_volume * (1 - 1e-6), 0.0, -np.inf)
        space = np.bincount(region, share, n_regions).astype(np.float64, copy=False)
        of_largest = (integrals.row[largest], begin, integrals.region[largest[begin]].astype(np.intp))
        return cls(row, region, share, space, *of_largest, beyond)

    def total(self, value: Floats) -> Floats:
        """(R,) integrals of values (N,)."""
        of_overlaps = value.take(self.row)
        of_overlaps *= self.share
        total = np.bincount(self.region, of_overlaps, len(self.space))
        return total.astype(np.float64, copy=False)  # which it is

    def raise_to(self, value: Floats, maximum: Floats) -> None:
        """Raise the maximum (R + 1,) of regions to values (N,) of the voxels in which they are the largest."""
        if len(self.largest_row):
            highest = np.maximum.reduceat(value.take(self.largest_row), self.largest_begin)
            maximum[self.largest_region] = np.maximum(maximum[self.largest_region], highest)
        # Added to all, which takes half the time of taking some.
        maximum[-1] = max(maximum[-1], (value + self.beyond).max(initial=-np.inf))


def _apart(region: NDArray[np.integer]) -> NDArray[np.intp]:
    """An order of entries (E,) that takes turns between eight parts of the regions; those of a region stay in order."""
    place = np.empty(len(region), np.intp)
    for part in range(_PARTS):
        of_part = np.flatnonzero(region % _PARTS == part)
        place[of_part] = np.arange(len(of_part)) * _PARTS + part
    return np.argsort(place, kind="stable")


_PARTS = 8
"""More additions than the processor has under way at a time."""


def _overlaps(atlas: Atlas, grid: Grid, voxel: Voxels) -> Iterator[tuple[slice, _Overlaps]]:
    """Which of some voxels (N,), rising, and their overlaps, part by part."""
    entries = len(atlas.value) * max(1.0, atlas.grid.voxel_volume / grid.voxel_volume)
    first, n = (int(voxel[0]), int(voxel[-1] - voxel[0]) + 1) if len(voxel) else (0, 0)
    if not n or n > 4 * _PIECE or entries > _MOST_KEPT:
        yield from _overlaps_of(atlas, grid, np.asarray(voxel, np.int64))
        return
    present = None
    if len(voxel) < n:
        is_present = np.zeros(n, bool)
        is_present[np.asarray(voxel) - first] = True
        present = np.packbits(is_present).tobytes()
    yield from _kept_overlaps(atlas, grid, first, n, present)


@kept_with_atlas(most=_PIECES_KEPT)
def _kept_overlaps(
    atlas: Atlas, grid: Grid, first: int, n: int, present: bytes | None
) -> list[tuple[slice, _Overlaps]]:
    """Of `n` voxels from the first on, or of those for which a bit is set in `present`."""
    voxel = np.arange(n)
    if present is not None:
        voxel = np.flatnonzero(np.unpackbits(np.frombuffer(present, np.uint8), count=n))
    overlaps = list(_overlaps_of(atlas, grid, first + voxel))
    store_integrals(atlas, grid)
    return overlaps


def _overlaps_of(atlas: Atlas, grid: Grid, voxel: NDArray[np.int64]) -> Iterator[tuple[slice, _Overlaps]]:
    integrals = _integrals(atlas, grid, voxel)
    for rows in slices(len(voxel), _AT_A_TIME):
        yield rows, _Overlaps.of(integrals(rows), rows.stop - rows.start, grid, atlas.n_regions)


def _pieces(image: Image) -> Iterator[tuple[Voxels, Floats]]:
    """The finite voxels of an image, as flat C-order numbers, and their values, some planes at a time."""
    for block in blocks(image.data, image.name):
        plane = block.values[0].size
        for planes in slices(len(block.values), max(1, _PIECE // plane)):
            values = block.values[planes]
            value = values.astype(np.float64, order="C").reshape(-1)
            value += 0.0  # so that no -0 may or may not be the largest
            first, is_finite = planes.start * plane, np.isfinite(values)
            if is_finite.all():
                yield block.whole_number(range(first, first + value.size)), value
            else:
                finite = np.flatnonzero(is_finite)
                yield block.whole_number(first + finite), value[finite]


def _sided(grid: Grid, voxel: NDArray[np.integer], midplane: Midplane | None) -> Floats:
    """(K, N) weights of voxels."""
    every = np.ones(len(voxel))
    if midplane is None:
        return every[None]
    return np.stack([every, left_parts(grid, indices_of(voxel, grid.shape), midplane)])


def _rounded(amounts: Floats, magnitude: Floats) -> Floats:
    """Amounts without what rounding left outside all regions."""
    amounts[np.abs(amounts[:, -1]) <= _ROUNDING * magnitude, -1] = 0
    return amounts


# --- points ---


def _lookup(atlas: Atlas, n_points: int) -> NDArray[np.integer] | None:
    """The region of every voxel, R for none, where that pays: in a labelled atlas, for many points."""
    if not atlas.is_labelled or n_points * _VOXELS_PER_POINT < atlas.grid.n_voxels:
        return None
    dense = np.full(atlas.grid.n_voxels, atlas.n_regions, np.min_scalar_type(atlas.n_regions))
    for part in atlas.parts():
        dense[atlas.voxel_of(part)] = atlas.region_of(part)
    return dense


def _counted(lookup: NDArray[np.integer] | None, atlas: Atlas, xyz: Floats, midplane: Midplane | None) -> Floats:
    """(K, R + 1) of exact points (N, 3)."""
    sides = _sides(xyz, midplane)
    if lookup is None:
        here = values_at(atlas, xyz)
        return _summed(here.region, here.share * sides[:, here.place], sides, atlas.n_regions)
    voxel, inside = atlas.grid.numbers_of(xyz)
    return _summed(np.where(inside, lookup[voxel], atlas.n_regions), sides, sides, atlas.n_regions)


def _of_blobs(points: PointSet, atlas: Atlas, midplane: Midplane | None) -> Floats:
    """(K, R + 1) of uncertain points: of each the integral of w times its blob, whose own is 1."""
    weighing = atlas if atlas.is_labelled else _shared(atlas)
    sums = sums_of_runs(sphere_runs(points, atlas.grid), len(points), weighing)
    part = sums.sum_ab / sums.modes.sum_b[sums.mode]
    sides = _sides(points.xyz, midplane)
    return _summed(sums.region, part * sides[:, sums.mode], sides, atlas.n_regions)


@kept_with_atlas()
def _shared(atlas: Atlas) -> Atlas:
    """The atlas of every region's share."""
    share = shares(atlas.value, atlas.voxel).astype(np.float32)
    return Atlas(atlas.grid, atlas.regions, atlas.voxel, atlas.region, share, atlas.name, atlas.space)


def _summed(region: NDArray[np.integer], weights: Floats, of_points: Floats, n_regions: int) -> Floats:
    """(K, R + 1) sums of weights (K, P) of pairs; what these leave of the weights (K, N) of points is in no region."""
    amounts = np.zeros((len(weights), n_regions + 1))
    for row, weight in zip(amounts, weights, strict=True):
        row += np.bincount(region, weight, n_regions + 1)
    amounts[:, -1] = of_points.sum(axis=1) - amounts[:, :-1].sum(axis=1)
    return amounts


def _sides(xyz: Floats, midplane: Midplane | None) -> Floats:
    """(K, N) weights of points; one on the midplane counts half."""
    every = np.ones(len(xyz))
    if midplane is None:
        return every[None]
    return np.stack([every, on_the_left(xyz, midplane)])
