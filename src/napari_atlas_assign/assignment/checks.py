"""What the atlases of one assignment must have in common, and what a person should know where they do not."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from ..atlas.atlas import Atlas
from ..errors import InputError
from ..spaces import canonical_space, compare_spaces


def check_atlases(atlases: Sequence[Atlas]) -> None:
    """Raise an InputError where there is no atlas, or two have one name, by which rows could not be told apart."""
    if not atlases:
        raise InputError("there is no atlas to assign to; give at least one")
    names = [atlas.name for atlas in atlases]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"two atlases are called {twice[0]}; give one of them another name")


def space_notes(name: str, space: str | None, atlases: Sequence[Atlas]) -> Iterator[str]:
    """Sentences about atlases in another space than what is assigned; where that is unknown, than the first atlas."""
    pairs = [(name, space, atlas) for atlas in atlases]
    if canonical_space(space) is None:
        pairs = [(atlases[0].name, atlases[0].space, atlas) for atlas in atlases[1:]]
    for first_name, first_space, atlas in pairs:
        note = compare_spaces(first_space, atlas.space, first_name, atlas.name)
        if note:
            yield note
