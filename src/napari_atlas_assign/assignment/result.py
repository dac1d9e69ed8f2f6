"""The result of an assignment: tables, mode volumes, and what they were made from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

import numpy as np

from ..atlas.atlas import Atlas
from ..errors import InputError
from ..image import Image
from ..lazy import sparse_volume
from ..modes.modes import Modes
from ..tables.frames import pd
from ..tables.parts import Part, table_of_parts
from ..timings import timed
from .comparison import Comparison
from .parameters import Parameters
from .regions.table import regions_of_map
from .saving import Saving
from .tables import assignment_parts, cluster_parts, mode_parts, parts_of, peak_parts


@dataclass(frozen=True, repr=False)
class Result(Saving):
    """What an assignment found. Tables are worked out when they are asked for first.

    Parameters
    ----------
    comparisons : sequence of Comparison
        Every image with every atlas, images in order and for each image its atlases in order.
    parameters : Parameters
        The arguments of the assignment.
    is_stack : bool
        The images are the volumes of a stack: tables then have the columns ``map`` and ``map name``.
    warnings : tuple of str
        What the user should look at.
    timings : dict
        Seconds per stage.
    """

    comparisons: Sequence[Comparison]
    parameters: Parameters
    is_stack: bool = False
    warnings: tuple[str, ...] = ()
    timings: dict[str, float] = field(default_factory=dict)

    @property
    def image(self) -> Image:
        """The image, or the first of a stack."""
        return self.comparisons[0].image

    @property
    def atlas(self) -> Atlas:
        """The atlas, or the first of several."""
        return self.comparisons[0].atlas

    @property
    def atlases(self) -> list[Atlas]:
        """All atlases, in order."""
        return [
            comparison.atlas for comparison in self.comparisons if comparison.map_index == self.comparisons[0].map_index
        ]

    @property
    def images(self) -> list[Image]:
        """All images, in order."""
        return [comparison.image for comparison in self.comparisons if comparison.atlas is self.comparisons[0].atlas]

    @property
    def mode_voxels(self) -> Modes:
        """The modes of the first image (in the siibra convention, on the grid of the first atlas)."""
        return self.comparisons[0].modes

    @cached_property
    def assignments(self) -> pd.DataFrame:
        """One row per mode and region that overlap; columns `columns.ASSIGNMENTS`.

        A stack adds ``map`` and ``map name``, several atlases add ``atlas``.
        """
        return table_of_parts(self.parts("assignments"))

    @cached_property
    def modes(self) -> pd.DataFrame:
        """One row per mode; columns `columns.MODES`. Several atlases stand side by side, named in the columns."""
        return table_of_parts(self.parts("modes"))

    @cached_property
    def peaks(self) -> pd.DataFrame:
        """The highest local maxima of every mode, as many and as far apart as the parameters say."""
        return table_of_parts(self.parts("peaks"))

    def summary(self) -> pd.DataFrame:
        """The table that papers print: size, peak, and what lies there, one row per mode; columns `columns.CLUSTERS`.

        Several atlases stand side by side, named in the columns.
        """
        return table_of_parts(self.parts("summary"))

    @cached_property
    def sweep(self) -> pd.DataFrame | None:
        """One row per threshold and mode, columns `columns.SWEEP`; None where no sweep was asked for."""
        return self._if_asked(self.parameters.sweep, "sweep")

    @cached_property
    def region_test(self) -> pd.DataFrame | None:
        """One row per region, columns `columns.REGION_TEST`; None where no surrogates were asked for."""
        return self._if_asked(self.parameters.surrogates, "region_test")

    def _if_asked(self, asked: object, table: str) -> pd.DataFrame | None:
        if not asked:
            return None
        return table_of_parts(parts_of(self.comparisons, self.is_stack, lambda one: getattr(one.certainty, table)))

    @cached_property
    def regions(self) -> pd.DataFrame:
        """What is in every region: a row per region of each image and atlas, per ancestor, and ``(none)``.

        Columns `columns.REGIONS`, as far as they are defined; of maps, of all of the image, not its modes alone.
        """
        return table_of_parts(self.parts("regions"))

    def parts(self, table: Literal["assignments", "modes", "peaks", "summary", "regions"]) -> list[Part]:
        """What a table is made of; writing it needs no more, and pandas takes longer to import than to assign a map."""
        if table == "regions":
            with timed(self.timings, "regions"):
                return parts_of(self.comparisons, self.is_stack, lambda one: regions_of_map(one, self.parameters))
        ways = {"assignments": assignment_parts, "modes": mode_parts, "peaks": peak_parts, "summary": cluster_parts}
        with timed(self.timings, "tables"):
            return ways[table](self.comparisons, self.parameters, self.is_stack)

    @cached_property
    def components(self) -> Image:
        """Image of mode numbers (int32, 0 background) on the grid on which the modes were found.

        Raises
        ------
        InputError
            If there are several mode volumes: take `components_of` then.
        """
        if len({id(comparison.modes) for comparison in self.comparisons}) > 1:
            raise InputError("this result has several volumes of modes; ask for one with components_of(number)")
        return self.components_of(0)

    def single(self, number: int) -> Result:
        """The result of one of the comparisons alone, counted from 0: one image, one atlas."""
        return replace(self, comparisons=(replace(self.comparisons[number], map_index=0),), is_stack=False)

    def components_of(self, number: int) -> Image:
        """Image of mode numbers of one of the comparisons, counted from 0; a dask array where the image is one."""
        comparison, modes = self.comparisons[number], self.comparisons[number].modes
        if comparison.image.is_lazy:
            volume = sparse_volume(modes.grid.shape, modes.voxel, modes.number[modes.mode].astype(np.int32))
        else:
            volume = modes.components()
        return Image(volume, modes.grid, f"{comparison.image.name} modes", comparison.image.space)
