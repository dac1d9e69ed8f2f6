"""Arrays larger than memory: dask arrays, and what can be wrapped as one (zarr, HDF5, files mapped into memory).

They are walked through block by block; a block is made of whole chunks, so that every chunk is read once per walk.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product
from typing import Any, overload
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray

from .errors import InputError
from .grid import indices_of
from .limits import check_claim

LARGEST_IN_MEMORY = 2**30
"""Bytes of a volume that is read whole where there is a choice."""

BLOCK_VOXELS = 2**25
"""Voxels worked on at a time; where one chunk has more, that chunk."""

LARGEST_BLOCK = 2**28
"""Bytes of a chunk that is read; larger ones are refused."""


Voxels = NDArray[np.int64] | range
"""Flat C-order voxel numbers (N,), rising; a range of them need not be listed."""


@dataclass(frozen=True)
class Block:
    """A part of a volume, in memory."""

    values: NDArray[Any]
    """(x, y, z)."""
    first: tuple[int, int, int]
    """Indices of its first voxel in the whole volume."""
    shape: tuple[int, int, int]
    """Shape of the whole volume."""

    @property
    def bounds(self) -> tuple[tuple[int, int], ...]:
        """First index, and index after the last, along each axis of the whole volume."""
        return tuple((a, a + n) for a, n in zip(self.first, self.values.shape, strict=True))

    @overload
    def whole_number(self, flat: NDArray[np.int64]) -> NDArray[np.int64]: ...
    @overload
    def whole_number(self, flat: range) -> Voxels: ...
    def whole_number(self, flat: Voxels) -> Voxels:
        """Flat C-order voxel numbers of the whole volume for those of this block."""
        if self.values.shape[1:] == self.shape[1:]:
            before = self.first[0] * self.shape[1] * self.shape[2]
            return range(flat.start + before, flat.stop + before) if isinstance(flat, range) else flat + before
        ijk = np.unravel_index(flat, self.values.shape)
        _, ny, nz = self.shape
        return ((ijk[0] + self.first[0]) * ny + ijk[1] + self.first[1]) * nz + ijk[2] + self.first[2]


def is_lazy(data: Any) -> bool:
    """Whether an array is read or computed chunk by chunk: of dask, zarr or HDF5."""
    return not isinstance(data, np.ndarray) and all(hasattr(data, name) for name in ("chunks", "shape", "dtype"))


def as_dask(data: Any, chunks: Any = None, name: str = "the zarr array") -> Any:
    """Wrap an array that is read chunk by chunk; dask arrays pass. The chunks of zarr arrays are checked; see there.

    Raises
    ------
    InputError
        If dask is not installed, an array does not know its shape, or one of zarr claims more than is read.
    """
    try:
        import dask.array as da
    except ImportError as error:
        raise InputError('arrays larger than memory need dask; install it with pip install "dask[array]"') from error
    if isinstance(data, da.Array):
        if any(map(math.isnan, data.shape)):
            raise InputError("a dask array does not know its shape; call its compute_chunk_sizes() first")
        return data
    if type(data).__module__.startswith("zarr."):
        from .zarr_files.chunks import checked

        data = checked(data, name)
    # Not named after its content, which dask would have to read for that.
    return da.from_array(data, chunks=chunks or data.chunks or "auto", name=False, lock="h5py" in type(data).__module__)


def n_bytes(data: Any) -> int:
    """Bytes of a whole array in memory."""
    return math.prod(data.shape) * np.dtype(data.dtype).itemsize


def in_memory(data: Any, name: str) -> NDArray[Any]:
    """Read a lazy array whole; arrays in memory pass.

    Raises
    ------
    InputError
        If it is larger than `LARGEST_IN_MEMORY`.
    """
    if not isinstance(data, np.ndarray) and n_bytes(data) > LARGEST_IN_MEMORY:
        raise InputError(
            f"{name} needs {n_bytes(data) / 2**30:.1f} GiB in memory here, more than {LARGEST_IN_MEMORY / 2**30:.3g}; "
            "use a coarser version of it"
        )
    return np.asarray(data)


def blocks(data: Any, name: str) -> Iterator[Block]:
    """Walk through a volume (X, Y, Z), each chunk once; an array in memory is one block.

    Raises
    ------
    InputError
        If a chunk is too large, or cannot be read.
    """
    shape = (int(data.shape[0]), int(data.shape[1]), int(data.shape[2]))
    if isinstance(data, np.ndarray):
        yield Block(data, (0, 0, 0), shape)
        return
    for bounds in product(*_bounds(data, name)):
        part = data[tuple(slice(*b) for b in bounds)]
        try:
            values = np.ma.filled(np.asanyarray(part.compute()), 0)
        except Exception as error:  # whatever the array's own source raises
            raise InputError(f"{name}: a chunk cannot be read ({error}); check where it comes from") from error
        yield Block(values, (bounds[0][0], bounds[1][0], bounds[2][0]), shape)


def borders(data: Any, name: str) -> list[NDArray[np.int64]]:
    """Where the blocks of a volume begin along each axis, its own beginning left out."""
    if isinstance(data, np.ndarray):
        return [np.zeros(0, np.int64)] * 3
    return [np.array([low for low, _ in of_axis[1:]], np.int64) for of_axis in _bounds(data, name)]


def extremes(data: Any, name: str) -> tuple[float, float]:
    """The smallest and the largest finite value; 0, 0 where there is none."""
    low, high = np.inf, -np.inf
    for block in blocks(data, name):
        finite = block.values[np.isfinite(block.values)]
        if finite.size:
            low, high = min(low, finite.min()), max(high, finite.max())
    return (low + 0, high + 0) if low <= high else (0, 0)  # 0 added, which makes -0 one of them


def nonzero(data: Any, name: str) -> tuple[NDArray[np.int64], NDArray[Any]]:
    """Flat C-order numbers (N,), rising, of the voxels that are not 0, and their values (N,)."""
    if isinstance(data, np.ndarray):
        voxel = np.flatnonzero(data)
        return voxel, data.reshape(-1)[voxel]
    voxels, values = [], []
    for block in blocks(data, name):
        flat = np.flatnonzero(block.values)
        voxels.append(block.whole_number(flat))
        values.append(block.values.reshape(-1)[flat])
    return sorted_by_voxel(np.concatenate(voxels), np.concatenate(values))


def values_at(data: Any, voxel: NDArray[np.integer]) -> NDArray[Any]:
    """The values (N,) in voxels given by their flat C-order numbers."""
    if isinstance(data, np.ndarray):
        if data.flags.c_contiguous:
            return data.reshape(-1)[voxel]
        turned = zip(indices_of(voxel, data.shape), data.shape, data.strides, strict=True)
        i, j, k = (n - 1 - index if stride < 0 else index for index, n, stride in turned)
        stored = as_stored(data)  # of which one place is found faster than three indices
        if stored.flags.f_contiguous:
            return stored.T.reshape(-1)[(k * data.shape[1] + j) * data.shape[0] + i]
        if stored.flags.c_contiguous:
            return stored.reshape(-1)[(i * data.shape[1] + j) * data.shape[2] + k]
        return stored[i, j, k]
    if not len(voxel):
        return np.zeros(0, data.dtype)
    return np.asarray(data.vindex[tuple(a.tolist() for a in np.unravel_index(voxel, data.shape))])


def as_stored(data: NDArray[Any]) -> NDArray[Any]:
    """A view of an array whose axes all run forwards in the memory, so that numpy need not copy it to go along that.

    Data of files have the first axis fastest; those of layers may have axes that run backwards.
    """
    return data[tuple(slice(None, None, -1 if stride < 0 else 1) for stride in data.strides)]


def sorted_by_voxel(voxel: NDArray[np.int64], *columns: NDArray[Any]) -> Any:
    """Bring voxels, and columns of the same length, into rising order."""
    if (voxel[1:] > voxel[:-1]).all():
        return voxel, *columns
    order = np.argsort(voxel, kind="stable")
    return voxel[order], *(column[order] for column in columns)


def sparse_volume(shape: tuple[int, int, int], voxel: NDArray[np.int64], value: NDArray[np.int32]) -> Any:
    """Lay values (N,) out in a volume (X, Y, Z) of int32, 0 elsewhere, as a dask array that is made chunk by chunk.

    Chunks are flat along the last axis, along which files are written and viewers slice.
    """
    import dask.array as da

    size = (256, 256, 16)
    chunks = tuple(tuple(min(s, n - a) for a in range(0, n, s)) for n, s in zip(shape, size, strict=True))
    count = [len(c) for c in chunks]
    ijk = np.unravel_index(voxel, shape)
    chunk = np.ravel_multi_index([i // s for i, s in zip(ijk, size, strict=True)], count)
    order = np.argsort(chunk, kind="stable")
    starts = np.searchsorted(chunk[order], np.arange(math.prod(count) + 1))
    within = np.ravel_multi_index([i % s for i, s in zip(ijk, size, strict=True)], size).astype(np.int32)[order]
    value = value[order]

    def one(block_id: tuple[int, ...]) -> NDArray[np.int32]:
        here = slice(*starts[np.ravel_multi_index(block_id, count) + np.arange(2)])
        part = np.zeros([c[i] for c, i in zip(chunks, block_id, strict=True)], np.int32)
        part[np.unravel_index(within[here], size)] = value[here]
        return part

    meta = np.zeros((0, 0, 0), np.int32)
    # Named by hand: dask would hash all values to find a name.
    return da.map_blocks(one, chunks=chunks, name=f"voxels-{uuid4().hex}", dtype=np.int32, meta=meta)


def _bounds(data: Any, name: str) -> list[list[tuple[int, int]]]:
    """First index, and index after the last, of the blocks along each axis: runs of whole chunks.

    The last axis is filled first, so that blocks are whole planes of it where these are small enough.
    """
    chunks: list[tuple[int, ...]] = [tuple(int(n) for n in c) for c in data.chunks]
    voxels = math.prod(max(c) for c in chunks)
    size = voxels * np.dtype(data.dtype).itemsize
    check_claim(
        f"{name} has chunks of", size, LARGEST_BLOCK, "bytes", "store or rechunk it in chunks of some megabytes"
    )
    bounds: list[list[tuple[int, int]]] = []
    for axis in (2, 1, 0):
        others = voxels // max(chunks[axis])
        merged = [(0, chunks[axis][0])]
        for n in chunks[axis][1:]:
            low, high = merged[-1]
            if (high + n - low) * others <= BLOCK_VOXELS:
                merged[-1] = (low, high + n)
            else:
                merged.append((high, high + n))
        bounds.insert(0, merged)
        voxels = others * max(high - low for low, high in merged)
    return bounds
