"""What the atlases of one assignment must have in common, and what the user should know where they do not."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from ..atlas.atlas import Atlas
from ..errors import InputError, counted, warn
from ..template_space import canonical_space, compare_spaces

_NUMBER = re.compile(r"-?\d+(\.\d+)?(e[-+]?\d+)?")

_NAMED = 5
"""Volumes that one sentence names."""


def check_atlases(atlases: Sequence[Atlas]) -> None:
    """Raise an InputError where there is no atlas, or two have one name, by which rows could not be told apart."""
    if not atlases:
        raise InputError("there is no atlas to assign to; give at least one")
    names = [atlas.name for atlas in atlases]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"two atlases are called {twice[0]}; give one of them another name")


def notes_on(atlases: Sequence[Atlas], name: str, space: str | None) -> Iterator[str]:
    """Sentences about atlases that something of this name and space is assigned to.

    These are the remarks made when they were loaded, and whether one is in another space than what is assigned or,
    where that space is unknown, than the first atlas.
    """
    for atlas in atlases:
        yield from atlas.remarks
    pairs = [(name, space, atlas) for atlas in atlases]
    known = [atlas for atlas in atlases if canonical_space(atlas.space)]
    if canonical_space(space) is None:
        pairs = [(known[0].name, known[0].space, atlas) for atlas in known[1:]]
    notes = [compare_spaces(first_space, atlas.space, first, atlas.name) for first, first_space, atlas in pairs]
    yield from filter(None, notes)
    if canonical_space(space) is None and known and not any(notes):
        yield (
            f"{name} does not say in which space it is, and {known[0].name} is in {canonical_space(known[0].space)}: "
            "check that both are in one space"
        )


def one_for_alike(notes: Iterable[str], volumes: Sequence[str]) -> list[str]:
    """Notes of a stack with those about its volumes, given by name, told once where they differ in numbers alone.

    >>> one_for_alike(["z[0] has no mode beyond 3", "z[4] has no mode beyond 2"], ["z[0]", "z[4]"])
    ['z[0] has no mode beyond 3; likewise 1 more volume: z[4]']
    """
    by_length = sorted(volumes, key=len, reverse=True)  # a name may hold another one
    alike: dict[str, list[tuple[str, str]]] = {}
    for note in dict.fromkeys(notes):
        volume = next((name for name in by_length if name in note), "")
        plain = _NUMBER.sub("#", note.replace(volume, "\0")) if volume else note
        alike.setdefault(plain, []).append((note, volume))
    return [_with_others(first, [volume for _, volume in others]) for (first, _), *others in alike.values()]


def _with_others(note: str, volumes: Sequence[str]) -> str:
    if not volumes:
        return note
    some = ", ".join(volumes[:_NAMED]) + (", ..." if len(volumes) > _NAMED else "")
    return f"{note}; likewise {counted(len(volumes), 'more volume')}: {some}"


def tell(notes: Iterable[str], atlases: Sequence[Atlas]) -> None:
    """Warn of each note that is new to the user; remarks on atlases were told when these were loaded."""
    told = {remark for atlas in atlases for remark in atlas.remarks}
    for note in notes:
        if note not in told:
            warn(note)
