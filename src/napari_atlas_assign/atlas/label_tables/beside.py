"""Where the label table of an image may lie."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from ...errors import AtlasError
from ..build import stem
from ..files.xml import read_xml, text_of
from .text_table import node_index
from .xml_lists import is_fsl

ENDINGS = (".tsv", ".csv", ".lut", ".label", ".ctbl", ".txt", ".xml", ".json", ".niml.lt", ".lt")
"""Endings of label tables, in any case."""

_IMAGES = (".nii", ".nii.gz", ".img", ".hdr", ".mgz", ".mgh", ".nrrd", ".nhdr", ".head")

_WORDS = {
    *("label", "labels", "lut", "luts", "name", "names", "node", "nodes", "region", "regions", "roi", "rois", "color"),
    *("colors", "colour", "colours", "colortable", "colorlut", "table", "info", "key", "legend", "list", "lookup"),
    *("parcel", "parcels", "structure", "structures", "dseg", "probseg", "atlas", "nii", "gz", "index", "description"),
}
"""Words that tell a table, or an atlas, but not which."""

_VARIANTS = re.compile(
    r"(?<![A-Za-z0-9])((space|res|tpl|den)-[A-Za-z0-9]+|\d+([.p]\d+)?mm)(?![A-Za-z0-9])", re.IGNORECASE
)
"""Spaces and resolutions, which share one table."""

_TOKEN = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_a-zA-Z]+")
_MAX_FILES = 10_000
_MAX_XML = 200
_MAX_BYTES = 20 * 2**20

Place = Literal["own", "shared", "folder", "above", "only"]


@dataclass(frozen=True)
class Candidates:
    """Tables that may belong to an image."""

    groups: tuple[tuple[Place, tuple[Path, ...]], ...]
    """The closest first: the image's own name, the longest beginning of it, names such as ``labels.txt``, FSL's XML one
    folder up, and the only table of a folder with one image."""
    others: tuple[Path, ...]
    """Further tables in the folder, for a message."""

    @property
    def files(self) -> list[Path]:
        """All tables that are looked at, with the files of numbers that belong to them."""
        tables = [path for _, paths in self.groups for path in paths]
        indices = [index for path in tables if (index := node_index(path)) is not None]
        return list(dict.fromkeys(tables + indices))


def tables_beside(image: Path) -> Candidates:
    """Look for the label tables of an image, by the names of files alone; nothing but XML above is opened."""
    files = _files(image.parent)
    tables = [file for file in files if file.name.lower().endswith(ENDINGS)]
    images = [file for file in files if file.name.lower().endswith(_IMAGES)]
    own_core = core(image)
    by_length: dict[int, list[Path]] = {}
    generic, others = [], []
    for table in tables:
        words = core(table)
        if not words and own_core:
            generic.append(table)
        elif words == own_core[: len(words)]:
            by_length.setdefault(len(words), []).append(table)
        else:
            others.append(table)
    groups: list[tuple[Place, list[Path]]] = []
    for length in sorted(by_length, reverse=True):
        named = by_length[length]
        same = [table for table in named if _bare(table) == _bare(image)]
        groups += [("own", same)] if same else []
        rest = [table for table in named if table not in same]
        groups += [("own" if length == len(own_core) else "shared", rest)] if rest else []
    groups += [("folder", generic)] if generic else []
    above = _fsl_above(image)
    groups += [("above", above)] if above else []
    if len({tuple(core(file)) for file in images}) <= 1:
        strangers = [table for table in others if not _is_sibling(core(table), own_core)]
        groups += [("only", strangers)] if strangers else []
        others = [table for table in others if table not in strangers]
    return Candidates(tuple((place, tuple(paths)) for place, paths in groups), tuple(others))


def own_tables(image: Path) -> list[Path]:
    """Tables that are surely the image's: of its own name, or FSL's XML that names it."""
    return [path for place, paths in tables_beside(image).groups if place in ("own", "above") for path in paths]


def core(path: Path) -> list[str]:
    """The words of a file's name that tell which atlas it is, in lower case."""
    name = _VARIANTS.sub(" ", _without_endings(path))
    words = [word.lower() for word in _TOKEN.findall(name)]
    return [word for word in words if word not in _WORDS]


def _bare(path: Path) -> str:
    return _without_endings(path).lower()


def _without_endings(path: Path) -> str:
    name = stem(path)
    for ending in (*ENDINGS, *_IMAGES, *_IMAGES[::-1]):
        if name.lower().endswith(ending):
            name = name[: -len(ending)]
    return name


def _is_sibling(words: Sequence[str], own: Sequence[str]) -> bool:
    """Whether names begin alike and then differ: the table of another atlas of the family."""
    return bool(words and own) and words[0] == own[0] and list(words[: len(own)]) != list(own)


def _files(folder: Path) -> list[Path]:
    try:
        paths = sorted(folder.iterdir())[:_MAX_FILES]
        return [path for path in paths if not path.name.startswith(".") and path.is_file()]
    except OSError:
        return []


def _fsl_above(image: Path) -> list[Path]:
    """FSL's XML files one folder up that name the image."""
    files = [file for file in _files(image.absolute().parent.parent) if file.suffix.lower() == ".xml"]
    return [file for file in files[:_MAX_XML] if _names(file, image)]


def _names(xml: Path, image: Path) -> bool:
    try:
        root = read_xml(xml)
    except AtlasError:
        return False
    tags = ("imagefile", "summaryimagefile")
    named = [text_of(element, ".").lstrip("/") for tag in tags for element in root.iterfind(f"header//{tag}")]
    own = f"{image.absolute().parent.name}/{stem(image)}"
    return is_fsl(root) and any(Path(name).with_name(stem(Path(name))).as_posix() == own for name in named if name)
