"""Geometries that files have, and layers as another reader makes them."""

from __future__ import annotations

import nibabel as nib
import numpy as np

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
    from napari.layers import Image

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
    return Image(
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
