"""Surfaces that come with an atlas, and files that only look like them."""

import json

import numpy as np
import pytest
import tifffile

from napari_atlas_assign import AtlasError, load_atlas
from napari_atlas_assign.atlas.meshes import mesh_file, parse_obj, read_mesh

RESOLUTION = [100, 50, 25]

SHAPE = (20, 24, 28)

BLOCK = (slice(4, 12), slice(6, 16), slice(3, 9))


def box_as_obj(low, high, order=slice(None)):
    """A box in micrometres, as an OBJ file of six quadrangles."""
    corners = [[(low, high)[bit >> axis & 1][axis] for axis in range(3)] for bit in range(8)]
    quads = [(1, 3, 4, 2), (5, 6, 8, 7), (1, 2, 6, 5), (3, 7, 8, 4), (1, 5, 7, 3), (2, 4, 8, 6)]
    lines = ["# made up", *("v {} {} {}".format(*c) for c in corners)]
    return "\n".join([*lines, *("f " + " ".join(f"{n}//{n}" for n in quad[order]) for quad in quads)])


@pytest.fixture(params=["asr", "rpi"])
def folder(tmp_path, request):
    """An atlas of two structures, a block in its parent, with a surface for both."""
    folder = tmp_path / "boxes_100um_v1.0"
    (folder / "meshes").mkdir(parents=True)
    about = {
        "name": "boxes", "citation": "Nobody 2020", "species": "None", "symmetric": False, "resolution": RESOLUTION,
        "orientation": request.param, "version": "1.0", "shape": SHAPE, "additional_references": [],
    }  # fmt: skip
    (folder / "metadata.json").write_text(json.dumps(about))
    root = {"id": 1, "name": "whole", "acronym": "w", "rgb_triplet": [200, 0, 0], "structure_id_path": [1]}
    block = {"id": 7, "name": "block", "acronym": "b", "rgb_triplet": [0, 0, 200], "structure_id_path": [1, 7]}
    (folder / "structures.json").write_text(json.dumps([root, block]))
    data = np.ones(SHAPE, np.uint32)
    data[BLOCK] = 7
    tifffile.imwrite(folder / "annotation.tiff", data, photometric="minisblack")
    size = np.array(RESOLUTION)
    low, high = ([getattr(part, end) for part in BLOCK] * size for end in ("start", "stop"))
    for identifier in (1, 7):
        (folder / "meshes" / f"{identifier}.obj").write_text(box_as_obj(low, high))
    return folder


def block_of(folder):
    atlas = load_atlas(folder)
    return atlas, atlas.regions["name"].tolist().index("block")


def test_a_surface_lies_where_the_voxels_of_its_region_lie(folder):
    atlas, region = block_of(folder)
    vertices, faces = read_mesh(mesh_file(atlas, region), atlas)
    voxel, _ = atlas.entries_of(region)
    places = atlas.grid.to_world(np.stack(np.unravel_index(voxel, SHAPE), axis=1))
    half = np.abs(atlas.grid.affine[:3, :3]).sum(axis=1) / 2
    assert np.allclose(vertices.min(axis=0), places.min(axis=0) - half)
    assert np.allclose(vertices.max(axis=0), places.max(axis=0) + half)
    assert faces.shape == (12, 3)


@pytest.mark.parametrize("order", [slice(None), slice(None, None, -1)])
def test_a_surface_is_seen_from_outside_however_its_corners_run(folder, order):
    (folder / "meshes" / "7.obj").write_text(box_as_obj([400, 300, 75], [1200, 800, 225], order))
    atlas, region = block_of(folder)
    vertices, faces = read_mesh(mesh_file(atlas, region), atlas)
    a, b, c = (vertices[faces[:, corner]] for corner in range(3))
    assert np.isclose(np.einsum("ij,ij->", a, np.cross(b, c)) / 6, 0.8 * 0.5 * 0.15)


def test_a_region_with_parts_is_not_shown_by_the_surface_of_all_of_them(folder):
    atlas, region = block_of(folder)
    assert mesh_file(atlas, 1 - region) is None


def test_corners_are_counted_from_the_end_too():
    triangle = "v 0 0 0\nv 1 0 0\nv 0 1 0\nf -3 -2 -1\n"
    assert parse_obj(triangle, "t.obj")[1].tolist() == [[0, 1, 2]]


@pytest.mark.parametrize(
    "text",
    [
        "", "v 0 0 0\n", "f 1 2 3\n", "v 0 0 0\nf 1 2 3\n", "v 0 0\nv 1 0\nv 0 1\nf 1 2 3\n",
        "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 0 1 2\n", "v nan 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 3\n",
        "v 0 0 0\nv 1 0 0\nv 0 1 0\nf a b c\n", "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 99999999999999999999\n",
        "v 0 0 0\nv 1 0\nv 0 1 0\nf 1 2 3\n", "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2\n", "v 0 0 0\nv 1 0 0\nf\n",
    ],
)  # fmt: skip
def test_what_is_no_surface_is_told(text):
    with pytest.raises(AtlasError, match=r"t\.obj"):
        parse_obj(text, "t.obj")


def test_a_surface_in_other_units_is_told(folder):
    (folder / "meshes" / "7.obj").write_text(box_as_obj([400e3, 300e3, 75e3], [1200e3, 800e3, 225e3]))
    atlas, region = block_of(folder)
    with pytest.raises(AtlasError, match="reaches out of the atlas"):
        read_mesh(mesh_file(atlas, region), atlas)
