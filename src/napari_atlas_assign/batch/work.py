"""What a worker does: open the atlases once, then turn map after map into a record.

A record is everything that the batch keeps of one map, as bytes: a head (JSON) that says what was read and what went
wrong, and the rows of its tables as the text that they have in a TSV file.
"""

from __future__ import annotations

import io
import json
import platform
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from hashlib import sha256
from itertools import chain
from pathlib import Path
from threading import Lock
from time import perf_counter
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from ..assignment.assign import assign_each, collect
from ..assignment.columns import ASSIGNMENTS, MODES, REGION_TEST, REGIONS, SWEEP, Columns, Kind, kind_of
from ..assignment.conventions import get_convention
from ..assignment.integrals.cache import prepare_integrals
from ..assignment.parameters import Parameters
from ..assignment.point_result import assign_point_set
from ..assignment.result import Result
from ..atlas.atlas import Atlas
from ..atlas.hierarchy import atlas_at_level
from ..atlas.image_names import with_names
from ..atlas.load import load_atlas
from ..errors import InputError
from ..grid import Grid
from ..header import position_of
from ..image import Image, file_sha256, open_image
from ..modes.point_files import read_points
from ..modes.point_set import Coordinates
from ..report.provenance import PACKAGES
from ..resources import running_version
from ..source import read_image_file, says_labels
from ..tables import digits
from ..tables.parts import Part, columns_of_table, n_rows, names_of
from ..tables.text import rows_as_bytes
from ..timings import timed
from .inputs import MapFile

packing: Any
try:
    from isal import isal_zlib as packing  # in a third of the time, and either reads what the other packs
except ImportError:
    import zlib as packing

if TYPE_CHECKING:
    from ..atlas.sources.library import Progress

FORMAT = 6
"""Raised whenever the form or the meaning of records changes: those of earlier runs are then made anew."""

LARGEST_RECORD = 2**30
"""Bytes of the tables of one map, unpacked."""

TABLES: dict[str, Columns] = {
    **{"assignments": ASSIGNMENTS, "modes": MODES, "regions": REGIONS},
    **{"sweep": SWEEP, "region_test": REGION_TEST},
}
"""Tables of a map, by the names that they have in a result, which has some only where they were asked for."""

ORIGIN = ("file", "map", "map name")
"""First columns of the combined tables: the file, the number of the volume in it from 0, and its name."""


MapKey = tuple[str, str | None, float | None]
"""File, name and threshold: one map of a batch."""


class AtlasFile(NamedTuple):
    """An atlas as every worker can open it by itself, through the stored index; see `load_atlas`."""

    source: str
    labels: str | None = None
    dialect: str | None = None
    name: str | None = None
    """What tables call it; None: its own name."""
    groups: str | None = None
    volume: int | None = None

    def load(self, progress: Progress | None = None) -> Atlas:
        """Open it."""
        choice = {"labels": self.labels, "dialect": self.dialect, "groups": self.groups, "volume": self.volume}
        atlas = load_atlas(self.source, **choice, progress=progress)  # type: ignore[arg-type]
        return atlas if self.name is None else atlas.described(name=self.name)


@dataclass(frozen=True)
class Job:
    """What a batch does to each of its maps. Small: it goes along with every task.

    Parameters
    ----------
    atlases : tuple of AtlasFile
    parameters : Parameters
        Of the assignment.
    volume : int, optional
        Take one volume of 4D maps, counted from 0, instead of all.
    roi_labels : str, optional
        Path of a table that names regions of interest.
    points : bool
        Whether the files hold points; of these, only the region table is kept.
    coordinates : {"mm", "voxels", "micrometres"}, optional
        What points count, where their file does not say it.
    setup : str
        What `setup_of` found where the batch was started; a worker whose own differs refuses to work.
    """

    atlases: tuple[AtlasFile, ...]
    parameters: Parameters
    volume: int | None = None
    roi_labels: str | None = None
    points: bool = False
    coordinates: Coordinates | None = None
    setup: str | None = None


class MapRecord(NamedTuple):
    """What is kept of one map."""

    head: dict[str, Any]
    rows: dict[str, bytes]
    """Of each table that the head has columns of, its rows without a header, as in a TSV file."""


class _Outcome(NamedTuple):
    """What was worked out for one file."""

    tables: dict[str, list[Part]]
    sha256: str
    volumes: int
    warnings: Sequence[str]


_opened: dict[tuple[tuple[AtlasFile, ...], int | None], list[Atlas]] = {}
_checked: set[Job] = set()
_lock = Lock()


