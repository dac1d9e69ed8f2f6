"""`show`: a result in a viewer. The widget calls it, and so do scripts."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from ..assignment.result import Result
from .geometry import KEY
from .layers import LayerData, own_metadata
from .overlays import frame_of, modes_layer, regions_layer
from .views import go_to, set_upright

TABLE_NAME = "Assigned regions"
"""The docked table's name; by it, a later result finds the table of an earlier one."""


KEPT = frozenset({"name", "opacity"})
"""What a person may have changed in a layer, and an update leaves as it is."""


def show(result: Result, viewer: Any) -> None:
    """Add a result to a napari viewer, or update what an earlier result of the same image left there.

    Adds two Labels layers, the modes and each mode's best region, and the docked table of results.

    Parameters
    ----------
    result : Result
        What `assign` returns.
    viewer : napari.Viewer
        Or a ``ViewerModel``, which has no window and gets no table.
    """
    frame = frame_of(result.image, viewer.layers)
    if find_layer(viewer, "modes", result.image.name) is None:
        set_upright(viewer, frame.view_from_world)
    put(viewer, regions_layer(result, frame))
    put(viewer, modes_layer(result, frame))
    if hasattr(viewer, "window"):
        _show_table(result, viewer)


def put(viewer: Any, layer_data: LayerData) -> Any:
    """Add a layer, or update the one of the same role and image; returns it."""
    data, options, kind = layer_data
    about = options["metadata"][KEY]
    earlier = find_layer(viewer, about["role"], about["image"])
    if earlier is None:
        return getattr(viewer, f"add_{kind}")(data, **options)
    earlier.data = data
    ndim = np.ndim(data)
    neutral = {"translate": np.zeros(ndim), "rotate": np.eye(ndim), "shear": np.zeros(3), "affine": np.eye(ndim + 1)}
    for name, value in (neutral | options).items():
        unmoved = name in ("scale", *neutral) and np.array_equal(np.asarray(getattr(earlier, name)), np.asarray(value))
        if name not in KEPT and not unmoved:  # each assignment redraws the layer
            setattr(earlier, name, value)
    return earlier


def find_layer(viewer: Any, role: str, image: str) -> Any | None:
    """This plugin's layer of a role (``modes``, ``regions``) for the image of a name."""
    for layer in viewer.layers:
        about = own_metadata(layer)
        if about.get("role") == role and about.get("image") == image:
            return layer
    return None


def go_to_mode(viewer: Any, result: Result, number: int) -> None:
    """Move a viewer to a mode's peak, and select the mode's label."""
    modes = result.modes
    peak = modes.loc[modes["input structure"] == number, "peak"].iloc[0]
    go_to(viewer, frame_of(result.image, viewer.layers).to_view(peak))
    layer = find_layer(viewer, "modes", result.image.name)
    if layer is not None:
        layer.selected_label = number


def _show_table(result: Result, viewer: Any) -> None:
    from .table import ResultsTable  # Qt, which scripts without a window do without

    table = viewer.window.dock_widgets.get(TABLE_NAME)
    if table is None:
        table = ResultsTable()
        viewer.window.add_dock_widget(table, name=TABLE_NAME, area="bottom")
    table.set_result(result, partial(go_to_mode, viewer, result))
