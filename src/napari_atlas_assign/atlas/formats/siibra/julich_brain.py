"""Julich-Brain releases: one NIfTI per area and hemisphere, or label volumes of the two hemispheres.

Probability maps lie as ``Area-45/Area-45_lh_MNI152.nii.gz`` (3.x) or, in 2.9, as
``Ch-123_l_N10_nlin2ICBM152asym2009c_4.3_publicP_<md5>.nii.gz``. Label volumes (maximum probability maps) come as a pair
with equal labels in both hemispheres, ``..._MPM_lh_...`` and ``..._MPM_rh_...`` (or ``..._MPMAtlas_l_...``), or as one
volume for both, ``..._MPM_b_...``, in which right is left + 1000.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np
from numpy.typing import NDArray

from ....errors import AtlasError
from ....image import file_sha256
from ....tables.frames import pd
from ...atlas import Atlas
from ...build import atlas_from_entries, regions_of_labels, stem
from ...files.paths import inside
from ...files.text import read_json
from ...files.volumes import common_grid, entries_by_label, entries_of_files, open_volume, read_volume, renamed
from ...files.xml import read_xml
from ...label_tables import read_table
from ...label_tables.hemispheres import Side, with_sides

NAME = "julich-brain"
PRECEDENCE = 90

RIGHT_OFFSET = 1000
"""What the release adds to the labels of the right hemisphere where both are in one volume."""

_SIDES: dict[str, Side] = {"l": "left", "lh": "left", "r": "right", "rh": "right"}
_ENDING = r"\.nii(?:\.gz)?$"
_AREA = (
    re.compile(r"^(?P<area>.+?)_(?P<side>lh|rh)_(?P<rest>MNI152|colin27)" + _ENDING, re.IGNORECASE),
    re.compile(
        r"^(?P<area>.+?)_(?P<side>[lr])_(?P<rest>N\d+_nlin2.+?)_public[A-Z]+_[0-9a-f]+" + _ENDING, re.IGNORECASE
    ),
)
_LABELS = re.compile(r"^(?P<family>.*MPM(?:Atlas)?)_(?P<side>lh|rh|[lrb])_(?P<rest>.+?)" + _ENDING, re.IGNORECASE)
_MAX_DEPTH = 3


def sniff(path: Path) -> bool:
    """Whether the path is a label volume of the release, or a folder with such volumes or area maps."""
    try:
        if path.is_file():
            return _LABELS.match(path.name) is not None
        return path.is_dir() and any(_area(file) or _LABELS.match(file.name) for file in _images(path))
    except (OSError, ValueError, AtlasError):
        return False


def read(path: Path, labels: Path | None = None) -> Atlas:
    """Read a release.

    Regions of the left and the right hemisphere are regions of their own, named ``Area 45 left``. Where label volumes
    give both the same label, the right one's ``id`` is higher by 1000, as in the release's own volumes of both
    hemispheres.

    Parameters
    ----------
    path : Path
        A folder, or a label volume; the other hemisphere's volume beside it is read, too.
    labels : Path, optional
        A table of labels to name the regions by, instead of the release's XML or JSON.

    Raises
    ------
    AtlasError
        If the folder holds several kinds of maps, or files cannot be read or do not fit each other.
    """
    maps = _find(path)
    if isinstance(maps[0], _AreaFile):
        return _read_areas(path, [f for f in maps if isinstance(f, _AreaFile)], labels)
    return _read_labels(path, [f for f in maps if isinstance(f, _LabelFile)], labels)


def files(path: Path, labels: Path | None = None) -> list[Path]:
    """The files that `read` looks at."""
    maps = _find(path)
    tables = [labels] if labels else [t for f in maps if isinstance(f, _LabelFile) for t in [_names_file(f.path)] if t]
    return [*(f.path for f in maps), *dict.fromkeys(tables)]


def parse_names(path: Path) -> dict[int, str]:
    """Names by label of a release's XML (``Structure`` or ``label`` elements) or JSON (``Structures.Structure[]``).

    Raises
    ------
    AtlasError
        If the file cannot be read or names nothing.
    """
    rows = _json_rows(read_json(path)) if path.suffix.lower() == ".json" else _xml_rows(read_xml(path))
    names: dict[int, str] = {}
    for value, name in rows:
        if re.fullmatch(r"\s*\d{1,9}\s*", str(value)) and str(name or "").strip():
            names.setdefault(int(value), " ".join(str(name).split()))
    if not names:
        raise AtlasError(f"{path.name} has no structures with a grey value and a name; give a table with labels=")
    return names


@dataclass(frozen=True)
class _AreaFile:
    path: Path
    area: str
    side: Side
    space: str


@dataclass(frozen=True)
class _LabelFile:
    path: Path
    family: str
    side: Side | None
    """None: both hemispheres."""
    space: str


def _read_areas(path: Path, areas: list[_AreaFile], labels: Path | None) -> Atlas:
    areas = sorted(areas, key=lambda a: (a.area.lower(), a.side))
    regions = pd.DataFrame(
        {
            "id": range(len(areas)),
            "name": [f"{a.area} {a.side}" for a in areas],
            "hemisphere": [a.side for a in areas],
        }
    )
    grid, voxels, values = entries_of_files([a.path for a in areas])
    regions = renamed(regions, labels, path.name, labelled=False)
    source = {"path": str(path.resolve())}
    return atlas_from_entries(grid, regions, voxels, values, name=path.name, space=areas[0].space, source=source)


def _read_labels(path: Path, volumes: list[_LabelFile], labels: Path | None) -> Atlas:
    volumes = sorted(volumes, key=lambda v: v.side or "")
    images = {v.path: open_volume(v.path) for v in volumes}
    grid = common_grid(images)
    shared = len(volumes) > 1
    rows: list[dict[str, Any]] = []
    voxels: list[NDArray[np.integer]] = []
    for volume in volumes:
        voxels_of = entries_by_label(read_volume(images[volume.path], volume.path.name), volume.path.name)
        names_file = None if labels else _names_file(volume.path)
        names = parse_names(names_file) if names_file else {}
        for label, voxel in voxels_of.items():
            rows.append(_row(label, volume.side, names, voxels_of, shared=shared))
            voxels.append(voxel)
    if not rows:
        raise AtlasError(f"{path.name} has no voxel above 0; it holds no region")
    regions = pd.DataFrame(rows)
    if labels is not None:
        regions = _named_by_table(regions, labels, path.name)
    values = [np.ones(len(v), np.float32) for v in voxels]
    source: dict[str, Any] = {"path": str(path.resolve())}
    if len(volumes) == 1:
        source["sha256"] = file_sha256(volumes[0].path)
    name = stem(volumes[0].path) if path.is_file() else path.name
    facts = {"name": name, "space": volumes[0].space, "source": source}
    return atlas_from_entries(grid, with_sides(regions), voxels, values, **facts)


def _row(
    label: int, side: Side | None, names: dict[int, str], in_volume: dict[int, Any], *, shared: bool
) -> dict[str, Any]:
    """One region: its id, name and hemisphere."""
    area = label
    if side is None:
        right = label > RIGHT_OFFSET and (label - RIGHT_OFFSET in in_volume or label - RIGHT_OFFSET in names)
        side, area = ("right", label - RIGHT_OFFSET) if right else ("left", label)
        region_id = label
    else:
        region_id = label + RIGHT_OFFSET if shared and side == "right" else label
    name = names.get(label) or names.get(area) or f"label {area}"
    if not re.search(r"\b(left|right)\b", name.lower()):
        name = f"{name} {side}"
    return {"id": region_id, "name": name, "hemisphere": side}


def _named_by_table(regions: pd.DataFrame, labels: Path, name: str) -> pd.DataFrame:
    """Names from the user's own table, by the ids or, where it does not have these, by the labels of both sides."""
    table = read_table(labels)
    ids = regions["id"].to_numpy(np.int64)
    right = (regions["hemisphere"] == "right").to_numpy() & (ids > RIGHT_OFFSET) & ~np.isin(ids, table["id"])
    areas = np.where(right, ids - RIGHT_OFFSET, ids)
    named = regions_of_labels(table, np.unique(areas), name).drop_duplicates("id").set_index("id")["name"]
    names = [str(named[a]) for a in areas]
    told = [bool(re.search(r"\b(left|right)\b", n.lower())) for n in names]
    sides = regions["hemisphere"]
    return regions.assign(name=[n if t else f"{n} {s}" for n, t, s in zip(names, told, sides, strict=True)])


