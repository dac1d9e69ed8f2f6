"""Run a record again: the same files, the same parameters, the same tables, or a sentence about what is not the same.

A file is looked for where it was; failing that, beside the record and in the folder above it, so that a folder can be
moved or sent on. Its hash tells whether it is the same.
"""

from __future__ import annotations

import gzip
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import zip_longest
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from ..assignment.assign import assign
from ..assignment.places.placing import place_on_atlas
from ..assignment.point_result import PointResult
from ..assignment.result import Result
from ..atlas.atlas import Atlas
from ..atlas.hierarchy import atlas_at_level
from ..atlas.load import load_atlas
from ..errors import InputError, warn
from ..grid import Grid
from ..image import Image, exists, file_sha256, read_stack
from ..limits import Start
from ..modes.point_files import read_points
from ..modes.point_set import PointSet
from ..modes.rois import RoiImage
from ..modes.segmentation import is_segmentation, read_segmentation
from ..tiff_files.images import read_tiff
from ..tiff_files.volumes import is_tiff
from ..zarr_files.ome_zarr import is_ome_zarr, read_ome_zarr
from .folder import is_own_name, write_tables
from .provenance import PACKAGES, RECORD_NAME, array_sha256, read_record, record_of, software
from .settings import InputChoice, RecordedAtlas, Settings, reading_record, settings_of
from .wording import counted

if TYPE_CHECKING:
    from ..atlas.sources.library import Progress

__all__ = ["compare_with_record", "rerun", "settings_of"]

_PIECE = 2**20
"""Bytes that are unpacked at a time."""

_DIGITS = 12
"""Digits of a hash that a sentence shows; chance makes two files agree in them once in 10^14."""


def rerun(record_path: str | os.PathLike[str], *, progress: Progress | None = None) -> Result | PointResult:
    """Run the assignment of a record again.

    Parameters
    ----------
    record_path : path
        A ``provenance.json``, or the output folder that holds one.
    progress : callable, optional
        Called while an atlas is downloaded: how much is done, of how much (None: unknown), and what, in words.

    Returns
    -------
    Result or PointResult
        With tables equal to those of the record, bit for bit, where the versions of the packages are the same.

    Raises
    ------
    InputError
        If the record cannot be read; if an input or a file of an atlas is missing or is not what it was (each is named,
        with its hash then and now); or if an input was no file (an array, a layer) and can only be assigned anew.

    Warns
    -----
    AssignmentWarning
        If a package that can change a number has another version now.

    Examples
    --------
    >>> import napari_atlas_assign as naa
    >>> samples = naa.sample_data_folder()
    >>> source, atlas = (samples / f"synthetic-fusiform_{name}.nii.gz" for name in ("map", "probseg"))
    >>> record = naa.assign(source, atlas).save("out") / "provenance.json"
    >>> naa.compare_with_record(naa.rerun(record), record)
    {'assignments.tsv': None, 'components.nii.gz': None, 'modes.tsv': None, 'peaks.tsv': None, 'regions.tsv': None}
    """
    path = _record_file(record_path)
    record = read_record(path)
    settings = settings_of(record)
    with reading_record():
        _read_all(record, settings)
    _warn_of_versions(record)
    return _Again(path.parent, record, settings, progress).run()


def compare_with_record(result: Result | PointResult, record_path: str | os.PathLike[str]) -> dict[str, str | None]:
    """Compare a result with the files of a record.

    Parameters
    ----------
    result : Result or PointResult
        As `rerun` gives it.
    record_path : path
        A ``provenance.json``, or the output folder that holds one.

    Returns
    -------
    dict
        For each table and mode volume that the record lists, None where it is the same, bit for bit, else what differs;
        and for each other file that it lists, such as a figure, that is missing or was changed.

    Raises
    ------
    InputError
        If the record cannot be read or lists no table.
    """
    path = _record_file(record_path)
    listed = read_record(path).get("files")
    files = {n: str(sha) for n, sha in listed.items() if is_own_name(n)} if isinstance(listed, Mapping) else {}
    wanted = {name: sha for name, sha in files.items() if name.endswith((".tsv", ".nii.gz"))}
    if not wanted:
        raise InputError(f"{path} lists no tables to compare with; give the record in an output folder")
    with TemporaryDirectory() as folder:
        write_tables(result, Path(folder))
        differences = {name: _difference(Path(folder, name), path.parent / name, sha) for name, sha in wanted.items()}
    others = {name: _change(path.parent / name, sha) for name, sha in files.items() if name not in wanted}
    return differences | {name: f"the file {change}" for name, change in others.items() if change}


