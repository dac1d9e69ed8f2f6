"""Which options play a part beside the others, the source and the atlases: one table of what each of them needs.

An option that is given and plays no part is a misunderstanding, and is refused. One at its default says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from ...atlas.atlas import Atlas
from ...errors import InputError
from ...modes.point_set import PointSet
from ..parameters import NOT_FOR_ROIS, Parameters, other_than_default

_OF_POINTS = ("minimum_probability", "level", "convention")

_OF_CLUSTERS = ("connectivity", "min_volume_mm3", "min_voxels", "keep_largest", "split_height")

_OF_PEAKS = ("peaks", "peak_distance_mm")

_RANDOM = ("registration_sd_mm", "placements", "surrogates")


@dataclass(frozen=True)
class Run:
    """What is known of an assignment before it is worked out.

    Parameters
    ----------
    parameters : Parameters
    points : PointSet, optional
        Where points are assigned.
    atlases : sequence of Atlas
        Empty while they are not loaded.
    is_batch : bool
        Only the tables of a batch are written.
    """

    parameters: Parameters
    points: PointSet | None = None
    atlases: Sequence[Atlas] = ()
    is_batch: bool = False
    given: tuple[str, ...] = field(init=False)
    """The options that are not at their defaults."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "given", tuple(other_than_default(self.parameters)))

    @property
    def has_modes(self) -> bool:
        """Whether the run has tables of modes."""
        return self.points is None and self.parameters.has_modes


@dataclass(frozen=True)
class Need:
    """What some options need, and what to do where it is not so."""

    options: tuple[str, ...]
    is_met: Callable[[Run], object]
    advice: str


NEEDS = (
    Need(
        tuple(name for name in Parameters.__dataclass_fields__ if name not in _OF_POINTS),
        lambda run: run.points is None,
        "not for points; leave it out",
    ),
    Need(
        NOT_FOR_ROIS,
        lambda run: not run.parameters.rois,
        "not for regions of interest, each one mode as it is; leave it out",
    ),
    Need(
        ("split_rois",),
        lambda run: run.parameters.rois,
        "only for regions of interest; leave it out, or say that the image holds labels",
    ),
    Need(
        ("connectivity",),
        lambda run: not run.parameters.rois or run.parameters.split_rois,
        "of regions of interest, only where they are split into their parts; leave it out, or split them",
    ),
    Need(
        ("tail",),
        lambda run: run.has_modes or run.parameters.sweep or run.parameters.surrogates,
        "not without modes; leave it out, or give a threshold",
    ),
    Need(
        (*_OF_CLUSTERS, "convention"),
        lambda run: run.points is not None or run.has_modes or run.parameters.sweep,
        "not without modes; leave it out, or give a threshold",
    ),
    Need(
        (*_OF_PEAKS, "registration_sd_mm", "placements"),
        lambda run: run.has_modes,
        "not without modes; leave it out, or give a threshold",
    ),
    Need(
        ("minimum_probability",),
        lambda run: run.points is not None or run.has_modes,
        "not without modes; leave it out, or give a threshold",
    ),
    Need(
        ("convention", "minimum_probability"),
        lambda run: run.points is None or not run.is_batch,
        "not for a batch of points, which counts them by region; leave it out",
    ),
    Need(
        ("minimum_probability",),
        lambda run: run.points is None or run.points.sigma.any(),
        "not for exact points, of which the whole value is shown; leave it out, or give a sigma",
    ),
    Need(
        ("minimum_probability",),
        lambda run: not run.atlases or not all(atlas.is_labelled for atlas in run.atlases),
        "only for an atlas of probabilities; leave it out, or give such an atlas",
    ),
    Need(
        ("peak_distance_mm",),
        lambda run: run.parameters.peaks > 1,
        "not where one peak of each mode is listed; leave it out, or list more peaks",
    ),
    Need(
        _OF_PEAKS,
        lambda run: not run.parameters.split_rois,
        "not for the parts of labels, each of which has one place; leave it out",
    ),
    Need(_OF_PEAKS, lambda run: not run.is_batch, "not for a batch, which lists no peaks; leave it out"),
    Need(
        ("seed",),
        lambda run: any(name in run.given for name in _RANDOM),
        f"only with {' or '.join(_RANDOM)}; leave it out, or give one of these",
    ),
)


def check_use(run: Run, spelling: Mapping[str, str] | None = None) -> None:
    """Refuse options that play no part.

    Parameters
    ----------
    run : Run
    spelling : mapping, optional
        What the user calls the options, where that is not the name of the parameter.

    Raises
    ------
    InputError
        With the options, the reason, and what to do.
    """
    for need in NEEDS:
        unused = [name for name in need.options if name in run.given]
        if unused and not need.is_met(run):
            names = ", ".join((spelling or {}).get(name, name) for name in unused)
            raise InputError(f"{names}: {need.advice}")
