"""Which columns a table shows, in which order, and which stay in sight. Without Qt.

What the user chose is kept in napari's own settings of this plugin, as one text for all tables.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

PLUGIN = "napari-atlas-assign"


USUAL = {
    "assignments": (
        *("map name", "atlas", "input structure", "region", "share", "mpm share", "correlation"),
        *("peak probability", "hemisphere", "share sd", "p corrected"),
    ),
    "modes": (
        *("map name", "atlas", "input structure", "volume mm3", "peak", "peak value", "unassigned share"),
        *("best region by share", "best region by correlation", "nearest region", "best region stability"),
    ),
    "regions": (
        *("map name", "atlas", "region", "count", "density per mm3", "left count", "right count", "active mm3"),
        *("active share", "mean", "maximum", "volume mm3", "hemisphere"),
    ),
    "sweep": (
        *("map name", "atlas", "threshold", "cluster", "input structure", "volume mm3", "peak value"),
        *("best region by share", "best share", "merges into", "merged", "peak"),
    ),
}
"""Columns that are shown until the user chooses others, from left to right; of tables without an entry, all."""

ONLY_OF_MAPS = frozenset({"mpm share", "volume mm3"})
"""Columns that tell the tables of a map from those of points, which are all shown."""


@dataclass(frozen=True)
class ColumnLayout:
    """The user's choice of columns, by name; columns that a table lacks do no harm."""

    order: tuple[str, ...] = ()
    hidden: tuple[str, ...] = ()
    pinned: tuple[str, ...] = ()
    """In sight at the left, however far the table is scrolled."""

    def arranged(self, names: Sequence[str]) -> list[str]:
        """The columns of a table from left to right, hidden ones too: pinned ones, then the others in the order chosen.

        Columns that nobody has moved yet stay behind those that they follow by nature.
        """
        placed = [name for name in self.order if name in names]
        for number, name in enumerate(names):
            if name not in placed:
                before = [placed.index(n) for n in names[:number]]
                placed.insert(placed.index(names[number - 1]) + 1 if before else 0, name)
        pinned = [name for name in self.pinned if name in names]
        return pinned + [name for name in placed if name not in pinned]

    @staticmethod
    def usual(table: str, names: Sequence[str]) -> ColumnLayout:
        """What is shown of a table until the user chooses: what is looked for first, and what tells rows apart."""
        first = USUAL.get(table, ())
        shown = [name for usual in first for name in names if name.partition(": ")[0] == usual]
        if not set(first) & ONLY_OF_MAPS & set(names):
            return ColumnLayout()
        others = [name for name in names if name not in shown]
        return ColumnLayout((*shown, *others), tuple(others))

    def with_hidden(self, name: str, hidden: bool = True) -> ColumnLayout:
        """Hide a column, or show it again."""
        others = tuple(n for n in self.hidden if n != name)
        return replace(self, hidden=(*others, name) if hidden else others)

    def with_pinned(self, name: str, pinned: bool = True) -> ColumnLayout:
        """Pin a column behind those that are pinned, or let it go."""
        others = tuple(n for n in self.pinned if n != name)
        return replace(self, pinned=(*others, name) if pinned else others)

    def moved(self, names: Sequence[str], name: str, steps: int) -> ColumnLayout:
        """Move a column past visible neighbours, to the right or, with negative steps, to the left."""
        order = self.arranged(names)
        visible = [n for n in order if n not in self.hidden or n == name]
        target = visible[min(max(visible.index(name) + steps, 0), len(visible) - 1)]
        to = order.index(target)
        order.remove(name)
        order.insert(to, name)
        return self.reordered(order)

    def reordered(self, order: Sequence[str]) -> ColumnLayout:
        """Take over an order from left to right."""
        return replace(self, order=tuple(order), pinned=tuple(n for n in order if n in self.pinned))


def squeezed(widths: Sequence[int], least: Sequence[int], room: int) -> list[int]:
    """Widths of columns that fit into a room: the widest give way first, and none below its least width.

    Where the least widths do not fit, nothing is won, and the widths stay.
    """
    if sum(map(min, widths, least)) > room:
        return list(widths)
    low, high = 0, max(widths, default=0)

    def capped(cap: int) -> list[int]:
        return [min(width, max(cap, narrow)) for width, narrow in zip(widths, least, strict=True)]

    while low < high:
        cap = (low + high + 1) // 2
        low, high = (cap, high) if sum(capped(cap)) <= room else (low, cap - 1)
    return capped(low)


def load_layout(table: str) -> ColumnLayout | None:
    """What was chosen for a table in an earlier session; None where nothing readable is kept."""
    kept = _kept().get(table)
    return _layout_of(kept) if isinstance(kept, dict) else None


def store_layout(table: str, layout: ColumnLayout) -> None:
    """Keep a choice for later sessions, where napari keeps settings of plugins."""
    settings = _settings()
    if settings is not None:
        chosen = {"order": layout.order, "hidden": layout.hidden, "pinned": layout.pinned}
        settings.columns = json.dumps(_kept() | {table: {k: v for k, v in chosen.items() if v}}, ensure_ascii=False)


def _settings() -> Any | None:
    """The group ``table`` of this plugin's settings, if napari and its manifest have it."""
    try:
        from napari.settings import get_plugin_settings

        return get_plugin_settings(PLUGIN).table
    except (ImportError, KeyError, AttributeError):
        return None


def _kept() -> dict[str, Any]:
    try:
        kept = json.loads(getattr(_settings(), "columns", "") or "{}")
    except (ValueError, RecursionError):  # the user may have edited it
        return {}
    return kept if isinstance(kept, dict) else {}


def _layout_of(kept: dict[str, Any]) -> ColumnLayout:
    fields = {
        name: tuple(dict.fromkeys(str(c) for c in kept[name]))
        for name in ("order", "hidden", "pinned")
        if isinstance(kept.get(name), list)
    }
    return ColumnLayout(**fields)