@dataclass(frozen=True)
class _Again:
    """One record, run again."""

    folder: Path
    """Where the record lies."""
    record: Mapping[str, Any]
    settings: Settings
    progress: Progress | None = None
    stacks: dict[Path, list[Image]] = field(default_factory=dict)

    def run(self) -> Result | PointResult:
        described = [self.record["points"]] if self.settings.is_points else self.record["images"]
        self._refuse([*self._without_file(described), *self._changed_files(described)])
        atlases = [
            self._atlas(choice, entry)
            for choice, entry in zip(self.settings.atlases, self.record["atlases"], strict=True)
        ]
        parameters = self.settings.parameters
        options = {name: getattr(parameters, name) for name in parameters.as_dict()}
        result = assign(self._source(described, atlases), atlases, **options)
        self._refuse(self._changed_atlases(result))
        return result

    def _source(self, described: Sequence[Any], atlases: list[Atlas]) -> Image | list[Image] | PointSet:
        """The input as it was: points, a map or a stack."""
        if self.settings.is_points:
            return self._points(described[0], atlases)
        images = [self._image(choice, entry) for choice, entry in zip(self.settings.inputs, described, strict=True)]
        return images if self.settings.is_stack else images[0]

    def _refuse(self, complaints: Iterable[str]) -> None:
        complaints = list(complaints)
        if complaints:
            few = complaints[:5] + ([f"and {len(complaints) - 5} more"] if len(complaints) > 5 else [])
            raise InputError(f"{'; '.join(few)}: bring back what was used, or assign anew")

    def _without_file(self, described: list[Mapping[str, Any]]) -> Iterator[str]:
        """What cannot be read again, since it was no file."""
        for choice, entry in zip(self.settings.inputs, described, strict=True):
            if choice.path is None and "xyz" not in entry:
                yield f"{choice.name} was {_kind(entry['source'])}, which the record does not hold"
        for atlas, entry in zip(self.settings.atlases, self.record["atlases"], strict=True):
            if atlas.source is None:
                yield f"the atlas {atlas.name} was {_kind(entry['source'])}, which the record does not hold"

    def _changed_files(self, described: list[Mapping[str, Any]]) -> Iterator[str]:
        """What is missing or has another hash. Atlases of the catalogue are looked at when they are loaded."""
        expected = dict.fromkeys(pair for entry in described for pair in _files(entry["source"]))
        for choice, entry in zip(self.settings.atlases, self.record["atlases"], strict=True):
            if "catalogue" in entry["source"]:
                continue
            root = Path(choice.source or "")
            moved = self.find(root)
            base, new_base = (root, moved) if moved.is_dir() else (root.parent, moved.parent)
            for file, sha in _files(entry["source"]):
                inside = root != moved and Path(file).is_relative_to(base)
                expected[(str(new_base / Path(file).relative_to(base)) if inside else file, sha)] = None
            if not exists(moved):
                expected.setdefault((str(root), None))
        for file, sha in expected:
            path = self.find(Path(file))
            if not exists(path):
                yield f"{path.name} is missing (it was {file})"
            elif sha is not None and path.is_file():
                now = file_sha256(path)
                if now != sha:
                    yield _changed(path.name, sha, now)

    def find(self, path: Path) -> Path:
        """Where a file is now: where it was, beside the record, or in the folder above; else where it was."""
        here = self.folder.resolve()
        return next((p for p in (path, here / path.name, here.parent / path.name) if exists(p)), path)

    def _image(self, choice: InputChoice, described: Mapping[str, Any]) -> Image:
        assert choice.path is not None
        path = self.find(choice.path)
        if is_tiff(path):
            image = read_tiff(path, choice.volume)[0]
            if "layer" in described["source"]:  # whose axes were reversed
                image = Image(image.data.T, _grid(described))
        elif is_ome_zarr(path):
            image = read_ome_zarr(path, choice.volume)[0]
        elif self.settings.is_stack and choice.volume is not None:
            if path not in self.stacks:
                self.stacks[path] = read_stack(path)
            volumes = self.stacks[path]
            if not 0 <= choice.volume < len(volumes):
                raise InputError(f"{path.name} has no volume {choice.volume}; give the file that the record tells of")
            image = volumes[choice.volume]
        elif is_segmentation(Start.of(path)):
            image = read_segmentation(path)
        else:
            image = Image.from_file(path, choice.volume)
        now = array_sha256(image.data)
        if now != described["values_sha256"]:
            what, verb = f"the values of {choice.name}", f"were not those of {path.name}"
            self._refuse([_changed(what, described["values_sha256"], now, verb)])
        # The grid, too, is the record's: a layer may have been moved in the viewer.
        grid = _grid(described)
        source = dict(described["source"]) | {"path": str(path.resolve())}
        names = {int(label): str(name) for label, name in (described.get("names") or {}).items()}
        facts = {"name": choice.name, "space": described["space"], "source": source, "names": names}
        if isinstance(image, RoiImage):
            return replace(image, **facts)
        return Image(image.data, grid, **facts)

    def _points(self, described: Mapping[str, Any], atlases: Sequence[Atlas]) -> PointSet:
        (choice,) = self.settings.inputs
        if choice.path is None:
            points = _coordinates(described)
        else:
            source = described["source"]
            read = read_points(self.find(choice.path), source.get("sigma", 0.0), source.get("coordinates"))
            points = place_on_atlas(read, atlases)
        now = array_sha256(points.xyz, points.sigma)
        if now != described["values_sha256"]:
            self._refuse([_changed(f"the coordinates of {choice.name}", described["values_sha256"], now)])
        return replace(points, name=choice.name, space=described["space"])

    def _atlas(self, choice: RecordedAtlas, described: Mapping[str, Any]) -> Atlas:
        assert choice.source is not None
        source = described["source"]
        groups = self.find(Path(source["groups"])) if source.get("groups") else None
        if "catalogue" in source:
            atlas = load_atlas(choice.source, groups=groups, progress=self.progress)
            now = {Path(file).name: sha for file, sha in _files(atlas.source)}
            then = {Path(file).name: sha for file, sha in _files(source)}
            self._refuse(
                [
                    _changed(f"{name} of the atlas {choice.name}", sha, now.get(name))
                    for name, sha in then.items()
                    if sha is not None and now.get(name) != sha
                ]
            )
        else:
            labels = None if choice.labels is None else self.find(choice.labels)
            near = None if "opened_near" not in source else _grid({"grid": source["opened_near"]})
            volume = source.get("opened_volume")
            dialect = choice.dialect if volume is None else None
            options: dict[str, Any] = {"labels": labels, "dialect": dialect, "groups": groups}
            atlas = load_atlas(self.find(Path(choice.source)), **options, near=near, volume=volume)
        if "level" in source and self.settings.parameters.level is None:
            atlas = atlas_at_level(atlas, int(source["level"]))
        return atlas.described(name=choice.name, space=described["space"])

    def _changed_atlases(self, result: Result | PointResult) -> Iterator[str]:
        """Atlases whose files have no hash in the record are told by their values."""
        for then, now in zip(self.record["atlases"], record_of(result)["atlases"], strict=True):
            expected, actual = then.get("values_sha256"), now.get("values_sha256")
            if expected is not None and expected != actual:
                yield _changed(f"the region maps of the atlas {then['name']}", expected, actual)


