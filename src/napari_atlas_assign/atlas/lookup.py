"""What an atlas holds at a place: the values there, or the nearest region.

In names, N places, P pairs of a place and a region.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import count
from typing import Any, NamedTuple

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from ..grid import Floats, Grid, product
from ..index_ranges import firsts, listed, slices
from .atlas import Atlas, shares
from .kept import kept_with_atlas


class ValuesAt(NamedTuple):
    """Regions at places: pairs (P,) sorted by place, then region."""

    place: NDArray[np.int64]
    """Which place, 0..N-1; a place without any region is in no pair."""
    region: NDArray[np.int64]
    """Row of the region table."""
    value: Floats
    """The region map's value, above 0."""

    @property
    def share(self) -> Floats:
        """(P,) value / max(1, sum of all regions' values there)."""
        return shares(self.value, self.place)


VOXELS_PER_PLACE = 64
"""Voxels of a grid for each place that is looked up, from which on a search is faster than a table of all voxels."""


def values_at(atlas: Atlas, xyz: ArrayLike) -> ValuesAt:
    """Every region's value in the voxels that contain places (N, 3) in world mm; none outside the grid."""
    voxel, is_inside = atlas.grid.numbers_of(np.reshape(xyz, (-1, 3)))
    inside = np.flatnonzero(is_inside)
    # A table of all voxels is worth its making where there are many places.
    find = atlas.entries_at if len(inside) * VOXELS_PER_PLACE > atlas.grid.n_voxels else atlas.search
    pair, entry = listed(*find(voxel[inside]))
    return ValuesAt(inside[pair], atlas.region_of(entry).astype(np.int64), atlas.value[entry].astype(np.float64))


def regions_at(atlas: Atlas, xyz: ArrayLike) -> list[tuple[int, float]]:
    """Regions (rows of the table) and their values at one place (3,) in world mm, falling; for use at every mouse move.

    The same as `values_at` finds, which is for many places.
    """
    ijk = atlas.grid.containing(xyz)
    if (ijk < 0).any() or (ijk >= atlas.grid.shape).any():
        return []
    first, last = atlas.search(np.ravel_multi_index(tuple(ijk), atlas.grid.shape))
    here = slice(int(first), int(last))
    pairs = zip(atlas.region_of(here).tolist(), atlas.value[here].tolist(), strict=True)
    return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))


def nearest_regions(atlas: Atlas, xyz: ArrayLike, here: ValuesAt | None = None) -> tuple[NDArray[np.int64], Floats]:
    """The nearest region of places (N, 3) in world mm, inside the grid or far from it.

    `here` is what `values_at` says of them, where that is known already.

    Returns
    -------
    region : (N,) int
        Row of the region table: where the nearest voxel holds several regions, the one with the largest value. -1 for
        an atlas without any voxel.
    distance : (N,) float
        mm to the nearest voxel's box (for grids with axes at right angles; else to within a voxel); 0 inside,
        infinite for an atlas without any voxel.
    """
    xyz = np.reshape(np.asarray(xyz, dtype=np.float64), (-1, 3))
    region, distance = np.full(len(xyz), -1, np.int64), np.full(len(xyz), np.inf)
    if not len(atlas.value) or not len(xyz):
        return region, distance
    here = values_at(atlas, xyz) if here is None else here
    order = np.lexsort((here.region, -here.value, here.place)) if not atlas.is_labelled else np.arange(len(here.place))
    first = order[firsts(here.place[order])]
    region[here.place[first]], distance[here.place[first]] = here.region[first], 0
    outside = np.flatnonzero(np.isinf(distance))
    if len(outside) <= _FEW:
        for place in outside.tolist():
            region[place], distance[place] = _nearest_around_place(atlas, tuple(xyz[place].tolist()))
    else:
        region[outside], distance[outside] = _nearest_of(xyz[outside], atlas)
    return region, distance


