"""Label volumes of any numeric type, read slab by slab.

A volume of labels can be larger than memory wants to hold twice: each slab is turned into small codes as it comes, and
the codes into entries (see `Atlas`) slab by slab again.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import AtlasError
from ..header import nearest_labels
from ..index_ranges import slices
from ..tables.frames import pd
from .files.ahead import ahead

_SLAB_VOXELS = 2**20
"""Voxels worked on at a time: what is made of them stays in the processor's cache."""

_SLABS_AHEAD = 4
"""Slabs that the reading thread may be ahead."""

_PLANES_TURNED = 32
"""Planes across the first axis whose codes are turned together: as many as memory hands over at once."""

_ROWS_TURNED = 64
"""Rows of these planes that are turned together, so that what was handed over is still in the cache."""


class FractionsError(AtlasError):
    """The values are not whole numbers, so they are no labels."""


@dataclass(frozen=True)
class CodedLabels:
    """A volume of labels, each replaced by a small code."""

    codes: NDArray[np.unsignedinteger]
    """(X, Y, Z): 0 is background, code c stands for ``labels[c - 1]``."""
    labels: NDArray[np.int64]
    """(L,): the labels above 0 that occur, in any order."""


def code_labels(volume: Any, name: str) -> CodedLabels:
    """Replace labels by codes.

    Parameters
    ----------
    volume : array or nibabel array proxy
        (X, Y, Z), or with further axes of length 1: whole numbers of any type, not negative. 0 and NaN are background.
        What misses a whole number by rounding alone counts as that number; see `header.nearest_labels`.
    name : str
        For messages.

    Raises
    ------
    FractionsError
        If there are fractional values.
    AtlasError
        If there are negative or infinite values, or the type is not a real number.
    """
    shape = volume.shape[:3]
    codes = np.zeros(shape, np.uint16, order="F")
    code_of = defaultdict[int, int]()
    code_of.default_factory = code_of.__len__  # a label that is new gets the next code
    code_of[0] = 0
    step = max(1, _SLAB_VOXELS // (shape[0] * shape[1]))
    step_of_labels = _scaling_step(volume)
    slabs = (np.asanyarray(volume[:, :, z : z + step]) for z in range(0, shape[2], step))
    for z, slab in zip(range(0, shape[2], step), ahead(slabs, _SLABS_AHEAD), strict=True):
        values = slab.reshape((*shape[:2], -1), order="F").reshape(-1, order="F")
        value, length = _runs(values, name, step_of_labels)
        which, labels = pd.factorize(value)  # which looks labels up, where numpy would sort them
        slab_codes = np.fromiter(map(code_of.__getitem__, labels.tolist()), np.uint32, len(labels))
        if len(code_of) > 2**16:
            codes = codes.astype(np.uint32, copy=False)
        coded = np.repeat(slab_codes.astype(codes.dtype)[which], length)
        codes[:, :, z : z + step] = coded.reshape((*shape[:2], -1), order="F")
    return CodedLabels(codes, np.array(list(code_of)[1:], np.int64))


def label_entries(
    coded: CodedLabels, row_of_code: NDArray[np.integer], voxel_type: type[np.integer]
) -> tuple[NDArray[np.integer], NDArray[np.integer]]:
    """Flat C-order voxels (E,), rising, of all labels, and ``row_of_code[code]`` (E,) of each."""
    n = int(np.count_nonzero(coded.codes))
    voxel, region = np.empty(n, voxel_type), np.empty(n, row_of_code.dtype)
    before = done = 0
    for turned in ahead(_in_c_order(coded.codes), 1):
        for some in slices(len(turned), _SLAB_VOXELS):
            codes = turned[some]
            labelled = np.flatnonzero(codes)
            part = slice(done, done + len(labelled))
            np.add(labelled, before + some.start, out=voxel[part], casting="unsafe")  # all numbers fit
            region[part] = row_of_code[codes[labelled]]
            done = part.stop
        before += len(turned)
    return voxel, region


def _in_c_order(codes: NDArray[np.unsignedinteger]) -> Iterator[NDArray[np.unsignedinteger]]:
    """The codes of some planes (X, Y, Z) after the other, each time flat in C order."""
    for planes in slices(len(codes), _PLANES_TURNED):
        slab = codes[planes]
        if not slab.flags.c_contiguous:
            turned = np.empty(slab.shape, slab.dtype)
            for rows in slices(slab.shape[1], _ROWS_TURNED):
                turned[:, rows] = slab[:, rows]
            slab = turned
        yield slab.reshape(-1)


def whole_numbers(data: NDArray[Any], name: str) -> NDArray[np.integer]:
    """The labels as integers; NaN counts as background.

    Raises
    ------
    FractionsError
        If there are fractional values.
    AtlasError
        If there are negative or infinite values, or the type is not a real number.
    """
    if data.dtype.kind == "b":
        return data.astype(np.uint8)
    if data.dtype.names == ("R", "G", "B", "A"):
        raise AtlasError(
            f"{name} holds four bytes in each voxel: if these are packed probabilities (NiiVue's), give the table of "
            "their labels with labels= (command line: --labels), else one whole number per voxel"
        )
    if data.dtype.kind not in "iuf":
        raise AtlasError(f"{name}: values of type {data.dtype} are no labels; give one whole number per voxel")
    if data.dtype.kind == "f":
        data = np.where(np.isnan(data), 0, data)
        if np.isinf(data).any():
            raise AtlasError(f"{name} holds infinite values; repair the file")
        if not (data == np.round(data)).all():
            raise FractionsError(
                f"{name}: values from {data.min():.4g} to {data.max():.4g} are not whole numbers, so they are no labels"
                "; give a volume of labels, or a 4D image with one map per region"
            )
    low, high = data.min(initial=0), data.max(initial=0)
    if low < 0:
        raise AtlasError(f"{name}: the smallest value is {low:.15g}; labels must not be negative, give a label volume")
    if high >= 2**62:
        raise AtlasError(f"{name}: the label {high:.15g} is too large; number the regions anew")
    return data.astype(np.int64) if data.dtype.kind == "f" else data


def _scaling_step(volume: Any) -> float:
    """The scaling of what is stored, 0 without one."""
    slope = getattr(volume, "slope", 1)
    return abs(float(slope)) if np.ndim(slope) == 0 and slope != 1 else 0.0


def _runs(values: NDArray[Any], name: str, step: float) -> tuple[NDArray[np.int64], NDArray[np.intp]]:
    """Neighbours of equal label as one: the labels (N,) and how often each comes (N,)."""
    if values.dtype.kind == "f" and np.isnan(values).any():
        values = np.where(np.isnan(values), 0, values)  # or every NaN would be a run of its own
    first = np.concatenate([[0], np.flatnonzero(values[1:] != values[:-1]) + 1])
    # All checks look at one voxel of each run, which is as good as all and far quicker.
    return whole_numbers(nearest_labels(values[first], step), name).astype(np.int64), np.diff(first, append=len(values))
