"""Regions that have parents.

A parent is told by its name in the region table's column ``parent``. It may have a row of its own, with or without
voxels, or be known by name only: BrainGlobe's atlases have a row for every structure up to the root, FSL's and
DiFuMo's one column that groups regions. Levels are counted from the root, which is level 0; a region below several
parents lies as deep as it has ancestors.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import AtlasError, InputError
from ..index_ranges import firsts
from ..tables.cells import is_missing
from ..tables.frames import pd
from .atlas import Atlas
from .kept import kept_with_atlas

_DEEPEST = 1000
"""Ancestors of one region; more are a mistake in the table."""


def has_parents(atlas: Atlas) -> bool:
    """Whether any region has a parent."""
    return any(parent is not None for parent in _parents(atlas))


def ancestors(atlas: Atlas) -> list[tuple[str, ...]]:
    """Names of each region's ancestors (R,), the root first; empty for a region without parent.

    Raises
    ------
    AtlasError
        If a region is its own ancestor, or rows of one parent's name have different parents.
    """
    names, parents = atlas.names, _parents(atlas)
    above = _parent_of_parents(atlas.name, names, parents)
    lines: dict[str, tuple[str, ...]] = {}

    def line_of(name: str) -> tuple[str, ...]:
        """The parent itself, and those above it."""
        way, seen = [name], {name}
        while way[-1] not in lines:
            parent = above.get(way[-1])
            if parent is None:
                lines[way[-1]] = (way[-1],)
            elif parent in seen:
                raise AtlasError(
                    f"{atlas.name}: the region {parent!r} is its own ancestor; correct the column parent of its table"
                )
            else:
                way.append(parent)
                seen.add(parent)
        for child, parent in zip(way[-2::-1], way[:0:-1], strict=True):
            if len(lines[parent]) == _DEEPEST:
                raise AtlasError(f"{atlas.name}: {child!r} has {_DEEPEST} ancestors or more; correct the column parent")
            lines[child] = (*lines[parent], child)
        return lines[name]

    return [() if parent is None else line_of(parent) for parent in parents]


@dataclass(frozen=True)
class TreeNode:
    """A region, or an ancestor of some, in the tree of regions."""

    name: str
    parent: str | None
    level: int
    """0 at the root."""
    row: int | None
    """Of the table of regions; None where it has none."""
    members: tuple[int, ...]
    """Rows of the regions that it is made of: itself, where it has a row, and all below it."""
    is_rest: bool = False
    """What its parent holds besides its children."""


def region_tree(atlas: Atlas) -> list[TreeNode]:
    """All regions and their ancestors, each followed by what is below it; otherwise in the order of the atlas's table.

    A parent that has voxels of its own besides those of its children has one more child, which stands for them, so that
    nodes without children make up everything, and all others are the sums of their children.

    Raises
    ------
    AtlasError
        See `ancestors`.
    """
    names, lines = atlas.names, ancestors(atlas)
    parent_names = {name for line in lines for name in line}
    below: dict[Any, dict[Any, None]] = {None: {}}
    own: dict[Any, list[int]] = {}
    members: dict[Any, list[int]] = {}
    for row, (name, line) in enumerate(zip(names, lines, strict=True)):
        # A parent is one region, by its name; regions that are nobody's parent may share a name (left and right).
        way = (*line, name if name in parent_names else row)
        for parent, child in zip((None, *way), way, strict=False):
            below.setdefault(parent, {})[child] = None
            members.setdefault(child, []).append(row)
        own.setdefault(way[-1], []).append(row)
    has_voxels = atlas.region_sums.maximum > 0
    nodes: list[TreeNode] = []
    waiting: list[tuple[Any, str | None, int]] = [(key, None, 0) for key in reversed(below[None])]
    while waiting:
        key, parent, level = waiting.pop()
        rows = own.get(key, [])
        name = names[key] if isinstance(key, int) else key
        nodes.append(TreeNode(name, parent, level, rows[0] if rows else None, tuple(members[key])))
        children = below.get(key, {})
        if children and has_voxels[rows].any():
            nodes.append(TreeNode(f"{name} (rest)", name, level + 1, None, tuple(rows), is_rest=True))
        waiting += [(child, name, level + 1) for child in reversed(children)]
    return nodes


def joined_region(atlas: Atlas, node: TreeNode) -> Atlas:
    """The members of a node as the one region of an atlas on the same grid; its map is their sum, at most 1."""
    entries = atlas.entries_in(node.members)
    own = atlas.regions.iloc[[node.members[0] if node.row is None else node.row]].assign(name=node.name)
    regions = own.reset_index(drop=True)
    of_members = Atlas(
        atlas.grid, regions, atlas.voxel_of(entries), np.zeros(len(entries), np.uint8), atlas.value[entries], atlas.name
    )
    voxel, region, value = _summed(of_members, of_members.region, 1)
    return replace(of_members, voxel=voxel, region=region, value=value, space=atlas.space)


def n_levels(atlas: Atlas) -> int:
    """Number of levels: 1 where no region has a parent.

    Raises
    ------
    AtlasError
        See `ancestors`.
    """
    return 1 + max(len(line) for line in ancestors(atlas))


def atlas_at_level(atlas: Atlas, level: int | None) -> Atlas:
    """The atlas with its regions joined to their ancestors at a level of the tree.

    Regions below the level become part of their ancestor there; regions at the level or above it stay. A parent's map
    is the sum of its children's, and its own where it has voxels, at most 1.

    Parameters
    ----------
    atlas : Atlas
        With a column ``parent`` in its region table.
    level : int or None
        From 0, the roots, to ``n_levels(atlas) - 1``, the regions as they are; None: the atlas itself.

    Returns
    -------
    Atlas
        On the same grid; the same object each time, so that what was worked out for it is there. Parents with a row in
        the table of regions keep it; others get a new ``id``, and the hemisphere if all children are in one. Regions
        without voxels that are parents of others are left out.

    Raises
    ------
    AtlasError
        If no region has a parent, or the parents contradict each other (see `ancestors`).
    InputError
        If the atlas has no such level.
    """
    return atlas if level is None else _joined(atlas, level)


@kept_with_atlas()
def _joined(atlas: Atlas, level: int) -> Atlas:
    if not has_parents(atlas):
        raise AtlasError(f"{atlas.name} has no parents of regions; its regions can only be taken as they are")
    lines = ancestors(atlas)
    deepest = max(len(line) for line in lines)
    if level not in range(deepest + 1):
        raise InputError(f"{atlas.name} has no level {level} of regions; give a whole number from 0 to {deepest}")
    names = atlas.names
    parent_names = {name for line in lines for name in line}
    # A parent is one region, by its name; regions that are nobody's parent may share a name (left and right).
    keys: list[Any] = [
        line[level] if len(line) > level else name if name in parent_names else row
        for row, (name, line) in enumerate(zip(names, lines, strict=True))
    ]
    used = (atlas.region_sums.maximum > 0) | ~np.isin(names, list(parent_names))
    kept: dict[Any, int] = {}
    for row in np.flatnonzero(used).tolist():
        kept.setdefault(keys[row], len(kept))
    members: dict[Any, list[int]] = {key: [] for key in kept}
    for row, key in enumerate(keys):
        if key in members:
            members[key].append(row)
    new_region = np.array([kept.get(key, 0) for key in keys], dtype=np.min_scalar_type(len(kept)))
    regions = _table(atlas, members, lines, int(level))
    source = atlas.source | {"level": int(level)}
    if atlas.is_labelled:
        return atlas.renumbered(new_region, regions, source)
    voxel, region, value = _summed(atlas, new_region[atlas.region], len(kept))
    return Atlas(atlas.grid, regions, voxel, region, value, atlas.name, atlas.space, source, atlas.remarks)


def _parents(atlas: Atlas) -> list[str | None]:
    """Each region's parent; a region that names itself has none."""
    parents = atlas.column("parent")
    if parents is None:
        return [None] * atlas.n_regions
    pairs = zip(atlas.names, parents, strict=True)
    return [None if is_missing(parent) or str(parent) in ("", name) else str(parent) for name, parent in pairs]


