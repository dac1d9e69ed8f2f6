"""BIDS and TemplateFlow atlases: ``..._dseg.nii.gz`` (labels) and ``..._probseg.nii.gz`` (probabilities, 0 to 1).

Names stand in a ``.tsv`` file, facts in ``.json`` files of the same ending, both found by inheritance: a file applies
to an image below its folder if all its entities (``res-01``, ``atlas-Schaefer2018``, ...) are the image's too. So a
table without ``res-`` serves every resolution. ``atlas-<label>_description.json`` describes the atlas itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ...errors import AtlasError
from ...grid import Grid
from ...tables.frames import pd
from ..atlas import Atlas
from ..build import stem
from ..files.text import read_json
from ..label_tables.beside import Candidates, tables_beside
from ..label_tables.choice import GivenTable, TableChoice
from .one_image import labels_from, maps_from, pick, source_of

NAME = "bids"
PRECEDENCE = 30

SEVERAL_RESOLUTIONS = True

_IMAGE_ENDINGS = (".nii.gz", ".nii")
_SUFFIXES = ("dseg", "probseg")
_ROOT = "dataset_description.json"
_MAX_LEVELS = 5
_MAX_FILES = 10_000
"""Files in one folder that are looked at."""


@dataclass(frozen=True)
class BidsName:
    """A BIDS file name, taken apart: ``tpl-X_res-01_dseg.nii.gz``."""

    entities: dict[str, str]
    suffix: str
    ending: str

    @classmethod
    def of(cls, path: Path) -> BidsName | None:
        """Take a file name apart; None if it is not built that way."""
        name, dot, ending = path.name.partition(".")
        *pairs, suffix = name.split("_")
        entities = dict(pair.split("-", 1) for pair in pairs if "-" in pair)
        if not dot or len(entities) != len(pairs) or not re.fullmatch(r"[A-Za-z0-9]+", suffix):
            return None
        return cls(entities, suffix, "." + ending)

    @property
    def is_image(self) -> bool:
        """Whether this is an image of labels or probabilities."""
        return self.suffix in _SUFFIXES and self.ending in _IMAGE_ENDINGS

    @property
    def space(self) -> str | None:
        """The template of the world coordinates."""
        return self.entities.get("space") or self.entities.get("tpl")

    @property
    def title(self) -> str:
        """What distinguishes the atlas: the values of atlas, seg, scale, label and desc; empty where there are none."""
        keys = ("atlas", "atl", "seg", "scale", "label", "desc")
        return " ".join(self.entities[key] for key in keys if key in self.entities)


def sniff(path: Path) -> bool:
    """Whether this is an image that BIDS names _dseg or _probseg, or a folder with such images."""
    try:
        if path.is_dir():
            return bool(_images(path))
        name = BidsName.of(path)
        return name is not None and name.is_image and path.is_file()
    except OSError:
        return False


def read(path: Path, labels: Path | None = None, near: Grid | None = None) -> Atlas:
    """Read an image, or the one atlas of a folder.

    Parameters
    ----------
    path : Path
        The image, or a folder with one atlas, perhaps in several resolutions.
    labels : Path, optional
        A table of labels to use instead of the one found by inheritance.
    near : Grid, optional
        Of several resolutions in a folder, the one closest to this grid; None: the finest.

    Raises
    ------
    AtlasError
        If a folder holds several atlases, several tables apply alike, or the image does not fit its table.
    """
    image, name = _image(path, near)
    facts = _facts(image, name)
    title = facts["Name"] if isinstance(facts.get("Name"), str) and facts["Name"].strip() else name.title or stem(image)
    names = GivenTable(labels) if labels else TableChoice(title, _candidates(image, name), _region_of_label(name))
    read_from = maps_from if name.suffix == "probseg" else labels_from
    atlas = read_from(image, names, name=title, space=name.space)
    source = source_of(image, labels=names.used)
    for key, field in (("licence", "License"), ("citation", "ReferencesAndLinks"), ("citation", "HowToAcknowledge")):
        if facts.get(field):
            source.setdefault(key, _plain(facts[field]))
    return atlas.described(source=source)


def files(path: Path, labels: Path | None = None, near: Grid | None = None) -> list[Path]:
    """The files that `read` looks at."""
    image, name = _image(path, near)
    tables = [labels] if labels else _candidates(image, name).files
    return list(dict.fromkeys([image, *tables, *_fact_files(image, name)]))


def applies(candidate: BidsName, image: BidsName) -> bool:
    """Whether a file's entities are all among those of the image."""
    return candidate.entities.items() <= image.entities.items()


