"""Region maps, outlines, shares and peaks: on the map's grid and place, named, updated, closed together."""

import warnings

import dask.array as da
import numpy as np
import pytest
from napari.components import ViewerModel

from napari_atlas_assign import InputError, assign
from napari_atlas_assign.plugin.layers.frame import Frame
from napari_atlas_assign.plugin.layers.geometry import KEY, place_of
from napari_atlas_assign.plugin.layers.reader import read
from napari_atlas_assign.plugin.probe.lookup import Here
from napari_atlas_assign.plugin.probe.pinned_places import add_pin
from napari_atlas_assign.plugin.show import show
from napari_atlas_assign.plugin.viewer.names import names_of
from napari_atlas_assign.plugin.viewer.overlays import (
    close_overlays,
    overlay_layers,
    region_map_on,
    show_peaks,
    show_region,
    show_shares,
)
from napari_atlas_assign.plugin.viewer.template import add_template, space_shown
from tests.plugin.helpers import AFFINES, as_layer, napari_nifti_layer


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def opened(viewer, write, blob_map):
    return viewer.add_layer(as_layer(read(write(blob_map))[0]))


@pytest.fixture
def result(opened, label_atlas):
    return assign(opened, label_atlas, threshold=3)


def test_a_region_s_map_lies_on_the_grid_and_place_of_the_map(viewer, opened, result):
    layer = show_region(result, viewer, "Lobus dexter")
    assert layer.name == "tiny: Lobus dexter (map)"
    assert layer.data.shape == opened.data.shape
    assert np.allclose(place_of(layer).world, place_of(opened).world)
    assert np.allclose(place_of(layer).view, place_of(opened).view)
    assert layer.units == opened.units
    assert np.array_equal(layer.data.T[4:], np.ones((4, 9, 7)))
    assert not layer.data.T[:4].any()
    assert np.allclose(layer.colormap.colors, [[0, 1, 0, 0], [0, 1, 0, 1]])


@pytest.mark.parametrize("name", ["ras", "las", "permuted"])
def test_overlays_coincide_with_layers_of_napari_nifti(viewer, write, blob_map, label_atlas, name):
    source = viewer.add_layer(napari_nifti_layer(write(blob_map, AFFINES[name])))
    result = assign(source, label_atlas, threshold=3)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        layer, peaks = show_region(result, viewer, 1), show_peaks(result, viewer)
    assert np.allclose(layer.extent.world, source.extent.world)
    highest = np.unravel_index(source.data.argmax(), source.data.shape)
    assert np.allclose(peaks.data_to_world(peaks.data[0]), source.data_to_world(highest), atol=1e-3)


def test_a_map_on_a_coarser_grid_keeps_its_integral(small_atlas):
    from napari_atlas_assign import Grid

    coarse = Grid((8, 9, 8), np.array([[3.0, 0, 0, -11], [0, 3, 0, -13], [0, 0, 3, -10], [0, 0, 0, 1]]))
    dense = region_map_on(small_atlas, 0, coarse)
    integral = small_atlas.region_sums.integral[0]
    assert dense.sum() * coarse.voxel_volume == pytest.approx(integral, rel=1e-6)
    assert dense.max() <= 1


@pytest.mark.filterwarnings("ignore:Contours are not displayed")  # once, before napari lets plugins know
def test_the_outline_is_drawn_in_2d_and_filled_in_3d_where_napari_would_warn(viewer, opened, result):
    outline = show_region(result, viewer, 0, contour=True)
    assert outline.name == "tiny: Lobus sinister (outline)"
    assert outline.contour == 1
    assert np.array_equal(outline.data.T[:4] > 0, result.atlas.map_of(0)[:4] > 0)
    viewer.dims.ndisplay = 3
    assert outline.contour == 0
    viewer.dims.ndisplay = 2
    assert outline.contour == 1


def test_pins_and_peaks_lie_above_what_is_drawn_later(viewer, opened, result):
    pins = add_pin(viewer, Here((0, 0, 0), [], [], []), Frame())
    peaks = show_peaks(result, viewer)
    show_shares(result, viewer, 1)
    assert set(viewer.layers[-4:]) == {layer for mark in (pins, peaks) for layer in (mark, names_of(viewer, mark))}


def test_an_outline_is_not_hidden_by_shares_and_maps_that_come_later(viewer, opened, result):
    outline, peaks = show_region(result, viewer, 0, contour=True), show_peaks(result, viewer)
    show_shares(result, viewer, 1), show_region(result, viewer, 1)
    assert viewer.layers[-3:] == [outline, peaks, names_of(viewer, peaks)]