def open_atlases(job: Job, progress: Progress | None = None) -> list[Atlas]:
    """The atlases of a job, opened once per process, at the level of the region tree that is asked for.

    Tells `progress`, as `catalogue.load` does, how far a download is.

    Raises
    ------
    InputError
        If an atlas cannot be read, two have one name, or they or the software are not those of the batch's start.
    """
    key = (job.atlases, job.parameters.level)
    with _lock:
        if key not in _opened:
            atlases = [atlas.load(progress) for atlas in job.atlases]
            if job.parameters.level is not None:
                atlases = [atlas_at_level(atlas, job.parameters.level) for atlas in atlases]
            names = [atlas.name for atlas in atlases]
            if len(set(names)) < len(names):
                raise InputError(f"two of the atlases {', '.join(names)} have one name; give one of them another name")
            _opened.clear()  # one batch at a time: memory stays bounded in workers that live for long
            _opened[key] = atlases
        atlases = _opened[key]
        if job.setup is not None and job not in _checked:
            if setup_of(job, atlases) != job.setup:
                raise InputError(
                    f"on the worker {platform.node()}, the atlas or the versions of {', '.join(PACKAGES)} are not "
                    "those of the machine that started the batch; install the same on both"
                )
            _checked.add(job)
        return atlases


def setup_of(job: Job, atlases: Sequence[Atlas]) -> str:
    """A hash of all that decides the tables besides the maps: parameters, content of the atlases, software."""
    digest = sha256()
    setup = {
        "format": FORMAT,
        "volume": job.volume,
        "roi_labels": None if job.roi_labels is None else file_sha256(Path(job.roi_labels)),
        "coordinates": job.coordinates,
        "parameters": job.parameters.as_dict(),
        "software": {package: running_version(package) for package in PACKAGES},
    }
    digest.update(json.dumps(setup, sort_keys=True).encode())
    for atlas in atlases:
        grid = (atlas.name, atlas.space, atlas.grid.shape, atlas.grid.affine.tolist())
        digest.update(json.dumps(grid).encode())
        digest.update(atlas.regions.to_json(orient="split", double_precision=15).encode())
        for array in atlas.content().values():
            digest.update(array.dtype.str.encode())
            digest.update(np.ascontiguousarray(array).data)
    return digest.hexdigest()


def prepare(job: Job, examples: Sequence[MapFile]) -> None:
    """Work out what workers need for the first readable of some maps, so that those forked from here find it done."""
    atlases = open_atlases(job)
    digits.prepare()
    if job.points:
        return
    grid = next((grid for grid in map(_grid_of, examples) if grid is not None), None)
    for atlas in atlases:
        on_atlas_grid = get_convention(job.parameters.convention).resample_to_atlas
        if grid is not None:
            prepare_integrals(atlas, atlas.grid if on_atlas_grid else grid)


def assign_maps(job: Job, maps: Sequence[MapFile]) -> list[bytes]:
    """Assign some maps one after the other; what goes wrong with one of them stands in its record.

    Raises
    ------
    InputError
        As `open_atlases`.
    """
    atlases = open_atlases(job)
    if len(maps) > 1:  # as tasks of long batches have
        digits.prepare()
    return [_record(job, file, atlases) for file in maps]


def stamp_of(file: MapFile) -> list[int]:
    """Size and time of change: tells a changed file without reading it."""
    status = file.path.stat()
    return [status.st_size, status.st_mtime_ns]


def key_of(file: MapFile) -> MapKey:
    """What a record is found by."""
    return file.file, file.name, file.threshold


def failed(file: MapFile, reason: str) -> bytes:
    """The record of a map that could not be assigned."""
    return packed(MapRecord(_named(file) | {"error": reason}, {}))


def packed(record: MapRecord) -> bytes:
    """A record as bytes."""
    head = json.dumps(record.head).encode()
    sizes = " ".join(map(str, (len(head), *map(len, record.rows.values()))))
    return f"{sizes}\n".encode() + head + packing.compress(b"".join(record.rows.values()), 1)


def unpacked(packed_record: bytes) -> MapRecord:
    """The record of `packed`; raises a ValueError where it is damaged."""
    sizes, start, end = _sizes(packed_record)
    unpacker = packing.decompressobj()
    try:
        text = unpacker.decompress(packed_record[end:], LARGEST_RECORD)
    except packing.error as error:
        raise ValueError(str(error)) from error
    if not unpacker.eof:
        raise ValueError("a record is cut off, or too large")
    head, rows = json.loads(packed_record[start:end]), io.BytesIO(text)
    return MapRecord(head, {name: rows.read(size) for name, size in zip(head.get("columns", ()), sizes, strict=True)})


def head_of(packed_record: bytes) -> dict[str, Any]:
    """The head of a packed record alone."""
    _, start, end = _sizes(packed_record)
    head: dict[str, Any] = json.loads(packed_record[start:end])
    return head


def is_finished(packed_record: bytes) -> bool:
    """Whether bytes are the packed record of a map that was assigned, as `packed` writes it."""
    from ..schema import check
    from .head_schema import Head

    try:
        check(Head, head_of(packed_record), "{}")
    except (InputError, ValueError, RecursionError):
        return False
    return True


def columns_of(names: Iterable[str], known: Columns) -> list[tuple[str, Kind]]:
    """Names and kinds of the columns of a combined table, those of `ORIGIN` first; `known` are those of its kind."""
    names = (*ORIGIN, *(str(name) for name in names if name not in ORIGIN))
    # Not by type, since the same column has another one in the table of a map without modes.
    return [(name, kind_of(name, known)) for name in names]