def _image(path: Path, near: Grid | None) -> tuple[Path, BidsName]:
    if path.is_dir():
        path = _one_of(path, near)
    name = BidsName.of(path)
    if name is None or not name.is_image:
        raise AtlasError(f"{path.name} is no BIDS atlas; its name needs to end in _dseg.nii.gz or _probseg.nii.gz")
    return path, name


def _one_of(folder: Path, near: Grid | None) -> Path:
    """The image of a folder's one atlas, in the best resolution."""
    atlases: dict[tuple[object, ...], list[Path]] = {}
    for path, name in _images(folder):
        key = (name.suffix, *sorted((k, v) for k, v in name.entities.items() if k != "res"))
        atlases.setdefault(key, []).append(path)
    if not atlases:
        raise AtlasError(f"{folder.name} holds no _dseg or _probseg image; give a folder with one, or the image itself")
    if len(atlases) > 1:
        names = sorted(paths[0].name for paths in atlases.values())
        some = ", ".join(names[:6]) + (", ..." if len(names) > 6 else "")
        raise AtlasError(f"{folder.name} holds {len(names)} atlases ({some}); give one of these files")
    return pick(next(iter(atlases.values())), near)


def _images(folder: Path) -> list[tuple[Path, BidsName]]:
    return [(path, name) for path, name in _bids_files(folder) if name.is_image]


def _candidates(image: Path, name: BidsName) -> Candidates:
    """The tables that apply by inheritance, and then those that lie beside the image under a name of another kind."""
    beside = tables_beside(image)
    inherited = tuple(_inherited_tables(image, name))
    # The only table of a folder may still be one that BIDS says is of another image.
    others = tuple((place, paths) for place, paths in beside.groups if place != "only")
    more = tuple(path for place, paths in beside.groups if place == "only" for path in paths)
    return Candidates(((("own", inherited),) if inherited else ()) + others, (*more, *beside.others))


def _inherited_tables(image: Path, name: BidsName) -> list[Path]:
    """The tables that apply alike: of the image's suffix, or else of the labels that the probabilities belong to."""
    for suffix in dict.fromkeys((name.suffix, "dseg")):
        for folder in _folders(image):
            tables = [
                (path, other)
                for path, other in _bids_files(folder)
                if (other.suffix, other.ending) == (suffix, ".tsv") and applies(other, name)
            ]
            most = max((len(other.entities) for _, other in tables), default=0)
            best = [path for path, other in tables if len(other.entities) == most]
            if best:
                return best
    return []


def _region_of_label(name: BidsName) -> pd.DataFrame | None:
    """A table with the one region that the file name tells: ``label-GM_probseg``."""
    if name.suffix != "probseg" or "label" not in name.entities:
        return None
    return pd.DataFrame({"id": [0], "name": [name.entities["label"]]})


def _facts(image: Path, name: BidsName) -> dict[str, Any]:
    """What the JSON files say, the closest file first."""
    facts: dict[str, Any] = {}
    for path in reversed(_fact_files(image, name)):
        content = read_json(path)
        if isinstance(content, dict):
            facts |= content
    return facts


def _fact_files(image: Path, name: BidsName) -> list[Path]:
    """JSON files that apply to the image or its atlas, the closest first."""
    files = []
    for folder in _folders(image):
        here = [
            (path, other)
            for path, other in _bids_files(folder)
            if other.ending == ".json" and other.suffix in (name.suffix, "description") and applies(other, name)
        ]
        files += [path for path, _ in sorted(here, key=lambda pair: -len(pair[1].entities))]
    return files


def _folders(image: Path) -> Iterator[Path]:
    """The image's folder and those above it, up to the dataset's own."""
    folder = image.absolute().parent  # links are not followed: in a DataLad dataset every file is one
    for level in [folder, *folder.parents][:_MAX_LEVELS]:
        yield level
        if (level / _ROOT).is_file():
            return


def _bids_files(folder: Path) -> list[tuple[Path, BidsName]]:
    """The files of a folder that are named as BIDS names them, by name."""
    try:
        paths = sorted(path for path in folder.iterdir() if path.name.count(".") and path.is_file())[:_MAX_FILES]
    except OSError:
        return []
    named = ((path, BidsName.of(path)) for path in paths)
    return [(path, name) for path, name in named if name is not None]


def _plain(value: Any) -> str:
    return "; ".join(map(str, value)) if isinstance(value, list) else str(value)