def _find(path: Path) -> list[_AreaFile | _LabelFile]:
    """The files of one atlas: area maps, or label volumes of one family, in one space."""
    folder = path if path.is_dir() else path.parent
    images = _images(folder, depth=_MAX_DEPTH if path.is_dir() else 0)
    areas = [a for a in map(_area, images) if a]
    volumes = [v for v in map(_label_file, images) if v]
    if path.is_file():
        own = _label_file(path)
        if own is None:
            raise AtlasError(f"{path.name} is no label volume of a Julich-Brain release; give its folder")
        areas = []
        volumes = [
            v
            for v in volumes
            if v.family == own.family and v.space == own.space and (v.side is None) == (own.side is None)
        ]
        if sum(v.side == own.side for v in volumes) > 1:
            volumes = [own]
    kinds = [f"area maps in {s}" for s in sorted({a.space for a in areas})]
    kinds += sorted(
        {f"{v.family} {'of both' if v.side is None else 'of each'} hemisphere in {v.space}" for v in volumes}
    )
    if len(kinds) > 1:
        raise AtlasError(
            f"{path.name} holds several atlases: {', '.join(kinds)}; give one volume or the folder of one kind"
        )
    if not kinds:
        raise AtlasError(f"{path.name} has no maps of a Julich-Brain release; give the folder that holds them")
    seen: dict[tuple[str, Side | None], Path] = {}
    for key, file in [((a.area, a.side), a.path) for a in areas] + [((v.family, v.side), v.path) for v in volumes]:
        if key in seen:
            raise AtlasError(
                f"{path.name} holds {seen[key].name} and {file.name}, two versions of one map; take one out"
            )
        seen[key] = file
    return [*areas, *volumes]