def _parent_of_parents(atlas_name: str, names: Sequence[str], parents: Sequence[str | None]) -> dict[str, str | None]:
    """The parent of every name that is a parent and has a row of its own."""
    wanted = {parent for parent in parents if parent is not None}
    above: dict[str, str | None] = {}
    for name, parent in zip(names, parents, strict=True):
        if name in wanted and above.setdefault(name, parent) != parent:
            raise AtlasError(
                f"{atlas_name}: the region {name!r} has two parents, {above[name]!r} and {parent!r}; "
                "give regions with children different names"
            )
    return above


def _table(atlas: Atlas, members: dict[Any, list[int]], lines: list[tuple[str, ...]], level: int) -> pd.DataFrame:
    """The rows of the regions at a level: their own where they have one, else made of their children's."""
    row_of_name = {name: row for row, name in reversed(list(enumerate(atlas.names)))}
    new_id = int(atlas.regions["id"].max())
    rows: list[dict[Any, Any]] = []
    for key, children in members.items():
        own = key if isinstance(key, int) else row_of_name.get(key)
        if own is not None:
            rows.append(atlas.regions.iloc[own].to_dict())
            continue
        new_id += 1
        row: dict[str, Any] = {"id": new_id, "name": key, "parent": lines[children[0]][level - 1] if level else None}
        if "hemisphere" in atlas.regions.columns:
            sides = atlas.regions["hemisphere"].iloc[children].unique()
            row["hemisphere"] = sides[0] if len(sides) == 1 else None
        rows.append(row)
    return pd.DataFrame(rows, columns=atlas.regions.columns)


def _summed(
    atlas: Atlas, region: NDArray[np.integer], n_regions: int
) -> tuple[NDArray[np.integer], NDArray[np.integer], NDArray[np.float32]]:
    """The entries, with those of the same voxel and region added up, at most 1."""
    if atlas.is_labelled:
        return atlas.voxel, region, atlas.value
    key = atlas.voxel.astype(np.int64) * n_regions + region
    order = np.argsort(key, kind="stable")
    key = key[order]
    first = firsts(key)
    total = np.add.reduceat(atlas.value[order].astype(np.float64), first) if len(first) else np.zeros(0)
    kept = order[first]
    return atlas.voxel[kept], region[kept], np.minimum(total, 1).astype(np.float32)
