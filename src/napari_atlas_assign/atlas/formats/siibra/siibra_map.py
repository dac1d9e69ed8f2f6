"""siibra's map files (``siibra/map/v0.0.1`` JSON), labelled or statistical, with local or remote volumes.

Volumes are NIfTI files. Local ones must lie in the folder of the JSON; where that is the ``maps`` folder of a siibra
configuration, anywhere in the configuration. Remote ones are downloaded once and kept.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import urlsplit

import numpy as np
from numpy.typing import NDArray

from ....errors import AtlasError, counted
from ....grid import Grid
from ....image import file_sha256
from ....limits import MAX_TEXT_BYTES
from ....tables.frames import pd
from ....template_space import canonical_space
from ...atlas import Atlas
from ...build import atlas_from_entries, region_entries, stem
from ...files.paths import inside
from ...files.text import read_json
from ...files.volumes import (
    check_whole,
    common_grid,
    entries_by_label,
    keep_open,
    n_axes,
    open_volume,
    read_volume,
    renamed,
)
from ...label_tables.hemispheres import with_sides
from ...sources.download import downloads_folder, fetch

if TYPE_CHECKING:
    from .map_schema import Index, Map, Volume

NAME = "siibra-map"
PRECEDENCE = 70

TYPE = "siibra/map/v0.0.1"

SPACES = {
    "dafcffc5-4826-4bf1-8ff6-46b8a31ff8e2": "MNI152NLin2009cAsym",
    "7f39f7be-445b-47c0-9791-e971c0b6d992": "Colin27",
    "a1655b99-82f1-420f-a3c2-fe80fd4c8588": "BigBrain",
    "265d32a0-3d84-40a5-926f-bf89f68212b9": "AllenCCFv3",
    "d5717c4a-0fa1-46e6-918c-b8003069ade8": "WaxholmSD",
}
"""Names of the spaces that siibra knows by number.

