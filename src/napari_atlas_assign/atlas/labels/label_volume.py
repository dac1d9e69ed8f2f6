"""Label volumes of any numeric type, read slab by slab.

A volume of labels can be larger than memory should hold: of each slab, where labels change is kept alone.
"""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ...errors import AtlasError
from ...header import nearest_labels
from ...index_ranges import firsts, lengths, slices
from ...tables.frames import pd
from ..files.ahead import ahead
from .runs import LabelRuns, small_type

_SLAB_VOXELS = 2**20
"""Voxels worked on at a time: what is made of them stays in the processor's cache."""

_SLABS_AHEAD = 4
"""Slabs that the reading thread may be ahead."""

_CHANGES_IN_A_BLOCK = 2**24
"""Changes that are put into arrays of more than 32 MiB, which glibc gives back to the system when they are freed."""


class FractionsError(AtlasError):
    """The values are not whole numbers, so they are no labels."""


@dataclass(frozen=True)
class CodedLabels:
    """A volume of labels."""

    shape: tuple[int, ...]
    """(X, Y, Z)"""
    runs: LabelRuns
    """Of its voxels above 0; region c stands for ``labels[c]``."""
    labels: NDArray[np.int64]
    """(L,): the labels above 0 that occur, in any order."""


def code_labels(volume: Any, name: str) -> CodedLabels:
    """Find the runs of voxels of each label.

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
    in_rows = isinstance(volume, np.ndarray) and abs(volume.strides[2]) < abs(volume.strides[0])
    codes = _Codes(name, _scaling_step(volume))
    voxel, code = (_changes_in_rows if in_rows else _changes_between_planes)(volume, shape, codes)
    return CodedLabels(shape, _runs(voxel, code, shape), codes.labels())


class _Codes:
    """A small code for each label: 0 for background, then by the order in which they are met."""

    def __init__(self, name: str, step: float) -> None:
        self._name, self._step = name, step
        self._code_of = defaultdict[int, int]()
        self._code_of.default_factory = self._code_of.__len__  # a label that is new gets the next code
        self._code_of[0] = 0

    def comparable(self, values: NDArray[Any]) -> NDArray[Any]:
        """Values with 0 for NaN and without rounding, or these would be others than the same labels before them."""
        whole_numbers(values[:0], self._name)  # which refuses other types
        if values.dtype.kind != "f" or (values == np.rint(values)).all():
            return values
        return nearest_labels(np.where(np.isnan(values), 0, values), self._step)

    def of(self, values: NDArray[Any]) -> NDArray[np.unsignedinteger]:
        """The codes (N,) of values (N,), which are checked."""
        first = firsts(values)  # neighbours are mostly equal, and one of them is looked at for all
        value = whole_numbers(values[first], self._name).astype(np.int64)
        which, labels = pd.factorize(value)  # which looks labels up, where numpy would sort them
        codes = np.fromiter(map(self._code_of.__getitem__, labels.tolist()), np.uint32, len(labels))
        return np.repeat(codes.astype(self.dtype)[which], lengths(first, len(values)))

    @property
    def dtype(self) -> type[np.unsignedinteger]:
        """The type that holds the codes so far."""
        return np.uint16 if len(self._code_of) <= 2**16 else np.uint32

    def labels(self) -> NDArray[np.int64]:
        """The label of each code from 1 on."""
        return np.array(list(self._code_of)[1:], np.int64)


_Changes: TypeAlias = "tuple[NDArray[np.integer], NDArray[np.unsignedinteger]]"
"""Voxels (C,), rising, whose label is another than that of the one before in their row; and the codes (C,) of these."""


def _changes_in_rows(volume: NDArray[Any], shape: tuple[int, ...], codes: _Codes) -> _Changes:
    """Of an array in which the voxels of a row lie together."""
    number = small_type(math.prod(shape))
    voxels, found = [], []
    plane = shape[1] * shape[2]
    for planes in slices(shape[0], max(1, _SLAB_VOXELS // plane)):
        values = codes.comparable(volume[planes].reshape(-1))
        is_new = np.ones(len(values), bool)
        np.not_equal(values[1:], values[:-1], out=is_new[1:])
        np.not_equal(values[:: shape[2]], 0, out=is_new[:: shape[2]])
        at = np.flatnonzero(is_new)
        found.append(codes.of(values[at]))
        voxels.append((at + planes.start * plane).astype(number))
    return np.concatenate([np.zeros(0, number), *voxels]), np.concatenate([np.zeros(0, codes.dtype), *found])


def _changes_between_planes(volume: Any, shape: tuple[int, ...], codes: _Codes) -> _Changes:
    """Of a file, in which the voxels of a plane across the last axis lie together: each is compared with the next.

    The volume itself never has to be turned; the changes, which are few, are sorted by row.
    """
    nx, ny, nz = shape
    row_of = (np.arange(nx, dtype=np.int32) * ny + np.arange(ny, dtype=np.int32)[:, None]).reshape(-1)
    count = small_type(max(2**16 + 1, nx * ny * nz))
    blocks, rows, found = [], [], []
    for planes, value in ahead(_found_between_planes(volume, shape, codes), _SLABS_AHEAD):
        rows += [row_of[at] for at in planes]
        found.append(codes.of(value))
        if sum(map(len, found)) > _CHANGES_IN_A_BLOCK:
            blocks.append(_Block.of(rows, found, np.zeros(nx * ny, count)))
            rows, found = [], []
    if rows:
        blocks.append(_Block.of(rows, found, np.zeros(nx * ny, count)))
    return _sorted_by_row(blocks, nz, codes.dtype)


@dataclass(frozen=True)
class _Block:
    """Changes in some planes after the other."""

    rows: list[NDArray[np.int32]]
    """Of each plane; in one large array, whose memory the system takes back when it is no longer needed."""
    code: NDArray[np.unsignedinteger]
    """Of all of them."""
    count: NDArray[np.integer]
    """How many there are in each row of the volume."""

    @classmethod
    def of(
        cls, rows: list[NDArray[np.int32]], codes: list[NDArray[np.unsignedinteger]], count: NDArray[np.integer]
    ) -> _Block:
        """Of the rows in each plane, and the codes in one or more; `count` begins with zeros."""
        for row in rows:
            count[row] += 1
        bounds = np.cumsum([len(row) for row in rows])[:-1]
        return cls(np.split(np.concatenate(rows), bounds), np.concatenate(codes), count)


def _sorted_by_row(blocks: list[_Block], nz: int, dtype: type[np.unsignedinteger]) -> _Changes:
    """Sort the changes of planes by counting; the blocks, which are used up, are independent of each other."""
    counts = [block.count for block in blocks]
    total = np.sum(counts, axis=0)
    voxel = np.empty(int(total.sum()), small_type(len(total) * nz))
    code = np.empty(len(voxel), dtype)
    behind, z = np.cumsum(total) - total, 0

    def sort(block: _Block, place: NDArray[np.integer], z: int) -> None:
        first = 0
        for row in block.rows:
            at = place[row]
            voxel[at] = row.astype(voxel.dtype) * nz + z
            code[at] = block.code[first : first + len(row)]
            place[row] = at + 1
            first, z = first + len(row), z + 1

    with ThreadPoolExecutor(2) as pool:  # numpy's loops let other threads run
        done = []
        while blocks:
            block, place = blocks.pop(0), behind
            behind = place + block.count  # before the other thread moves the places on
            done.append(pool.submit(sort, block, place, z))
            z += len(block.rows)
    for sorted_block in done:
        sorted_block.result()
    return voxel, code


def _found_between_planes(
    volume: Any, shape: tuple[int, ...], codes: _Codes
) -> Iterator[tuple[list[NDArray[np.intp]], NDArray[Any]]]:
    """Of some planes after the other, where each has other values than the one before, and these values."""
    plane = shape[0] * shape[1]
    before: Any = 0
    slabs = (np.asanyarray(volume[:, :, planes]) for planes in slices(shape[2], max(1, _SLAB_VOXELS // plane)))
    for slab in ahead(slabs, _SLABS_AHEAD):
        values = codes.comparable(slab.reshape((*shape[:2], -1), order="F").reshape(-1, order="F"))
        is_new = np.empty(len(values), bool)
        np.not_equal(values[:plane], before, out=is_new[:plane])
        np.not_equal(values[plane:], values[:-plane], out=is_new[plane:])
        before = values[-plane:]
        found = [np.flatnonzero(new) for new in is_new.reshape(-1, plane)]
        yield found, np.concatenate([some[at] for some, at in zip(values.reshape(-1, plane), found, strict=True)])


def _runs(voxel: NDArray[np.integer], code: NDArray[np.unsignedinteger], shape: tuple[int, ...]) -> LabelRuns:
    """The runs of labels that begin at changes, which are overwritten."""
    nz, n_voxels = shape[2], math.prod(shape)
    begin = np.zeros(len(voxel) + 1, small_type(max(2**16 + 1, n_voxels)))
    n = 0
    for part in slices(len(voxel), _SLAB_VOXELS):
        first = voxel[part].astype(begin.dtype)
        behind = np.append(first[1:], voxel[part.stop] if part.stop < len(voxel) else n_voxels)
        length = np.minimum(behind, (first // nz + 1) * nz) - first  # a row's last label goes on to its end
        labelled = np.flatnonzero(code[part])
        new = slice(n, n + len(labelled))
        begin[new.start + 1 : new.stop + 1] = begin[n] + np.cumsum(length[labelled])
        voxel[new], code[new] = first[labelled], code[part][labelled] - 1
        n = new.stop
    return LabelRuns(voxel[:n], begin[: n + 1], code[:n])


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