def _read_all(record: Mapping[str, Any], settings: Settings) -> None:
    """Read every entry that is used later, so that what a record lacks shows before any work."""
    described = [record["points"]] if settings.is_points else record["images"]
    for entry in (*described, *record["atlases"]):
        _files(entry["source"])
        if not isinstance(entry["space"], str | None):
            raise TypeError("a space is no text")
    for entry in described:
        if not isinstance(entry["values_sha256"], str):
            raise TypeError("a hash is no text")
        if not settings.is_points:
            _grid(entry)
        elif "xyz" in entry:
            _coordinates(entry)
    for entry in record["atlases"]:
        int(entry["source"].get("level", 0))
        if "opened_near" in entry["source"]:
            _grid({"grid": entry["source"]["opened_near"]})


def _grid(described: Mapping[str, Any]) -> Grid:
    nx, ny, nz = (int(n) for n in described["grid"]["shape"])
    return Grid((nx, ny, nz), np.array(described["grid"]["affine"], dtype=float))


def _coordinates(described: Mapping[str, Any]) -> PointSet:
    """Points that stand in the record itself."""
    xyz = np.array(described["xyz"], dtype=float).reshape(-1, 3)
    names = described["names"] if described["names"] is None else tuple(described["names"])
    return PointSet(xyz, np.array(described["sigma"], dtype=float), names, source=dict(described["source"]))