def test_many_outlines_leave_no_callback_behind(viewer, opened, result):
    show_region(result, viewer, 0, contour=True)
    before = len(viewer.dims.events.ndisplay.callbacks)
    for region in (1, 2, 0, 1):
        close_overlays(viewer)
        show_region(result, viewer, region, contour=True)
    assert len(viewer.dims.events.ndisplay.callbacks) == before


def test_a_colour_of_napari_s_own_stays_what_it_is(viewer, opened, result):
    layer = show_region(result, viewer, "Lobus dexter")  # in #00ff00, clear where the map is 0
    plain = viewer.add_image(np.zeros((2, 2, 2)), colormap="#00ff00")
    assert plain.colormap.colors[0][3] == 1
    assert layer.colormap.colors[0][3] == 0


@pytest.mark.filterwarnings("ignore:Non-orthogonal slicing")
@pytest.mark.parametrize("lazy", [False, True])
@pytest.mark.parametrize("name", ["oblique", "las", "permuted"])
def test_overlays_lie_on_the_grid_and_transform_of_oblique_and_lazy_layers(
    viewer, write, blob_map, label_atlas, name, lazy
):
    data, options, _ = read(write(blob_map, AFFINES[name]))[0]
    source = viewer.add_image(da.from_array(data, chunks=4) if lazy else data, **options)
    result = assign(source, label_atlas, threshold=3)
    show(result, viewer)
    drawn = [
        show_region(result, viewer, 1),
        show_region(result, viewer, 1, contour=True),
        show_shares(result, viewer, 1),
    ]
    drawn += [viewer.layers["map modes"], viewer.layers["map regions"]]
    for layer in drawn:
        assert layer.data.shape == source.data.shape
        assert np.allclose(place_of(layer).world, place_of(source).world)
        assert np.allclose(layer.affine.affine_matrix, source.affine.affine_matrix)
        assert np.allclose((layer.scale, layer.translate), (source.scale, source.translate))
    peaks = show_peaks(result, viewer)
    highest = np.unravel_index(data.argmax(), data.shape)
    assert np.allclose(peaks.data_to_world(peaks.data[0]), source.data_to_world(highest), atol=1e-3)


def test_shares_are_painted_onto_the_territory_of_each_region(viewer, opened, result):
    rows = result.assignments.query("`input structure` == 1").set_index("region")["share"]
    layer = show_shares(result, viewer, 1)
    assert layer.name == "map: shares of mode 1 (tiny)"
    assert np.allclose(layer.data.T[4:], rows["Lobus dexter"])
    assert not layer.data.T[1:4].any()
    assert layer.contrast_limits[1] == pytest.approx(rows.max())


def test_peaks_are_points_with_the_region_s_name(viewer, opened, result):
    layer = show_peaks(result, viewer)
    assert len(layer.data) == len(result.peaks)
    assert layer.features["label"].tolist()[0] == "1 Lobus dexter"
    assert np.allclose(layer.data_to_world(layer.data[0]), opened.data_to_world((4, 6, 6)))
    assert layer.features["best region"].tolist() == result.peaks["best region"].tolist()


def test_peaks_show_in_the_slice_that_holds_their_voxel_and_in_no_other(viewer, opened, result):
    layer = show_peaks(result, viewer)
    events = []
    for z, n in ((4, 1), (0, 0)):
        viewer.dims.point = opened.data_to_world((z, 6, 6))
        value = layer.get_value(opened.data_to_world((z, 6, 6)), world=True)
        events.append(value is not None)
        assert (value == 0) == bool(n)
    assert events == [True, False]


def test_asking_twice_updates_and_ten_overlays_close_together(viewer, opened, result):
    show(result, viewer)
    before = len(viewer.layers)
    for _ in range(2):
        for region in range(3):
            show_region(result, viewer, region)
            show_region(result, viewer, region, contour=True)
        for mode in result.modes["input structure"]:
            show_shares(result, viewer, mode)
        show_peaks(result, viewer)
    names = [layer.name for layer in overlay_layers(viewer)]
    assert len(names) == len(set(names)) == 6 + len(result.modes) + 1
    assert [layer.name for layer in viewer.layers[-2:]] == ["map: peaks (tiny)", "map: peaks (tiny) names"]
    assert close_overlays(viewer) == len(names)
    assert len(viewer.layers) == before
    assert close_overlays(viewer) == 0


