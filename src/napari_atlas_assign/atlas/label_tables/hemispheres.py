"""The side of the brain that a region's name tells."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from ...tables.frames import pd

Side = Literal["left", "right"]

_WORDS: dict[str, Side] = {"left": "left", "lh": "left", "right": "right", "rh": "right"}
_LETTERS: dict[str, Side] = {"l": "left", "r": "right"}
_OTHER = {"l": "r", "r": "l", "L": "R", "R": "L"}


def sides_of(names: Sequence[str]) -> list[Side | None]:
    """The hemisphere of each name: ``left``, ``right``, or None where the name does not tell.

    The words left, right, lh and rh tell it anywhere in a name; a single letter L or R tells it only at the beginning
    or the end, and only if the partner's name is among `names` (``Precentral_L`` beside ``Precentral_R``).
    """
    known = set(names)
    return [_word_side(name) or _letter_side(name, known) for name in names]


def with_sides(regions: pd.DataFrame) -> pd.DataFrame:
    """The same table with the column ``hemisphere``, unless it has one already or no name tells a side."""
    if "hemisphere" in regions.columns:
        return regions
    sides = sides_of([str(name) for name in regions["name"]])
    if not any(sides):
        return regions
    return regions.assign(hemisphere=pd.Series(sides, index=regions.index, dtype=object))


def _word_side(name: str) -> Side | None:
    sides = {_WORDS[word] for word in re.findall(r"[a-z]+", name.lower()) if word in _WORDS}
    return sides.pop() if len(sides) == 1 else None


def _letter_side(name: str, known: set[str]) -> Side | None:
    for pattern in (r"(?<=[^A-Za-z0-9])[LRlr]$", r"^[LRlr](?=[^A-Za-z0-9])"):
        match = re.search(pattern, name)
        if match and name[: match.start()] + _OTHER[match[0]] + name[match.end() :] in known:
            return _LETTERS[match[0].lower()]
    return None
