"""The image: the map that a user wants explained."""

from __future__ import annotations

import hashlib
import logging
import math
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import nibabel as nib
import numpy as np
from numpy.typing import ArrayLike, NDArray

from .encoding import one_line
from .errors import GridError, InputError
from .grid import Grid
from .header import Stated, check_volume, names_of_bricks, position_of, stated_by, volume_index, volumes_of
from .lazy import LARGEST_IN_MEMORY, as_dask, in_memory, is_lazy
from .limits import AT_ONCE, MAX_MISNAMED_BYTES, Start, check_packing, check_regular, check_size, read_bytes
from .opening import check_end, is_named_otherwise, kept_open, opened
from .template_space import space_of_file

READ_ERRORS = (Exception,)
"""What nibabel raises on files that are missing, cut off, damaged or no images at all: whatever their bytes lead to."""


@dataclass(frozen=True)
class Image:
    """A grid and one value per voxel.

    Parameters
    ----------
    data : (X, Y, Z) array
        Any real numeric type; NaN and what is masked are background. Arrays of dask, zarr or HDF5 stay where they are
        and are worked on chunk by chunk.
    grid : Grid
        Where the voxels are.
    name : str
        Shown in tables, layers and messages.
    space : str, optional
        The anatomical template of the world coordinates; None where unknown.
    source : dict
        Where the data came from, for the record: ``path`` and ``sha256`` for files.
    packed_as : numpy dtype, optional
        The integer type in which a NIfTI file packs values that its scale makes real numbers.
    stated : Stated
        What its file says about itself: the statistic, whether the values are labels, what is doubtful.
    names : mapping of int to str
        Of regions of interest, by their label, where a table or a layer has them.
    """

    data: NDArray[Any] | Any
    grid: Grid
    name: str = "image"
    space: str | None = None
    source: dict[str, Any] = field(default_factory=dict)
    packed_as: np.dtype[Any] | None = None
    stated: Stated = field(default_factory=Stated)
    names: Mapping[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        data = _as_array(self.data)
        if data.dtype == bool:
            data = data.astype(np.uint8)
        if data.dtype.kind not in "iuf":
            raise InputError(
                f"{self.name}: voxels of type {data.dtype} are not real numbers; give one number per voxel"
            )
        if data.shape != self.grid.shape:
            raise InputError(
                f"{self.name}: data of shape {data.shape} does not fit the grid of shape {self.grid.shape}"
            )
        object.__setattr__(self, "data", data)
        object.__setattr__(self, "name", one_line(str(self.name)))  # a file name may hold what no table can

    @property
    def is_lazy(self) -> bool:
        """Whether the data are not in memory, but read or computed chunk by chunk."""
        return not isinstance(self.data, np.ndarray)

    def loaded(self) -> Image:
        """The image with its data in memory.

        Raises
        ------
        InputError
            If they are larger than `lazy.LARGEST_IN_MEMORY`.
        """
        return replace(self, data=in_memory(self.data, self.name)) if self.is_lazy else self

    def upright(self) -> Image:
        """The same image stored with its axes along world x, y and z, as nearly as they run, rising."""
        turn = nib.orientations.io_orientation(self.grid.affine)
        data = nib.orientations.apply_orientation(self.data, turn)
        affine = self.grid.affine @ nib.orientations.inv_ornt_aff(turn, self.grid.shape)
        return replace(self, data=data, grid=Grid(data.shape, affine))

    @classmethod
    def from_array(cls, data: ArrayLike, affine: ArrayLike, name: str = "array", space: str | None = None) -> Image:
        """Make an image of an array (X, Y, Z) and the affine (4, 4) that maps its indices to world mm.

        Raises
        ------
        InputError
            If the array is not 3D or not numeric.
        GridError
            If the affine is not finite and invertible.
        """
        array = drop_single_axes(_as_array(data), name)
        return cls(array, _named_grid(array.shape, affine, name), name, space)

    @classmethod
    def from_nibabel(
        cls, img: nib.spatialimages.SpatialImage, name: str | None = None, volume: int | None = None
    ) -> Image:
        """Make an image of a nibabel image; `volume` picks one volume (from 0) of a 4D image.

        The data keep the type that they have on disk, after the header's scaling.

        Raises
        ------
        InputError
            If the image is 4D and no volume is picked, or the data cannot be read.
        """
        name = name or Path(img.get_filename() or "image").name
        n = volumes_of(img.shape)
        if volume is None and n > 1:
            raise InputError(
                f"{name} is {len(img.shape)}D with {n} volumes; "
                "pick one, counted from 0, for example with volume=0 (command line: --volume 0)"
            )
        check_volume(volume, n, name)
        data = drop_single_axes(read_voxels(img, name, volume), name)
        affine, remarks = position_of(img, name)
        grid, packed_as = _named_grid(data.shape, affine, name), None if volume is not None else _packed_as(img, data)
        return cls(data, grid, name, packed_as=packed_as, stated=stated_by(img, name, remarks, volume or 0))

    @classmethod
    def from_file(cls, path: str | os.PathLike[str], volume: int | None = None) -> Image:
        """Read a NIfTI file (or another format that nibabel reads); `volume` picks one volume of a 4D file.

        Raises
        ------
        InputError
            If the file is missing, cut off, not an image, or 4D without a choice of volume.
        """
        start = Start.of(Path(path), AT_ONCE)
        return _one_of(_opened(start), start, volume)


@contextmanager
def quiet_nibabel() -> Iterator[None]:
    """Keep nibabel from printing what it repairs in headers: what a user must know is said in one place, once."""

    def nothing(record: logging.LogRecord) -> bool:
        return False

    nib.imageglobals.logger.addFilter(nothing)
    try:
        yield
    finally:
        nib.imageglobals.logger.removeFilter(nothing)


def read_stack(path: str | os.PathLike[str]) -> list[Image]:
    """Read all volumes of an image file, each as one image; a 3D file gives one.

    Axes of length 1 are dropped. Volumes are named after the file and counted from 0.

    Raises
    ------
    InputError
        As `Image.from_file`.
    """
    return read_images(Start.of(Path(path), AT_ONCE))


def read_images(start: Start, volume: int | None = None) -> list[Image]:
    """Read one volume of an image file whose start was read, counted from 0, or without a choice all.

    Raises
    ------
    InputError
        As `Image.from_file`.
    """
    path, img = start.path, _opened(start)
    if volume is not None or volumes_of(img.shape) == 1:
        return [_one_of(img, start, volume)]
    space, source = space_of_file(path, img.header), _source(start)
    return [
        replace(image, space=space, source=source | {"volume": v}) for v, image in enumerate(volumes(img, path.name))
    ]


def volumes(img: Any, name: str) -> list[Image]:
    """All volumes of a nibabel image, read at once, each named after it and its number.

    Raises
    ------
    InputError
        If the voxels cannot be read, or the image has no place.
    """
    n = volumes_of(img.shape)
    affine, remarks = position_of(img, name)
    grid, stated = _named_grid(img.shape, affine, name), [stated_by(img, name, remarks, v) for v in range(n)]
    whole = read_voxels(img, name)
    whole = whole.reshape(*img.shape[:3], n, order="F") if isinstance(whole, np.ndarray) else _joined_volumes(whole)
    told = [f" {label}" for label in names_of_bricks(img.header, n)] or [""] * n
    return [Image(whole[..., v], grid, f"{name}[{v}]{told[v]}", stated=stated[v]) for v in range(n)]


def open_image(path: Path) -> Any:
    """Open an image file with nibabel: the header, not yet the data.

    Raises
    ------
    InputError
        If the file is missing, nibabel does not know it, or it claims more voxels than it can hold.
    """
    return _opened(Start.of(path))


def _opened(start: Start) -> Any:
    """As `open_image`, of a file whose start was read."""
    path = start.path
    if not start.raw:
        if not exists(path):
            raise InputError(f"{path}: no such file; check the path")
        if path.is_dir():
            raise InputError(f"{path.resolve().name} is a folder; give a NIfTI file")
        check_regular(path)
    start.refuse(InputError)
    try:
        with quiet_nibabel():
            kind = is_named_otherwise(start)
            # A file whose name says another kind, or another packing, is read as what it is.
            img = opened(start) if kind is None else kind.from_bytes(read_bytes(path, MAX_MISNAMED_BYTES))
    except InputError:
        raise
    except READ_ERRORS as error:
        raise InputError(
            f"{path.name} is not an image that can be read ({_first_line(error)}); give a NIfTI file"
        ) from error
    check_size(img, start)
    return img


def read_voxels(img: Any, name: str, volume: int | None = None) -> NDArray[Any]:
    """Read the voxels of a nibabel image, or of one of its volumes, in the type that they have after scaling.

    What is larger than `lazy.LARGEST_IN_MEMORY` and not compressed stays in its file, as a dask array.

    Raises
    ------
    InputError
        If the file is cut off or damaged, or larger than memory.
    """
    check_packing(img, img.shape if volume is None else img.shape[:3], name)
    try:
        if _stays_in_file(img, volume):
            return _lazy_voxels(img.dataobj, volume)
        return _checked_voxels(img) if volume is None else np.asanyarray(img.dataobj[volume_index(img.shape, volume)])
    except READ_ERRORS as error:
        raise InputError(
            f"{name}: the voxels cannot be read ({_first_line(error)}); the file may be cut off, fetch it again"
        ) from error


def with_one_axis_of_volumes(img: Any) -> Any:
    """The image as (X, Y, Z, R), its volumes counted as `volumes_of` does, where it has more axes."""
    wanted = (*img.shape[:3], volumes_of(img.shape))
    if len(img.shape) < 5 or img.shape[3] == wanted[3]:
        return img
    dataobj = img.dataobj.reshape(wanted) if nib.is_proxy(img.dataobj) else img.dataobj.reshape(wanted, order="F")
    return type(img)(dataobj, img.affine, img.header, file_map=img.file_map)


def exists(path: Path) -> bool:
    """Whether there is such a file or folder; not if no file can have that name."""
    try:
        return path.exists()
    except (OSError, ValueError):
        return False


def _checked_voxels(img: Any) -> NDArray[Any]:
    """All voxels; of a packed file, the checksum is compared, which stands at its end."""
    path = str(img.get_filename())
    if not (nib.is_proxy(img.dataobj) and path.lower().endswith((".gz", ".mgz"))):
        return np.asanyarray(img.dataobj)
    proxy = kept_open(img)
    voxels = np.asanyarray(proxy)
    check_end(proxy)
    return voxels


def _one_of(img: Any, start: Start, volume: int | None = None) -> Image:
    """The image of a file that is open, or of one of its volumes."""
    path = start.path
    image = Image.from_nibabel(img, path.name, volume)
    source = _source(start) | ({} if volume is None else {"volume": volume})
    return replace(image, space=space_of_file(path, img.header), source=source)


def _packed_as(img: nib.spatialimages.SpatialImage, data: Any) -> np.dtype[Any] | None:
    stored: np.dtype[Any] = img.get_data_dtype()
    packed = isinstance(img, nib.Nifti1Pair) and stored.kind in "iu" and data.dtype.kind == "f"
    return stored if packed else None


def _source(start: Start) -> dict[str, Any]:
    sha256 = hashlib.sha256(start.raw).hexdigest() if start.is_whole else file_sha256(start.path)
    return {"path": str(start.path.resolve()), "sha256": sha256}


def _joined_volumes(data: Any) -> Any:
    """A dask array (X, Y, Z, ...) with one axis of volumes, the first axis after space fastest."""
    import dask.array as da

    volumes = [data[(..., *index[::-1])] for index in np.ndindex(*data.shape[:2:-1])]
    return da.stack(volumes, axis=-1)


def _stays_in_file(img: Any, volume: int | None) -> bool:
    size = math.prod(img.shape if volume is None else img.shape[:3]) * img.get_data_dtype().itemsize
    is_packed = Path(img.get_filename() or "").suffix in (".gz", ".bz2", ".zst", ".mgz")
    return size > LARGEST_IN_MEMORY and nib.is_proxy(img.dataobj) and not is_packed


def _lazy_voxels(proxy: Any, volume: int | None) -> Any:
    """A dask array of the voxels in a file, in slabs along the last axis, in which order files hold them."""
    import dask.array as da

    meta = np.asanyarray(proxy[(slice(0, 1),) * len(proxy.shape)])[(slice(0, 0),) * len(proxy.shape)]
    slabs = (*proxy.shape[:2], max(1, 2**24 // int(np.prod(proxy.shape[:2]))), *(1,) * (len(proxy.shape) - 3))
    stored = da.from_array(proxy, chunks=slabs, name=False, lock=True)
    data = stored.map_blocks(np.asanyarray, meta=meta)  # the proxy tells the type before scaling
    return data if volume is None else data[volume_index(proxy.shape, volume)]


def file_sha256(path: Path) -> str:
    """Hexadecimal SHA-256 of a file's bytes."""
    check_regular(path)
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def drop_single_axes(data: NDArray[Any], name: str) -> NDArray[Any]:
    """Drop trailing axes of length 1 beyond the third.

    Raises
    ------
    InputError
        If what is left is not 3D.
    """
    while data.ndim > 3 and data.shape[-1] == 1:
        data = data[..., 0]
    if data.ndim != 3:
        raise InputError(f"{name}: an image needs three axes, not {data.ndim} (shape {data.shape})")
    return data


def _as_array(data: Any) -> Any:
    if is_lazy(data):
        return as_dask(data)
    return np.ma.filled(data, 0) if isinstance(data, np.ma.MaskedArray) else np.asanyarray(data)


def _named_grid(shape: tuple[int, ...], affine: ArrayLike, name: str) -> Grid:
    matrix = np.asarray(affine, dtype=np.float64)
    try:
        return _grid((shape[0], shape[1], shape[2]), matrix.tobytes(), matrix.shape)
    except GridError as error:
        raise GridError(f"{name}: {error}") from None


@lru_cache(maxsize=2**6)
def _grid(shape: tuple[int, int, int], affine: bytes, shape_of_affine: tuple[int, ...]) -> Grid:
    """One grid for all images that have it, with what was worked out of it."""
    return Grid(shape, np.frombuffer(affine).reshape(shape_of_affine))


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