def _area(file: Path) -> _AreaFile | None:
    for pattern in _AREA:
        match = pattern.match(file.name)
        if match and not _LABELS.match(file.name):
            return _AreaFile(
                file, match["area"].replace("-", " "), _SIDES[match["side"].lower()], _space(match["rest"])
            )
    return None


def _label_file(file: Path) -> _LabelFile | None:
    match = _LABELS.match(file.name)
    return (
        _LabelFile(file, match["family"], _SIDES.get(match["side"].lower()), _space(match["rest"])) if match else None
    )


def _space(text: str) -> str:
    return "Colin27" if "colin27" in text.lower() else "MNI152NLin2009cAsym"


def _images(folder: Path, depth: int = _MAX_DEPTH) -> list[Path]:
    images = [
        file
        for level in range(depth + 1)
        for file in folder.glob("*/" * level + "*.nii*")
        if file.name.endswith((".nii", ".nii.gz")) and not file.name.startswith(".")
    ]
    for file in images:
        inside(folder, file.relative_to(folder))
    return sorted(images)


def _names_file(volume: Path) -> Path | None:
    """The XML or JSON beside a label volume: of the same name, or the only one in the folder."""
    for suffix in (".xml", ".json"):
        twin = volume.with_name(stem(volume) + suffix)
        if twin.is_file():
            return twin
    for suffix in ("*.xml", "*.json"):
        others = list(volume.parent.glob(suffix))
        if len(others) == 1:
            return others[0]
    return None


def _xml_rows(root: Element) -> list[tuple[Any, Any]]:
    rows: list[tuple[Any, Any]] = [(s.get("grayvalue"), s.text or s.get("name")) for s in root.iter("Structure")]
    return rows or [(e.get("index"), e.get("fullname") or e.text) for e in root.iter("label")]


def _json_rows(data: Any) -> list[tuple[Any, Any]]:
    for key in ("JulichBrainAtlas", "Structures", "Structure"):
        data = data.get(key, data) if isinstance(data, dict) else data
    rows = []
    for entry in data if isinstance(data, list) else []:
        if isinstance(entry, dict):
            lower = {str(k).lower().lstrip("@#_"): v for k, v in entry.items()}
            rows.append((lower.get("grayvalue"), lower.get("name") or lower.get("text")))
    return rows
