"""The one pipeline: image -> modes -> overlap sums -> scores -> result.

The widget, the Python API and the command line all call `assign`.
"""

from __future__ import annotations

import warnings
from dataclasses import replace
from time import perf_counter

import numpy as np

from ..atlas.atlas import Atlas
from ..errors import AssignmentWarning
from ..image import Image
from ..modes.modes import Connectivity, Modes, Tail, check_parameters, check_values, find_modes
from .conventions import Convention, ConventionName, get_convention
from .integrals import region_integrals
from .resample import resample
from .result import Result, assignment_table, embed, mode_table
from .sums import OverlapSums, overlap_sums


def assign(
    image: Image,
    atlas: Atlas,
    *,
    threshold: float = 0.0,
    tail: Tail = "positive",
    connectivity: Connectivity = 18,
    min_volume_mm3: float = 0.0,
    convention: ConventionName = "default",
) -> Result:
    """Split an image into modes and compare each with every region map of an atlas.

    Parameters
    ----------
    image, atlas : Image, Atlas
        In the same space; nothing is warped.
    threshold : float
        In the unit of the image, 0 or more; modes lie beyond it, the threshold itself is background.
    tail : {"positive", "negative", "both"}
        Which sign to look at.
    connectivity : {6, 18, 26}
        Voxels are neighbours through faces (6), also edges (18), also corners (26).
    min_volume_mm3 : float
        Smaller modes are dropped.
    convention : {"default", "siibra"}
        See `napari_atlas_assign.assignment.conventions`.

    Returns
    -------
    Result

    Raises
    ------
    InputError
        If an argument is out of range, or the image holds no number or an infinite one in a mode.

    Warns
    -----
    AssignmentWarning
        If no mode is found, or none overlaps the atlas. The result holds the same sentences.
    """
    check_parameters(threshold, tail, connectivity, min_volume_mm3)
    threshold = float(threshold)  # numpy compares with a plain float in the type of the data
    rules = get_convention(convention)
    clock = [perf_counter()]
    found = _find(image, atlas, rules, threshold, tail, connectivity, min_volume_mm3)
    clock.append(perf_counter())
    integrals = region_integrals(atlas, found.grid)
    clock.append(perf_counter())
    sums = _pad_boxes(overlap_sums(found, integrals, atlas), rules.box_padding)
    clock.append(perf_counter())
    assignments, modes = assignment_table(found, sums, atlas, rules), mode_table(found, sums, atlas)
    clock.append(perf_counter())
    notes = _look_at(image, atlas, found, sums, threshold, min_volume_mm3)
    for note in notes:
        warnings.warn(note, AssignmentWarning, stacklevel=2)
    return Result(
        image=image,
        atlas=atlas,
        found=found,
        assignments=assignments,
        modes=modes,
        parameters={
            "threshold": threshold,
            "tail": tail,
            "connectivity": int(connectivity),
            "min_volume_mm3": float(min_volume_mm3),
            "convention": convention,
        },
        warnings=notes,
        timings=dict(zip(("modes", "integrals", "sums", "tables"), np.diff(clock).tolist(), strict=True)),
    )


def _find(
    image: Image,
    atlas: Atlas,
    rules: Convention,
    threshold: float,
    tail: Tail,
    connectivity: Connectivity,
    min_volume_mm3: float,
) -> Modes:
    def find(source: Image, threshold: float, tail: Tail) -> Modes:
        return find_modes(
            source,
            threshold=threshold,
            tail=tail,
            connectivity=connectivity,
            min_volume_mm3=min_volume_mm3,
            min_voxels=rules.min_voxels,
            numbering=rules.numbering,
        )

    if not rules.resample_to_atlas:
        return find(image, threshold, tail)
    check_values(image)
    parts = []
    for sign in {"positive": (1,), "negative": (-1,), "both": (1, -1)}[tail]:
        resampled = resample(_beyond(image, threshold, sign), atlas.grid)
        part = embed(find(resampled, 0.0, "positive"), atlas.grid)
        parts.append(replace(part, sign=part.sign * np.int8(sign)))
    return parts[0] if len(parts) == 1 else _concatenated(*parts)


def _beyond(image: Image, threshold: float, sign: int) -> Image:
    """The image of one sign: values not beyond the threshold are 0, but at threshold 0 the image is left as it is."""
    data = image.data
    if sign < 0:
        data = -(data.astype(np.float64) if data.dtype.kind in "iu" else data)
    if threshold > 0:
        data = np.where(data > threshold, data, data.dtype.type(0))
    return replace(image, data=data)


def _concatenated(first: Modes, second: Modes) -> Modes:
    return Modes(
        first.grid,
        np.concatenate([first.voxel, second.voxel]),
        np.concatenate([first.mode, second.mode + first.n_modes]),
        np.concatenate([first.value, second.value]),
        np.concatenate([first.number, second.number + first.number.max(initial=0)]),
        np.concatenate([first.sign, second.sign]),
    )


def _pad_boxes(sums: OverlapSums, padding: int) -> OverlapSums:
    if not padding:
        return sums
    return replace(sums, modes=replace(sums.modes, box=sums.modes.box + np.array([0, padding])[:, None]))


def _look_at(
    image: Image, atlas: Atlas, found: Modes, sums: OverlapSums, threshold: float, min_volume_mm3: float
) -> tuple[str, ...]:
    """Sentences about what the person should look at."""
    if not found.n_modes:
        finite = image.data[np.isfinite(image.data)]
        low, high = (finite.min(), finite.max()) if finite.size else (0, 0)
        size = f" of {min_volume_mm3:g} mm3 or more" if min_volume_mm3 else ""
        return (
            f"{image.name} has no mode{size} beyond the threshold {threshold:g}: "
            f"its values run from {low:.4g} to {high:.4g}",
        )
    if not len(sums.mode):
        return (f"no mode of {image.name} overlaps {atlas.name}: image and atlas may be in different spaces",)
    return ()
