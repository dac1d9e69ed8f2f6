"""Which column of a table means what: told by what stands in all of its rows, and by the words above them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

from ...errors import AtlasError, counted, plural
from .table import MAX_ROWS, Row, Wanted, color_of, hex_color, is_number, is_side, is_whole_number, side, whole_number

IDS = (
    "index", "labelvalue", "annotationvalue", "grayvalue", "labelid", "labelindex", "labelnumber", "regionid",
    "regionindex", "regionnumber", "roiid", "roiindex", "roinumber", "parcelid", "parcelindex", "structureid",
    "nodeindex", "intensity", "value", "idx", "id", "key", "number", "num", "no", "component", "label", "roi", "region",
    "parcel", "node",
)  # fmt: skip
"""Words above a column of ids, the surest first; case, blanks and punctuation do not count."""

NAMES = (
    "name", "labelname", "regionname", "roiname", "parcelname", "areaname", "structurename", "nodename", "fullname",
    "longname", "anatomicalname", "difumonames", "names",
)  # fmt: skip
"""Words that stand above names alone."""

MAYBE_NAMES = (
    "region", "regions", "label", "labels", "roi", "rois", "area", "structure", "parcel", "node", "description",
)  # fmt: skip
"""Words above names, or above what several regions share."""

SHORT_NAMES = ("abbreviation", "abbreviations", "abbr", "abbrev", "acronym", "shortname", "short", "code")

OTHERS = {
    "color": ("color", "colour", "hex", "hexcolor", "colorhex", "colorhextriplet", "rgb", "rgbtriplet", "rgba"),
    "hemisphere": ("hemisphere", "hemi", "hem", "side", "laterality", "lr", "lateralization"),
    "parent": ("parent", "parentname", "parentregion", "parentstructure", "parentlabel"),
    "parent_id": ("parentid", "parentidentifier", "parentindex", "parentstructureid"),
    "red": ("r", "red", "colorr"),
    "green": ("g", "green", "colorg"),
    "blue": ("b", "blue", "colorb"),
}
"""Words above columns of other meanings."""

_NEITHER = {
    *("x", "y", "z", "a", "alpha", "colora", "xmni", "ymni", "zmni", "volume", "voxels", "size", "mm3", "volumemm3"),
    *("file", "filename", "path", "url", "mapping", "visible", "vis", "msh", "mesh", "gm", "wm", "csf"),
    *(word for words in OTHERS.values() for word in words),
}  # fmt: skip
"""Words above columns that hold neither ids nor names."""

_IMAGE = re.compile(r"\S+\.(nii|nii\.gz|img|mgz|nrrd)", re.IGNORECASE)
_FILE = re.compile(r".*\.(nii|nii\.gz|img|hdr|mgz|nrrd|gii|mat|png|txt)|https?://.*", re.IGNORECASE)

Cells = Sequence[Sequence[str]]


@dataclass(frozen=True)
class ColumnRoles:
    """Number of the column of each meaning; meanings without a column are missing."""

    place: dict[str, int]
    unit: bool = False
    """Whether levels of red, green and blue run from 0 to 1."""

    @classmethod
    def judge(cls, header: Sequence[str] | None, rows: Cells, wanted: Wanted | None = None) -> ColumnRoles | None:
        """Tell the columns by their contents and, where there is one, the header.

        Parameters
        ----------
        header : sequence of str or None
            The words above the columns.
        rows : sequence of sequences of str
            The cells of each row.
        wanted : Wanted, optional
            The numbers that need names: of several columns of numbers, the one that has most of them holds the ids.

        Returns
        -------
        ColumnRoles or None
            None where there is no column of names. Without a column of ids, regions are counted by row.
        """
        words = [re.sub(r"[\W_]+", "", word.lower()) for word in header or ()]
        width = max([len(words), *map(len, rows)], default=0)
        words += [""] * (width - len(words))
        cells = [[row[c].strip() if c < len(row) else "" for row in rows] for c in range(width)]
        place = {meaning: words.index(w) for meaning, known in OTHERS.items() for w in known[::-1] if w in words}
        if not words or "color" not in place:
            place |= _first("color", (c for c in range(width) if _all(cells[c], _is_color)))
        if "red" not in place and header is None:
            place |= _levels(cells)
        place |= _first("file", (c for c in range(width) if _all(cells[c], _is_image) and _differ(cells[c])))
        taken = {c for meaning, c in place.items() if meaning != "hemisphere"}
        id_ = _id_column(words, cells, taken, wanted)
        taken |= set() if id_ is None else {id_}
        if "hemisphere" not in place:
            free = (c for c in range(width) if c not in taken and words[c] not in NAMES)
            place |= _first("hemisphere", (c for c in free if _all(cells[c], is_side) and any(map(side, cells[c]))))
        taken |= {place["hemisphere"]} if "hemisphere" in place else set()
        names = _name_columns(words, cells, taken, header is None)
        if not names and "hemisphere" in place and header is None:
            names = [place.pop("hemisphere")]  # two regions may be called left and right
        if not names:
            return None
        place |= {"name": names[0]} | ({} if id_ is None else {"id": id_})
        short = _short_column(words, cells, names, header is None)
        place |= {} if short is None else {"abbreviation": short}
        levels = [cells[place[part]] for part in ("red", "green", "blue") if part in place]
        unit = all(float(text) <= 1 for level in levels for text in level if is_number(text))
        return cls(place, unit)


def is_header(words: Sequence[str], first_only: bool = False) -> bool:
    """Whether these words stand above a column of names and, unless one says "name", one of ids.

    Parameters
    ----------
    words : sequence of str
        Of one line.
    first_only : bool
        Whether the ids must be the first column: where blanks part the words, prose could pass for a header.
    """
    plain = [re.sub(r"[\W_]+", "", word.lower()) for word in words]
    if len(words) < 2 or any(is_number(word) for word in words):
        return False
    names = [n for n, word in enumerate(plain) if word in NAMES + MAYBE_NAMES + SHORT_NAMES]
    ids = [n for n, word in enumerate(plain[:1] if first_only else plain) if word in IDS]
    both = any(n != i for n in names for i in ids)
    return both or (not first_only and any(word in NAMES for word in plain))


def _id_column(words: list[str], cells: list[list[str]], taken: set[int], wanted: Wanted | None) -> int | None:
    """The column of whole numbers that has most of the numbers wanted, then the surest word above it."""

    def rank(c: int) -> int:
        return IDS.index(words[c]) if words[c] in IDS else len(IDS)

    whole = [
        c for c in range(len(cells))
        if c not in taken and words[c] not in _NEITHER and words[c] not in NAMES and _all(cells[c], _is_id)
    ]  # fmt: skip
    if not whole:
        # A word for ids above text: which row is wrong is said when it is read.
        free = [c for c in range(len(cells)) if c not in taken and words[c] not in (*_NEITHER, *NAMES)]
        named = [c for c in free if rank(c) < IDS.index("component")]
        mostly = [c for c in free if 2 * sum(map(_is_id, cells[c])) >= max(1, len(cells[c]))]
        return min(named, key=rank, default=None) if named else min(mostly, default=None)

    def order(c: int) -> tuple[float, float, int, int]:
        ids = [int(text.split(".")[0]) for text in cells[c] if text]
        distinct = len(set(ids)) / max(1, len(ids))
        return (-round(wanted.share(ids), 3) if wanted else 0.0, 0.0 if distinct == 1 else 1.0, rank(c), c)

    best = min(whole, key=order)
    # Numbers behind the names that fit no label are of something else, such as voxels.
    may_be_other = rank(best) == len(IDS) and (best > 0 or not _differ(cells[best]))
    if may_be_other and wanted is not None and not wanted.share([int(float(t)) for t in cells[best] if t]):
        return None
    return best


def _name_columns(words: list[str], cells: list[list[str]], taken: set[int], headless: bool) -> list[int]:
    """Columns of text, that of the names first: the surest word, then the most distinct entries, then the longest."""

    def sure(c: int) -> int:
        if words[c] in NAMES or (words[c].endswith("name") and words[c] not in SHORT_NAMES):
            return 0
        return 2 if words[c] in SHORT_NAMES else 1

    free = [c for c in range(len(cells)) if c not in taken and words[c] not in _NEITHER]
    texts = [c for c in free if _is_text(cells[c], sure(c) == 0 and not headless)]
    if not texts:  # areas may be called by numbers, some with a letter: 3b
        texts = [c for c in free if words[c] in MAYBE_NAMES + SHORT_NAMES or _has_letters(cells[c])]
    distinct = {c: len({text for text in cells[c] if text}) for c in texts}
    most = max((distinct[c] for c in texts if sure(c) < 2), default=0)

    def order(c: int) -> tuple[int, int, int, float, int]:
        # Where "name" names groups of regions, it is no better than any other column.
        level = max(sure(c), 1) if 2 * distinct[c] < most else sure(c)
        words_order = MAYBE_NAMES.index(words[c]) if words[c] in MAYBE_NAMES else len(MAYBE_NAMES)
        return (level, -distinct[c], words_order, -sum(map(len, cells[c])), c)

    return sorted(texts, key=order)


def _short_column(words: list[str], cells: list[list[str]], names: list[int], headless: bool) -> int | None:
    """The column of abbreviations: told by its word or, without a header, by shorter texts, one for each region."""
    for c in names[1:]:
        if words[c] in SHORT_NAMES:
            return c
        texts = [text for text in cells[c] if text]
        shorter = all(len(a) <= len(b) for a, b in zip(cells[c], cells[names[0]], strict=True))
        if headless and shorter and len(set(texts)) == len(cells[c]):
            return c
    return None


def _levels(cells: list[list[str]]) -> dict[str, int]:
    """Three columns side by side, behind the first, of numbers in 0..255: red, green and blue."""
    for c in range(1, len(cells) - 2):
        if all(_all(cells[k], _is_level) for k in range(c, c + 3)):
            return {"red": c, "green": c + 1, "blue": c + 2}
    return {}


def _first(meaning: str, columns: Iterable[int]) -> dict[str, int]:
    place = next(iter(columns), None)
    return {} if place is None else {meaning: place}


def _differ(cells: list[str]) -> bool:
    return len(set(cells)) == len(cells)


def _is_color(text: str) -> bool:
    return hex_color(text, sure=True) is not None


def _is_image(text: str) -> bool:
    return _IMAGE.fullmatch(text) is not None


def _is_level(text: str) -> bool:
    return is_number(text) and 0 <= float(text) <= 255


def _is_id(text: str) -> bool:
    return is_whole_number(text) and not text.startswith("-")


def _is_text(cells: list[str], numbers_too: bool) -> bool:
    texts = [text for text in cells if text]
    if not texts:
        return numbers_too
    words = sum(any(letter.isalpha() for letter in text) and not _FILE.fullmatch(text) for text in texts)
    return numbers_too or 2 * words >= len(texts)


def _has_letters(cells: list[str]) -> bool:
    """Whether some cell is a number with a letter, and no file."""
    return any(text[:1].isdigit() and text[-1:].isalpha() for text in cells) and not any(map(_FILE.fullmatch, cells))


def _all(cells: list[str], test: Callable[[str], bool]) -> bool:
    """Whether the test holds for all cells but empty ones, at least one."""
    texts = [text for text in cells if text]
    return bool(texts) and all(map(test, texts))


def rows_of(columns: ColumnRoles, lines: Iterable[tuple[str, Sequence[str]]], path: Path) -> Iterator[Row]:
    """Yield the region of each line, given as where it stands (``line 3``) and its cells.

    A parent that is given by its id is named.
    """
    lines = list(islice(lines, MAX_ROWS + 1))  # one too many, for `make_table` to refuse
    rows = [_row(columns, n, where, cells, path) for n, (where, cells) in enumerate(lines)]
    by_id = {str(row.id): row.name for row in rows}
    for (_, cells), row in zip(lines, rows, strict=True):
        parent = _cell(columns, cells, "parent")
        parent = by_id.get(parent, parent) or by_id.get(_cell(columns, cells, "parent_id").removesuffix(".0"), "")
        yield replace(row, parent=parent)


def _row(columns: ColumnRoles, n: int, where: str, cells: Sequence[str], path: Path) -> Row:
    if len(cells) <= max(columns.place.get("id", 0), columns.place["name"]):
        raise AtlasError(
            f"{path.name}, {where}: there {plural(len(cells), 'is', 'are')} "
            f"{counted(len(cells), 'column')}, fewer than in the header; complete it"
        )
    number = whole_number(cells[columns.place["id"]], where, path) if "id" in columns.place else n
    name = cells[columns.place["name"]].strip() or ("Background" if number == 0 else "")
    if not name:
        raise AtlasError(f"{path.name}, {where}: the region has no name; complete it")
    color = hex_color(_cell(columns, cells, "color"))
    if color is None and {"red", "green", "blue"} <= columns.place.keys():
        color = color_of((_cell(columns, cells, part) for part in ("red", "green", "blue")), columns.unit)
    hemisphere, short, file = (_cell(columns, cells, meaning) for meaning in ("hemisphere", "abbreviation", "file"))
    return Row(number, name, color, side(hemisphere), None, short, file)


def _cell(columns: ColumnRoles, cells: Sequence[str], meaning: str) -> str:
    place = columns.place.get(meaning, len(cells))
    text = cells[place].strip() if place < len(cells) else ""
    return "" if text.lower() in ("n/a", "nan", "none", "null") else text
