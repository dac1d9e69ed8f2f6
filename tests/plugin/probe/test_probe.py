"""What is under the cursor: the right place, in every order of axes and in 3D, and everything that is known of it."""

import gc
import threading
import weakref
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import zarr
from napari.components import ViewerModel

from napari_atlas_assign import Atlas, Grid, assign, show
from napari_atlas_assign.atlas.lookup import regions_at, values_at
from napari_atlas_assign.plugin.layers.convert import atlas_to_layer
from napari_atlas_assign.plugin.layers.geometry import set_geometry
from napari_atlas_assign.plugin.layers.layer_results import result_of, results_in
from napari_atlas_assign.plugin.layers.reader import read
from napari_atlas_assign.plugin.probe.lookup import (
    Cursor,
    Here,
    name_of_label,
    peaks_in,
    place_under,
    read_now,
    shown_of,
    value_at,
    voxels_along,
    what_is_here,
)
from napari_atlas_assign.plugin.probe.pinned_places import add_pin, pin_label
from napari_atlas_assign.plugin.probe.voxel_reader import read_or_nan
from napari_atlas_assign.plugin.probe.widget import not_covered_lines, values_line
from tests.plugin.helpers import AFFINES, as_layer, move, napari_nifti_layer

HIGHEST = (6, 6, 4)  # in `blob_map`


@pytest.fixture
def viewer():
    return ViewerModel()


@pytest.fixture
def shown(viewer, write, blob_map, label_atlas):
    """A viewer with a map and its result; returns the map's layer and the result."""
    source = viewer.add_layer(as_layer(read(write(blob_map))[0]))
    result = assign(source, label_atlas, threshold=3)
    show(result, viewer)
    return source, result


def world(ijk, affine=AFFINES["ras"]):
    return (np.array(affine) @ [*ijk, 1])[:3]


def test_one_place_is_looked_up_as_many_are(juelich, rng):
    for xyz in rng.uniform(-95, 95, (200, 3)):
        many = values_at(juelich, xyz)
        assert sorted(regions_at(juelich, xyz)) == sorted(zip(many.region.tolist(), many.value.tolist(), strict=True))
    found = regions_at(juelich, (39, -22, 55))
    assert [value for _, value in found] == sorted((value for _, value in found), reverse=True)
    assert len(found) > 2


def test_places_outside_the_atlas_and_on_its_border_hold_nothing(small_atlas):
    assert regions_at(small_atlas, (1e6, 0, 0)) == []
    assert regions_at(small_atlas, (-10.5, 0, 0)) == []


def test_the_last_voxel_of_a_grid_as_large_as_its_type_is_found():
    labels = np.zeros((64, 64, 16), np.int64)
    labels[-1, -1, -1] = 1
    atlas = Atlas.from_labels(labels, Grid(labels.shape, np.eye(4)), pd.DataFrame({"id": [1], "name": ["corner"]}))
    assert regions_at(atlas, (63, 63, 15)) == [(0, 1.0)]
    assert regions_at(atlas, (63, 63, 14)) == []


def test_the_probe_tells_value_mode_and_regions(viewer, shown, blob_map):
    _, result = shown
    here = what_is_here(viewer, world(HIGHEST))
    assert here.values == [("map", 9.0)]
    assert here.modes == [("map", 1, "tiny", 0)]
    assert [(r.name, r.value, r.atlas, r.color) for r in here.regions] == [("Lobus dexter", 1.0, "tiny", "#00ff00")]
    elsewhere = what_is_here(viewer, world((2, 3, 3)))
    assert (elsewhere.values, elsewhere.modes) == ([("map", 5.0)], [("map", 2, "tiny", 0)])
    assert elsewhere.regions[0].name == "Lobus sinister"
    assert result.components.data[HIGHEST] == 1


def test_every_voxel_of_the_map_is_told_as_it_is(viewer, write, affine, rng, label_atlas):
    data = rng.random((8, 9, 7)).astype(np.float32)
    layer = viewer.add_layer(as_layer(read(write(data, affine))[0]))
    for ijk in [(0, 0, 0), (7, 8, 6), (3, 4, 5), (7, 0, 3)]:
        assert value_at(layer, world(ijk, affine), viewer.dims.point) == data[ijk]
    assert value_at(layer, world((8.6, 0, 0), affine), viewer.dims.point) is None


