"""What the figures of one result have in common: background, frame, colours' limits, and which modes are drawn."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..assignment.best_region import LEAST_SHARE
from ..assignment.result import Result
from ..grid import Floats
from ..image import Image
from ..tables.frames import pd
from .background import background_of
from .colors import REGION_COLORS
from .slices import ViewBox, box_of, drawable, volume_of

MAX_MODES = 20
"""Figures are drawn of this many modes, the largest; tables hold all."""

MAX_RUNS, MIN_MODES = 10, 3
"""Of a stack or several atlases, so many runs are drawn, the first, and of each at least so many modes."""


@dataclass(frozen=True)
class Scene:
    """A result, worked up for drawing; each part when it is first asked for."""

    result: Result
    radiological: bool = False
    most: int = MAX_MODES
    """Figures are drawn of this many modes."""

    @property
    def is_rois(self) -> bool:
        """The image's values are labels, which have no scale."""
        return self.result.parameters.rois

    @cached_property
    def background(self) -> Image:
        """The template, or the atlas's extent."""
        return background_of(self.result)

    @cached_property
    def white(self) -> float:
        """Value of the background that is drawn as its lightest grey."""
        values = self.background.data[self.background.data > 0]
        return float(np.percentile(values[:: max(1, len(values) // 10_000)], 99.5)) if len(values) else 1.0

    @cached_property
    def mode_box(self) -> tuple[Floats, Floats]:
        """Corners (3,), (3,) in world mm of a box around all modes; only where there are any."""
        modes = self.result.mode_voxels
        xyz = modes.grid.to_world(modes.grid.unravel(modes.voxel))
        half = np.abs(modes.grid.affine[:3, :3]).sum(axis=1) / 2
        return xyz.min(axis=0) - half, xyz.max(axis=0) + half

    @cached_property
    def frame(self) -> ViewBox:
        """A box around the background and all modes, with a little room."""
        low, high = box_of(self.background)
        if self.result.mode_voxels.n_modes:
            low, high = np.minimum(low, self.mode_box[0]), np.maximum(high, self.mode_box[1])
        room = 0.02 * (high - low).max()
        return ViewBox.around(low - room, high + room)

    @cached_property
    def image(self) -> Image:
        """The image in finite numbers: what is not a number is 0."""
        image = drawable(self.result.image)
        data = image.data
        if data.dtype.kind == "f":
            wide = np.float64 if data.dtype.itemsize > 4 else np.float32
            data = np.nan_to_num(data.astype(wide, copy=False), nan=0.0, posinf=0.0, neginf=0.0)
        return Image(data, image.grid)

    @cached_property
    def limit(self) -> float:
        """Largest image value, up or down, in any mode."""
        return float(self.result.mode_voxels.value.max(initial=0)) or 1.0

    @cached_property
    def threshold(self) -> float:
        """Where modes begin."""
        return self.result.comparisons[0].threshold

    @cached_property
    def values(self) -> tuple[float, float]:
        """Lowest and highest image value that is coloured; 0 for a sign that was not looked at."""
        tail = self.result.parameters.tail
        return 0.0 if tail == "positive" else -self.limit, 0.0 if tail == "negative" else self.limit

    @cached_property
    def by_volume(self) -> NDArray[np.intp]:
        """(M,) rows of modes, the largest first."""
        return np.argsort(-self.result.mode_voxels.counts(), kind="stable")

    @property
    def drawn(self) -> list[int]:
        """Rows of the modes that get a figure, the largest first."""
        return self.by_volume[: self.most].tolist()

    @cached_property
    def peaks(self) -> Floats:
        """(M, 3) world mm; of regions of interest, which have none, the voxels nearest to the centroids."""
        modes = self.result.mode_voxels
        if self.is_rois:
            xyz = modes.grid.to_world(modes.grid.unravel(modes.voxel))
            away = np.linalg.norm(xyz - modes.centroids()[modes.mode], axis=1)
            order = np.lexsort((away, modes.mode))
            return xyz[order[np.unique(modes.mode[order], return_index=True)[1]]]
        return modes.grid.to_world(modes.grid.unravel(modes.peaks()[0]))

    def with_frame(self, volume: Image) -> tuple[Image, ViewBox]:
        """A small volume and the part of the frame on which to sample it."""
        return volume, self.frame.part_around(volume.grid)

    def region(self, region: int) -> Image:
        """One region's map in the smallest volume that holds it."""
        atlas = self.result.atlas
        return volume_of(atlas.grid, *atlas.entries_of(region))


def drawn_runs(result: Result) -> list[tuple[Result, int]]:
    """The runs that are drawn, each as a result of its own, and of how many modes at most."""
    if len(result.comparisons) == 1:
        return [(result, MAX_MODES)]
    n = min(len(result.comparisons), MAX_RUNS)
    return [(result.single(number), max(MIN_MODES, MAX_MODES // n)) for number in range(n)]


def best_assignments(result: Result, mode: int) -> pd.DataFrame:
    """The rows of the table of assignments whose regions are outlined in a mode's figure, by falling correlation.

    Regions that account for too little to name the mode are left out.
    """
    rows = result.assignments[result.assignments["input structure"] == mode]
    if result.atlas.holds_probabilities:
        rows = rows[rows["share"] >= LEAST_SHARE]
    return rows.sort_values("correlation", ascending=False, kind="stable").head(len(REGION_COLORS))
