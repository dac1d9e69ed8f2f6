"""The public functions for a napari viewer: where layers lie, a result in it, and overlays of a result.

`show` is also importable from the top, since it imports napari's parts only when it is called.
"""

from __future__ import annotations

from .plugin.layers.geometry import set_geometry
from .plugin.region_views.by_column import show_regions_by
from .plugin.region_views.meshes import show_mesh
from .plugin.show import show
from .plugin.viewer.anatomical import anatomical_view
from .plugin.viewer.overlays import close_overlays, show_peaks, show_region, show_shares
from .plugin.viewer.template import add_template

__all__ = [
    "add_template",
    "anatomical_view",
    "close_overlays",
    "set_geometry",
    "show",
    "show_mesh",
    "show_peaks",
    "show_region",
    "show_regions_by",
    "show_shares",
]