@lru_cache(maxsize=2**6)
def _columns_of(table: str, names: tuple[str, ...]) -> list[tuple[str, Kind]]:
    """Kept: the same for all maps of a batch."""
    return columns_of(names, TABLES[table])


def _record(job: Job, file: MapFile, atlases: list[Atlas]) -> bytes:
    timings: dict[str, float] = {}
    try:
        stamp = stamp_of(file)
        outcome = (_of_points if job.points else _of_map)(job, file, atlases, timings)
        with timed(timings, "write"):
            rows = {name: _rows(parts, file.file) for name, parts in outcome.tables.items()}
    except FileNotFoundError:
        return failed(file, f"{file.file}: no such file; check the path")
    except OSError as error:
        return failed(file, f"{file.file} cannot be read ({error.strerror or error}); check the path")
    except InputError as error:
        return failed(file, str(error))
    except Exception as error:  # whatever one map brings about, the others go on
        return failed(file, f"unexpected {type(error).__name__}: {error}")
    head = _named(file) | {
        "stamp": stamp,
        "sha256": outcome.sha256,
        "volumes": outcome.volumes,
        "modes": sum(map(n_rows, outcome.tables.get("modes", ()))),
        "assignments": sum(map(n_rows, outcome.tables.get("assignments", ()))),
        "warnings": outcome.warnings,
        "timings": timings,
        "columns": {name: _columns_of(name, tuple(names_of(parts))) for name, parts in outcome.tables.items()},
    }
    return packed(MapRecord(head, rows))


def _rows(parts: Sequence[Part], file: str) -> bytes:
    """The rows of a table as in a TSV file, with the columns `ORIGIN` first."""
    names = [*ORIGIN, *(name for name in names_of(parts) if name not in ORIGIN)]
    return b"".join(rows_as_bytes({**part, "file": file}, names) for part in parts)


def _of_map(job: Job, file: MapFile, atlases: list[Atlas], timings: dict[str, float]) -> _Outcome:
    start = perf_counter()
    images = _read_images(file, job.volume)
    timings["read image"] = perf_counter() - start
    result = _assign(images, atlases, job, file.threshold, timings)
    tables = {
        "assignments": result.parts("assignments"),
        "modes": result.parts("modes"),
        "regions": result.parts("regions"),
    }
    for name, table in (("sweep", result.sweep), ("region_test", result.region_test)):
        if table is not None:
            tables[name] = [columns_of_table(table)]
    return _Outcome(tables, images[0].source["sha256"], len(images), result.warnings)


def _of_points(job: Job, file: MapFile, atlases: list[Atlas], timings: dict[str, float]) -> _Outcome:
    """The region table alone: those by point are as long as the file, and no batch compares them."""
    with timed(timings, "read points"):
        points = read_points(file.path, coordinates=job.coordinates)
    result = assign_point_set(points, atlases)
    with timed(timings, "regions"):
        table = columns_of_table(result.regions)
    part: Part = {"map": 0, "map name": file.name or points.name, **table}
    return _Outcome({"regions": [part]}, points.source["sha256"], 1, result.warnings)


def _read_images(file: MapFile, volume: int | None) -> list[Image]:
    images = read_image_file(file.path, volume)
    if file.name is None:
        return images
    return [replace(image, name=file.name + image.name.removeprefix(file.path.name)) for image in images]


def _assign(
    images: list[Image],
    atlases: list[Atlas],
    job: Job,
    threshold: float | None,
    timings: dict[str, float],
) -> Result:
    """The pipeline; the atlases are at their level already."""
    parameters = job.parameters if job.parameters.level is None else replace(job.parameters, level=None)
    if threshold is not None:
        parameters = replace(parameters, threshold=threshold)
    if says_labels(images) and not parameters.makes_a_map:
        parameters = replace(parameters, rois=True)
    if parameters.rois:
        images = with_names(images, None if job.roi_labels is None else Path(job.roi_labels))
    comparisons = chain.from_iterable(assign_each(images, atlases, parameters, timings))
    return collect(list(comparisons), parameters, is_stack=True, timings=timings)


def _grid_of(file: MapFile) -> Grid | None:
    """The grid of a map; None if it cannot be read, which is reported in its turn."""
    try:
        img = open_image(file.path)
        return Grid((img.shape[0], img.shape[1], img.shape[2]), position_of(img, file.path.name)[0])
    except (InputError, IndexError, OSError):
        return None


def _named(file: MapFile) -> dict[str, Any]:
    return {"file": file.file, "name": file.name, "threshold": file.threshold}


def _sizes(packed_record: bytes) -> tuple[list[int], int, int]:
    """Bytes of the rows of each table, and where the head begins and ends."""
    line, _, _ = packed_record[:128].partition(b"\n")
    n_head, *sizes = map(int, line.split())
    return sizes, len(line) + 1, len(line) + 1 + n_head
