"""What an atlas holds at a place: the values there, or the nearest region.

In names, N places, P pairs of a place and a region.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

import numpy as np
import scipy
from numpy.typing import ArrayLike, NDArray

from ..space import Floats
from .atlas import Atlas


class ValuesAt(NamedTuple):
    """Regions at places: pairs (P,) sorted by place, then region."""

    place: NDArray[np.int64]
    """Which place, 0..N-1; a place without any region is in no pair."""
    region: NDArray[np.int64]
    """Row of the region table."""
    value: Floats
    """The region map's value, above 0."""
    share: Floats
    """value / max(1, sum of all regions' values there)."""


def values_at(atlas: Atlas, xyz: ArrayLike) -> ValuesAt:
    """Every region's value in the voxels that contain places (N, 3) in world mm; none outside the grid."""
    ijk = atlas.grid.containing(np.reshape(xyz, (-1, 3)))
    inside = np.flatnonzero(((ijk >= 0) & (ijk < atlas.grid.shape)).all(axis=1))
    voxel = np.ravel_multi_index(tuple(ijk[inside].T), atlas.grid.shape).astype(atlas.voxel.dtype)
    start = np.searchsorted(atlas.voxel, voxel, side="left")
    n = np.searchsorted(atlas.voxel, voxel, side="right") - start
    entry = np.repeat(start - (np.cumsum(n) - n), n) + np.arange(n.sum())
    return ValuesAt(
        np.repeat(inside, n),
        atlas.region[entry].astype(np.int64),
        atlas.value[entry].astype(np.float64),
        atlas.share[entry].astype(np.float64),
    )


def regions_at(atlas: Atlas, xyz: ArrayLike) -> list[tuple[int, float]]:
    """Regions (rows of the table) and their values at one place (3,) in world mm, falling; for use at every mouse move.

    The same as `values_at` finds, which is for many places and works out shares for the whole atlas.
    """
    ijk = atlas.grid.containing(xyz)
    if (ijk < 0).any() or (ijk >= atlas.grid.shape).any():
        return []
    voxel = atlas.voxel.dtype.type(np.ravel_multi_index(tuple(ijk), atlas.grid.shape))
    first, last = np.searchsorted(atlas.voxel, voxel, "left"), np.searchsorted(atlas.voxel, voxel, "right")
    pairs = zip(atlas.region[first:last].tolist(), atlas.value[first:last].tolist(), strict=True)
    return sorted(pairs, key=lambda pair: (-pair[1], pair[0]))


def nearest_regions(atlas: Atlas, xyz: ArrayLike) -> tuple[NDArray[np.int64], Floats]:
    """The nearest region of places (N, 3) in world mm, inside the grid or far from it.

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
    occupied, best = atlas.best_region
    if not len(occupied) or not len(xyz):
        return region, distance
    own = atlas.grid.containing(xyz)
    within = np.flatnonzero(((own >= 0) & (own < atlas.grid.shape)).all(axis=1))
    voxel = np.ravel_multi_index(tuple(own[within].T), atlas.grid.shape)
    found = np.minimum(np.searchsorted(occupied, voxel.astype(occupied.dtype)), len(occupied) - 1)
    hit = occupied[found] == voxel
    region[within[hit]], distance[within[hit]] = best[found[hit]], 0
    outside = np.flatnonzero(np.isinf(distance))
    if len(outside):
        region[outside], distance[outside] = _nearest_of(xyz[outside], _surface(atlas), atlas)
    return region, distance


@dataclass(frozen=True)
class _Surface:
    """The voxels of an atlas that can be nearest to a place outside all regions."""

    ijk: NDArray[np.int64]
    best: NDArray[np.integer]
    """The region with the largest value there."""
    tree: Any
    """Of their centres, in world mm."""


_surfaces: WeakKeyDictionary[Atlas, _Surface] = WeakKeyDictionary()
"""Kept, since to find them costs more than to search them."""


def _surface(atlas: Atlas) -> _Surface:
    if atlas not in _surfaces:
        occupied, best = atlas.best_region
        shown = _with_free_face(atlas, occupied)
        ijk = atlas.grid.unravel(occupied[shown])
        _surfaces[atlas] = _Surface(ijk, best[shown], scipy.spatial.cKDTree(atlas.grid.to_world(ijk)))
    return _surfaces[atlas]


def _nearest_of(xyz: Floats, surface: _Surface, atlas: Atlas) -> tuple[NDArray[np.int64], Floats]:
    """The region (N,) of the nearest of the surface's voxel boxes, and its distance (N,)."""
    region, distance = np.zeros(len(xyz), np.int64), np.zeros(len(xyz))
    edges = atlas.grid.affine[:3, :3]
    ijk, best, tree = surface.ijk, surface.best, surface.tree
    to_centre, _ = tree.query(xyz)
    # The nearest box need not be that of the nearest centre, but its centre is at most a diagonal farther away.
    nearby = tree.query_ball_point(xyz, to_centre * (1 + 1e-9) + np.linalg.norm(edges, axis=0).sum())
    for place, (at, candidates) in enumerate(zip(atlas.grid.to_voxel(xyz), nearby, strict=True)):
        some = np.asarray(candidates)
        gap = at - ijk[some]
        gap -= np.clip(gap, -0.5, 0.5)
        to_box = np.linalg.norm(gap @ edges.T, axis=1).round(6)
        first = np.lexsort((best[some], to_box))[0]
        region[place], distance[place] = best[some[first]], to_box[first]
    return region, distance


def _with_free_face(atlas: Atlas, occupied: NDArray[np.integer]) -> NDArray[np.intp]:
    """Which of the occupied voxels have a face towards an empty voxel or the border: no other can be nearest."""
    mask = np.zeros(atlas.grid.n_voxels, bool)
    mask[occupied] = True
    inner = scipy.ndimage.binary_erosion(mask.reshape(atlas.grid.shape), border_value=0)
    return np.flatnonzero(~inner.reshape(-1)[occupied])
