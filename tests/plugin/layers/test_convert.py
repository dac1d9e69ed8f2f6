"""Layers become images and atlases, and images and atlases become layers."""

import json

import dask.array as da
import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from napari.components import ViewerModel
from napari.layers import Image as ImageLayer
from napari.layers import Labels, Points, Shapes
from napari.utils.colormap_backend import ColormapBackend
from napari.utils.colormaps import CyclicLabelColormap, DirectLabelColormap
from napari.utils.colormaps._accelerated_cmap import set_colormap_backend

from napari_atlas_assign import Atlas, Grid, Image, InputError, assign, load_atlas
from napari_atlas_assign.plugin.layers import colors
from napari_atlas_assign.plugin.layers import convert as layers
from napari_atlas_assign.plugin.layers.convert import (
    atlas_from_layer,
    atlas_to_layer,
    image_from_layer,
    image_to_layer,
    label_features,
)
from napari_atlas_assign.plugin.layers.geometry import KEY, set_geometry
from napari_atlas_assign.plugin.layers.metadata import layer_kind
from napari_atlas_assign.plugin.layers.reader import read, read_atlas_folder
from tests.mouse import write_mouse
from tests.plugin.helpers import AFFINES, as_layer, napari_nifti_layer, placed

# --- image layers in ---


def test_a_layer_is_assigned_like_its_file(blob_map, affine, write, label_atlas):
    path = write(blob_map, affine)
    from_file = assign(path, label_atlas, threshold=3)
    from_layer = assign(as_layer(read(path)[0]), label_atlas, threshold=3)
    pd.testing.assert_frame_equal(from_layer.assignments, from_file.assignments, rtol=1e-3)
    pd.testing.assert_frame_equal(from_layer.modes, from_file.modes, rtol=1e-4)
    assert len(from_file.modes) == 2


@pytest.mark.parametrize("geometry", ["ras", "las", "permuted"])
def test_a_layer_of_napari_nifti_is_assigned_like_its_file(geometry, blob_map, write, label_atlas):
    path = write(blob_map, AFFINES[geometry])
    from_file = assign(path, label_atlas, threshold=3)
    from_layer = assign(napari_nifti_layer(path), label_atlas, threshold=3)
    pd.testing.assert_frame_equal(from_layer.assignments, from_file.assignments)


def test_the_image_remembers_its_layer_in_plain_json(blob_map):
    image = image_from_layer(placed(blob_map.T, name="motor"))
    assert image.name == "motor"
    assert json.loads(json.dumps(image.source)) == {"layer": "motor"}


def test_an_rgb_layer_is_refused():
    layer = ImageLayer(np.zeros((4, 5, 6, 3), np.uint8), rgb=True, name="photo")
    with pytest.raises(InputError, match=r"'photo' is a colour \(RGB\) image"):
        image_from_layer(layer)


@pytest.mark.parametrize(("layer", "kind"), [(Shapes(), "Shapes"), (Points(), "Points")])
def test_other_layers_are_refused_as_images(layer, kind):
    with pytest.raises(InputError, match=f"is a {kind} layer; choose an Image or Labels layer"):
        image_from_layer(layer)


def test_a_stack_asks_which_volume_and_takes_it(blob_map):
    stack = np.stack([blob_map.T, 2 * blob_map.T, 3 * blob_map.T])
    layer = placed(stack, name="stack")
    with pytest.raises(InputError, match="'stack' has 3 volumes; pick one, counted from 0"):
        image_from_layer(layer)
    with pytest.raises(InputError, match="has no volume 3; it has 3"):
        image_from_layer(layer, volume=3)
    image = image_from_layer(layer, volume=2)
    assert np.array_equal(image.data, 3 * blob_map)
    assert image.source == {"layer": "stack", "volume": 2}


def test_leading_axes_of_length_one_are_no_stack(blob_map):
    assert np.array_equal(image_from_layer(placed(blob_map.T[None, None])).data, blob_map)


def test_a_multiscale_layer_gives_its_finest_level(blob_map):
    layer = placed([blob_map.T, blob_map.T[::2, ::2, ::2]])
    assert layer.multiscale
    assert np.array_equal(image_from_layer(layer).data, blob_map)


def test_a_lazy_layer_is_read_if_small_and_left_where_it_is_if_not(blob_map):
    assert np.array_equal(image_from_layer(placed(da.from_array(blob_map.T))).data, blob_map)
    huge = ImageLayer(da.zeros((2000, 2000, 2000), chunks=500, dtype="f4"), contrast_limits=(0, 1), name="huge")
    set_geometry(huge)
    image = image_from_layer(huge)
    assert image.is_lazy
    assert image.data.shape == image.grid.shape == (2000, 2000, 2000)


def test_layers_without_geometry_are_refused(blob_map):
    with pytest.raises(InputError, match="'plain' does not say where"):
        image_from_layer(ImageLayer(blob_map, name="plain"))


