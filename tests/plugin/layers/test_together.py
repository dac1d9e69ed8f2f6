"""Any image and its labels, no brain at all: they lie together as the viewer shows them."""

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Labels, Points, Shapes

import napari_atlas_assign as naa
from tests.plugin.helpers import placed

SHAPES = [(30, 40), (6, 30, 40)]
SCALES = {"pixel": 1.0, "um": 0.29, "nm": 290.0, "mm": 2.0}
IN_MM = {"pixel": 1.0, "um": 1e-3, "nm": 1e-6, "mm": 1.0}


def cells(shape):
    """Labels of three cells, and an image that lights the first and half of the second."""
    labels = np.zeros(shape, int)
    labels[..., 2:8, 2:8], labels[..., 2:8, 20:30], labels[..., 20:25, 5:15] = 1, 2, 5
    image = np.zeros(shape, np.float32)
    image[..., 2:8, 2:8], image[..., 2:8, 20:25] = 3, 2
    return image, labels


@pytest.mark.parametrize("given", ["layer", "loaded"])
@pytest.mark.parametrize("unit", list(SCALES))
@pytest.mark.parametrize("shape", SHAPES, ids=["2D", "3D"])
def test_an_image_is_assigned_to_labels_without_a_question(shape, unit, given):
    image, labels = cells(shape)
    about = {"scale": [SCALES[unit]] * len(shape), "units": unit, "translate": [7.0] * len(shape)}
    viewer = ViewerModel()
    layer, atlas = viewer.add_image(image, name="cells", **about), viewer.add_labels(labels, name="nuclei", **about)
    before = tuple(layer.units), tuple(atlas.units)
    result = naa.assign(layer, naa.load_atlas(atlas) if given == "loaded" else atlas, threshold=1)
    assert result.assignments["region"].tolist() == ["label 1", "label 2"]
    assert np.allclose(result.assignments["map containedness"], [1, 0.5])
    volume = (SCALES[unit] * IN_MM[unit]) ** len(shape) * 36 * (1 if len(shape) == 2 else shape[0])
    assert np.isclose(result.modes["volume mm3"].max(), volume)
    assert any("has no unit of length" in warning for warning in result.warnings) == (unit == "pixel")
    camera = str(viewer.scene.camera.orientation)
    naa.show(result, viewer)
    assert str(viewer.scene.camera.orientation) == camera  # no brain is turned
    assert viewer.layers["cells modes"].data.shape == shape
    assert np.array_equal(viewer.layers["cells modes"].data > 0, image > 1)
    assert np.allclose(viewer.layers["cells modes"].extent.world, layer.extent.world)
    assert np.allclose(viewer.layers["cells regions"].extent.world, layer.extent.world)
    assert (tuple(layer.units), tuple(atlas.units)) == before


def test_labels_without_units_lie_on_an_image_with_units_as_napari_shows_them():
    image, labels = cells((30, 40))
    result = naa.assign(Image(image, scale=(0.5, 0.5), units="um"), Labels(labels, scale=(0.5, 0.5)), threshold=1)
    assert np.allclose(result.assignments["map containedness"], [1, 0.5])
    assert np.isclose(result.modes["volume mm3"].max(), 36 * 0.25e-6)


def test_labels_over_a_map_of_a_brain_lie_where_it_lies(blob_map):
    layer = placed(blob_map.T)
    atlas = Labels((blob_map.T > 3).astype(int), name="painted")
    result = naa.assign(layer, atlas, threshold=3)
    assert np.allclose(result.assignments["input containedness"], 1)
    assert np.allclose(sorted(result.assignments["map containedness"]), [8 / 32, 24 / 32])


def test_a_map_without_geometry_is_taken_from_an_atlas_layer_of_its_voxels_only(blob_map):
    atlas = Labels((blob_map.T > 3).astype(int), name="atlas", metadata=placed(blob_map.T).metadata)
    assert len(naa.assign(Image(blob_map.T), atlas, threshold=3).assignments) == 2
    with pytest.raises(naa.InputError, match="does not say where"):
        naa.assign(Image(blob_map.T, scale=(2, 2, 2)), atlas, threshold=3)


def test_points_lie_on_labels_as_they_are_shown():
    _, labels = cells((6, 30, 40))
    points = Points([[3, 4, 4], [3, 22, 9], [3, 29, 39]], name="spots")
    assert naa.assign(points, Labels(labels, name="nuclei")).assignments["region"].tolist()[:2] == [
        "label 1",
        "label 5",
    ]
    flat = Points([[4, 4], [22, 9]], name="spots")
    viewer = ViewerModel()
    viewer.add_layer(flat)
    result = naa.assign(flat, Labels(labels[0], name="nuclei"))
    assert result.assignments["region"].tolist() == ["label 1", "label 5"]
    naa.show(result, viewer)
    assert np.allclose(viewer.layers["spots regions"].data, flat.data)


def test_hidden_points_are_not_assigned():
    _, labels = cells((6, 30, 40))
    points = Points([[3, 4, 4], [3, 22, 9]], name="spots", features={"name": ["a", "b"]})
    points.shown = [False, True]
    result = naa.assign(points, Labels(labels, name="nuclei"))
    assert list(result.points.labels) == ["b"]
    points.shown = False
    with pytest.raises(naa.InputError, match="'spots' has no visible point"):
        naa.assign(points, Labels(labels, name="nuclei"))


@pytest.mark.parametrize("n_axes", [2, 3])
def test_shapes_are_drawn_on_the_voxels_of_labels_beside_them(n_axes):
    labels = np.zeros((5, 30, 40)[-n_axes:], int)
    labels[..., 4:10, 4:10] = 1
    corners = np.array([[4, 4], [4, 9], [9, 9], [9, 4]]) * 0.5
    corners = corners if n_axes == 2 else np.insert(corners, 0, 1.0, axis=1)
    shapes = Shapes([corners], shape_type="polygon", name="drawn", units=("um",) * n_axes)
    layer = Labels(labels, scale=(0.5,) * n_axes, units=("um",) * n_axes, name="cells")
    result = naa.assign(shapes, layer)
    assert np.allclose(result.assignments["input containedness"], 1)
    assert result.modes["voxels"].tolist() == [36]