def test_outside_of_everything_there_is_nothing(viewer, shown):
    here = what_is_here(viewer, np.array([1e5, 0, 0]))
    assert (here.values, here.modes, here.regions) == ([], [], [])


def test_atlas_layers_count_hidden_or_not_and_each_atlas_once(viewer, shown, small_atlas, label_atlas):
    for atlas in (small_atlas, label_atlas):
        data, options, kind = atlas_to_layer(atlas)
        getattr(viewer, f"add_{kind}")(data, visible=False, **options)
    here = what_is_here(viewer, np.array([-5.0, 0, 0]))
    assert {region.atlas for region in here.regions} <= {"small atlas", "tiny"}
    assert next(r.name for r in here.regions if r.atlas == "small atlas") == "Area A left"
    assert len([r for r in here.regions if r.atlas == "tiny"]) <= 1
    values = [r.value for r in here.regions]
    assert values == sorted(values, reverse=True)


def test_of_an_atlas_that_does_not_cover_a_place_the_nearest_region_is_told(viewer, shown, small_atlas, label_atlas):
    data, options, kind = atlas_to_layer(small_atlas)
    getattr(viewer, f"add_{kind}")(data, **options)
    here = what_is_here(viewer, np.array([-60.0, 0, 0]))
    assert {one.atlas for one in here.nearest} == {"small atlas", shown[1].atlas.name}
    for one in here.nearest:
        atlas = small_atlas if one.atlas == "small atlas" else shown[1].atlas
        away = np.linalg.norm(atlas.grid.to_world(atlas.grid.unravel(atlas.voxel)) - here.xyz, axis=1)
        nearest = set(atlas.regions["name"].iloc[atlas.region[away <= away.min() + 2]])
        assert one.name in nearest
        assert away.min() - 2 <= one.distance_mm < away.min()
    assert not_covered_lines(here).count("has no region here; nearest:") == 2


def test_an_atlas_that_covers_a_place_is_not_among_those_that_do_not(viewer, shown, small_atlas):
    data, options, kind = atlas_to_layer(small_atlas)
    getattr(viewer, f"add_{kind}")(data, **options)
    for xyz in ([-5.0, 0, 0], world(HIGHEST), [7.0, 0, 0]):
        here = what_is_here(viewer, np.array(xyz))
        covering = {region.atlas for region in here.regions}
        assert {one.atlas for one in here.nearest} == {"small atlas", shown[1].atlas.name} - covering


def test_a_place_that_every_atlas_covers_has_no_line_of_nearest_regions(viewer, shown):
    here = what_is_here(viewer, world(HIGHEST))
    assert here.regions
    assert not_covered_lines(here) == ""
    assert not_covered_lines(Here((0.0, 0.0, 0.0), [], [], [])) == "No region of the loaded atlases here."


def test_labels_of_others_are_named_by_their_features(viewer, shown, label_atlas):
    data, options, _ = atlas_to_layer(label_atlas)
    viewer.layers.clear()
    viewer.add_labels(data, **options)
    here = what_is_here(viewer, world((6, 6, 4)))
    assert [(r.name, r.color) for r in here.regions] == [("Lobus dexter", "#00ff00")]


def test_names_of_labels_come_from_the_row_or_the_index():
    assert name_of_label(pd.DataFrame({"region": [None, "a", "b"]}), 2) == "b"
    assert name_of_label(pd.DataFrame({"region": [None, "a"]}), 7) is None
    assert name_of_label(pd.DataFrame({"index": [0, 2001], "name": [None, "far"]}), 2001) == "far"
    assert name_of_label(pd.DataFrame({"index": [0, 2001], "name": [None, "far"]}), 5) is None
    assert name_of_label(pd.DataFrame({"volume": [1.0]}), 0) is None


