"""What the report and the demo say of how far an atlas covers a mode, and which other atlas covers a place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..assignment.result import Result
from ..assignment.tables import NOT_COVERED
from ..atlas.atlas import Atlas
from ..atlas.lookup import values_at
from ..errors import InputError
from ..template_space import canonical_space
from .wording import fixed, percent

MOST_LOADED = 3
"""Other atlases that are looked at: loading one takes up to a second."""


def coverage(facts: Mapping[Any, Any]) -> str:
    """How much of a mode (its row of the table of modes) the regions account for, as a sentence."""
    assigned = percent(1 - facts["unassigned share"])
    return (
        f"{assigned} assigned, {percent(facts['undecided share'])} left open between regions and none, "
        f"{percent(facts['outside share'])} outside all regions"
    )


def is_covered(facts: Mapping[Any, Any]) -> bool:
    """Whether the atlas covers a mode, a row of the table of modes."""
    return not facts["outside share"] > NOT_COVERED


def not_covered(facts: Mapping[Any, Any], other: str | None = None) -> str:
    """The sentence about a mode that the atlas does not cover; `other` names an atlas that does, and its region."""
    nearest = facts["nearest region"]
    place = f"; nearest: {nearest} at {fixed(facts['distance mm'], 1)} mm" if isinstance(nearest, str) else ""
    return f"Not covered by this atlas{place}" + (f"; {other} at its peak" if other else "")


def covered_elsewhere(result: Result) -> dict[int, str]:
    """Of the modes of one image that its atlas does not cover: what an installed atlas has at the peak.

    Returns
    -------
    dict
        Number of the mode -> ``aal has Cerebelum_6_L``. Labelled atlases on this machine in a space of the same kind
        are tried, few of them; modes that none of these covers are left out.
    """
    modes = result.modes
    missing = {
        int(mode): peak
        for mode, peak, outside in zip(modes["input structure"], modes["peak"], modes["outside share"], strict=True)
        if outside > NOT_COVERED
    }
    named: dict[int, str] = {}
    for name in _candidates(result.atlas)[: MOST_LOADED if missing else 0]:
        try:
            from ..atlas.catalogue import load

            other = load(name)
        except InputError:  # what is amiss with an atlas that was not asked for is no matter here
            continue
        names, xyz = other.regions["name"].tolist(), np.array([*missing.values()])
        here = values_at(other, xyz)
        for place, region in zip(here.place.tolist(), here.region.tolist(), strict=True):
            named.setdefault([*missing][place], f"{other.name} has {names[region]}")
        missing = {mode: peak for mode, peak in missing.items() if mode not in named}
        if not missing:
            break
    return named


def _candidates(atlas: Atlas) -> list[str]:
    """Labelled atlases on this machine for maps of the same space: all MNI spaces are millimetres apart."""
    from ..atlas.catalogue import catalogue

    kind = _kind(atlas.space)
    return [
        entry.full_name
        for entry in catalogue()
        if kind is not None and entry.local and entry.kind == "labelled" and _kind(entry.space) == kind
    ]


def _kind(space: str | None) -> str | None:
    known = canonical_space(space)
    return "MNI" if known is not None and (known.startswith("MNI") or known in ("Colin27", "IXI549Space")) else known
