"""Shapes become regions of interest, each in its own plane, one slice thick, and may overlap."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from napari.layers import Image, Shapes

from napari_atlas_assign import InputError, assign
from napari_atlas_assign.plugin.layers.geometry import place_of, set_geometry
from napari_atlas_assign.plugin.layers.shape_layers import rois_from_shapes, voxels_of_shape
from tests.plugin.helpers import placed


@pytest.fixture
def grid():
    """A map of 3 mm voxels, z, y, x."""
    layer = Image(np.zeros((20, 22, 24), np.float32), scale=(3, 3, 3), units="mm")
    set_geometry(layer)
    return layer


def rectangle(plane, at, first, last):
    """Corners, z, y, x in mm, of a rectangle where one axis is constant."""
    across = [axis for axis in range(3) if axis != plane]
    corners = np.empty((4, 3))
    corners[:, plane] = at
    corners[:, across[0]] = [first[0], first[0], last[0], last[0]]
    corners[:, across[1]] = [first[1], last[1], last[1], first[1]]
    return corners


def drawn(layer, grid):
    """Voxels of each shape by its number, as they are scored."""
    rois = rois_from_shapes(layer, grid)
    volumes = {label: sheet for sheet in rois.sheets for label in np.unique(sheet.data[sheet.data > 0]).tolist()}
    return {label: int((volumes[label].data == label).sum()) for label in sorted(volumes)}, rois


@pytest.mark.parametrize("plane", [0, 1, 2])
def test_a_rectangle_has_its_area_in_every_plane(grid, plane):
    layer = Shapes([rectangle(plane, 31, (6.1, 6.1), (26.1, 36.1))], shape_type="rectangle")
    assert drawn(layer, grid)[0] == {1: 6 * 10}


@settings(max_examples=40, deadline=None)
@given(
    plane=st.integers(0, 2),
    at=st.floats(0, 50),
    corner=st.tuples(st.floats(0, 25), st.floats(0, 25)),
    size=st.tuples(st.floats(3.5, 30), st.floats(3.5, 30)),
    kind=st.sampled_from(["rectangle", "polygon", "ellipse"]),
)
def test_an_upright_shape_holds_the_voxels_whose_centres_it_holds(plane, at, corner, size, kind):
    corners = rectangle(plane, at, corner, np.add(corner, size)) / 3
    got = voxels_of_shape(corners, kind)
    across = [axis for axis in range(3) if axis != plane]
    centre, half = corners[:, across].mean(axis=0), np.array(size) / 6
    ij = np.stack(np.meshgrid(*[np.arange(20)] * 2, indexing="ij"), axis=-1).reshape(-1, 2)
    away = np.abs(ij - centre) / half
    reach = np.hypot(*away.T) if kind == "ellipse" else away.max(axis=1)
    cells = set(map(tuple, got[:, across]))
    assert len(cells) == len(got)
    assert set(got[:, plane]) <= {int(np.floor(at / 3 + 0.5 + 1e-6))}  # a small ellipse may hold no centre
    assert {tuple(c) for c in ij[reach < 0.99].tolist()} <= cells <= {tuple(c) for c in ij[reach < 1.001].tolist()}


def test_a_tilted_polygon_is_one_slice_thick(grid):
    corners = np.array([[6, 6, 6], [6, 6, 45], [36, 36, 45], [36, 36, 6.0]])
    voxels, rois = drawn(Shapes([corners], shape_type="polygon"), grid)
    _, y, z = np.nonzero(rois.data)
    assert np.array_equal(y, z)
    assert voxels == {1: 11 * 14}


def test_nested_equal_and_overlapping_shapes_are_each_scored_whole(grid, label_atlas):
    boxes = [((6, 6), (30, 30)), ((12, 12), (18, 18)), ((6, 6), (30, 30)), ((27, 27), (39, 39))]
    layer = Shapes([rectangle(0, 30, a, b) for a, b in boxes], shape_type="rectangle", name="drawn")
    voxels, rois = drawn(layer, grid)
    assert voxels == {1: 81, 2: 9, 3: 81, 4: 25}
    assert (rois.data == 2).sum() == 9  # the smallest is seen
    with pytest.warns(match="regions of interest of drawn overlap"):
        result = assign(rois, label_atlas, rois=True)
    assert result.modes["voxels"].tolist() == [81, 9, 81, 25]
    assert result.modes["input structure"].tolist() == [1, 2, 3, 4]
    assert (result.components.data == 2).sum() == 9


@pytest.mark.parametrize("options", [{"split_rois": True}, {"convention": "siibra"}])
def test_overlapping_shapes_survive_every_way_of_assigning(grid, label_atlas, options):
    inside = placed(np.zeros((7, 9, 8), np.float32))  # on the atlas's grid
    place = place_of(inside)
    corners = [rectangle(0, 3, a, b) for a, b in (((1, 1), (6, 6)), ((2, 2), (5, 5)))]
    layer = Shapes([c @ place.view[:3, :3].T + place.view[:3, 3] for c in corners], shape_type="rectangle", name="two")
    with pytest.warns(match="overlap"):
        result = assign(rois_from_shapes(layer, inside), label_atlas, rois=True, **options)
    assert result.modes["voxels"].tolist() == [36, 16]


def test_lines_and_paths_are_one_voxel_wide(grid):
    line = np.array([[30, 6, 6], [30, 6, 36.0]])
    path = np.array([[6, 6, 6], [36, 6, 6], [36, 36, 6.0]])
    assert drawn(Shapes([line, path], shape_type=["line", "path"]), grid)[0] == {1: 11, 2: 21}


def test_what_lies_outside_or_between_voxels_is_told(grid):
    shapes = [
        rectangle(0, 30, (6, 6), (30, 30)),
        rectangle(1, 30, (-30, 6), (29, 29)),
        rectangle(2, 500, (6, 6), (30, 30)),
        rectangle(0, 30, (7, 7), (8, 8)),
    ]
    rois = rois_from_shapes(Shapes(shapes, shape_type="rectangle", name="drawn"), grid)
    assert [note.partition("'drawn' ")[2] for note in rois.notes] == [
        "lies partly outside the grid of the map: 50% of it is cut off",
        "lies outside the grid of the map and is left out",
        "lies between the centres of the voxels and is left out",
    ]
    for shape, what in ((shapes[2], "lies outside"), (shapes[3], "lies between")):
        with pytest.raises(InputError, match=f"shape 1 of the layer 'drawn' {what}.*draw it over the map"):
            rois_from_shapes(Shapes([shape], shape_type="rectangle", name="drawn"), grid)


@pytest.mark.parametrize("plane", [0, 1, 2])
def test_shapes_that_were_placed_by_a_script_need_no_map(plane, label_atlas):
    layer = Shapes([rectangle(plane, -4.5, (-6, -6), (-1, -2))], shape_type="rectangle", name="scripted")
    set_geometry(layer)
    result = assign(layer, label_atlas)
    assert result.modes["voxels"].tolist() == [6 * 5]
    centre = np.array(rectangle(plane, -4.5, (-6, -6), (-1, -2))).mean(axis=0)[::-1]
    assert np.allclose(result.modes["centroid"][0], centre)


def test_shapes_of_a_photograph_are_drawn_on_it():
    photo = Image(np.zeros((20, 30)), name="photo")
    layer = Shapes([[[2, 3], [2, 9], [5, 9], [5, 3]]], shape_type="rectangle", name="cells")
    rois = rois_from_shapes(layer, photo, np.eye(4)[[2, 1, 0, 3]])
    assert rois.data.shape == (30, 20, 1)
    assert rois.data[3:10, 2:6, 0].all()
    assert rois.data.sum() == 28
