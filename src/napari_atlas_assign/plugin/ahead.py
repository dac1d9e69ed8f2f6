"""What a first result needs and takes long, made ready beside the window, which would stand still for it later."""

from __future__ import annotations

from contextlib import suppress
from functools import cache
from importlib import import_module
from threading import Thread


@cache
def prepare_beside() -> None:
    """Make it ready in a thread, once in a session."""
    Thread(target=prepare, name="naa-ahead").start()


def prepare() -> None:
    """Import the table, and have vispy draw the dashes that every layer of labels wants, and which it keeps."""
    import_module("napari_atlas_assign.plugin.table.viewer_link")
    with suppress(ImportError):  # another vispy may draw them elsewhere
        from vispy.visuals.line.dash_atlas import DashAtlas

        DashAtlas()
