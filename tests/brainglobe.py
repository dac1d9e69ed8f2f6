"""BrainGlobe's own answers: where brainglobe-space puts places, and what brainglobe-atlasapi finds at them."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations, product

import numpy as np
from brainglobe_atlasapi.core import Atlas
from brainglobe_space import AnatomicalSpace

from tests.mouse import STRUCTURES

ORIENTATIONS = ["".join(ends) for axes in permutations(("ap", "si", "lr")) for ends in product(*axes)]
"""All 48 in which an array of a brain may lie."""

EDGES = {"a": 25.0, "p": 25.0, "s": 50.0, "i": 50.0, "r": 100.0, "l": 100.0}
"""Micrometres of a voxel along each axis of the body, all different."""

NAMES = {s["id"]: s["name"] for s in STRUCTURES}


class LookUps(Atlas):
    """brainglobe-atlasapi's own look-ups, in volumes that are generated instead of downloaded."""

    resolution: tuple[float, ...] = ()

    dask = False  # asked for since 3.0.3

    def __init__(
        self, annotation: np.ndarray, resolution: Sequence[float], hemispheres: np.ndarray | None = None
    ) -> None:
        self._annotation, self._hemispheres = annotation, hemispheres
        self.resolution = tuple(resolution)
        self.structures = {s["id"]: s for s in STRUCTURES}


def world_of_cells(
    cells: np.ndarray, orientation: str, shape: Sequence[int], resolution: Sequence[float]
) -> np.ndarray:
    """World mm, towards right, anterior and superior, of cells (n, 3) in voxels of an array, as fractions.

    This package's world is BrainGlobe's space with its origin at the left, posterior, inferior end, less its extent
    along the axes that the array begins at.
    """
    space = AnatomicalSpace(orientation, shape=tuple(shape), resolution=list(resolution))
    theirs = space.map_points_to(AnatomicalSpace("lpi", resolution=[1, 1, 1]), cells)
    extent = dict(zip(orientation, np.multiply(shape, resolution), strict=True))
    return (np.asarray(theirs) - [extent.get(letter, 0) for letter in "ras"]) / 1000
