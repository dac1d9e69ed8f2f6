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
    """A layer as napari-nifti 0.0.20 makes it: z, y, x data, every axis of the view turned round, the affine aside."""
    from napari.layers import Image

    canonical = nib.as_closest_canonical(nib.load(path))
    sizes = np.linalg.norm(canonical.affine[:3, :3], axis=0)
    origin, shape = canonical.affine[:3, 3], np.array(canonical.shape)
    far = origin + (shape - 1) * sizes
    return Image(
        np.asarray(canonical.dataobj).T,
        scale=-sizes[::-1],
        translate=far[::-1],
        name=path.name,
        metadata={
            "affine": canonical.affine,
            "spacing": sizes,
            "origin": origin,
            "direction": canonical.affine[:3, :3] / sizes,
            "header": nib.load(path).header,
            "coordinate_system": "RAS+",
        },
    )
