"""Keeping the whole brain in sight when a dock of this plugin makes the canvas smaller."""

from __future__ import annotations

from typing import Any

import numpy as np

from ...grid import Floats
from .anatomical import MARGIN

EDGE = 0.01
"""Part of the canvas by which a layer may reach beyond it and still counts as in sight."""


def keep_whole(viewer: Any) -> None:
    """Fit the layers to the canvas at its next change of size, if it shows all of them now.

    A zoom of the user is left alone: one that cuts something off now, and one that comes before the change of size.
    """
    if not shows_all(viewer):
        return
    camera, size = viewer.scene.camera, viewer.canvas.events.size
    before = camera.zoom, camera.center, viewer.dims.ndisplay

    def fit(event: Any = None) -> None:
        size.disconnect(fit)
        if (camera.zoom, camera.center, viewer.dims.ndisplay) == before and not shows_all(viewer):
            viewer.fit_to_view(margin=MARGIN)

    size.connect(fit)


def shows_all(viewer: Any) -> bool:
    """Whether all layers lie within the canvas, in 2D or 3D; not told of a grid of canvases."""
    if not len(viewer.layers) or viewer.canvas.grid.enabled:
        return False
    camera, shown = viewer.scene.camera, list(viewer.dims.displayed)
    extent = np.asarray(viewer.layers.extent.world, dtype=np.float64)[:, shown]
    half, middle = np.ptp(extent, axis=0) / 2, extent.mean(axis=0)
    away = middle - np.asarray(camera.center, dtype=np.float64)[-len(shown) :]
    up, right = _screen_axes(camera, len(shown))
    reach = np.array([abs(axis @ away) + np.abs(axis) @ half for axis in (up, right)])
    return bool((reach * camera.zoom <= np.array(viewer.canvas.size) / 2 * (1 + EDGE)).all())


def _screen_axes(camera: Any, ndisplay: int) -> tuple[Floats, Floats]:
    """Vectors along the displayed axes that run up and across the screen, of either sign."""
    if ndisplay == 2:
        return np.array([1.0, 0.0]), np.array([0.0, 1.0])
    up = np.asarray(camera.up_direction, dtype=np.float64)
    return up, np.cross(np.asarray(camera.view_direction, dtype=np.float64), up)