@pytest.mark.parametrize("order", [(0, 1, 2), (1, 0, 2), (2, 1, 0), (2, 0, 1)])
def test_in_2d_the_place_is_the_cursor_s_whatever_the_order_of_axes(viewer, shown, order):
    source, _ = shown
    viewer.dims.order = order
    cursor = Cursor(tuple(source.data_to_world(HIGHEST[::-1])), None)
    assert np.allclose(place_under(viewer, cursor), world(HIGHEST))


def test_layers_of_napari_nifti_are_in_the_brain_where_their_header_says(viewer, write, blob_map):
    layer = viewer.add_layer(napari_nifti_layer(write(blob_map, AFFINES["las"])))
    peak = np.unravel_index(layer.data.argmax(), layer.data.shape)
    xyz = place_under(viewer, Cursor(tuple(layer.data_to_world(peak)), None))
    assert np.allclose(xyz, world(HIGHEST, AFFINES["las"]))
    assert what_is_here(viewer, xyz).values == [(layer.name, 9.0)]


def test_in_3d_the_place_is_the_first_mode_in_the_line_of_sight(viewer, shown):
    viewer.dims.ndisplay = 3
    source, result = shown
    for axis in range(3):
        for sign in (1, -1):
            direction = np.zeros(3)
            direction[axis] = sign
            through = source.data_to_world(HIGHEST[::-1])
            found = place_under(viewer, Cursor(tuple(np.array(through) - 500 * direction), direction))
            ijk = np.round(result.components.grid.to_voxel(found)).astype(int)
            assert result.components.data[tuple(ijk)] == 1
            before = np.array(ijk)
            before[2 - axis] -= sign  # the voxel that the ray came from
            assert result.components.data[tuple(before)] == 0


def test_in_3d_without_labels_the_place_is_the_brightest_voxel_in_the_line_of_sight(viewer, write, blob_map):
    source = viewer.add_layer(as_layer(read(write(blob_map))[0]))
    viewer.dims.ndisplay = 3
    start = np.array(source.data_to_world(HIGHEST[::-1])) - [500, 0, 0]
    assert np.allclose(place_under(viewer, Cursor(tuple(start), np.array([1.0, 0, 0]))), world(HIGHEST))
    assert place_under(viewer, Cursor((1e4, 1e4, 1e4), np.array([1.0, 0, 0]))) is None


def test_a_stack_s_axis_on_the_screen_leaves_no_place(viewer, shown):
    assert place_under(viewer, Cursor((0.0, 0, 0, 0), np.array([1.0, 0, 0, 0]))) is None
    assert place_under(viewer, Cursor((1.0, 1.0), None)) is None


def test_without_a_brain_there_is_no_place(viewer):
    viewer.add_image(np.zeros((4, 4, 4)))
    assert place_under(viewer, Cursor((0, 0, 0), None)) is None


def test_rays_meet_the_voxels_that_a_fine_walk_meets(rng):
    volume = (rng.random((9, 7, 8)) < 0.04).astype(np.uint8)
    for _ in range(50):
        target, direction = rng.uniform(0, 7, 3), rng.normal(size=3)
        start = target - 40 * direction / np.linalg.norm(direction)
        steps = np.arange(0, 80, 0.01)[:, None] * direction / np.linalg.norm(direction)
        walk = np.round(start + steps).astype(int)
        walk = walk[((walk >= 0) & (walk < volume.shape)).all(axis=1)]
        met = [tuple(v) for v in walk if volume[tuple(v)]]
        index = voxels_along(volume.shape, start, direction)
        shown = shown_of(volume[tuple(index.T)], is_label=True)
        found = None if shown is None else index[shown]
        passed_by = set(met) if found is None else set(met[: met.index(tuple(found))])
        # Two looks per voxel may pass a corner by that the ray crosses for less than half a voxel, and nothing more.
        assert all(met.count(voxel) * 0.01 <= 0.51 for voxel in passed_by)


