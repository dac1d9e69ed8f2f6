"""A result in a viewer: overlays coincide with their source, and a second run updates the first."""

import warnings

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image as ImageLayer

from napari_atlas_assign import AssignmentWarning, assign, show
from napari_atlas_assign.assignment.best_region_labels import best_region_labels, best_regions
from napari_atlas_assign.plugin.layers.geometry import KEY, place_of, set_geometry
from napari_atlas_assign.plugin.viewer.placing import find_layer
from tests.plugin.helpers import AFFINES, go_to_peak, napari_nifti_layer, opened


@pytest.fixture
def viewer():
    return ViewerModel()


def seen_values(layer, places):
    """The values of a layer at places (..., 3) along the viewer's last three axes."""
    voxel_from_view = np.linalg.inv(place_of(layer).view)
    index = np.round(np.asarray(places) @ voxel_from_view[:3, :3].T + voxel_from_view[:3, 3]).astype(int)
    return layer.data[tuple(np.moveaxis(index, -1, 0))]


def assert_coincide(source, overlay, threshold):
    """In the viewer, voxels of the source beyond the threshold lie on labelled voxels of the overlay, and no others."""
    view = place_of(source).view
    places = np.moveaxis(np.indices(source.data.shape[-3:]), 0, -1) @ view[:3, :3].T + view[:3, 3]
    first = source.data.reshape(-1, *source.data.shape[-3:])[0]
    assert np.array_equal(seen_values(overlay, places) > 0, first > threshold)


def test_the_two_layers_are_added_in_the_place_of_the_image(viewer, write, blob_map, affine, label_atlas):
    source = opened(viewer, write(blob_map, affine))
    show(assign(source, label_atlas, threshold=3), viewer)
    assert [layer.name for layer in viewer.layers] == ["map", "map regions", "map modes"]
    modes = viewer.layers["map modes"]
    assert_coincide(source, modes, 3)
    assert modes.units == source.units
    assert modes.axis_labels == source.axis_labels
    assert np.allclose(place_of(modes).world, place_of(source).world)


@pytest.mark.parametrize("name", ["ras", "las", "permuted"])
@pytest.mark.parametrize("convention", ["default", "siibra"])
def test_overlays_coincide_with_layers_of_napari_nifti(viewer, write, blob_map, label_atlas, name, convention):
    source = viewer.add_layer(napari_nifti_layer(write(blob_map, AFFINES[name])))
    result = assign(source, label_atlas, threshold=3, convention=convention)
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # units that do not fit would be told
        show(result, viewer)
    modes = viewer.layers["map.nii.gz modes"]
    if convention == "default" or name == "ras":
        assert_coincide(source, modes, 3)
    peak = np.unravel_index(source.data.argmax(), source.data.shape)
    number = result.modes.loc[result.modes["peak value"].idxmax(), "input structure"]
    assert seen_values(modes, source.data_to_world(peak)) == number
    go_to_peak(viewer, result, number)
    assert np.allclose(viewer.dims.point, source.data_to_world(peak), atol=1.6)


def test_overlays_of_one_volume_of_a_stack_lie_on_the_stack(viewer, write, blob_map, label_atlas):
    from napari_atlas_assign.plugin.layers.convert import image_from_layer

    source = opened(viewer, write(np.stack([blob_map, 0 * blob_map], axis=-1)))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        show(assign(image_from_layer(source, volume=0), label_atlas, threshold=3), viewer)
    assert_coincide(source, viewer.layers["map modes"], 3)


def test_overlays_follow_a_layer_that_was_moved(viewer, blob_map, label_atlas):
    source = viewer.add_image(blob_map.T, name="moved", scale=(2, 2, 2), translate=(50, 60, 70), rotate=np.eye(3))
    set_geometry(source, np.array(AFFINES["ras"])[:, [2, 1, 0, 3]])
    show(assign(source, label_atlas, threshold=3), viewer)
    assert_coincide(source, viewer.layers["moved modes"], 3)
    assert viewer.layers["moved modes"].units == source.units


def test_running_twice_updates_and_never_piles_up(viewer, write, blob_map, label_atlas):
    source = opened(viewer, write(blob_map))
    show(assign(source, label_atlas, threshold=3), viewer)
    modes = viewer.layers["map modes"]
    modes.name, modes.opacity = "my modes", 0.9
    show(assign(source, label_atlas, threshold=5.5), viewer)
    assert len(viewer.layers) == 3
    assert viewer.layers["my modes"] is modes
    assert modes.opacity == 0.9
    assert modes.data.max() == 1
    assert len(modes.features) == 2
    assert modes.metadata[KEY]["parameters"]["threshold"] == 5.5


def test_an_update_may_change_the_grid(viewer, write, blob_map, label_atlas):
    source = opened(viewer, write(blob_map))
    show(assign(source, label_atlas, threshold=3), viewer)
    source.data, source.translate = source.data[1:], source.data_to_world((1, 0, 0))
    show(assign(source, label_atlas, threshold=3), viewer)
    assert_coincide(source, viewer.layers["map modes"], 3)


