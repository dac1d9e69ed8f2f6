"""Putting what counts along an atlas's array where the atlas lies, and telling what seems to lie elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from ...atlas.atlas import Atlas
from ...errors import InputError
from ...modes.point_set import Coordinates, PointSet

_OTHERS: tuple[Coordinates, ...] = ("voxels", "micrometres")
"""What coordinates may count instead of mm."""

_ENOUGH = 10_000
"""Points of which it is looked at where they lie."""


def place_on_atlas(points: PointSet, atlases: Sequence[Atlas]) -> PointSet:
    """Points in world mm and the atlas's space, of points that count along the array of the first atlas; others pass.

    Raises
    ------
    InputError
        If points count voxels, and atlases have different ones.
    """
    first = atlases[0]
    other = next((a for a in atlases if not a.grid.matches(first.grid)), None)
    if points.coordinates == "voxels" and other is not None:
        raise InputError(
            f"{points.name} counts voxels, but those of {first.name} and {other.name} differ; give one of the atlases"
        )
    if points.coordinates == "mm":
        return points
    return replace(points.placed(first.grid, planes_first=is_brainglobe(first)), space=first.space)


def is_brainglobe(atlas: Atlas) -> bool:
    """Whether an atlas's array is that of a TIFF stack, planes first, as BrainGlobe keeps them."""
    return "orientation" in atlas.source


def doubts_about_place(points: PointSet, atlas: Atlas) -> Iterator[str]:
    """A sentence where points are beyond the atlas as they lie, and would be inside if they counted something else."""
    if not len(points) or "coordinates" in points.source:
        return
    points = replace(points, xyz=points.xyz[:: _step(points)], sigma=points.sigma[:: _step(points)], names=None)
    if _part_inside(points, atlas) >= 0.5:
        return
    for word in _OTHERS:
        for axes in ("array", "image"):
            moved = replace(points, coordinates=word, axes=axes)
            if _part_inside(moved.placed(atlas.grid, is_brainglobe(atlas)), atlas) >= 0.9:
                yield (
                    f"most of {points.name} lies outside the grid of {atlas.name}, but would be inside if its "
                    f"coordinates were {word}: if they are, give coordinates='{word}' (command line: "
                    f"--coordinates {word})"
                )
                return


def _step(points: PointSet) -> int:
    """Every so many points are enough to tell what most of them do."""
    return max(1, len(points) // _ENOUGH)


def _part_inside(points: PointSet, atlas: Atlas) -> float:
    ijk = atlas.grid.to_voxel(points.xyz)
    return float(((ijk > -0.5) & (ijk < np.array(atlas.grid.shape) - 0.5)).all(axis=1).mean())
