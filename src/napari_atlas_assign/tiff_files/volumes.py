"""The volumes of a TIFF file, or of a folder with one file for each plane: shape, voxels and voxel size.

A TIFF says how large its voxels are (OME, ImageJ) or says nothing, and never where in a brain they lie.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..encoding import one_line
from ..errors import InputError
from ..limits import MAX_GZIP_RATIO, MAX_IMAGE_BYTES, check_claim, check_regular

ENDINGS = (".tif", ".tiff")

LARGEST_READ = 2**30
"""Bytes of volumes that are read whole; larger ones are read plane by plane, or mapped into memory."""

MOST_PLANES = 100_000
"""Files of a folder."""

_MM_PER_UNIT = {
    **dict.fromkeys(("µm", "μm", "um", "micron", "microns", "micrometer", "micrometre", "\\u00b5m"), 1e-3),
    **{"nm": 1e-6, "mm": 1.0, "millimeter": 1.0, "cm": 10.0, "m": 1e3, "inch": 25.4},
}
_VOLUMES = "TCR"
"""Letters of axes that count volumes."""


@dataclass(frozen=True)
class Planes:
    """A volume (Z, Y, X) that is read plane by plane, as an array that dask can take."""

    shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    read: Callable[[int], NDArray[Any]]
    """Plane number -> (Y, X)."""
    ndim: int = 3

    def __getitem__(self, index: tuple[slice, slice, slice]) -> NDArray[Any]:
        z, y, x = index
        planes = [self.read(n)[y, x] for n in range(*z.indices(self.shape[0]))]
        rows, columns = len(range(*y.indices(self.shape[1]))), len(range(*x.indices(self.shape[2])))
        return np.stack(planes) if planes else np.zeros((0, rows, columns), self.dtype)


@dataclass(frozen=True)
class TiffVolumes:
    """What a TIFF holds."""

    volumes: list[NDArray[Any] | Planes]
    """Each (Z, Y, X), in the order of its planes, rows and columns."""
    voxel_mm: tuple[float, float, float] | None
    """Edges along z, y and x; None where the file does not say all of them."""


def is_tiff(path: Path) -> bool:
    """Whether a path is a TIFF file by its name, or a folder with nothing but planes; never raises."""
    try:
        return path.name.lower().endswith(ENDINGS) if path.is_file() else bool(_planes_in(path))
    except (OSError, ValueError, InputError):
        return False


def open_tiff(path: Path) -> TiffVolumes:
    """Open a TIFF file or a folder of planes; what is large stays on disk.

    Raises
    ------
    InputError
        If tifffile is not installed, or the file cannot be read, holds no volume or colours, or claims more than it
        can hold.
    """
    tifffile = _tifffile(path)
    try:
        return _open_folder(path, tifffile) if path.is_dir() else _open_file(path, tifffile)
    except InputError:
        raise
    except Exception as error:  # tifffile raises whatever damaged bytes lead to
        reason = one_line(str(error) or type(error).__name__)[:200]
        raise InputError(f"{path.name} cannot be read as TIFF ({reason}); write or fetch it again") from error


def _tifffile(path: Path) -> Any:
    try:
        import tifffile
    except ImportError as error:
        raise InputError(
            f'reading {path.name} needs tifffile: pip install "napari-atlas-assign[brainglobe]"'
        ) from error
    return tifffile


# --- one file ---


def _open_file(path: Path, tifffile: Any) -> TiffVolumes:
    check_regular(path)
    with tifffile.TiffFile(path) as tiff:
        series = tiff.series[0]
        leading, depth = _axes(series.axes, path.name)
        _check(series, path)
        size = math.prod(series.shape) * series.dtype.itemsize
        voxel_mm = _voxel_mm(tiff)
        is_contiguous = series.dataoffset is not None
        pages_in_order = not leading and len(series.pages) == series.shape[0]
    if is_contiguous or size <= LARGEST_READ:
        array = tifffile.memmap(path, mode="r") if is_contiguous else tifffile.imread(path)
        array = np.moveaxis(array.reshape(series.shape), [*leading, depth], range(len(leading) + 1))
        return TiffVolumes(list(array.reshape(-1, *array.shape[-3:])), voxel_mm)
    if not pages_in_order:
        raise InputError(
            f"{path.name} packs {size / 2**30:.1f} GiB of several volumes; save it without compression, or as OME-Zarr"
        )

    def plane(number: int) -> NDArray[Any]:
        page: NDArray[Any] = tifffile.imread(path, key=number)
        return page

    return TiffVolumes([Planes(series.shape, series.dtype, plane)], voxel_mm)


def _axes(axes: str, name: str) -> tuple[list[int], int]:
    """Of the axes of a series, those that count volumes and the one of planes; rows and columns come last."""
    if "S" in axes:
        raise InputError(f"{name} holds colours; give one number per voxel")
    others = list(range(len(axes) - 2))
    depth = [n for n in others if axes[n] == "Z"] or [n for n in others if axes[n] not in _VOLUMES] or others[-1:]
    leading = [n for n in others if n not in depth]
    if not axes.endswith("YX") or len(depth) != 1 or any(axes[n] not in _VOLUMES for n in leading):
        raise InputError(f"{name} holds an array with the axes {axes}, not volumes; give a stack of planes")
    return leading, depth[0]


def _check(series: Any, path: Path) -> None:
    if series.dtype.kind not in "iuf":
        raise InputError(f"{path.name} holds {series.dtype}; give one real number per voxel")
    claimed = math.prod(series.shape) * series.dtype.itemsize
    most = min(MAX_IMAGE_BYTES, path.stat().st_size * MAX_GZIP_RATIO)
    check_claim(f"{path.name} claims", claimed, most, "bytes", "write or fetch it again")


# --- a folder of planes ---


def _open_folder(path: Path, tifffile: Any) -> TiffVolumes:
    files = _planes_in(path)
    if not files:
        raise InputError(f"{path.name} holds no planes; give a folder with one TIFF file for each plane, numbered")
    check_claim(f"{path.name} holds", len(files), MOST_PLANES, "planes", "give one volume")
    with tifffile.TiffFile(files[0]) as tiff:
        series = tiff.series[0]
        _check(series, files[0])
        shape, dtype, voxel_mm = series.shape, series.dtype, _voxel_mm(tiff)
    volume = Planes((len(files), *shape), dtype, lambda number: _plane(files[number], shape, tifffile))
    if math.prod(volume.shape) * dtype.itemsize > LARGEST_READ:
        return TiffVolumes([volume], voxel_mm)
    return TiffVolumes([volume[:, :, :]], voxel_mm)


def _plane(file: Path, shape: tuple[int, ...], tifffile: Any) -> NDArray[Any]:
    check_regular(file)
    with tifffile.TiffFile(file) as tiff:
        series = tiff.series[0]
        if series.shape != shape:
            raise InputError(f"{file.name} has the shape {series.shape}, the first plane {shape}; give equal planes")
        plane: NDArray[Any] = series.asarray()
        return plane


def _planes_in(folder: Path) -> list[Path]:
    """The files of a folder in the order of the numbers in their names; none unless all of them are planes."""
    if not folder.is_dir():
        return []
    files = [file for file in folder.iterdir() if not file.name.startswith(".")]
    if len(files) < 2 or not all(file.name.lower().endswith(ENDINGS) and file.is_file() for file in files):
        return []
    files.sort(key=lambda file: [int(part) if part.isdigit() else part for part in re.split(r"([0-9]+)", file.name)])
    check_regular(files[0])
    import tifffile

    with tifffile.TiffFile(files[0]) as tiff:
        return files if tiff.series[0].axes == "YX" else []


# --- voxel size ---


def _voxel_mm(tiff: Any) -> tuple[float, float, float] | None:
    """What OME or ImageJ say of the voxels' edges along z, y and x."""
    sizes = _of_ome(tiff.ome_metadata or "") or _of_imagej(tiff)
    if sizes is None or not all(math.isfinite(size) and size > 0 for size in sizes):
        return None
    return sizes


