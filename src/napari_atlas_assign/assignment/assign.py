"""The one pipeline: image -> modes -> overlap sums -> scores -> result.

The widget, the Python API and the command line all come here.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from dataclasses import replace
from typing import Any, TypeVar, overload

import numpy as np

from ..atlas.atlas import Atlas
from ..atlas.hierarchy import atlas_at_level
from ..atlas.maximum_probability import with_minimum
from ..errors import InputError
from ..image import Image
from ..modes.meaning import doubts_about_values, values_in_words
from ..modes.modes import Modes, check_values, find_modes, same_in_float32, split_voxels
from ..modes.point_set import PointSet
from ..modes.rois import RoiImage, joined_rois, sheets_of
from ..modes.splitting import split_at_saddles
from ..modes.thresholds import keep_largest
from ..timings import Timings, timed
from .checks import check_atlases, notes_on, one_for_alike, tell
from .comparison import Comparison
from .conventions import get_convention
from .integrals.cache import integrals_over
from .integrals.fine_grid import is_too_fine, voxelwise_integrals
from .parameters import Parameters, Threshold
from .places.field_of_view import field_of_view_warning
from .places.voxels import hint_of_voxels
from .point_result import PointResult, assign_point_set
from .result import Result
from .sums.memory import keep_freed_memory
from .sums.overlap import OverlapSums, overlap_sums
from .sums.resample import packed_anew, resample, resample_labels

Done = TypeVar("Done")


def _untold(done: int, total: int) -> None:
    """Nobody asks how far it is."""


@overload
def assign(
    source: Image | Sequence[Image],
    atlases: Atlas | Sequence[Atlas],
    *,
    progress: Callable[[int, int], None] | None = None,
    **options: Any,
) -> Result: ...
@overload
def assign(
    source: PointSet,
    atlases: Atlas | Sequence[Atlas],
    *,
    progress: Callable[[int, int], None] | None = None,
    **options: Any,
) -> PointResult: ...
@overload
def assign(
    source: Image | Sequence[Image] | PointSet,
    atlases: Atlas | Sequence[Atlas],
    *,
    progress: Callable[[int, int], None] | None = None,
    **options: Any,
) -> Result | PointResult: ...
def assign(
    source: Image | Sequence[Image] | PointSet,
    atlases: Atlas | Sequence[Atlas],
    *,
    progress: Callable[[int, int], None] | None = None,
    **options: Any,
) -> Result | PointResult:
    """Split images into modes and compare each mode, or each point, with every region map of the atlases.

    Parameters
    ----------
    source : Image, sequence of Image, or PointSet
        One map, or the volumes of a stack, all on one grid; or points.
    atlases : Atlas or sequence of Atlas
        In the space of the images; nothing is warped.
    progress : callable, optional
        Called with the number of images done and of all images, after each.
    **options
        The fields of `Parameters`: threshold, tail, connectivity and so on.

    Returns
    -------
    Result, of points a PointResult

    Raises
    ------
    InputError
        If an option is out of its range, an image holds no number or an infinite one in a mode, the grids of a stack
        differ, or two atlases have one name.

    Warns
    -----
    AssignmentWarning
        If there is no mode, none overlaps the atlas, or the spaces differ. The result holds the same sentences.
    """
    parameters = Parameters.from_options(options)
    result = finish(assigning(source, atlases, parameters, progress or _untold))
    tell(result.warnings, result.atlases)
    return result


def assigning(
    source: Image | Sequence[Image] | PointSet,
    atlases: Atlas | Sequence[Atlas],
    parameters: Parameters,
    tell: Callable[[int, int], Any] = _untold,
    timings: Timings | None = None,
    judging: Callable[[int, int], None] | None = None,
) -> Generator[Any, None, Result | PointResult]:
    """Assign as `assign` does, step by step, so that the caller can stop between images; warns of nothing.

    Where it is asked how sure an answer is, which takes longer, `judging` is called with the number of steps done and
    of all, of one question after the other; what it raises ends the work.

    Yields
    ------
    Any
        After each image what `tell` makes of the number of images done and of all images.

    Returns
    -------
    Result, of points a PointResult
    """
    if isinstance(source, PointSet):
        return assign_point_set(
            source, atlases, parameters.convention, parameters.level, parameters.minimum_probability
        )
    is_stack = not isinstance(source, Image)
    stack = [source] if isinstance(source, Image) else list(source)
    comparisons: list[Comparison] = []
    timings = {} if timings is None else timings
    for number, of_image in enumerate(assign_each(stack, atlases, parameters, timings, judging)):
        comparisons += of_image
        yield tell(number + 1, len(stack))
    return collect(comparisons, parameters, is_stack, timings)


def finish(steps: Generator[Any, None, Done]) -> Done:
    """Go through all steps at once; gives what they return."""
    while True:
        try:
            next(steps)
        except StopIteration as stop:
            done: Done = stop.value
            return done


def assign_each(
    images: Sequence[Image],
    atlases: Atlas | Sequence[Atlas],
    parameters: Parameters,
    timings: Timings | None = None,
    judging: Callable[[int, int], None] | None = None,
) -> Iterator[list[Comparison]]:
    """Compare one image after the other; see `assigning`.

    Yields
    ------
    list of Comparison
        One image with every atlas.
    """
    keep_freed_memory()
    timings = {} if timings is None else timings
    atlases = [atlas_at_level(a, parameters.level) for a in ([atlases] if isinstance(atlases, Atlas) else atlases)]
    _check(images, atlases)
    for number, image in enumerate(images):
        comparisons = _comparisons(image, atlases, parameters, timings, number)
        if parameters.asks_how_sure:
            from ..certainty.judge import judge

            with timed(timings, "certainty"):
                comparisons = judge(comparisons, parameters, compare_at, judging)
        yield comparisons


def compare_at(image: Image, atlas: Atlas, parameters: Parameters, threshold: float) -> Comparison:
    """Compare one image with one atlas, as it is, at another threshold, and ask nothing further."""
    return _comparisons(image, [atlas], replace(parameters, threshold=threshold))[0]


def _comparisons(
    image: Image,
    atlases: Sequence[Atlas],
    parameters: Parameters,
    timings: Timings | None = None,
    number: int = 0,
) -> list[Comparison]:
    """Compare one image, of this number in its stack, with every atlas."""
    timings = {} if timings is None else timings
    if not parameters.has_modes and not image.is_lazy:
        check_values(image)
    with timed(timings, "modes"):
        threshold = 0.0 if parameters.rois else parameters.threshold_for(image) if parameters.has_modes else np.nan
    comparisons: list[Comparison] = []
    for atlas in atlases:
        on_atlas_grid = get_convention(parameters.convention).resample_to_atlas
        if comparisons and not on_atlas_grid:
            modes = comparisons[0].modes
        else:
            with timed(timings, "modes"):
                modes = modes_of(image, atlas, parameters, threshold)
        sums = compare(modes, atlas, parameters, timings)
        comparisons.append(Comparison(image, atlas, modes, sums, threshold, number))
    return comparisons


def collect(
    comparisons: Sequence[Comparison], parameters: Parameters, is_stack: bool = False, timings: Timings | None = None
) -> Result:
    """Put comparisons together to a result, and look at what the user should look at."""
    timings = {} if timings is None else timings
    with timed(timings, "checks"):
        volumes = [comparison.image.name for comparison in comparisons] if is_stack else []
        notes = tuple(one_for_alike(_notes(comparisons, parameters), volumes))
    return Result(tuple(comparisons), parameters, is_stack, notes, timings)


def modes_of(image: Image, atlas: Atlas, parameters: Parameters, threshold: float) -> Modes:
    """The modes of an image; the atlas is looked at only where the convention resamples to its grid."""
    rules = get_convention(parameters.convention)
    if not parameters.has_modes:
        return Modes.none(atlas.grid if rules.resample_to_atlas else image.grid)
    if parameters.rois:
        sheets = sheets_of(image)
        if rules.resample_to_atlas:
            sheets = [resample_labels(sheet.loaded(), atlas.grid) for sheet in sheets]
        return joined_rois(sheets, split=parameters.split_rois, connectivity=parameters.connectivity)
    if rules.resample_to_atlas:
        modes = _modes_on_atlas_grid(image, atlas, threshold, parameters)
    else:
        modes = find_modes(image, threshold=threshold, tail=parameters.tail, **_choices(parameters))
    if parameters.split_height is not None:
        modes = split_at_saddles(modes, parameters.split_height, parameters.connectivity)
    if parameters.keep_largest is not None:
        modes = keep_largest(modes, parameters.keep_largest)
    return modes


def compare(modes: Modes, atlas: Atlas, parameters: Parameters, timings: Timings | None = None) -> OverlapSums:
    """The overlap sums of modes and regions, with the convention's boxes."""
    timings = {} if timings is None else timings
    way = voxelwise_integrals if is_too_fine(atlas, modes.grid) else integrals_over
    with timed(timings, "integrals"):
        maps = with_minimum(atlas, parameters.minimum_probability)
        integrals, *of_largest = (way(some, modes.grid, modes.voxel) for some in maps)
    with timed(timings, "sums"):
        sums = overlap_sums(modes, integrals, atlas, *of_largest)
    padding = get_convention(parameters.convention).box_padding
    if not padding:
        return sums
    return replace(sums, modes=replace(sums.modes, box=sums.modes.box + np.array([0, padding])[:, None]))


