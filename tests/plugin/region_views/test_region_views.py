"""Regions as surfaces in world mm, and all of an atlas in the colours of a column."""

from contextlib import nullcontext

import numpy as np
import pandas as pd
import pytest
from napari.components import ViewerModel

from napari_atlas_assign import Atlas, Grid, InputError, PointSet, assign
from napari_atlas_assign.atlas.formats.brainglobe import affine_of
from napari_atlas_assign.errors import AssignmentWarning
from napari_atlas_assign.plugin.region_views import meshes
from napari_atlas_assign.plugin.region_views.by_column import colors_of, show_regions_by
from napari_atlas_assign.plugin.region_views.meshes import lit, mesh_of, show_mesh
from tests.plugin.helpers import AFFINES, opened

pytestmark = pytest.mark.filterwarnings("ignore:.*is oblique")


ONE = pd.DataFrame({"id": [1], "name": ["Only"]})


def ball(affine, shape=(24, 26, 22), radius=7.0):
    """A ball of a radius in voxels, and the centre of the volume that its voxels fill in world mm."""
    centre = (np.array(shape) - 1) / 2
    inside = np.linalg.norm(np.moveaxis(np.indices(shape), 0, -1) - centre, axis=-1) <= radius
    atlas = Atlas.from_labels(inside.astype(np.int64), Grid(shape, np.array(affine, float)), ONE, name="ball")
    return atlas, (np.array(affine) @ [*centre, 1])[:3], inside.sum() * abs(np.linalg.det(np.array(affine)[:3, :3]))


def enclosed(vertices, faces):
    """The volume that a closed surface encloses, above 0 where its triangles are counterclockwise from outside."""
    a, b, c = (vertices[faces[:, corner]] for corner in range(3))
    return float(np.einsum("ij,ij->i", a, np.cross(b, c)).sum() / 6)


def test_a_surface_encloses_its_region_in_world_mm(affine):
    atlas, centre, volume = ball(affine)
    vertices, faces = mesh_of(atlas, 0)
    assert np.allclose(vertices.mean(axis=0), centre, atol=0.2)
    assert 0.95 * volume < enclosed(vertices - centre, faces) < 1.25 * volume


def test_a_surface_is_brightest_in_its_colour_where_it_looks_up():
    atlas, centre, _ = ball(AFFINES["las"])
    vertices, faces = mesh_of(atlas, 0)
    colors = lit(vertices, faces, "#ff8000")
    top, bottom = vertices[:, 2] > centre[2] + 15, vertices[:, 2] < centre[2] - 15
    assert colors[top].mean() > 1.7 * colors[bottom].mean()
    assert colors.max() <= 1
    assert np.allclose(colors[:, 1] / colors[:, 0], 128 / 255)


def test_a_coarser_surface_of_a_large_region_lies_at_the_same_place(monkeypatch):
    atlas, centre, _ = ball(AFFINES["las"])
    fine = mesh_of(atlas, 0)
    monkeypatch.setattr(meshes, "MOST_VOXELS", 700)
    atlas, _, _ = ball(AFFINES["las"])
    coarse = mesh_of(atlas, 0)
    assert len(coarse[0]) < len(fine[0]) / 2
    assert np.abs(coarse[0].mean(axis=0) - centre).max() < 3


def test_a_region_at_the_edge_of_the_grid_has_a_closed_surface():
    atlas = Atlas.from_labels(np.ones((4, 5, 6), np.int64), Grid((4, 5, 6), np.diag([2.0, 2, 2, 1])), ONE, name="full")
    vertices, faces = mesh_of(atlas, 0)
    assert np.abs(enclosed(vertices, faces) / (4 * 5 * 6 * 8) - 1) < 0.3


@pytest.fixture
def shown(write, blob_map, label_atlas):
    viewer = ViewerModel()
    layer = opened(viewer, write(blob_map))
    return viewer, assign(layer, label_atlas, threshold=3)


def test_a_surface_lies_where_its_region_lies_in_the_viewer(shown):
    viewer, result = shown
    layer = show_mesh(result, viewer, "Lobus dexter")
    voxels = np.argwhere(np.isin(np.arange(8), range(4, 8)))
    x = AFFINES["ras"][0][0] * voxels + AFFINES["ras"][0][3]
    assert np.allclose(layer.data[0][:, 2].min(), x.min() - 0.75 * 2, atol=0.6)
    assert show_mesh(result, viewer, 1) in viewer.layers
    assert sum("surface" in layer.name for layer in viewer.layers) == 1
    with pytest.raises(InputError, match="no region"):
        show_mesh(result, viewer, "Nowhere")