def test_values_of_a_stack_are_those_of_the_volume_on_the_screen(viewer, write, blob_map):
    layer = viewer.add_layer(as_layer(read(write(np.stack([blob_map, 2 * blob_map], axis=-1)))[0]))
    viewer.dims.set_point(0, 1)
    assert what_is_here(viewer, world(HIGHEST)).values == [(layer.name, 18.0)]
    viewer.dims.set_point(0, 0)
    assert what_is_here(viewer, world(HIGHEST)).values == [(layer.name, 9.0)]


def slow_stack(blob_map, gate):
    """A lazy stack (2, z, y, x) of which every chunk waits at a gate, as a slow disk lets one wait."""
    import dask.array as da

    def through(block):
        assert gate.wait(30)
        return block

    stack = np.stack([blob_map.T, 2 * blob_map.T])
    return da.from_array(stack, chunks=(1, 3, 4, 5)).map_blocks(through, dtype=stack.dtype)


def test_values_of_lazy_layers_are_read_and_in_3d_their_brightest_voxel_is_found(viewer, blob_map):
    open_gate = threading.Event()
    open_gate.set()
    layer = viewer.add_image(slow_stack(blob_map, open_gate), name="lazy", contrast_limits=(0, 9))
    set_geometry(layer, np.array(AFFINES["ras"])[:, [2, 1, 0, 3]])
    viewer.dims.set_point(0, 1)
    assert what_is_here(viewer, world(HIGHEST)).values == [("lazy", 18.0)]
    viewer.dims.ndisplay = 3
    start = np.array(layer.data_to_world((1, *HIGHEST[::-1]))) - [0, 500, 0, 0]
    found = place_under(viewer, Cursor(tuple(start), np.array([0, 1.0, 0, 0])))
    assert np.allclose(found, world(HIGHEST))


def test_a_reader_that_has_to_wait_leaves_values_open_and_the_place_too(viewer, blob_map):
    open_gate = threading.Event()
    open_gate.set()
    layer = viewer.add_image(slow_stack(blob_map, open_gate), name="lazy", contrast_limits=(0, 9))
    set_geometry(layer, np.array(AFFINES["ras"])[:, [2, 1, 0, 3]])

    def never(data, index):
        return None

    assert what_is_here(viewer, world(HIGHEST), never).values == [("lazy", None)]
    assert value_at(layer, world(HIGHEST), viewer.dims.point, never) is None
    viewer.dims.ndisplay = 3
    assert place_under(viewer, Cursor((0.0, -500, 0, 0), np.array([0, 1.0, 0, 0])), never) is None


def test_arrays_on_disk_are_read_voxel_by_voxel_and_along_a_ray(tmp_path, rng):
    data = rng.random((6, 7, 8)).astype(np.float32)
    stored = zarr.create_array(store=str(tmp_path / "a.zarr"), data=data, chunks=(3, 3, 3))
    index = np.array([[0, 0, 0], [5, 6, 7], [2, 3, 4]])
    assert np.array_equal(read_now(stored, index), data[tuple(index.T)])
    assert np.array_equal(read_now(stored, index[1:2]), data[5, 6, 7:8])


def test_voxels_that_cannot_be_read_are_no_numbers(blob_map):
    stack = slow_stack(blob_map, SimpleNamespace(wait=lambda seconds: False))
    assert np.isnan(read_or_nan(stack, np.array([[0, 0, 0, 0]]))).all()


def test_peaks_of_all_results_are_listed_once(viewer, shown):
    peaks = peaks_in(viewer)
    assert [(p.row["input structure"], p.row["peak"]) for p in peaks[:1]] == [(1, 1)]
    assert np.allclose(peaks[0].row["position"], world(HIGHEST))


def test_results_are_forgotten_with_their_layers(viewer, shown):
    _, result = shown
    assert results_in(viewer) == [result]
    token = weakref.ref(result_of(viewer.layers["map modes"]))
    viewer.layers.clear()
    assert results_in(viewer) == []
    del result
    assert token() is not None  # the fixture holds it