def _choices(parameters: Parameters) -> dict[str, Any]:
    """Which components are modes, and how these are numbered: arguments of `find_modes` and `split_voxels`."""
    rules = get_convention(parameters.convention)
    return {
        "connectivity": parameters.connectivity,
        "min_volume_mm3": parameters.min_volume_mm3,
        "min_voxels": max(parameters.min_voxels, rules.min_voxels),
        "numbering": rules.numbering,
    }


def _modes_on_atlas_grid(image: Image, atlas: Atlas, threshold: float, parameters: Parameters) -> Modes:
    """Threshold, resample, then split above 0; each tail by itself."""
    image = packed_anew(image.loaded())
    check_values(image)
    parts = []
    for sign in {"positive": (1,), "negative": (-1,), "both": (1, -1)}[parameters.tail]:
        voxel, value = resample(_beyond(image, threshold, sign), atlas.grid)
        part = split_voxels(voxel, value, atlas.grid, name=image.name, **_choices(parameters))
        parts.append(replace(part, sign=part.sign * np.int8(sign)))
    return parts[0] if len(parts) == 1 else parts[0].followed_by(parts[1])


def _beyond(image: Image, threshold: float, sign: int) -> Image:
    """The image of one sign: values not beyond the threshold are 0, but at threshold 0 the image is left as it is."""
    data = image.data
    if sign < 0:
        data = -(data.astype(np.float64) if data.dtype.kind in "iu" else data)
    if threshold > 0:
        data = np.where(data > same_in_float32(threshold, data.dtype), data, data.dtype.type(0))
    return replace(image, data=data)


