"""What a new widget begins with, from napari's own settings of plugins (Preferences > Atlas Assign)."""

from __future__ import annotations

from dataclasses import dataclass, fields

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


def read_defaults() -> Defaults:
    """The person's defaults; those of the package where napari has not loaded the manifest, as in some scripts."""
    from napari.settings import get_plugin_settings

    try:
        chosen = get_plugin_settings(KEY).assignment
    except (KeyError, AttributeError):
        return Defaults()
    return Defaults(**{f.name: getattr(chosen, f.name) for f in fields(Defaults)})