def test_pins_gather_in_one_layer_with_coordinates_and_region(viewer, shown):
    from napari_atlas_assign.plugin.viewer.viewer_frame import view_frame

    first = what_is_here(viewer, world(HIGHEST))
    layer = add_pin(viewer, first, view_frame(viewer))
    assert add_pin(viewer, what_is_here(viewer, world((2, 3, 3))), view_frame(viewer)) is layer
    assert len(layer.data) == 2
    assert np.allclose(layer.data_to_world(layer.data[0]), viewer.layers["map"].data_to_world(HIGHEST[::-1]))
    assert layer.features["label"].iloc[0].endswith("Lobus dexter")
    assert pin_label(Here((-4.4, 0.0, 3.0), [], [], [])) == "−4, 0, 3"


# --- the dock ---


@pytest.fixture
def dock(make_napari_viewer_proxy, write, blob_map, label_atlas, qtbot):
    """A real viewer, as plugins are handed it, with the panel and a result."""
    from napari_atlas_assign.plugin.probe.widget import WhatIsHere

    viewer = make_napari_viewer_proxy(show=True)
    source = viewer.add_layer(as_layer(read(write(blob_map))[0]))
    show(assign(source, label_atlas, threshold=3), viewer)
    panel = WhatIsHere(viewer)
    viewer.window.add_dock_widget(panel, name="What is here?")
    return viewer, panel, source


@pytest.mark.filterwarnings("error:Private attribute access:FutureWarning")
def test_the_panel_follows_the_cursor_stays_when_pinned_and_steps_through_peaks(dock, qtbot):
    viewer, panel, source = dock
    move(viewer, tuple(source.data_to_world(HIGHEST[::-1])))
    qtbot.waitUntil(lambda: panel.here is not None)
    assert panel.value_label.text() == "map: 9, mode 1"
    assert panel.regions.topLevelItem(0).text(0) == "Lobus dexter"
    assert panel.place_label.text().startswith("x ")

    panel.pin_button.click()
    move(viewer, tuple(source.data_to_world((3, 3, 2))))
    qtbot.wait(80)
    assert panel.value_label.text() == "map: 9, mode 1"
    assert "Pinned places" in viewer.layers
    panel.pin_button.click()

    panel.step(1)
    panel.step(1)
    assert "mode 2.1" in panel.peak_label.text() or "mode 1.2" in panel.peak_label.text()
    panel.step(-1)
    assert "mode 1.1" in panel.peak_label.text()
    assert np.allclose(viewer.dims.point, source.data_to_world(HIGHEST[::-1]))

    panel.map_button.click()
    panel.peaks_button.click()
    panel.shares_button.click()
    assert {"tiny: Lobus dexter (map)", "map: peaks (tiny)", "map: shares of mode 1 (tiny)"} <= {
        layer.name for layer in viewer.layers
    }
    viewer.layers.clear()
    assert panel.here is None


def test_values_of_a_slow_disk_follow_and_nothing_waits_for_them(dock, qtbot, blob_map):
    viewer, panel, _ = dock
    gate = threading.Event()
    gate.set()
    layer = viewer.add_image(slow_stack(blob_map, gate), name="lazy", contrast_limits=(0, 9))
    set_geometry(layer, np.array(AFFINES["ras"])[:, [2, 1, 0, 3]])
    gate.clear()
    panel.look_at(world(HIGHEST))
    assert panel.value_label.text().splitlines() == ["lazy: …", "map: 9, mode 1"]
    panel.look_at(world((3, 3, 2)))  # meanwhile elsewhere: only this is told
    gate.set()
    qtbot.waitUntil(lambda: "…" not in panel.value_label.text())
    assert panel.value_label.text().splitlines()[0] == "lazy: 0"
    panel.look_at(world(HIGHEST))
    qtbot.waitUntil(lambda: panel.value_label.text().startswith("lazy: 9"))

    panel.pin_button.click()
    viewer.dims.set_point(0, 1)
    qtbot.waitUntil(lambda: panel.value_label.text().startswith("lazy: 18"))