def _check(images: Sequence[Image], atlases: Sequence[Atlas]) -> None:
    if not images:
        raise InputError("there is no image to assign; give at least one")
    check_atlases(atlases)
    for image in images[1:]:
        if not image.grid.matches(images[0].grid):
            raise InputError(
                f"{image.name} lies on another grid than {images[0].name}; the maps of a stack share one grid, "
                "assign these one by one"
            )


def _notes(comparisons: Sequence[Comparison], parameters: Parameters) -> Iterator[str]:
    """Sentences about what the user should look at."""
    first_in_space: dict[str | None, Image] = {}
    for comparison in comparisons:
        first_in_space.setdefault(comparison.image.space, comparison.image)
    atlases = list(dict.fromkeys(comparison.atlas for comparison in comparisons))
    for space, image in first_in_space.items():
        yield from notes_on(atlases, image.name, space)
    for image in {id(comparison.image): comparison.image for comparison in comparisons}.values():
        yield from _look_at_image(image, parameters)
    for comparison in comparisons:
        yield from _look_at(comparison, parameters)


def _look_at_image(image: Image, parameters: Parameters) -> Iterator[str]:
    yield from image.stated.remarks
    if parameters.rois:
        return
    if not parameters.has_modes and not image.is_lazy and not image.data.any():
        yield f"{image.name} is empty: all its values are 0"
    yield from doubts_about_values(image)
    explained = parameters.threshold.explained(image) if isinstance(parameters.threshold, Threshold) else None
    if explained:
        yield explained


def _look_at(comparison: Comparison, parameters: Parameters) -> Iterator[str]:
    image, atlas = comparison.image, comparison.atlas
    if isinstance(image, RoiImage):
        yield from image.notes
    if comparison.certainty is not None:
        yield from comparison.certainty.doubts(image.name)
    if image.source.get("unit") == "pixel":
        yield f"{image.name} has no unit of length: one unit of its layer counts as 1 mm in the tables"
    if parameters.rois and not comparison.modes.n_modes:
        yield f"{image.name} has no region of interest: all its labels are 0"
    elif parameters.has_modes and not comparison.modes.n_modes:
        size = f" of {parameters.min_volume_mm3:g} mm3 or more" if parameters.min_volume_mm3 else ""
        yield (
            f"{image.name} has no mode{size} beyond the threshold {comparison.threshold:g}: {values_in_words(image)}"
        )
    elif parameters.has_modes and not len(comparison.sums.mode):
        yield (
            f"no mode of {image.name} overlaps {atlas.name}: image and atlas may be in different spaces"
            f"{hint_of_voxels(image, atlas)}"
        )
    else:
        note = _field_of_view(comparison)
        if note:
            yield note + hint_of_voxels(image, atlas)


def _field_of_view(comparison: Comparison) -> str | None:
    """See `field_of_view_warning`; of a lazy image, which is not read again, the modes are looked at."""
    signal = (comparison.modes.voxel, comparison.modes.value) if comparison.image.is_lazy else None
    return field_of_view_warning(comparison.image, comparison.atlas, signal)
