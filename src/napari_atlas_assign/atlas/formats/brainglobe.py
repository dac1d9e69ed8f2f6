"""BrainGlobe atlases as they lie on disk: version 2 folders, and version 3 manifests with OME-Zarr.

A version 2 atlas is a folder with ``metadata.json``, ``structures.json`` and ``annotation.tiff``. In version 3,
``atlases/NAME/VERSION/manifest.json`` names its parts, which lie elsewhere in the BrainGlobe folder: the annotation as
``annotations_compressed.ome.zarr`` in several resolutions, the structures as ``terminology.csv``.

The files are read directly and not by way of brainglobe-atlasapi, which reads version 3 only, and asks the network.

**World.** BrainGlobe's positions are micrometres from the outer corner of the first voxel, along the array's axes; an
atlas of orientation ``asr`` begins anterior, superior and right. Here world mm keep that corner as 0, and turn the axes
to RAS+: x = -(third BrainGlobe position) / 1000, y = -(first) / 1000 and z = -(second) / 1000. Thus atlases of one
template in different resolutions lie on each other. Structures have no hemisphere: both sides have one label.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Sequence
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...errors import AtlasError, InputError
from ...grid import Floats, Grid
from ...image import READ_ERRORS
from ...limits import MAX_GZIP_RATIO, MAX_IMAGE_BYTES, MAX_TEXT_BYTES
from ...tables.frames import pd
from ..atlas import Atlas
from ..build import regions_of_labels
from ..files.paths import inside
from ..files.text import read_json, read_text
from ..label_tables import read_table
from ..labels.label_volume import CodedLabels, code_labels

NAME = "brainglobe"
PRECEDENCE = 110

ANNOTATION = "annotation.tiff"
ANNOTATION_ZARR = "annotations_compressed.ome.zarr"
HEMISPHERES = "hemispheres.tiff"
_INSTALL = 'pip install "napari-atlas-assign[brainglobe]"'

_DIRECTIONS = {"r": (0, -1), "l": (0, 1), "a": (1, -1), "p": (1, 1), "s": (2, -1), "i": (2, 1)}
"""World axis along which an array axis runs that begins at this side, and whether it rises or falls."""


class NoVoxelsError(AtlasError):
    """The atlas is there, but not its voxels, which BrainGlobe downloads at first use."""


def sniff(path: Path) -> bool:
    """Whether the path is a BrainGlobe atlas: its folder, ``metadata.json`` or ``manifest.json``."""
    try:
        metadata_file = _metadata_file(path)
        if metadata_file is None or metadata_file.stat().st_size > MAX_TEXT_BYTES:
            return False
        data = read_json(metadata_file)
    except (OSError, ValueError):
        return False
    if not isinstance(data, dict) or not {"name", "resolution", "shape"} <= set(data):
        return False
    return (
        "annotation_set" in data
        if metadata_file.name == "manifest.json"
        else (metadata_file.parent / ANNOTATION).is_file()
    )


def read(path: Path, labels: Path | None = None) -> Atlas:
    """Read a BrainGlobe atlas.

    Every structure of the atlas is a region, with its id, name, acronym, colour and parent; structures that only group
    others have no voxels of their own.

    Parameters
    ----------
    path : Path
        The folder with ``metadata.json`` or ``manifest.json``, or that file.
    labels : Path, optional
        A table of labels to use instead of the atlas's structures.

    Raises
    ------
    AtlasError
        If a part is missing (version 3 downloads its voxels at first use), damaged, or does not fit the others, or the
        package that reads its format is not installed.
    """
    metadata_file = _required(path)
    metadata = read_json(metadata_file)
    name = _text_field(metadata, "name", metadata_file)
    shape = tuple(int(n) for n in _three(metadata, "shape", metadata_file))
    orientation, resolution = geometry(metadata_file)
    if metadata_file.name == "manifest.json":
        annotation = _open_zarr(metadata, metadata_file, resolution)
    else:
        annotation = open_tiff(inside(metadata_file.parent, ANNOTATION))
    if tuple(annotation.shape) != shape:
        raise AtlasError(f"{name}: the annotation's shape is {tuple(annotation.shape)}, but the atlas claims {shape}")
    coded = _coded(annotation, name)
    del annotation
    if not len(coded.labels):
        raise NoVoxelsError(
            f"{name}: the annotation holds no structure; BrainGlobe downloads voxels at first use: "
            f"run BrainGlobeAtlas({metadata_file.parent.name!r}).annotation once, or fetch the atlas again"
        )
    regions = regions_of_labels(
        structures(metadata_file) if labels is None else read_table(labels), np.sort(coded.labels), name
    )
    source: dict[str, Any] = {"path": str(metadata_file.resolve()), "orientation": orientation}
    source |= {"citation": metadata["citation"]} if isinstance(metadata.get("citation"), str) else {}
    version = metadata.get("version")
    source |= {"version": version} if isinstance(version, str) else {}
    grid = Grid((shape[0], shape[1], shape[2]), affine_of(orientation, resolution))
    source |= _sides(metadata, metadata_file, grid)
    return Atlas.from_labels(coded, grid, regions, name=name, space=space_of(name), source=source)


def geometry(metadata_file: Path) -> tuple[str, tuple[float, float, float]]:
    """The orientation of an atlas's array, and its voxels' edges in micrometres, of its metadata or manifest."""
    read = read_json(metadata_file)
    metadata = read if isinstance(read, dict) else {}
    # Version 3 stores all atlases in one orientation, whatever the original's was.
    orientation = "asr" if metadata_file.name == "manifest.json" else str(metadata.get("orientation") or "asr")
    return orientation, _three(metadata, "resolution", metadata_file)


def structures(metadata_file: Path) -> pd.DataFrame:
    """The region table of an atlas, of its metadata or manifest."""
    if metadata_file.name == "manifest.json":
        return _read_terminology(_located(read_json(metadata_file), "terminology", metadata_file) / "terminology.csv")
    return _read_structures(metadata_file.parent / "structures.json")


def files(path: Path, labels: Path | None = None) -> list[Path]:
    """The files that `read` looks at."""
    metadata_file = _required(path)
    table = [labels] if labels else []
    if metadata_file.name == "metadata.json":
        own = [metadata_file.parent / name for name in ("structures.json", ANNOTATION, HEMISPHERES)]
        return [metadata_file, *(f for f in own if f.name != HEMISPHERES or f.is_file()), *table]
    metadata = read_json(metadata_file)
    zarr_folder = _located(metadata, "annotation_set", metadata_file) / ANNOTATION_ZARR
    terminology = _located(metadata, "terminology", metadata_file) / "terminology.csv"
    return [metadata_file, terminology, *sorted(f for f in zarr_folder.rglob("*") if f.is_file()), *table]


def affine_of(orientation: str, resolution: Sequence[float]) -> Floats:
    """The affine (4, 4) from indices of a BrainGlobe array to this package's world mm of BrainGlobe atlases.

    Parameters
    ----------
    orientation : str
        Where the array begins, one letter for each axis: a/p, s/i and l/r in any order, ``asr`` for nearly all.
    resolution : (3,) float
        Voxel edges along the array's axes in micrometres.

    Raises
    ------
    AtlasError
        If the orientation is not of that form, or a resolution is not above 0.
    """
    letters = orientation.lower()
    if len(letters) != 3 or sorted(_DIRECTIONS.get(c, (9, 0))[0] for c in letters) != [0, 1, 2]:
        raise AtlasError(f"the orientation {orientation[:20]!r} is not one like 'asr', a letter for each of three axes")
    if len(resolution) != 3 or not all(math.isfinite(r) and r > 0 for r in resolution):
        raise AtlasError(f"the resolution {list(resolution)} is not three micrometre values above 0")
    affine = np.zeros((4, 4))
    affine[3, 3] = 1
    for axis, (letter, size) in enumerate(zip(letters, resolution, strict=True)):
        world, sign = _DIRECTIONS[letter]
        affine[world, axis] = sign * size / 1000
        affine[world, 3] = sign * size / 2000
    return affine


def _sides(metadata: dict[str, Any], metadata_file: Path, grid: Grid) -> dict[str, Any]:
    """What parts the hemispheres, for an atlas's source: its own image of them, or of a symmetric one the middle."""
    place = metadata_file.parent / HEMISPHERES
    if metadata_file.name == "metadata.json" and place.is_file():
        return sides_of(place, grid)
    if metadata.get("symmetric") is not True:
        return {}
    axis = int(np.abs(grid.affine[0, :3]).argmax())
    return {"midplane_mm": float(grid.affine[0, axis] * (grid.shape[axis] - 1) / 2 + grid.affine[0, 3])}