def test_kinds_are_told_through_napari_proxies():
    from napari.utils._proxies import PublicOnlyProxy

    assert layer_kind(PublicOnlyProxy(ImageLayer(np.zeros((2, 2))))) == "image"
    assert layer_kind(Labels(np.zeros((2, 2), int))) == "labels"
    assert layer_kind("no layer") == ""


# --- image layers out ---


def test_an_image_and_its_layer_hold_the_same(blob_map, affine):
    image = Image.from_array(blob_map, affine, name="map")
    back = image_from_layer(as_layer(image_to_layer(image)))
    assert back.name == "map"
    assert np.allclose(np.sort(back.data, axis=None), np.sort(image.data, axis=None))
    peak, back_peak = (np.unravel_index(i.data.argmax(), i.data.shape) for i in (image, back))
    assert np.allclose(back.grid.to_world(back_peak), image.grid.to_world(peak), atol=1e-2)


def test_a_map_with_both_signs_gets_symmetric_limits_and_a_clear_zero(blob_map):
    blob_map[0, 0, 0] = -2
    _, options, _ = image_to_layer(Image.from_array(blob_map, np.eye(4)))
    assert options["contrast_limits"] == (-9, 9)
    layer = as_layer(image_to_layer(Image.from_array(blob_map, np.eye(4))))
    assert [round(float(layer.colormap.map(at)[0, 3]), 2) for at in (0.0, 0.5, 1.0)] == [1, 0, 1]


@pytest.mark.parametrize("values", [np.nan, np.inf, 0.0])
def test_maps_without_contrast_still_make_a_layer(values):
    layer = as_layer(image_to_layer(Image.from_array(np.full((2, 3, 4), values), np.eye(4))))
    assert layer.contrast_limits[0] < layer.contrast_limits[1]


# --- atlas layers ---


def test_a_labelled_atlas_becomes_labels_with_names_and_colours(label_atlas):
    layer = as_layer(atlas_to_layer(label_atlas))
    assert sorted(np.unique(layer.data)) == [3, 7, 12]
    assert layer.features["region"].tolist()[3] == "Lobus sinister"
    assert np.allclose(layer.colormap.color_dict[3], [1, 0, 0, 1])
    assert np.allclose(layer.colormap.color_dict[7], [0, 1, 0, 1])
    assert layer.colormap.color_dict[12][3] == 1  # no colour of its own: from the palette
    assert layer.colormap.color_dict[None][3] == 0


def test_row_i_of_the_features_is_label_i_and_hovering_tells_the_name(label_atlas):
    layer = as_layer(atlas_to_layer(label_atlas))
    assert len(layer.features) == 13
    assert layer.features.loc[[0, 1, 2], "region"].isna().all()
    viewer = ViewerModel()
    viewer.add_layer(layer)
    for index, told in (((3, 4, 6), "7; region: Lobus dexter"), ((0, 0, 0), "12; region: Insula ﬂava")):
        viewer.dims.point = layer.data_to_world(index)
        assert layer.get_status(viewer.dims.point, world=True)["value"] == told


@pytest.fixture
def napari_alone(monkeypatch):
    """Napari without the compiled libraries that map labels to colours."""
    monkeypatch.setattr(colors, "find_spec", lambda name: None)
    set_colormap_backend(ColormapBackend.pure_python)
    yield
    set_colormap_backend(ColormapBackend.fastest_available)


@pytest.mark.parametrize("alone", [False, True])
def test_labels_of_huge_value_get_an_index_column_and_still_hover(request, alone):
    if alone:
        request.getfixturevalue("napari_alone")
    big = Atlas.from_labels(
        np.full((2, 2, 2), 614_454_277),
        Grid((2, 2, 2), np.eye(4)),
        pd.DataFrame({"id": [614_454_277], "name": ["Area X"]}),
    )
    layer = as_layer(atlas_to_layer(big))
    assert layer.features["index"].tolist() == [0, 614_454_277]
    assert layer.get_status((0, 0, 0), world=True)["value"] == "614454277; region: Area X"
    assert isinstance(layer.colormap, CyclicLabelColormap if alone else DirectLabelColormap)


def test_a_labels_layer_becomes_the_atlas_it_was_made_of(label_atlas, blob_map, affine):
    again = atlas_from_layer(as_layer(atlas_to_layer(label_atlas)))
    assert again.regions[["id", "name"]].values.tolist() == label_atlas.regions[["id", "name"]].values.tolist()
    image = Image.from_array(blob_map, affine)
    first, second = (assign(image, a, threshold=3).assignments for a in (label_atlas, again))
    pd.testing.assert_frame_equal(first, second)


def test_painting_in_a_labels_layer_changes_the_atlas(label_atlas):
    layer = as_layer(atlas_to_layer(label_atlas))
    layer.data[0, 0, 1] = 99
    again = atlas_from_layer(layer)
    assert again.regions["id"].tolist() == [3, 7, 12, 99]
    assert again.regions["name"].tolist()[3] == "label 99"