def _record_file(path: str | os.PathLike[str]) -> Path:
    path = Path(path)
    return path / RECORD_NAME if exists(path) and path.is_dir() else path


def _files(source: Mapping[str, Any]) -> list[tuple[str, str | None]]:
    """Files that a source names, each with its hash; without one for what was in memory when it was assigned."""
    pairs: list[tuple[str, str | None]] = []
    if isinstance(source.get("files"), list):
        pairs += [(str(file["path"]), str(file["sha256"])) for file in source["files"]]
        if "groups" in source:
            pairs.append((str(source["groups"]), str(source["groups_sha256"])))
        return pairs
    if "path" in source:
        pairs.append((str(source["path"]), source.get("sha256")))
    hashed = [key.removesuffix("_sha256") for key in source if key.endswith("_sha256")]
    return pairs + [(str(source[key]), str(source[f"{key}_sha256"])) for key in hashed if key in source]


def _kind(source: Mapping[str, Any]) -> str:
    return f"the layer {source['layer']!r} without a file" if "layer" in source else "an array in memory"


def _changed(what: str, expected: str, actual: str | None, verb: str = "changed") -> str:
    now = "none" if actual is None else f"{actual[:_DIGITS]}…"
    return f"{what} {verb} (SHA-256 expected {expected[:_DIGITS]}…, found {now})"


def _warn_of_versions(record: Mapping[str, Any]) -> None:
    then, now = record.get("software"), software()
    if not isinstance(then, Mapping):
        return
    changed = [name for name in PACKAGES if then.get(name, now[name]) != now[name]]
    other = [f"{name} was {then[name]}, is {now[name]}" for name in changed]
    if other:
        warn(f"{', '.join(other)}: results may differ")


def _difference(new: Path, old: Path, expected: str) -> str | None:
    """What differs between a file written now and the record's; None if nothing does."""
    if not new.exists():
        return "is not made from these inputs any more"
    actual = file_sha256(new)
    change = _change(old, expected)
    if actual == expected:
        return f"is the same again, but the file beside the record {change}" if change else None
    if not old.is_file():
        return "differs from the hash in the record, and the file beside the record is missing"
    if new.name.endswith(".tsv"):
        return _first_other_cell(new, old)
    # Another version of zlib may pack the same voxels in other bytes.
    return None if _unpack_alike(new, old) else "holds other modes"


def _change(file: Path, expected: str) -> str | None:
    """What happened to a file since it was written; None if nothing did."""
    if not file.is_file():
        return "is missing"
    return None if file_sha256(file) == expected else "was changed after it was written"


def _first_other_cell(new: Path, old: Path) -> str:
    now, then = (path.read_text("utf-8", errors="replace").split("\n") for path in (new, old))
    heads = now[0].split("\t")
    if now[0] != then[0]:
        return "has other columns"
    for number, (a, b) in enumerate(zip_longest(now, then)):
        if a is None or b is None:
            break
        cells = zip(heads, a.split("\t"), b.split("\t"), strict=False)
        if other := [f"{head} was {y}, is {x}" for head, x, y in cells if x != y]:
            return f"differs first in row {number}: {other[0]}"
    return f"has {counted(len(now) - 2, 'row')}, had {len(then) - 2}"


def _unpack_alike(a: Path, b: Path) -> bool:
    """Whether two packed files hold the same bytes; unpacked piece by piece, since one may come from anywhere."""
    try:
        with gzip.open(a) as first, gzip.open(b) as second:
            while True:
                piece = first.read(_PIECE)
                if piece != second.read(_PIECE):
                    return False
                if not piece:
                    return True
    except (OSError, EOFError, zlib.error):
        return False