def test_maps_of_regions_share_their_opacity(viewer, opened, result):
    one, two = show_region(result, viewer, 0), show_region(result, viewer, 1)
    one.opacity = 0.3
    assert two.opacity == 0.3
    viewer.layers.remove(one)
    three = show_region(result, viewer, 2)
    three.opacity = 0.6
    assert two.opacity == 0.6
    assert opened.opacity == 1


def test_a_single_run_of_several_atlases_is_drawn_from_its_own_atlas(viewer, opened, label_atlas, small_atlas):
    result = assign(opened, [label_atlas, small_atlas], threshold=3)
    for n, name in enumerate(("tiny: Lobus sinister (map)", "small atlas: Area A left (map)")):
        assert show_region(result.single(n), viewer, 0).name == name
    assert [layer.name for layer in overlay_layers(viewer)] == [
        "tiny: Lobus sinister (map)",
        "small atlas: Area A left (map)",
    ]
    show_peaks(result.single(1), viewer)


def test_the_siibra_convention_is_drawn_on_the_map_s_grid_too(viewer, opened, label_atlas):
    result = assign(opened, label_atlas, threshold=3, convention="siibra")
    assert show_region(result, viewer, 1).data.shape == opened.data.shape
    assert show_shares(result, viewer, 1).data.shape == opened.data.shape
    show_peaks(result, viewer)


def test_an_empty_result_has_an_empty_layer_of_peaks(viewer, opened, label_atlas):
    with pytest.warns(match="no mode"):
        result = assign(opened, label_atlas, threshold=1e6)
    assert len(show_peaks(result, viewer).data) == 0
    with pytest.raises(InputError, match="no mode 1"):
        show_shares(result, viewer, 1)


def test_unknown_regions_and_modes_are_refused_in_one_sentence(viewer, opened, result):
    with pytest.raises(InputError, match="tiny has no region 'Lobus medius'"):
        show_region(result, viewer, "Lobus medius")
    with pytest.raises(InputError, match="counted from 0"):
        show_region(result, viewer, 3)
    with pytest.raises(InputError, match="its modes are 1, 2"):
        show_shares(result, viewer, 99)


def test_overlays_say_what_they_are_in_plain_json(viewer, opened, result):
    import json

    for layer in (show_region(result, viewer, 0), show_shares(result, viewer, 1), show_peaks(result, viewer)):
        about = layer.metadata[KEY]
        assert about == json.loads(json.dumps(about))
        assert about["atlas"] == "tiny"
        assert about["overlay"] is True


# --- the template ---


def test_the_template_lies_below_everything_in_world_mm(viewer, opened):
    opened.metadata = {KEY: {**opened.metadata[KEY], "space": "MNI152NLin2009cAsym"}}
    assert space_shown(viewer) == "MNI152NLin2009cAsym"
    layer = add_template(viewer)
    assert viewer.layers[0] is layer
    assert layer.name == "MNI152NLin2009cAsym template"
    assert str(opened.blending) == "additive"
    centre = np.array(layer.data.shape) / 2
    assert np.abs(np.array(layer.data_to_world(centre))).max() < 30
    again = add_template(viewer)
    assert again is not layer
    assert len(viewer.layers) == 2
    assert str(opened.blending) == "additive"
    viewer.layers.remove(again)
    assert str(opened.blending) == "translucent"


def test_the_template_lies_behind_layers_of_napari_nifti_where_the_brain_is(viewer, write, blob_map):
    source = viewer.add_layer(napari_nifti_layer(write(blob_map, AFFINES["las"])))
    layer = add_template(viewer)
    assert np.allclose(place_of(layer).view_from_world, place_of(source).view_from_world)
    assert str(source.blending) == "translucent"


def test_a_template_is_bright_and_clear_outside_of_the_brain(viewer):
    layer = add_template(viewer, "MNI152NLin2009cAsym")
    assert layer.opacity == 1
    brain = layer.data[layer.data > 0]
    drawn = layer.colormap.map(
        (np.percentile(brain, [50, 99]) - layer.contrast_limits[0]) / np.ptp(layer.contrast_limits)
    )
    assert drawn[0, :3].min() > 0.45
    assert drawn[1, :3].min() > 0.65
    assert layer.colormap.map(np.zeros(1))[0, 3] == 0


def test_a_space_without_a_template_is_told_in_one_sentence(viewer):
    with pytest.raises(InputError, match="no template of the space allen_mouse"):
        add_template(viewer, "allen_mouse")