def sides_of(place: Path, grid: Grid) -> dict[str, Any]:
    """What an image of the hemispheres tells, for an atlas's source: the plane that parts them best and, where no plane
    parts them, the image itself; empty without one.

    Raises
    ------
    AtlasError
        If the image does not fit the grid, or cannot be read.
    """
    if not place.is_file():
        return {}
    sides = sides_in(place, grid)
    axis = int(np.abs(grid.affine[0, :3]).argmax())
    planes = np.moveaxis(sides, axis, 0).reshape(grid.shape[axis], -1)
    left, right = (planes == 1).sum(axis=1), (planes == 2).sum(axis=1)
    begins_left = left[: len(left) // 2].sum() > right[: len(right) // 2].sum()
    low, high = (left, right) if begins_left else (right, left)
    # Voxels on the wrong side of a plane below each index: those of the other side before it, of this one behind it.
    wrong = np.concatenate([[0], np.cumsum(high)]) + np.concatenate([np.cumsum(low[::-1])[::-1], [0]])
    if not left.any() or not right.any():
        return {}
    index = float(np.flatnonzero(wrong == wrong.min()).mean()) - 0.5
    facts = {"midplane_mm": float(grid.affine[0, axis] * index + grid.affine[0, 3])}
    return facts if wrong.min() == 0 else facts | {"hemispheres": str(place.resolve())}


def sides_in(place: Path, grid: Grid) -> NDArray[np.uint8]:
    """The image (X, Y, Z) of the hemispheres of an atlas: 1 left, 2 right.

    Raises
    ------
    AtlasError
        If the image does not fit the grid, or cannot be read.
    """
    sides = np.asarray(open_tiff(place))
    if sides.shape != grid.shape:
        raise AtlasError(f"{place.name} has the shape {sides.shape}, the annotation {grid.shape}; fetch it again")
    return np.where((sides == 1) | (sides == 2), sides, 0).astype(np.uint8)


def _metadata_file(path: Path) -> Path | None:
    if path.is_file():
        return path if path.name in ("metadata.json", "manifest.json") else None
    for name in ("manifest.json", "metadata.json"):
        if (path / name).is_file():
            return path / name
    return None


def _required(path: Path) -> Path:
    metadata_file = _metadata_file(path)
    if metadata_file is None:
        raise AtlasError(f"{path.name} has no metadata.json or manifest.json; give the folder of a BrainGlobe atlas")
    return metadata_file


def space_of(name: str) -> str | None:
    """The space of an atlas by its name: some share one; what follows the author and the species is no part of it."""
    for pattern, space in ((r"^(kim|allen|osten|perens)\w*_mouse", "allen_mouse"), (r"^whs_sd_rat", "whs_sd_rat")):
        if re.match(pattern, name):
            return space
    return re.sub(r"_\d+(\.\d+)?[unm]m$", "", name) or None


def open_tiff(path: Path) -> Any:
    """Labels in 3D as an array: mapped into memory where it is not packed."""
    try:
        import tifffile
    except ImportError as error:
        raise AtlasError(f"reading {path.name} needs tifffile; install it with {_INSTALL}") from error
    try:
        with tifffile.TiffFile(path) as tiff:
            series = tiff.series[0]
            claimed = math.prod(series.shape) * series.dtype.itemsize
            if len(series.shape) != 3 or series.dtype.kind not in "iuf":
                raise AtlasError(f"{path.name} holds {series.dtype} of shape {series.shape}, not labels in 3D")
            if claimed > min(MAX_IMAGE_BYTES, path.stat().st_size * MAX_GZIP_RATIO):
                raise AtlasError(f"{path.name} claims the shape {series.shape}, more than it can hold; fetch it again")
            contiguous = series.dataoffset is not None
        return tifffile.memmap(path, mode="r") if contiguous else tifffile.imread(path)
    except AtlasError:
        raise
    except Exception as error:  # tifffile raises whatever damaged bytes lead to
        raise AtlasError(f"{path.name} cannot be read ({_first_line(error)}); fetch it again") from error


def _open_zarr(metadata: dict[str, Any], metadata_file: Path, resolution: Sequence[float]) -> Any:
    """The level of the multi-resolution annotation that has the atlas's resolution, as an array on disk."""
    folder = _located(metadata, "annotation_set", metadata_file) / ANNOTATION_ZARR
    if not folder.is_dir():
        raise AtlasError(
            f"{metadata_file.parent.name}: {folder.name} is missing; let BrainGlobe download the atlas again"
        )
    try:
        import zarr
    except ImportError as error:
        raise AtlasError(f"reading {folder.name} needs zarr; install it with {_INSTALL}") from error
    try:
        group = zarr.open_group(str(folder), mode="r")
        attributes: dict[str, Any] = dict(group.attrs)
        multiscales = attributes.get("ome", attributes)["multiscales"]
        level = _level(multiscales[0]["datasets"], resolution)
        if level is None:
            raise AtlasError(f"{folder.name} has no level of {list(resolution)} micrometres; fetch the atlas again")
        inside(folder, level)
        array: Any = group[level]
        if array.ndim != 3 or array.dtype.kind not in "iu":
            raise AtlasError(f"{folder.name}/{level} holds {array.dtype} of shape {array.shape}, not labels in 3D")
        if math.prod(array.shape) * array.dtype.itemsize > MAX_IMAGE_BYTES:
            raise AtlasError(f"{folder.name}/{level} claims the shape {array.shape}, more than is read; fetch it again")
        from ...zarr_files.chunks import checked

        return checked(array, f"{folder.name}/{level}")
    except AtlasError:
        raise
    except InputError as error:
        raise AtlasError(str(error)) from error
    except Exception as error:  # zarr raises whatever damaged metadata leads to
        raise AtlasError(f"{folder.name} cannot be read ({_first_line(error)}); fetch it again") from error


def _level(datasets: Any, resolution: Sequence[float]) -> str | None:
    """The path of the level whose scale, in mm, is the resolution."""
    for dataset in datasets:
        for transformation in dataset["coordinateTransformations"]:
            scale = transformation.get("scale")
            if scale and np.allclose(np.asarray(scale[-3:], float) * 1000, resolution, rtol=1e-4):
                return str(dataset["path"])
    return None


def _coded(annotation: Any, name: str) -> CodedLabels:
    try:
        return code_labels(annotation if isinstance(annotation, np.ndarray) else np.asarray(annotation[:]), name)
    except AtlasError:
        raise
    except READ_ERRORS as error:
        raise AtlasError(f"{name}: the annotation cannot be read ({_first_line(error)}); fetch it again") from error


def _located(metadata: Any, part: str, metadata_file: Path) -> Path:
    """The folder of a part of a version 3 atlas: its location counts from the BrainGlobe folder."""
    entry = metadata.get(part) if isinstance(metadata, dict) else None
    location = entry.get("location") if isinstance(entry, dict) else None
    parents = metadata_file.resolve().parents
    if not isinstance(location, str) or len(parents) < 4:
        raise AtlasError(
            f"{metadata_file.name} does not locate its {part} in a BrainGlobe folder; fetch the atlas again"
        )
    return inside(parents[3], location.lstrip("/"))


def _read_structures(path: Path) -> pd.DataFrame:
    data = read_json(path)
    if not isinstance(data, list) or not all(isinstance(s, dict) for s in data):
        raise AtlasError(f"{path.name} is not a list of structures; fetch the atlas again")
    keys = ("id", "name", "acronym", "structure_id_path", "rgb_triplet")
    return _structure_table([tuple(s.get(key) for key in keys) for s in data], path)


def _read_terminology(path: Path) -> pd.DataFrame:
    try:
        rows = pd.read_csv(StringIO(read_text(path)), dtype=str, keep_default_na=False)
    except (ValueError, OverflowError) as error:
        raise AtlasError(f"{path.name} is no table with commas ({_first_line(error)}); fetch it again") from error
    columns = ("annotation_value", "name", "abbreviation", "root_identifier_path", "color_hex_triplet", "identifier")
    if not set(columns) <= set(rows.columns):
        lacking = ", ".join(sorted(set(columns) - set(rows.columns)))
        raise AtlasError(f"{path.name} lacks the columns {lacking}; fetch the atlas again")
    value_of = dict(zip(rows["identifier"], rows["annotation_value"], strict=True))
    parts: list[tuple[Any, ...]] = []
    for row in rows[list(columns)].itertuples(index=False):
        value, name, acronym, ids, color, _ = row
        try:
            identifiers = [str(int(i)) for i in ast.literal_eval(ids)]
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
            raise AtlasError(f"{path.name}: the path {ids[:50]!r} of {name[:50]} is not a list of numbers") from error
        parts.append((value, name, acronym, [value_of.get(i, i) for i in identifiers], color))
    return _structure_table(parts, path)


def _structure_table(rows: list[tuple[Any, ...]], path: Path) -> pd.DataFrame:
    """The region table of (id, name, acronym, path of ids from the root, colour) of each structure."""
    try:
        ids = [int(row[0]) for row in rows]
        paths = [[int(i) for i in row[3]] if row[3] else [] for row in rows]
    except (TypeError, ValueError, OverflowError) as error:
        raise AtlasError(f"{path.name}: a structure's id is no number ({error}); fetch the atlas again") from error
    if not ids or len(set(ids)) < len(ids) or min(ids) < 0 or max(ids) >= 2**53:
        raise AtlasError(f"{path.name} has no structures, or ids that are equal or out of range; fetch the atlas again")
    acronyms = [str(row[2] or "") for row in rows]
    full = [" ".join(str(row[1] or "").split()) for row in rows]
    names = [f or a or f"structure {i}" for i, f, a in zip(ids, full, acronyms, strict=True)]
    name_of = dict(zip(ids, names, strict=True))
    parents = [name_of.get(p[-2]) if len(p) > 1 else None for p in paths]
    table = pd.DataFrame({"id": ids, "name": names, "acronym": acronyms})
    table["parent"] = pd.Series(parents, dtype=object)
    table["color"] = pd.Series([_color(row[4]) for row in rows], dtype=object)
    return table


def _color(value: Any) -> str | None:
    if isinstance(value, str) and re.fullmatch(r"#?[0-9a-fA-F]{6}", value):
        return "#" + value.lstrip("#").lower()
    if isinstance(value, list) and len(value) == 3 and all(isinstance(c, int) and 0 <= c <= 255 for c in value):
        return "#{:02x}{:02x}{:02x}".format(*value)
    return None


def _text_field(metadata: Any, key: str, path: Path) -> str:
    value = metadata.get(key) if isinstance(metadata, dict) else None
    if not isinstance(value, str) or not value:
        raise AtlasError(f"{path.name} has no {key}; fetch the atlas again")
    return value


def _three(metadata: dict[str, Any], key: str, path: Path) -> tuple[float, float, float]:
    value = metadata.get(key)
    if not isinstance(value, list) or len(value) != 3 or not all(_is_positive(v) for v in value):
        raise AtlasError(f"{path.name}: {key} is not three numbers above 0; fetch the atlas again")
    return float(value[0]), float(value[1]), float(value[2])


def _is_positive(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and 0 < value < 1e9


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
