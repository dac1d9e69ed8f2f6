"""The layer of a stack's modes follows the volume that the viewer shows."""

from __future__ import annotations

from typing import Any
from weakref import WeakSet, ref

from ...assignment.result import Result
from ..layers.layer_results import itself, result_of
from ..layers.metadata import own_metadata
from ..layers.mode_layers import features_shown, modes_colormap
from .viewer_frame import volume_shown


def follow_volume(viewer: Any, layer: Any) -> None:
    """Keep what a layer of a stack's modes tells and shows that of the volume in the viewer."""
    layer = itself(layer)
    _tell_volume(viewer, layer)
    if layer in _following:
        return
    _following.add(layer)
    weak = ref(layer)

    def follow(event: Any = None) -> None:
        modes_layer = weak()
        if modes_layer is None or modes_layer not in viewer.layers:
            viewer.dims.events.current_step.disconnect(follow)
            _following.discard(modes_layer)
        else:
            _tell_volume(viewer, modes_layer)

    viewer.dims.events.current_step.connect(follow)


_following: WeakSet[Any] = WeakSet()


def _tell_volume(viewer: Any, layer: Any) -> None:
    metadata, result = own_metadata(layer), result_of(layer)
    volume = volume_shown(layer, viewer.dims.point)
    if volume == metadata["volume"] or not isinstance(result, Result):
        return
    before, metadata["volume"] = metadata["volume"], volume
    layer.features = features_shown(layer, result)
    if any(metadata[name][before] != metadata[name][volume] for name in ("colors", "highlighted")):
        layer.colormap = modes_colormap(metadata)
