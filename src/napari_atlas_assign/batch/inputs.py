"""Which maps a batch is made of: files, folders, patterns, BIDS datasets and manifests, as one list of files."""

from __future__ import annotations

import csv
import glob
import math
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ..atlas.formats.bids import BidsName
from ..errors import InputError
from ..limits import check_regular
from ..modes.point_columns import find_coordinates
from ..modes.point_files import holds_points

IMAGE_ENDINGS = (".nii", ".nii.gz", ".img", ".img.gz", ".mgz", ".mgh", ".head", ".nrrd", ".nhdr")
"""Files that are taken out of folders."""

MANIFEST_ENDINGS = (".csv", ".tsv")

LONGEST_PATH = 4096
"""Letters of a path in a manifest."""

_DATASET = "dataset_description.json"
_STATISTICAL_MAP = "statmap"


@dataclass(frozen=True)
class MapFile:
    """One map of a batch.

    Parameters
    ----------
    file : str
        The path as it was given or found; stands in the combined tables.
    name : str, optional
        To show instead of the file's own name.
    threshold : float, optional
        Of this map alone, in its unit; None: the batch's.
    folder : str
        What a relative `file` is relative to.
    """

    file: str
    name: str | None = None
    threshold: float | None = None
    folder: str = ""

    @property
    def path(self) -> Path:
        """Where the file is."""
        return Path(self.folder, self.file)


def find_maps(
    sources: Sequence[str | os.PathLike[str]], entities: Mapping[str, Sequence[str]] | None = None
) -> list[MapFile]:
    """List the maps that sources stand for, in their order; a file that comes twice, once.

    Parameters
    ----------
    sources : sequence of str or path
        Image files; folders, of which the images directly in them are taken; BIDS datasets (a folder with
        ``dataset_description.json``), of which the ``_statmap`` images are; patterns such as ``maps/**/*.nii.gz``; and
        manifests (CSV or TSV) with a column ``path``, relative to the manifest, and where wanted ``name`` and
        ``threshold``.
    entities : mapping, optional
        Of BIDS file names, the values that are wanted: ``{"stat": ["z"], "task": ["nback", "rest"]}``. ``suffix``
        stands for the end of the name, ``statmap`` if left out. With it, every folder is taken for a BIDS dataset.

    Returns
    -------
    list of MapFile

    Raises
    ------
    InputError
        If a source does not exist or holds no map, a manifest cannot be read, or a dataset holds maps of several
        statistics and `entities` does not say which.
    """
    if entities and not any(map(os.path.isdir, sources)):
        raise InputError("--entity: only for folders; leave it out, or give a BIDS dataset")
    here = os.getcwd()
    each: dict[tuple[Path, str | None, float | None], MapFile] = {}
    for source in sources:
        for file in _maps_of(os.fspath(source), entities or {}, here):
            each.setdefault((file.path, file.name, file.threshold), file)
    return list(each.values())


def are_points(files: Sequence[MapFile]) -> bool:
    """Whether the files of a batch hold points.

    Raises
    ------
    InputError
        If some do, and others do not.
    """
    of_kind = {not _is_image(file.path.name) and holds_points(file.path): file.file for file in files}
    if len(of_kind) > 1:
        raise InputError(f"{of_kind[True]} holds points, and {of_kind[False]} does not; give each a batch of its own")
    return True in of_kind


def _maps_of(source: str, entities: Mapping[str, Sequence[str]], here: str) -> Iterator[MapFile]:
    path = Path(source)
    try:
        is_folder, exists = path.is_dir(), path.exists()
    except (OSError, ValueError) as error:
        raise InputError(f"{source} is no name of a file ({error}); give a file, a folder or a pattern") from error
    check_regular(path)
    if is_folder:
        is_dataset = bool(entities) or (path / _DATASET).is_file()
        files = _of_dataset(path, entities) if is_dataset else _of_folder(path)
    elif exists and source.lower().endswith(MANIFEST_ENDINGS):
        yield from _of_manifest(path, here)
        return
    elif exists:
        files = [source]
    elif glob.has_magic(source):
        files = sorted(file for file in glob.glob(source, recursive=True) if os.path.isfile(file))
        if not files:
            raise InputError(f"{source}: no file fits this pattern; check it")
    else:
        raise InputError(f"{source}: no such file or folder; check the path")
    for file in files:
        yield MapFile(file, folder=here)


def _of_folder(folder: Path) -> list[str]:
    files = sorted(str(path) for path in folder.iterdir() if _is_image(path.name) and not path.is_dir())
    if not files:
        raise InputError(
            f"{folder} holds no image file directly and no {_DATASET}; give a pattern such as '{folder}/**/*.nii.gz'"
        )
    return files


def _of_dataset(folder: Path, entities: Mapping[str, Sequence[str]]) -> list[str]:
    """The images whose BIDS names have the entities that are wanted."""
    wanted = {"suffix": [_STATISTICAL_MAP]} | dict(entities)
    maps: list[tuple[str, BidsName]] = []
    for root, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(filter(_is_image, names)):
            bids = BidsName.of(Path(name))
            if bids and all((bids.entities | {"suffix": bids.suffix}).get(key) in wanted[key] for key in wanted):
                maps.append((os.path.join(root, name), bids))
    asked = ", ".join(f"{key}={'|'.join(values)}" for key, values in wanted.items())
    if not maps:
        raise InputError(f"{folder} holds no image named with {asked}; check --entity and the dataset")
    statistics = sorted({bids.entities.get("stat", "none") for _, bids in maps})
    if len(statistics) > 1 and "stat" not in wanted:
        raise InputError(
            f"{folder} holds maps of several statistics ({', '.join(statistics)}); "
            "say which, for example --entity stat=z"
        )
    return [file for file, _ in maps]


def _of_manifest(path: Path, here: str) -> Iterator[MapFile]:
    """The rows of a table with the column path."""
    n_maps = 0
    try:
        with path.open(encoding="utf-8-sig", newline="") as opened:
            rows = csv.DictReader(opened, delimiter="\t" if path.name.lower().endswith(".tsv") else ",")
            if rows.fieldnames is None:
                raise InputError(f"{path} is empty; name one map per row in the column 'path'")
            if "path" not in rows.fieldnames and find_coordinates(list(rows.fieldnames), path.name) is not None:
                yield MapFile(str(path), folder=here)  # the table of points itself
                return
            if "path" not in rows.fieldnames:
                raise InputError(f"{path} has no column 'path'; a manifest names one map per row in it")
            for row in rows:
                file = (row["path"] or "").strip()
                if not file or "\0" in file or len(file) > LONGEST_PATH:
                    raise InputError(
                        f"{path}, line {rows.line_num}: the path is empty, too long or no path; mend or delete the row"
                    )
                name = (row.get("name") or "").strip() or None
                threshold = _threshold(row.get("threshold"), f"{path}, line {rows.line_num}")
                yield MapFile(str(path.parent / file), name, threshold, here)
                n_maps += 1
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(f"{path} cannot be read as a table ({error}); give CSV or TSV in UTF-8") from error
    if not n_maps:
        raise InputError(f"{path} names no map; give one per row")


def _threshold(text: str | None, where: str) -> float | None:
    if not (text or "").strip():
        return None
    try:
        number = float(text or "")
    except ValueError:
        number = math.nan
    if not math.isfinite(number) or number < 0:
        raise InputError(f"{where}: the threshold is {text!r}; give 0 or a positive number, or leave it empty")
    return number


def _is_image(name: str) -> bool:
    return name.lower().endswith(IMAGE_ENDINGS) and not name.startswith(".")