def test_a_pinned_place_stays_while_slices_move_and_an_open_one_moves_along(dock, qtbot):
    viewer, panel, source = dock
    move(viewer, tuple(source.data_to_world(HIGHEST[::-1])))
    qtbot.waitUntil(lambda: panel.here is not None)
    viewer.dims.point = source.data_to_world((2, 3, 3))
    x, y, _ = world(HIGHEST)
    qtbot.waitUntil(lambda: np.allclose(panel.here.xyz, (x, y, world((3, 3, 2))[2])))
    panel.pin_button.click()
    viewer.dims.point = source.data_to_world((5, 3, 3))
    qtbot.wait(80)
    assert np.allclose(panel.here.xyz, (x, y, world((3, 3, 2))[2]))


def test_the_panel_tells_what_another_result_left_at_a_place_that_stays(dock, qtbot, label_atlas):
    viewer, panel, source = dock
    panel.look_at(world((2, 3, 3)))
    panel.pin_button.setChecked(True)
    assert panel.value_label.text() == "map: 5, mode 2"
    show(assign(source, label_atlas, threshold=5.5), viewer)
    qtbot.waitUntil(lambda: panel.value_label.text() == "map: 5")
    source.visible = False
    qtbot.waitUntil(lambda: panel.value_label.text() == "no visible map here")


def test_peaks_and_shares_of_a_stack_are_those_of_its_volumes(dock, qtbot, write, blob_map, label_atlas):
    viewer, panel, _ = dock
    viewer.layers.clear()
    turned = blob_map[::-1].copy()
    stack = viewer.add_layer(as_layer(read(write(np.stack([blob_map, turned], axis=-1), name="stack.nii.gz"))[0]))
    show(assign(stack, label_atlas, threshold=3), viewer)
    assert [peak.run for peak in peaks_in(viewer)] == [0, 0, 1, 1]
    panel.step(-1)
    panel.step(-1)
    assert viewer.dims.point[0] == 1
    assert panel.peak_label.text() == "3 of 4: mode 1.1 of stack[1]"
    assert panel.value_label.text() == "stack: 9, mode 1"
    assert [(mode.image, mode.volume) for mode in panel.here.modes] == [("stack", 1)]
    panel.shares_button.click()
    shares = viewer.layers["stack[1]: shares of mode 1 (tiny)"]
    assert (shares.data.T[:4] > 0).any()
    panel.peaks_button.click()
    assert "stack[1]: peaks (tiny)" in viewer.layers


def test_where_atlases_have_modes_of_their_own_each_names_its_atlas(viewer, write, blob_map, label_atlas, small_atlas):
    source = viewer.add_layer(as_layer(read(write(blob_map))[0]))
    show(assign(source, [label_atlas, small_atlas], threshold=3, convention="siibra"), viewer)
    here = what_is_here(viewer, world(HIGHEST))
    assert {mode.atlas for mode in here.modes} == {"tiny", "small atlas"}
    assert "(tiny)" in values_line(here)
    assert {peak.result.comparisons[peak.run].atlas.name for peak in peaks_in(viewer)} == {"tiny", "small atlas"}


def followed_by_panel(viewer):
    return any(callback.__module__.endswith("probe.widget") for callback in viewer.mouse_move_callbacks)


def test_a_panel_that_qt_has_destroyed_is_left_alone(dock, qtbot):
    viewer, panel, source = dock
    with qtbot.waitSignal(panel.destroyed):
        panel.deleteLater()
    assert not followed_by_panel(viewer)
    with qtbot.capture_exceptions() as raised:
        move(viewer, tuple(source.data_to_world((3, 3, 2))))
        viewer.dims.point = source.data_to_world((1, 1, 1))
        viewer.layers.clear()
    assert not raised


def test_closing_the_dock_leaves_no_callback_and_nothing_alive(dock, qtbot):
    viewer, panel, source = dock
    assert followed_by_panel(viewer)
    gone = weakref.ref(panel)
    viewer.window.remove_dock_widget(panel)
    assert not followed_by_panel(viewer)
    move(viewer, tuple(source.data_to_world((3, 3, 2))))
    panel.close()
    panel.deleteLater()
    del panel
    dock_things = dock[1:]
    del dock_things
    gc.collect()
    assert gone() is None or gone().here is None