@dataclass(frozen=True)
class _Surface:
    """The voxels (V,) of an atlas that can be nearest to a place outside all regions, by the cube they lie in."""

    voxel: NDArray[np.intp]
    ijk: NDArray[np.int64]
    centre: Floats
    """In world mm."""
    begin: NDArray[np.intp]
    """(C + 1,) where the voxels of each cube begin."""
    cube_centre: Floats
    """(C, 3) in world mm."""
    cube_radius: float
    """mm from there to the corners."""

    @classmethod
    def of(cls, voxel: NDArray[np.intp], grid: Grid) -> _Surface:
        """Of voxels in any order."""
        cube = grid.unravel(voxel) // _CUBE
        number = np.ravel_multi_index(tuple(cube.T), tuple(n // _CUBE + 1 for n in grid.shape))
        order = np.argsort(number, kind="stable")
        voxel, first = voxel[order], firsts(number[order])
        ijk, middle = grid.unravel(voxel), cube[order][first] * _CUBE + (_CUBE - 1) / 2
        begin = np.append(first, len(voxel))
        return cls(voxel, ijk, grid.to_world(ijk), begin, grid.to_world(middle), _CUBE * _to_corner(grid))

    @cached_property
    def tree(self) -> Any:
        """Of the centres."""
        return scipy.spatial.cKDTree(self.centre)

    def around(self, xyz: Floats, atlas: Atlas) -> list[NDArray[np.intp]]:
        """For each place, some voxels, among which are all whose boxes are nearest to it."""
        if len(xyz) <= _FEW:
            return [self._in_cubes_around(place) for place in xyz]
        # The nearest box need not be that of the nearest centre, but its centre is no farther than that box and the way
        # from the middle of a box to its corner; distances are rounded.
        nearest = self.ijk[np.asarray(self.tree.query(xyz)[1])]
        radius = _to_boxes(xyz, nearest, atlas) + _to_corner(atlas.grid) + 2e-6
        return list(map(np.asarray, self.tree.query_ball_point(xyz, radius)))

    def _in_cubes_around(self, place: Floats) -> NDArray[np.intp]:
        """All in cubes of which a corner may be as near as the nearest centre in the nearest cube."""
        to_cube = np.linalg.norm(self.cube_centre - place, axis=1)
        nearest = to_cube.argmin()
        centres = self.centre[self.begin[nearest] : self.begin[nearest + 1]]
        limit = np.linalg.norm(centres - place, axis=1).min() + 2e-6
        near = np.flatnonzero(to_cube <= limit + self.cube_radius)
        return listed(self.begin[near], self.begin[near + 1])[1]


_CUBE = 8
"""Voxels along the edge of a cube."""


def _to_corner(grid: Grid) -> float:
    """mm from the middle of a voxel to the farthest of its corners."""
    corners = np.indices((2, 2, 2)).reshape(3, 8) - 0.5
    return float(np.linalg.norm(grid.affine[:3, :3] @ corners, axis=0).max())


_FEW = 40
"""Places up to which it is faster to search around each, or in cubes, than to import scipy's trees and build one."""

_FEW_IN_ALL = 20
"""Places of one atlas, asked for one after the other, up to which it is faster to do without its surface."""

_WINDOWS = (4, 8, 16, 32)
"""Voxels to either side of a place in which its nearest voxel is searched first."""


@kept_with_atlas()
def _surface(atlas: Atlas) -> _Surface:
    """Kept, since to find it costs more than to search it."""
    return _Surface.of(_with_free_face(atlas), atlas.grid)


@kept_with_atlas(most=2**12)
def _nearest_around_place(atlas: Atlas, place: tuple[float, float, float]) -> tuple[int, float]:
    """Kept: while a threshold moves, the same few peaks are asked for again and again."""
    if next(_asked(atlas)) < _FEW_IN_ALL:
        return _nearest_around(np.array(place), atlas)
    return _nearest_to_one(np.array(place), atlas)


@kept_with_atlas()
def _asked(atlas: Atlas) -> Iterator[int]:
    """Counts the places that were searched for."""
    return count()


def _nearest_to_one(xyz: Floats, atlas: Atlas) -> tuple[int, float]:
    """As `_nearest_of`, of one place (3,)."""
    region, distance = _nearest_of(xyz[None], atlas)
    return int(region[0]), float(distance[0])


def _nearest_around(xyz: Floats, atlas: Atlas) -> tuple[int, float]:
    """As `_nearest_of`, of one place (3,): its surroundings are searched first, which needs no surface."""
    centre = atlas.grid.containing(xyz)
    # Behind a window of so many voxels, everything is farther away than as many planes of the grid.
    between_planes = 1 / np.linalg.norm(atlas.grid.inverse[:3, :3], axis=1).max()
    for half in _WINDOWS:
        voxel = _occupied_in(atlas, centre - half, centre + half + 1)
        if len(voxel):
            to_box = _to_boxes(np.broadcast_to(xyz, (len(voxel), 3)), atlas.grid.unravel(voxel), atlas)
            distance = float(to_box.min())
            if distance <= half * between_planes - 1e-6:
                return int(_best_of(atlas, voxel[to_box == distance]).min()), distance
    return _nearest_to_one(xyz, atlas)


def _occupied_in(atlas: Atlas, low: NDArray[np.int64], behind: NDArray[np.int64]) -> NDArray[np.intp]:
    """Voxels that hold a region in a box of the grid, given by its first voxel and the one behind its last."""
    low, behind = np.maximum(low, 0), np.minimum(behind, atlas.grid.shape)
    if (behind <= low).any():
        return np.zeros(0, np.intp)
    i, j = np.meshgrid(*(np.arange(low[axis], behind[axis]) for axis in (0, 1)), indexing="ij")
    line = ((i * atlas.grid.shape[1] + j) * atlas.grid.shape[2]).reshape(-1)
    _, entry = listed(*atlas.between(line + low[2], line + behind[2] - 1))
    voxel = atlas.voxel_of(entry)
    return voxel[firsts(voxel)].astype(np.intp)


def _to_boxes(xyz: Floats, ijk: NDArray[np.int64], atlas: Atlas) -> Floats:
    """Distances (N,) in mm from places (N, 3) to the boxes of voxels (N, 3)."""
    gap = atlas.grid.to_voxel(xyz) - ijk
    gap -= np.clip(gap, -0.5, 0.5)
    return np.linalg.norm(product(gap, atlas.grid.affine[:3, :3]), axis=1).round(6)


def _nearest_of(xyz: Floats, atlas: Atlas) -> tuple[NDArray[np.int64], Floats]:
    """The region (N,) of the nearest of the surface's voxel boxes, and its distance (N,)."""
    parts = [_nearest_of_some(some, atlas) for some in np.split(xyz, range(_AT_A_TIME, len(xyz), _AT_A_TIME))]
    region, distance = (np.concatenate(column) for column in zip(*parts, strict=True))
    return region, distance


_AT_A_TIME = 2**14
"""Places that are searched together; each has a few dozen voxels nearby."""


def _nearest_of_some(xyz: Floats, atlas: Atlas) -> tuple[NDArray[np.int64], Floats]:
    surface = _surface(atlas)
    nearby = surface.around(xyz, atlas)
    size = np.array([len(some) for some in nearby])
    some, first = np.concatenate(nearby), np.cumsum(size) - size
    to_box = _to_boxes(np.repeat(xyz, size, axis=0), surface.ijk[some], atlas)
    distance = np.minimum.reduceat(to_box, first)
    is_nearest = to_box == np.repeat(distance, size)
    best = np.full(len(some), np.iinfo(np.int64).max)
    best[is_nearest] = _best_of(atlas, surface.voxel[some[is_nearest]])
    return np.minimum.reduceat(best, first), distance


def _best_of(atlas: Atlas, voxel: NDArray[np.intp]) -> NDArray[np.int64]:
    """The region (N,) with the largest value in occupied voxels (N,); the first of equals."""
    pair, entry = listed(*atlas.search(voxel))
    order = np.lexsort((entry, -atlas.value[entry], pair))
    return atlas.region_of(entry[order[np.searchsorted(pair, np.arange(len(voxel)))]]).astype(np.int64)


def _with_free_face(atlas: Atlas) -> NDArray[np.intp]:
    """The occupied voxels that have a face towards an empty voxel or the border: no other can be nearest."""
    nx, ny, nz = atlas.grid.shape
    plane = ny * nz
    found = []
    for planes in slices(nx, max(1, _FACES_AT_A_TIME // plane)):
        # With the plane before and the one behind, which are empty beyond the grid.
        low, high = max(planes.start - 1, 0), min(planes.stop + 1, nx)
        mask = np.zeros((planes.stop - planes.start + 2, ny, nz), bool)
        within = atlas.occupied(range(low * plane, high * plane)).reshape(-1, ny, nz)
        mask[low - planes.start + 1 : high - planes.start + 1] = within
        own = mask[1:-1]
        inner = own & mask[:-2] & mask[2:]
        for axis in (1, 2):
            along, kept = np.moveaxis(own, axis, 0), np.moveaxis(inner, axis, 0)
            kept[1:] &= along[:-1]
            kept[:-1] &= along[1:]
            kept[[0, -1]] = False
        found.append(np.flatnonzero(own & ~inner) + planes.start * plane)
    return np.concatenate(found)


_FACES_AT_A_TIME = 2**22
"""Voxels whose neighbours are looked at together."""
