"""Regions joined to groups of the user's own: networks, lobes, tracts of interest."""

from __future__ import annotations

from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path

import numpy as np

from ..errors import InputError
from ..image import exists, file_sha256
from .atlas import Atlas
from .files.pairs import read_pairs
from .hierarchy import ancestors
from .kept import kept_with_atlas
from .labels.runs import small_type

NO_GROUP = "(no group)"
"""The group of regions that have none, so that groups make up the whole atlas."""


def group_regions(atlas: Atlas, groups: Path) -> Atlas:
    """The same regions in a tree of two levels: groups at level 0, regions at level 1.

    Parameters
    ----------
    atlas : Atlas
    groups : Path
        A table (TSV or CSV) with the columns ``region`` (a name or a number of the atlas) and ``group``. An ancestor in
        the atlas's own tree stands for all below it, but for what has a line of its own.

    Returns
    -------
    Atlas
        The same object each time. Regions without a group are in `NO_GROUP`.

    Raises
    ------
    InputError
        If the table cannot be read, names a region twice, or one that the atlas has not.
    """
    if not exists(groups) or not groups.is_file():
        raise InputError(f"{groups}: no such table of groups; check the path")
    return _grouped(atlas, groups.resolve(), file_sha256(groups))


@kept_with_atlas(most=4)
def _grouped(atlas: Atlas, path: Path, sha256: str) -> Atlas:
    group_of = read_pairs(path, "region")
    names, ids = atlas.regions["name"].astype(str).tolist(), atlas.regions["id"].astype(str).tolist()
    ways = [(*line, name) for line, name in zip(ancestors(atlas), names, strict=True)]
    number_of = dict(zip(names, ids, strict=True))
    _check_regions(group_of, {*ids, *(name for way in ways for name in way)}, path.name, atlas.name)
    parents = [
        _nearest(group_of, [number, *(key for name in reversed(way) for key in (name, number_of.get(name)))])
        for number, way in zip(ids, ways, strict=True)
    ]
    above = {name for way in ways for name in way[:-1]}
    kept = np.flatnonzero((atlas.region_sums.maximum > 0) | ~np.isin(names, sorted(above)))
    row = np.zeros(atlas.n_regions, small_type(atlas.n_regions))
    row[kept] = np.arange(len(kept))
    regions = atlas.regions.assign(parent=parents).iloc[kept].reset_index(drop=True)
    source = atlas.source | {"groups": str(path), "groups_sha256": sha256}
    return atlas.renumbered(row, regions, source)


def _nearest(group_of: Mapping[str, str], keys: list[str | None]) -> str:
    """The group of the first of some keys that has one."""
    return next((group_of[key] for key in keys if key is not None and key in group_of), NO_GROUP)


def _check_regions(group_of: Mapping[str, str], known: set[str], table: str, atlas: str) -> None:
    for region in group_of:
        if region not in known:
            close = get_close_matches(region, sorted(known), 1)
            meant = f"; perhaps {close[0]!r} is meant" if close else "; give a name or a number of its table of regions"
            raise InputError(f"{table}: {atlas} has no region {region!r}{meant}")
