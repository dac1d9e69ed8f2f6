"""What a new widget begins with, from napari's own settings of plugins (Preferences > Atlas Assign)."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Any

from ..layers.geometry import KEY


@dataclass(frozen=True)
class Defaults:
    """The category ``assignment`` of the manifest's configurations, with the same values."""

    atlas: str = "juelich"
    z_threshold: float = 3.1
    tail: str = "positive"
    connectivity: int = 18
    min_volume_mm3: float = 0.0
    convention: str = "default"
    live: bool = True


MOST_RECENT = 5
"""Atlases that are offered again first."""


def read_recent() -> list[str]:
    """Full names of the atlases that were used last, the latest first."""
    kept = getattr(_group("atlases"), "recent", "") or ""
    return [name for name in dict.fromkeys(kept.split("; ")) if name][:MOST_RECENT]


def store_recent(names: list[str]) -> None:
    """Keep what `read_recent` gives, where napari keeps settings of plugins."""
    group = _group("atlases")
    if group is not None:
        group.recent = "; ".join(names)


def read_defaults() -> Defaults:
    """The user's defaults; those of the package where napari has not loaded the manifest, as in some scripts."""
    chosen = _group("assignment")
    return Defaults() if chosen is None else Defaults(**{f.name: getattr(chosen, f.name) for f in fields(Defaults)})


def _group(name: str) -> Any | None:
    """A group of this plugin's settings, if napari and its manifest have it."""
    from napari.settings import get_plugin_settings

    try:
        return getattr(get_plugin_settings(KEY), name)
    except (KeyError, AttributeError):
        return None