def test_results_of_two_images_stay_apart(viewer, write, blob_map, label_atlas):
    for name in ("one.nii.gz", "two.nii.gz"):
        show(assign(opened(viewer, write(blob_map, name=name)), label_atlas, threshold=3), viewer)
    assert len(viewer.layers) == 6
    assert find_layer(viewer, "modes", "one") is not find_layer(viewer, "modes", "two")


def test_a_result_of_a_file_lies_on_the_layer_of_that_file(viewer, write, blob_map, label_atlas):
    path = write(blob_map, AFFINES["las"])
    source = viewer.add_layer(napari_nifti_layer(path))
    source._source = source.source.model_copy(update={"path": str(path)})
    result = assign(path, label_atlas, threshold=3)
    show(result, viewer)
    assert_coincide(source, viewer.layers[-1], 3)


def test_a_result_without_a_layer_lies_in_world_mm(viewer, blob_map, label_atlas):
    result = assign((blob_map, np.array(AFFINES["las"])), label_atlas, threshold=3)
    show(result, viewer)
    modes = find_layer(viewer, "modes", "array")
    for number, peak in zip(result.modes["input structure"], result.modes["peak"], strict=True):
        assert seen_values(modes, peak[::-1]) == number


def test_an_empty_result_shows_empty_layers(viewer, write, blob_map, label_atlas):
    source = opened(viewer, write(blob_map))
    with pytest.warns(AssignmentWarning, match="no mode beyond the threshold"):
        result = assign(source, label_atlas, threshold=100)
    show(result, viewer)
    assert viewer.layers["map modes"].data.max() == 0
    assert viewer.layers["map regions"].data.max() == 0
    assert len(viewer.layers["map modes"].features) == 1


def test_hovering_over_a_mode_tells_its_region(viewer, write, blob_map, label_atlas):
    source = opened(viewer, write(blob_map))
    result = assign(source, label_atlas, threshold=3)
    show(result, viewer)
    modes = viewer.layers["map modes"]
    go_to_peak(viewer, result, 1)
    status = modes.get_status(viewer.dims.point, world=True)["value"]
    assert status == "1; region: Lobus dexter, peak: 9, mm3: 360"
    assert modes.features["region"].tolist() == [None, "Lobus dexter", "Lobus sinister"]


def test_rows_of_the_features_follow_numbers_with_gaps(viewer, blob_map, label_atlas):
    blob_map[0, 8, 6] = 9  # one voxel: siibra's rules drop it and keep its number
    layer = ImageLayer(blob_map.T, name="map")
    set_geometry(layer, np.array(AFFINES["ras"])[:, [2, 1, 0, 3]])
    viewer.add_layer(layer)
    result = assign(layer, label_atlas, threshold=3, convention="siibra")
    numbers = result.modes["input structure"].tolist()
    assert numbers == [2, 3] or numbers == [1, 3]
    show(result, viewer)
    named = viewer.layers["map modes"].features["region"]
    assert [i for i, name in enumerate(named) if name] == numbers


def test_regions_are_numbered_compactly_and_carry_the_label_of_the_atlas(viewer, write, blob_map, label_atlas):
    show(assign(opened(viewer, write(blob_map)), label_atlas, threshold=3), viewer)
    regions = viewer.layers["map regions"]
    assert np.unique(regions.data).tolist() == [0, 1, 2]
    assert regions.features["atlas_label"].tolist()[1:] == [3, 7, 12]
    assert np.allclose(regions.colormap.color_dict[1], [1, 0, 0, 1])


def test_the_first_result_sets_the_brain_upright_and_later_ones_leave_the_camera(viewer, write, blob_map, label_atlas):
    source = opened(viewer, write(blob_map))
    result = assign(source, label_atlas, threshold=3)
    show(result, viewer)
    assert [str(o) for o in viewer.scene.camera.orientation] == ["towards", "up", "right"]
    viewer.scene.camera.orientation = ("away", "down", "left")
    show(result, viewer)
    assert [str(o) for o in viewer.scene.camera.orientation] == ["away", "down", "left"]


# --- what the region overlay shows, without napari ---


def test_each_mode_brings_its_best_region_by_correlation(blob_map, label_atlas):
    result = assign((blob_map, np.array(AFFINES["ras"])), label_atlas, threshold=3)
    assert best_regions(result) == {1: 1, 2: 0}


def test_a_region_is_drawn_where_it_is_most_probable_and_reaches_a_quarter_of_its_maximum(small_atlas):
    data = np.zeros(small_atlas.grid.shape, np.float32)
    data[6:9, 4:8, 2:6] = 5
    result = assign((data, small_atlas.grid.affine), small_atlas)
    drawn = best_region_labels(result)
    best = best_regions(result)[1]
    maps = np.stack([small_atlas.map_of(r) for r in range(3)])
    expected = (maps.argmax(axis=0) == best) & (maps[best] >= 0.25 * maps[best].max())
    assert drawn.data.dtype == np.int32
    assert np.array_equal(drawn.data, np.where(expected, best + 1, 0))
    assert expected.any()