The rodents' are not those of BrainGlobe's atlases, whose world coordinates begin elsewhere.
"""


def sniff(path: Path) -> bool:
    """Whether the file is JSON that calls itself a siibra map."""
    try:
        if path.suffix.lower() != ".json" or not path.is_file() or path.stat().st_size > MAX_TEXT_BYTES:
            return False
        return TYPE.encode() in path.read_bytes().replace(b"\\/", b"/")
    except OSError:
        return False


def read(
    path: Path,
    labels: Path | None = None,
    *,
    progress: Callable[[int, int | None], object] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Atlas:
    """Read a siibra map.

    In a statistical map (no labels) every index is a region map, in the order of the JSON, which is siibra's order of
    volumes; in a labelled one every region is the union of its labels' voxels.

    Parameters
    ----------
    path : Path
        The JSON file.
    labels : Path, optional
        A table of labels to name the regions by instead.
    progress, cancelled
        For downloads; see `download.fetch`.

    Raises
    ------
    AtlasError
        If the JSON is no such map or contradicts itself, a volume cannot be had or read, or the volumes' grids differ.
    """
    spec = _parse(path)
    parts = [_Part(name_in_siibra(region), index) for region, indices in spec.indices.items() for index in indices]
    if not parts:
        raise AtlasError(f"{path.name} has no indices, so it maps no region")
    with_label = sum(part.index.label is not None for part in parts)
    if with_label not in (0, len(parts)):
        raise AtlasError(
            f"{path.name}: some regions have a label and some none; a map is either labelled or statistical"
        )
    files = _Files(path, spec, progress, cancelled)
    regions, voxels, values = (_labelled if with_label else _statistical)(parts, files)
    regions = renamed(with_sides(regions), labels, path.name, labelled=bool(with_label))
    space = SPACES.get(str(spec.space.get("@id", "")).rsplit("/", 1)[-1])
    if space is None and isinstance(spec.space.get("name"), str):
        space = canonical_space(spec.space["name"])
    source = {"path": str(path.resolve()), "sha256": file_sha256(path)}
    if spec.id:
        source["id"] = spec.id
    facts = {"name": spec.shortname or spec.name or stem(path), "space": space, "source": source}
    return atlas_from_entries(files.grid, regions, voxels, values, **facts)


def name_in_siibra(region: str) -> str:
    """The name that siibra itself gives a region of its JSON: ``Area 45 - left hemisphere`` is ``Area 45 left``."""
    for word in ("hemisphere", " -", "-brain", "both", "Both"):
        region = region.replace(word, "")
    region = region.replace("ctx-lh-", "left ").replace("ctx-rh-", "right ")
    return " ".join(word for word in region.split(" ") if word)


def files(path: Path, labels: Path | None = None) -> list[Path]:
    """The local files that `read` looks at; downloaded ones are told apart by their addresses in the JSON."""
    spec = _parse(path)
    local = {
        _local(path, text)
        for volume in spec.volumes
        for text in _addresses(volume, path).values()
        if not _is_remote(text)
    }
    return [path, *sorted(local), *([labels] if labels else [])]


@dataclass(frozen=True)
class _Part:
    """What one index entry says: where a region, or a part of it, is mapped."""

    region: str
    index: Index

    @property
    def where(self) -> tuple[int, str | None, int | None]:
        return self.index.volume or 0, self.index.fragment, self.index.z


class _Files:
    """The image files of a map, opened on one grid."""

    def __init__(self, path: Path, spec: Map, progress: Any, cancelled: Any) -> None:
        self.path, self.spec = path, spec
        self._progress, self._cancelled = progress, cancelled
        self._images: dict[Path, Any] = {}
        self._path_of: dict[str, Path] = {}

    @cached_property
    def grid(self) -> Grid:
        return common_grid(self._images)

    def open(self, parts: list[_Part]) -> None:
        """Find and open the headers of all files of these parts, and hold them to one grid."""
        for file in {file: None for part in parts for file in self.of(*part.where)}:
            img = open_volume(file, axes=(3, 4))
            # Slices of a packed file are read in order from one open file; others must not use up the file handles.
            self._images[file] = keep_open(file) if n_axes(img) == 4 else img
        _ = self.grid

    def of(self, volume: int, fragment: str | None, z: int | None) -> list[Path]:
        """The files of a volume, or of its fragment."""
        if volume >= len(self.spec.volumes):
            n = len(self.spec.volumes)
            raise AtlasError(
                f"{self.path.name} has {counted(n, 'volume')}, counted from 0, but an index names volume {volume}"
            )
        named = _addresses(self.spec.volumes[volume], self.path)
        if fragment is not None:
            matches = [name for name in named if not name or fragment.lower() in name.lower()]
            if len(matches) != 1:
                raise AtlasError(
                    f"{self.path.name}: volume {volume} has {len(matches)} fragments that match {fragment!r}; "
                    f"it has {', '.join(map(repr, named))}"
                )
            named = {fragment: named[matches[0]]}
        return [self._find(text) for text in named.values()]

    def volumes(self, part: _Part) -> list[tuple[NDArray[Any], str]]:
        """The values (X, Y, Z) of a part's files, and the files' names."""
        z = part.index.z
        result = []
        for file in self.of(*part.where):
            img = self._images[file]
            if n_axes(img) == 4 and z is None:
                raise AtlasError(
                    f"{file.name} has {counted(img.shape[3], 'volume')}, but "
                    f"{self.path.name} gives no 'z' for {part.region}"
                )
            result.append((read_volume(img, file.name, z), file.name))
        return result

    def _find(self, text: str) -> Path:
        if text not in self._path_of:
            if _is_remote(text):
                self._path_of[text] = fetch(
                    text, downloads_folder(), progress=self._progress, cancelled=self._cancelled, check=check_whole
                )
            else:
                self._path_of[text] = _local(self.path, text)
        return self._path_of[text]


_Maps: TypeAlias = "tuple[pd.DataFrame, list[NDArray[np.integer]], list[NDArray[Any]]]"


def _statistical(parts: list[_Part], files: _Files) -> _Maps:
    files.open(parts)
    voxels, values = [], []
    for part in parts:
        entries = [region_entries(volume, name) for volume, name in files.volumes(part)]
        voxel, value = (np.concatenate(arrays) for arrays in zip(*entries, strict=True))
        if len(entries) > 1:  # where fragments overlap, the last one counts, as in siibra
            voxel, last = np.unique(voxel[::-1], return_index=True)
            value = value[::-1][last]
        voxels.append(voxel)
        values.append(value)
    return pd.DataFrame({"id": range(len(parts)), "name": [part.region for part in parts]}), voxels, values


def _labelled(parts: list[_Part], files: _Files) -> _Maps:
    files.open(parts)
    names = list(dict.fromkeys(part.region for part in parts))
    parts_of: dict[str, list[NDArray[np.integer]]] = {name: [] for name in names}
    by_volume: dict[Any, list[_Part]] = {}
    for part in parts:
        by_volume.setdefault(part.where, []).append(part)
    for group in by_volume.values():
        for volume, name in files.volumes(group[0]):
            voxels_of = entries_by_label(volume, name)
            for part in group:
                assert part.index.label is not None
                if part.index.label in voxels_of:
                    parts_of[part.region].append(voxels_of[part.index.label])
    voxels = [np.unique(np.concatenate(parts_of[name])) if parts_of[name] else np.zeros(0, np.int32) for name in names]
    label = {part.region: part.index.label for part in reversed(parts)}
    ids = [label[name] for name in names]
    if len(set(ids)) < len(ids):  # the hemispheres share their labels, so these tell no region
        ids = list(range(1, len(names) + 1))
    return pd.DataFrame({"id": ids, "name": names}), voxels, [np.ones(len(v), np.float32) for v in voxels]


def _parse(path: Path) -> Map:
    from pydantic import ValidationError

    from .map_schema import Map

    data = read_json(path)
    if isinstance(data, dict):
        short = data.get("shortName") or data.get("shortname") or ""
        data = {**data, "shortName": short, "name": data.get("name") or ""}
    try:
        return Map.model_validate(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the whole"
        raise AtlasError(f"{path.name} is no siibra map: {where[:100]}: {first['msg']}") from None
    except RecursionError:
        raise AtlasError(f"{path.name} is no siibra map: it is nested too deeply") from None


def _addresses(volume: Volume, path: Path) -> dict[str, str]:
    """The NIfTI files of a volume by fragment; the only one's fragment may be the empty name."""
    provider = volume.providers.get("nii")
    if isinstance(provider, str):
        provider = {"": provider}
    if provider is None:
        kinds = ", ".join(map(str, volume.providers)) or "none"
        raise AtlasError(f"{path.name}: a volume comes as {kinds[:100]}; only NIfTI files ('nii') are read, convert it")
    if not isinstance(provider, dict) or not provider or not all(isinstance(text, str) for text in provider.values()):
        raise AtlasError(f"{path.name}: the 'nii' of a volume is neither a path nor a set of named fragments")
    return provider


def _is_remote(text: str) -> bool:
    try:
        return urlsplit(text).scheme in ("http", "https")
    except ValueError:
        return False


def _local(path: Path, text: str) -> Path:
    """The local file that the JSON names: relative to its folder, or a full path in the same configuration."""
    folder = path.resolve().parent
    configuration = folder.parent
    root = folder
    if folder.name == "maps" and (configuration / "spaces").is_dir() and (configuration / "parcellations").is_dir():
        root = configuration
    try:
        target = Path(text)
        if target.is_absolute() and target.is_relative_to(root):
            return inside(root, target.relative_to(root))
        beside = inside(folder, text)
        return beside if beside.exists() or root == folder else inside(root, text)
    except ValueError as error:
        raise AtlasError(f"{path.name}: the path {text[:100]!r} cannot be followed ({error})") from error
