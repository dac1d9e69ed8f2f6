"""What the tests of the napari side share: geometries that files have, layers as readers make them, and a session."""

from __future__ import annotations

from types import SimpleNamespace

import nibabel as nib
import numpy as np
from napari.layers import Image as ImageLayer
from napari.layers import Labels
from qtpy.QtCore import QEvent
from qtpy.QtWidgets import QApplication

from napari_atlas_assign.plugin.layers.geometry import set_geometry
from napari_atlas_assign.plugin.layers.reader import read
from napari_atlas_assign.plugin.viewer.placing import go_to_place

TIMEOUT = 60_000

AFFINES = {
    "ras": [[2, 0, 0, -9], [0, 2.5, 0, -12], [0, 0, 3, -8], [0, 0, 0, 1]],
    "las": [[-2, 0, 0, 9], [0, 2.5, 0, -12], [0, 0, 3, -8], [0, 0, 0, 1]],
    "permuted": [[0, 0, 3, -9], [-2, 0, 0, 12], [0, 2.5, 0, -8], [0, 0, 0, 1]],
    "float noise": [[2, 3.5e-7, 0, -9], [-3.5e-7, 2.5, 1e-7, -12], [0, 2e-7, 3, -8], [0, 0, 0, 1]],
    "oblique": [[1.9, 0.3, 0.1, -9], [-0.3, 2.4, 0.4, -12], [0.2, -0.4, 2.9, -8], [0, 0, 0, 1]],
}


def napari_nifti_layer(path):
    """A layer as napari-nifti 0.0.20 makes it: every axis of the view turned round, the affine aside in the metadata.

    Held against the plugin itself for all 48 orders and signs of the axes. Where a file's axes are permuted in a cycle,
    its data are not z, y, x, though it means them to be; its affine still tells where they lie.
    """
    img = nib.load(path)
    data, affine, ornt = np.asarray(img.dataobj), img.affine.copy(), nib.io_orientation(img.affine)
    order = ornt[:, 0].astype(int)
    data, affine = data.transpose(order), affine[:, [*order, 3]]
    for axis in np.flatnonzero(ornt[:, 1] < 0):
        affine[:3, 3] += affine[:3, axis] * (data.shape[axis] - 1)
        affine[:3, axis] *= -1
        data = np.flip(data, axis)
    sizes = np.linalg.norm(affine[:3, :3], axis=0)
    far = affine[2::-1, 3] + (np.array(data.shape[::-1]) - 1) * sizes[::-1]
    return ImageLayer(
        data.T,
        scale=-sizes[::-1],
        translate=far,
        name=path.name,
        metadata={
            "affine": affine,
            "spacing": sizes,
            "origin": affine[:3, 3],
            "direction": affine[:3, :3] / sizes,
            "header": img.header,
            "coordinate_system": "".join(nib.aff2axcodes(affine)) + "+",
        },
    )


def as_layer(layer_data):
    data, options, kind = layer_data
    return {"image": ImageLayer, "labels": Labels}[kind](data, **options)


def placed(data, name="map", affine=AFFINES["ras"]):
    """A layer z, y, x whose place is stated."""
    layer = ImageLayer(data, name=name)
    set_geometry(layer, np.array(affine)[:, [2, 1, 0, 3]])
    return layer


SEEN = {
    ("axial", "neurological"): "LRAPS",
    ("axial", "radiological"): "RLAPI",
    ("coronal", "neurological"): "LRSIP",
    ("coronal", "radiological"): "RLSIA",
    ("sagittal", "neurological"): "PASIR",
    ("sagittal", "radiological"): "APSIL",
}


def opened(viewer, path):
    return viewer.add_layer(as_layer(read(path)[0]))


def move(viewer, position, view_direction=None):
    for callback in list(viewer.mouse_move_callbacks):
        callback(viewer, SimpleNamespace(position=position, view_direction=view_direction))


def finish(qtbot, widget):
    qtbot.waitUntil(lambda: not widget.is_running)


def settle():
    """Let Qt do what it put off, deletions too."""
    for _ in range(3):
        QApplication.processEvents()
        QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def alive(thing):
    try:
        thing.isVisible()
    except RuntimeError:  # Qt has destroyed it
        return False
    return True


def go_to_peak(viewer, result, number, run=0):
    """Go to the peak of a mode, as the results table does when its cell is clicked."""
    modes = result.single(run).modes
    go_to_place(viewer, result, modes.loc[modes["input structure"] == number, "peak"].iloc[0], run)


def without_crosshair(viewer):
    return [layer for layer in viewer.layers if not layer.name.startswith("crosshair")]
