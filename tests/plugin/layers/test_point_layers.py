"""Points and shapes of a viewer go in, assigned points come out, all in their places."""

import numpy as np
import pandas as pd
import pytest
from napari.components import ViewerModel
from napari.layers import Points, Shapes

from napari_atlas_assign import InputError, assign, show
from napari_atlas_assign.plugin.layers.geometry import adopt_geometry, place_of
from napari_atlas_assign.plugin.layers.point_layers import points_from_layer
from napari_atlas_assign.plugin.layers.reader import read
from napari_atlas_assign.plugin.layers.shape_layers import rois_from_shapes
from tests.plugin.helpers import AFFINES, as_layer, placed


@pytest.fixture
def source(write, blob_map):
    return as_layer(read(write(blob_map, AFFINES["las"]))[0])


def test_points_drawn_over_a_map_lie_where_they_are_seen(source):
    layer = Points([[1.0, 2.0, 3.0], [-4.0, 5.0, -6.0]], name="electrodes")
    adopt_geometry(layer, source)
    assert np.allclose(points_from_layer(layer).xyz, [[3, 2, 1], [-6, 5, -4]])


def test_the_transform_of_a_points_layer_counts(source):
    layer = Points([[1.0, 2.0, 3.0]], scale=(2, 2, 2), translate=(10, 20, 30))
    adopt_geometry(layer, source)
    assert np.allclose(points_from_layer(layer).xyz, [[36, 24, 12]])


def test_points_of_a_viewer_with_time_have_their_last_three_axes_in_space(source):
    layer = Points([[7.0, 1.0, 2.0, 3.0]])
    adopt_geometry(layer, source)
    assert np.allclose(points_from_layer(layer).xyz, [[3, 2, 1]])


def test_sigma_and_names_come_from_the_features(source):
    features = pd.DataFrame({"sigma": [2.0, np.nan, 0.0], "name": ["A1", None, "A3"]})
    layer = Points(np.zeros((3, 3)), features=features)
    adopt_geometry(layer, source)
    points = points_from_layer(layer, sigma=5)
    assert points.sigma.tolist() == [2, 5, 0]
    assert points.names == ("A1", "2", "A3")


@pytest.mark.parametrize("sigma", [["x", 1], [-1, 1]])
def test_sigmas_that_are_none_are_refused(source, sigma):
    layer = Points(np.zeros((2, 3)), features=pd.DataFrame({"sigma": sigma}), name="bad")
    adopt_geometry(layer, source)
    with pytest.raises(InputError, match="bad"):
        points_from_layer(layer)


def test_points_of_unknown_place_are_refused():
    with pytest.raises(InputError, match="does not say where its coordinates lie"):
        points_from_layer(Points([[1.0, 2.0, 3.0]]))
    with pytest.raises(InputError, match="2 axes"):
        points_from_layer(Points([[1.0, 2.0]]))


def test_a_rectangle_becomes_the_voxels_that_it_covers(source):
    view = place_of(source).view
    corners = np.array([[3.0, 2, 1], [3, 2, 4], [3, 5, 4], [3, 5, 1]])
    layer = Shapes([corners @ view[:3, :3].T + view[:3, 3]], shape_type="rectangle", name="box")
    rois = rois_from_shapes(layer, source)
    assert rois.grid.matches(place_of(source).grid)
    x, y, z = np.nonzero(rois.data)
    assert (x.min(), x.max(), y.min(), y.max(), z.min(), z.max()) == (1, 4, 2, 5, 3, 3)
    assert np.count_nonzero(rois.data) >= 9


def test_shapes_without_shape_or_place_are_refused(source):
    with pytest.raises(InputError, match="has no shape"):
        rois_from_shapes(Shapes(ndim=3), source)
    with pytest.raises(InputError, match="2 axes"):
        rois_from_shapes(Shapes([[[0, 0], [0, 1], [1, 1]]], shape_type="polygon"), source)
    with pytest.raises(InputError, match="does not say where"):
        rois_from_shapes(Shapes([[[0, 0, 0], [0, 0, 1], [0, 1, 1]]], shape_type="polygon"))


def test_assigned_points_are_shown_in_place_with_region_and_probability(source, label_atlas):
    viewer = ViewerModel()
    viewer.add_layer(source)
    layer = viewer.add_points([[0.0, -5.0, -5.0], [0.0, -5.0, 5.0], [200.0, 0.0, 0.0]], name="seeds")
    adopt_geometry(layer, source)
    result = assign(layer, label_atlas)
    show(result, viewer)
    shown = viewer.layers["seeds regions"]
    assert np.allclose(shown.data, layer.data)
    assert shown.features["region"].tolist()[:2] == ["Lobus sinister", "Lobus dexter"]
    assert shown.features["region"].isna().tolist() == [False, False, True]
    assert shown.features["probability"].tolist()[:2] == [1, 1]
    assert np.allclose(shown.face_color[0], [1, 0, 0, 1])
    show(assign(layer, label_atlas), viewer)
    assert len(viewer.layers) == 3


def test_a_layer_of_labels_is_assigned_label_by_label(blob_map, label_atlas):
    from napari.layers import Labels

    from napari_atlas_assign.plugin.layers.geometry import set_geometry

    labels = np.zeros(blob_map.T.shape, int)
    labels[2, 2, 1], labels[3, 5, 6], labels[3, 5, 1] = 4, 9, 4
    layer = Labels(labels, name="rois")
    set_geometry(layer, np.array(AFFINES["ras"])[:, [2, 1, 0, 3]])
    assert assign(layer, label_atlas).modes["input structure"].tolist() == [4, 9]


def test_a_stack_is_shown_as_a_stack(blob_map, label_atlas):
    viewer = ViewerModel()
    layer = viewer.add_layer(placed(np.stack([blob_map.T, 0 * blob_map.T, blob_map.T[::-1]]), name="components"))
    result = assign(layer, label_atlas, threshold=3)
    assert result.assignments["map name"].unique().tolist() == ["components[0]", "components[2]"]
    show(result, viewer)
    modes = viewer.layers["components modes"]
    assert np.array_equal(modes.data > 0, layer.data > 3)
    assert np.allclose(modes.extent.world, layer.extent.world)
    assert viewer.layers["components regions"].data.shape == layer.data.shape
    show(assign(layer, label_atlas, threshold=5.5), viewer)
    assert np.array_equal(modes.data > 0, layer.data > 5.5)
    assert len(viewer.layers) == 3


def test_every_atlas_has_its_layer_of_regions(blob_map, label_atlas):
    viewer = ViewerModel()
    layer = viewer.add_layer(placed(blob_map.T, name="map"))
    other = label_atlas.described(name="other")
    show(assign(layer, [label_atlas, other], threshold=3), viewer)
    assert [x.name for x in viewer.layers] == ["map", "map regions (tiny)", "map regions (other)", "map modes"]
    show(assign(layer, other, threshold=3), viewer)
    assert [x.name for x in viewer.layers] == ["map", "map regions (other)", "map modes"]
