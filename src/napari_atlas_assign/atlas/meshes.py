"""Surfaces that come with a BrainGlobe atlas of version 2: ``meshes/ID.obj``, in micrometres along the array's axes."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import AtlasError
from ..grid import Floats
from .atlas import Atlas
from .files.paths import inside
from .files.text import read_text
from .formats.brainglobe import affine_of

MOST_OUTSIDE = 0.1
"""Part of the atlas's size by which a surface may reach out of its voxels."""

Mesh = tuple[Floats, NDArray[np.int64]]
"""Vertices (V, 3), and triangles (T, 3) of their numbers, seen from outside counterclockwise."""


def mesh_file(atlas: Atlas, region: int) -> Path | None:
    """The file of a region's surface; None where the atlas has none.

    Neither is it taken for a region that has parts: the file shows them all, the region's map its own voxels only.
    """
    metadata_file = Path(str(atlas.source.get("path", "")))
    if metadata_file.name != "metadata.json" or "orientation" not in atlas.source:
        return None
    row = atlas.regions.iloc[region]
    if "parent" in atlas.regions and (atlas.regions["parent"] == row["name"]).any():
        return None
    path = inside(metadata_file.parent, f"meshes/{row['id']}.obj")
    return path if path.is_file() else None


def read_mesh(path: Path, atlas: Atlas) -> Mesh:
    """Read a surface of an atlas into world mm.

    Raises
    ------
    AtlasError
        If the file is too large, is damaged, or lies elsewhere than the atlas.
    """
    vertices, faces = parse_obj(read_text(path), path.name)
    axes = affine_of(str(atlas.source["orientation"]), (1.0, 1.0, 1.0))[:3, :3]
    world = vertices @ axes.T
    ends = atlas.grid.to_world(np.array([np.full(3, -0.5), np.array(atlas.grid.shape) - 0.5]))
    low, high = ends.min(axis=0), ends.max(axis=0)
    room = MOST_OUTSIDE * (high - low)
    if (world < low - room).any() or (world > high + room).any():
        raise AtlasError(f"{path.name} reaches out of the atlas; fetch the atlas again")
    a, b, c = (world[faces[:, corner]] - world.mean(axis=0) for corner in range(3))
    is_inside_out = np.einsum("ij,ij->", a, np.cross(b, c)) < 0
    return world, faces[:, ::-1] if is_inside_out else faces


def parse_obj(text: str, name: str) -> Mesh:
    """Vertices and triangles of the lines ``v`` and ``f`` of a Wavefront OBJ file; polygons are cut into triangles.

    Raises
    ------
    AtlasError
        If there are none, or they do not fit together.
    """
    lines = [line.split() for line in text.splitlines()]
    try:
        vertices = np.array([line[1:4] for line in lines if line[:1] == ["v"]], dtype=np.float64)
        faces = np.array([face for line in lines if line[:1] == ["f"] for face in _triangles(line[1:])], dtype=np.int64)
    except (ValueError, OverflowError) as error:
        raise AtlasError(f"{name} is damaged ({error}); fetch the atlas again") from None
    if vertices.ndim != 2 or vertices.shape[1] != 3 or not len(faces) or not np.isfinite(vertices).all():
        raise AtlasError(f"{name} holds no surface; fetch the atlas again")
    faces = np.where(faces < 0, faces + len(vertices), faces - 1)  # counted from 1, or from the end
    if faces.min() < 0 or faces.max() >= len(vertices):
        raise AtlasError(f"{name} has triangles of vertices that it lacks; fetch the atlas again")
    return vertices, faces


def _triangles(corners: list[str]) -> Iterator[tuple[int, int, int]]:
    """The triangles of one face, whose corners are written ``vertex/texture/normal``."""
    first, *others = (int(corner.split("/")[0]) for corner in corners)
    yield from ((first, b, c) for b, c in pairwise(others))
