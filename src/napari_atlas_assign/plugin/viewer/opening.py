"""Opening files: what this plugin's reader opens first in a viewer is shown as a brain, also while no dock is open."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ..layers import reader
from ..layers.metadata import LayerData, own_metadata
from .first_sight import present


def get_reader(path: Any) -> Callable[[str], list[LayerData]] | None:
    """As `layers.reader.get_reader`; the first map of a fresh viewer is then shown upright, at its peak."""
    read = reader.get_reader(path)
    return None if read is None else lambda path: _read_and_present(read, path)


def _read_and_present(read: Callable[[str], list[LayerData]], path: str) -> list[LayerData]:
    import napari

    layers = read(path)
    viewer = napari.current_viewer()
    if viewer is not None and layers:
        present_next(viewer)
    return layers


def present_next(viewer: Any) -> None:
    """Present the next layer of a viewer, if it is of this plugin; readers are asked before there is one."""

    def inserted(event: Any) -> None:
        viewer.layers.events.inserted.disconnect(inserted)
        if own_metadata(event.value):
            present(viewer, event.value)

    viewer.layers.events.inserted.connect(inserted)