def test_selected_rows_are_maps_in_2d_and_surfaces_in_3d(shown, table_beside):
    viewer, result = shown
    table, link = table_beside(viewer, result)
    table.assignments.view.selectRow(0)
    link.show_picked(table.selected_subjects())
    assert [layer.name for layer in viewer.layers if "Lobus" in layer.name] == ["tiny: Lobus dexter (map)"]
    viewer.dims.ndisplay = 3
    assert [layer.name for layer in viewer.layers if "Lobus" in layer.name] == ["tiny: Lobus dexter (surface)"]
    table.assignments.view.selectRow(1)
    link.show_picked(table.selected_subjects())
    assert [layer.name for layer in viewer.layers if "Lobus" in layer.name] == ["tiny: Lobus sinister (surface)"]
    viewer.dims.ndisplay = 2
    assert [layer.name for layer in viewer.layers if "Lobus" in layer.name] == ["tiny: Lobus sinister (map)"]


def test_regions_are_coloured_by_a_column_where_each_is_the_most_probable(shown, blob_map):
    viewer, result = shown
    layer = show_regions_by(result, viewer, "mean")
    table = result.regions.set_index("region")["mean"]
    labels = np.zeros((8, 9, 7), int)
    labels[:4], labels[4:], labels[0, 0, 0] = 1, 2, 3
    assert np.array_equal(layer.data, labels.T)
    assert layer.features["region"].tolist()[1:] == result.atlas.regions["name"].tolist()
    assert np.allclose(layer.features["mean"].to_numpy(float)[1:], table[layer.features["region"][1:]], rtol=1e-3)
    means = [blob_map[labels == label].mean() for label in (1, 2, 3)]
    brightness = [layer.get_color(label)[:3].sum() for label in (1, 2, 3)]
    assert np.argsort(means).tolist() == np.argsort(brightness).tolist()
    with pytest.raises(InputError, match="no numbers 'region'"):
        show_regions_by(result, viewer, "region")


def test_the_table_of_regions_colours_the_brain_by_a_column_of_numbers(shown, table_beside):
    viewer, result = shown
    table, _ = table_beside(viewer, result)
    table.tabs.setCurrentWidget(table.regions)
    table.refresh()
    names = table.regions.model.columns.names
    texts = {name: [a.text() for a in table.regions.view.column_menu(names.index(name)).actions()] for name in names}
    assert "Colour the brain by this column" in texts["mean"]
    assert "Colour the brain by this column" not in texts["region"]
    menu = table.regions.view.column_menu(names.index("mean"))
    next(action for action in menu.actions() if "Colour" in action.text()).trigger()
    assert "map: mean (tiny)" in viewer.layers


def test_regions_of_points_are_coloured_by_their_number(label_atlas):
    viewer, points = ViewerModel(), np.array([[-3.0, 0, 0], [4, 1, 1], [5, 2, 2]])
    result = assign(PointSet(points, np.zeros(3)), label_atlas)
    layer = show_regions_by(result, viewer, "count")
    counts = dict(zip(layer.features["region"], layer.features["count"], strict=True))
    assert (counts["Lobus sinister"], counts["Lobus dexter"]) == (1, 2)


def test_colours_tell_signs_apart_and_0_is_dark():
    signed = np.array(colors_of(np.array([-3.0, 0.0, 3.0])))
    assert signed[0][2] > signed[0][0]
    assert signed[2][0] > signed[2][2]
    assert colors_of(np.array([])) == []
    assert np.isfinite(colors_of(np.array([0.0, 0.0]))).all()


@pytest.mark.parametrize("damage", ["", "v 0 0 0\nv 1 0 0\nv 0 1 0\nf 1 2 9\n"])
def test_a_surface_that_comes_with_the_atlas_is_shown_and_a_damaged_one_replaced(tmp_path, damage):
    atlas, _, _ = ball(AFFINES["las"])
    triangles = (
        "v 3000 3000 3000\nv 9000 3000 3000\nv 3000 9000 3000\nv 3000 3000 9000\nf 1 3 2\nf 1 2 4\nf 1 4 3\nf 2 3 4\n"
    )
    (tmp_path / "meshes").mkdir()
    (tmp_path / "meshes" / "1.obj").write_text(damage or triangles)
    grid = Grid(atlas.grid.shape, affine_of("asr", (1000, 1000, 1000)))
    source = {"path": str(tmp_path / "metadata.json"), "orientation": "asr"}
    inside = atlas.entries_of(0)[0]
    labels = np.zeros(grid.n_voxels, np.int64)
    labels[inside] = 1
    own = Atlas.from_labels(labels.reshape(grid.shape), grid, ONE, name="own", source=source)
    with pytest.warns(AssignmentWarning, match=r"1\.obj.*voxels instead") if damage else nullcontext():
        vertices, _ = mesh_of(own, 0)
    assert (len(vertices) == 4) == (not damage)
