"""Regions as surfaces, for 3D: where their maps reach a part of their largest value."""

from __future__ import annotations

from typing import Any

import numpy as np
from nibabel.affines import apply_affine
from numpy.typing import NDArray

from ...assignment.best_region_labels import PART_OF_MAXIMUM
from ...assignment.point_result import PointResult
from ...assignment.result import Result
from ...atlas.atlas import Atlas
from ...atlas.hierarchy import TreeNode
from ...atlas.kept import kept_with_atlas
from ...atlas.meshes import Mesh, mesh_file, read_mesh
from ...atlas.remarks import remark
from ...errors import AtlasError, InputError
from ...grid import Floats
from ..layers.colors import region_color
from ..layers.frame import Frame
from ..layers.geometry import KEY
from ..layers.metadata import LayerData
from ..plain_text import plain
from ..viewer.overlays import atlas_and_row, name_of_region, overlay_metadata, put_overlay, region_row
from ..viewer.placing import find_frame

MOST_VOXELS = 4 * 10**6
"""Of the box around a region; of larger ones, every second, third ... voxel is taken."""

LIGHT = np.array([-0.3, 0.5, 0.81])
"""Where light comes from: left, front, above."""

DIMMEST = 0.35
"""Brightness of what looks away from the light."""


def show_mesh(result: Result | PointResult, viewer: Any, region: int | str | TreeNode) -> Any:
    """Show a region as a surface in its colour, which napari draws in 3D; returns the Surface layer.

    Parameters
    ----------
    result : Result or PointResult
    viewer : napari.Viewer
    region : int, str or TreeNode
        Row of the atlas's table of regions (the column ``volume`` of the assignments), the region's name, or several
        regions together.

    Raises
    ------
    InputError
        If the atlas has no such region, or its map is empty.
    """
    chosen = region if isinstance(region, TreeNode) else region_row(result.atlas, region)
    return put_overlay(viewer, mesh_layer(result, chosen, find_frame(result, viewer)))


def mesh_layer(result: Result | PointResult, region: int | TreeNode, frame: Frame) -> LayerData:
    """A region's surface in the region's colour, in the units of the viewer's axes."""
    atlas, row = atlas_and_row(result.atlas, region)
    vertices, faces = mesh_of(atlas, row)
    placed = apply_affine(frame.view_from_world, vertices)
    return (
        (placed, faces if np.linalg.det(frame.view_from_world[:3, :3]) > 0 else faces[:, ::-1]),
        {
            "name": plain(f"{atlas.name}: {name_of_region(atlas, row)} (surface)"),
            "vertex_colors": lit(vertices, faces, region_color(atlas, row)),
            "shading": "none",
            "metadata": {KEY: overlay_metadata(result, frame, "region surface", region)},
            **frame.axes,
        },
        "surface",
    )


def lit(vertices: Floats, faces: NDArray[np.int64], color: str) -> Floats:
    """Colours (V, 3) of a surface under a light from above, ``#rrggbb`` where it is brightest.

    napari's own light follows the camera as it comes, and leaves in the dark what an upright brain shows.
    """
    corners = vertices[faces]
    normals = np.zeros_like(vertices)
    across = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    for corner in range(3):
        np.add.at(normals, faces[:, corner], across)
    facing = normals @ LIGHT / np.maximum(np.linalg.norm(normals, axis=1), 1e-12)
    rgb = np.array([int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return (DIMMEST + (1 - DIMMEST) * (1 + facing[:, None]) / 2) * rgb


@kept_with_atlas(most=64)
def mesh_of(atlas: Atlas, region: int) -> Mesh:
    """The surface of a region: the atlas's own, or where its map reaches `PART_OF_MAXIMUM` of its largest value.

    Raises
    ------
    InputError
        If the map is empty.
    """
    return _own_mesh(atlas, region) or _mesh_of_map(atlas, region)


def _own_mesh(atlas: Atlas, region: int) -> Mesh | None:
    """The surface that comes with a BrainGlobe atlas; a damaged one is told, and is none."""
    try:
        path = mesh_file(atlas, region)
        return None if path is None else read_mesh(path, atlas)
    except AtlasError as error:
        remark(f"{error}; the surface is made of the region's voxels instead")
        return None


def _mesh_of_map(atlas: Atlas, region: int) -> Mesh:
    from skimage.measure import marching_cubes  # napari brings it

    voxel, value = atlas.entries_of(region)
    if not len(voxel) or not value.max() > 0:
        raise InputError(f"{atlas.name} has no voxel of {name_of_region(atlas, region)}, so there is no surface")
    box, corner = _box(atlas, voxel, value)
    step = int(np.ceil((box.size / MOST_VOXELS) ** (1 / 3)))
    box = box[::step, ::step, ::step]
    level = PART_OF_MAXIMUM * float(box.max() or value.max())
    vertices, faces, _, _ = marching_cubes(box, min(level, float(box.max()) * 0.999), gradient_direction="ascent")
    world = apply_affine(atlas.grid.affine, vertices * step + corner)
    is_mirrored = np.linalg.det(atlas.grid.affine[:3, :3]) < 0
    return world, np.asarray(faces[:, ::-1] if is_mirrored else faces, dtype=np.int64)


def _box(atlas: Atlas, voxel: NDArray[np.integer], value: NDArray[Any]) -> tuple[NDArray[np.float32], Floats]:
    """A region's values in the smallest box around it with an empty margin, and the index of its first corner."""
    index = np.stack(np.unravel_index(np.asarray(voxel, dtype=np.int64), atlas.grid.shape), axis=1)
    corner = index.min(axis=0) - 1
    box = np.zeros(index.max(axis=0) - corner + 2, np.float32)
    box[tuple((index - corner).T)] = value
    return box, corner.astype(np.float64)