def test_names_of_a_foreign_labels_layer_follow_its_index_column():
    labels = np.zeros((2, 3, 4), int)
    labels[0], labels[1] = 2001, 2002
    layer = Labels(labels, features=pd.DataFrame({"index": [2002, 2001], "name": ["B", "A"]}))
    set_geometry(layer, np.eye(4))
    assert atlas_from_layer(layer).regions.values.tolist() == [[2001, "A"], [2002, "B"]]


def test_negative_labels_are_no_atlas():
    layer = Labels(np.full((2, 2, 2), -1), name="bad")
    set_geometry(layer, np.eye(4))
    with pytest.raises(InputError, match="'bad' holds negative labels"):
        atlas_from_layer(layer)


def test_an_image_layer_is_no_atlas(blob_map):
    with pytest.raises(InputError, match="'map' is no atlas"):
        atlas_from_layer(placed(blob_map.T))


def test_a_statistical_atlas_becomes_one_lazy_stack_in_the_atlas_place(small_atlas):
    layer = as_layer(atlas_to_layer(small_atlas))
    assert isinstance(layer.data, da.Array)
    assert layer.data.shape == (3, 8, 12, 10)
    assert layer.axis_labels == ("region", "z", "y", "x")
    assert [str(u) for u in layer.units] == ["pixel", "millimeter", "millimeter", "millimeter"]
    for region in range(3):
        assert np.array_equal(np.asarray(layer.data[region]), small_atlas.map_of(region).T)
    assert layer.contrast_limits == [0, float(small_atlas.value.max())]
    assert layer.metadata[KEY]["regions"] == ["Area A left", "Area A right", "Area B"]


def test_only_the_region_that_is_looked_at_is_made_dense(small_atlas, monkeypatch):
    made = []
    original = Atlas.map_of
    monkeypatch.setattr(Atlas, "map_of", lambda self, region: made.append(region) or original(self, region))
    data, _, _ = atlas_to_layer(small_atlas)
    assert made == []
    np.asarray(data[1])
    assert made == [1]


def test_the_region_stack_gives_its_atlas_back_itself(small_atlas):
    assert atlas_from_layer(as_layer(atlas_to_layer(small_atlas))) is small_atlas


def test_a_region_stack_from_another_session_loads_its_atlas_again(small_atlas, monkeypatch):
    data, options, _ = atlas_to_layer(small_atlas)
    monkeypatch.setattr(layers, "_shown", {})
    layer = ImageLayer(data, **options)
    with pytest.raises(InputError, match="has lost the atlas"):
        atlas_from_layer(layer)
    layer.metadata[KEY]["source"] = "aal"
    assert atlas_from_layer(layer).name == "aal"


def test_metadata_of_our_layers_is_plain_json(label_atlas, small_atlas, blob_map):
    image = Image.from_array(blob_map, np.eye(4))
    for _, options, _ in (atlas_to_layer(label_atlas), atlas_to_layer(small_atlas), image_to_layer(image)):
        about = options["metadata"][KEY]
        assert json.loads(json.dumps(about)) == about


# --- features ---


def test_gaps_in_the_numbers_are_filled_with_empty_rows():
    table = label_features({2: {"region": "A", "r": 0.5}, 4: {"region": None, "r": 0.25}}, ["region", "r"])
    assert table["region"].tolist() == [None, None, "A", None, None]
    assert np.allclose(table["r"], [np.nan, np.nan, 0.5, np.nan, 0.25], equal_nan=True)


def test_features_of_nothing_have_a_background_row():
    assert len(label_features({}, ["region"])) == 1


def test_nibabel_proxies_are_accepted(blob_map, write):
    proxy = nib.load(write(blob_map.T)).dataobj
    assert np.array_equal(image_from_layer(placed(proxy)).data, blob_map)


def test_an_opened_atlas_has_its_tree_and_sides_until_it_is_painted_or_moved(tmp_path):
    folder = write_mouse(tmp_path / "generated_mouse_100um_v1.0")
    atlas = load_atlas(folder)
    layer = as_layer(read_atlas_folder(folder)[0])
    same = atlas_from_layer(layer)
    pd.testing.assert_frame_equal(same.regions, atlas.regions)
    assert same.source["midplane_mm"] == atlas.source["midplane_mm"]
    layer.name = "mine"
    renamed = atlas_from_layer(layer)
    assert renamed.name == "mine"
    pd.testing.assert_frame_equal(renamed.regions, atlas.regions)
    moved = as_layer(read_atlas_folder(folder)[0])
    moved.translate = np.add(moved.translate, 0.3)
    assert atlas_from_layer(moved).grid.affine[:3, 3] == pytest.approx([-2.05, -2.65, -1.65])
    layer.data[0, 0, 0] = 12
    painted = atlas_from_layer(layer)
    assert painted.map_of(painted.regions["id"].tolist().index(12))[0, 0, 0] == 1
    whole = as_layer(read_atlas_folder(folder)[0])
    (folder / "structures.json").unlink()
    assert set(atlas_from_layer(whole).regions["name"]) <= set(atlas.regions["name"])
