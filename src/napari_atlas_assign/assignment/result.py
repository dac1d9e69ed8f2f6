"""The result of an assignment: tables, mode volumes, and what they were made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
import pandas as pd

from ..atlas.atlas import Atlas
from ..errors import InputError
from ..image import Image
from ..lazy import sparse_volume
from ..modes.modes import Modes
from .parameters import Parameters
from .saving import Saving
from .sums import OverlapSums
from .tables import assignment_table, mode_table, peak_table


@dataclass(frozen=True)
class Run:
    """One image compared with one atlas."""

    image: Image
    atlas: Atlas
    found: Modes
    """In the siibra convention on the atlas's grid."""
    sums: OverlapSums
    threshold: float = 0.0
    """In the unit of the image, as worked out for it; 0 for regions of interest."""
    map_index: int = 0
    """Number of the image in its stack."""


@dataclass(frozen=True)
class Result(Saving):
    """What an assignment found.

    Parameters
    ----------
    runs : sequence of Run
        Every image with every atlas, images in order and for each image its atlases in order.
    parameters : Parameters
        The arguments of the assignment.
    is_stack : bool
        The images are the volumes of a stack: tables then have the columns ``map`` and ``map name``.
    warnings : tuple of str
        What the person should look at.
    timings : dict
        Seconds per stage.
    """

    runs: Sequence[Run]
    parameters: Parameters
    is_stack: bool = False
    warnings: tuple[str, ...] = ()
    timings: dict[str, float] = field(default_factory=dict)

    @property
    def image(self) -> Image:
        """The image, or the first of a stack."""
        return self.runs[0].image

    @property
    def atlas(self) -> Atlas:
        """The atlas, or the first of several."""
        return self.runs[0].atlas

    @property
    def atlases(self) -> list[Atlas]:
        """All atlases, in order."""
        return [run.atlas for run in self.runs if run.map_index == self.runs[0].map_index]

    @property
    def images(self) -> list[Image]:
        """All images, in order."""
        return [run.image for run in self.runs if run.atlas is self.runs[0].atlas]

    @property
    def found(self) -> Modes:
        """The modes of the first image (in the siibra convention, on the grid of the first atlas)."""
        return self.runs[0].found

    @cached_property
    def assignments(self) -> pd.DataFrame:
        """One row per mode and region that overlap; columns `tables.ASSIGNMENT_COLUMNS`.

        A stack adds ``map`` and ``map name``, several atlases add ``atlas``.
        """
        return assignment_table(self.runs, self.parameters, self.is_stack)

    @cached_property
    def modes(self) -> pd.DataFrame:
        """One row per mode; columns `tables.MODE_COLUMNS`. Several atlases stand side by side, named in the columns."""
        return mode_table(self.runs, self.parameters, self.is_stack)

    @cached_property
    def peaks(self) -> pd.DataFrame:
        """The highest local maxima of every mode, as many and as far apart as the parameters say."""
        return peak_table(self.runs, self.parameters, self.is_stack)

    @cached_property
    def components(self) -> Image:
        """Image of mode numbers (int32, 0 background) on the grid on which the modes were found.

        Raises
        ------
        InputError
            If there are several mode volumes: take `components_of` then.
        """
        if len({id(run.found) for run in self.runs}) > 1:
            raise InputError("this result has several volumes of modes; ask for one with components_of(number)")
        return self.components_of(0)

    def single(self, number: int) -> Result:
        """The result of one of the runs alone, counted from 0: one image, one atlas."""
        return replace(self, runs=(replace(self.runs[number], map_index=0),), is_stack=False)

    def components_of(self, number: int) -> Image:
        """Image of mode numbers of one of the runs, counted from 0; a dask array where the image is one."""
        run, found = self.runs[number], self.runs[number].found
        if run.image.is_lazy:
            volume = sparse_volume(found.grid.shape, found.voxel, found.number[found.mode].astype(np.int32))
        else:
            volume = found.components()
        return Image(volume, found.grid, f"{run.image.name} modes", run.image.space)