def _of_ome(xml: str) -> tuple[float, float, float] | None:
    pixels = re.search(r"<Pixels\b[^>]*>", xml)
    if pixels is None:
        return None
    said = dict(re.findall(r'\b(PhysicalSize[XYZ](?:Unit)?)="([^"]*)"', pixels[0]))
    edges = [_mm(said.get(f"PhysicalSize{axis}"), said.get(f"PhysicalSize{axis}Unit", "µm")) for axis in "ZYX"]
    return None if None in edges else (edges[0] or 0.0, edges[1] or 0.0, edges[2] or 0.0)


def _of_imagej(tiff: Any) -> tuple[float, float, float] | None:
    metadata = tiff.imagej_metadata or {}
    tags = tiff.pages[0].tags
    if "spacing" not in metadata or not {"XResolution", "YResolution"} <= {tag.name for tag in tags}:
        return None
    unit = str(metadata.get("unit", ""))
    per_unit = [tags[name].value for name in ("YResolution", "XResolution")]
    y, x = (float(down) / float(up) if up else math.nan for up, down in per_unit)
    edges = [_mm(edge, unit) for edge in (metadata["spacing"], y, x)]
    return None if None in edges else (edges[0] or 0.0, edges[1] or 0.0, edges[2] or 0.0)


def _mm(edge: Any, unit: str) -> float | None:
    try:
        return float(edge) * _MM_PER_UNIT[unit.strip().lower()]
    except (TypeError, ValueError, KeyError):
        return None
