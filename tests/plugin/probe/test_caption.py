"""The line on the canvas: place, value, mode and region at the cursor, and the region's name at the crosshair."""

import numpy as np
import pytest
from napari.components import ViewerModel

from napari_atlas_assign import assign, show
from napari_atlas_assign.plugin.probe.caption import OVERLAY, caption_of, draw_ahead_in_turns, one_line, show_place
from napari_atlas_assign.plugin.probe.lookup import Cursor, what_is_here
from napari_atlas_assign.plugin.viewer.crosshair import show_crosshair
from napari_atlas_assign.plugin.viewer.orientation_letters import show_letters
from napari_atlas_assign.plugin.viewer.placing import find_frame
from tests.plugin.helpers import AFFINES, move, opened, settle

PEAK = (np.array(AFFINES["ras"]) @ [6, 6, 4, 1])[:3]


@pytest.fixture
def shown(write, blob_map, label_atlas):
    """Make a viewer show a result of the map with two blobs."""

    def show_in(viewer):
        layer = opened(viewer, write(blob_map))
        result = assign(layer, label_atlas, threshold=3)
        show(result, viewer)
        return result

    return show_in


def test_one_line_tells_place_value_mode_and_region(shown):
    viewer = ViewerModel()
    shown(viewer)
    assert one_line(what_is_here(viewer, PEAK)) == "x 3 y 3 z 4 mm · 9 · mode 1 · Lobus dexter 1.00"
    assert one_line(what_is_here(viewer, PEAK + 500)) == "x 503 y 503 z 504 mm"
    assert one_line(what_is_here(viewer, np.array([-0.3, -0.4, 0.2]))).startswith("x 0 y 0 z 0 mm")


def test_the_line_follows_the_cursor_once_a_result_is_shown(make_napari_viewer, shown, qtbot):
    viewer = make_napari_viewer()
    result = shown(viewer)
    assert OVERLAY not in viewer.canvas.overlays
    move(viewer, tuple(PEAK[::-1]))
    qtbot.waitUntil(lambda: OVERLAY in viewer.canvas.overlays and viewer.canvas.overlays[OVERLAY].visible)
    assert viewer.canvas.overlays[OVERLAY].text.endswith("mode 1\nLobus dexter 1.00")
    second = result.modes["peak"].iloc[1]
    show_place(viewer, result, second)
    assert "mode 2\nLobus sinister" in viewer.canvas.overlays[OVERLAY].text
    assert caption_of(viewer) is caption_of(viewer)
    viewer.window.remove_dock_widget(viewer.window.dock_widgets["Assigned regions"])
    settle()
    assert not viewer.canvas.overlays[OVERLAY].visible
    assert not viewer.mouse_move_callbacks


def test_a_mouse_that_moves_has_the_last_word(make_napari_viewer, shown, qtbot):
    viewer = make_napari_viewer()
    result = shown(viewer)
    caption = caption_of(viewer)
    caption.follow(Cursor(tuple(np.array(result.modes["peak"].iloc[1])[::-1]), None))
    caption.tell(PEAK)
    settle()
    assert "mode 1" in viewer.canvas.overlays[OVERLAY].text
    caption.follow(Cursor(tuple(np.array(result.modes["peak"].iloc[1])[::-1]), None))
    qtbot.waitUntil(lambda: "mode 2" in viewer.canvas.overlays[OVERLAY].text)


def test_the_region_is_named_beside_the_crosshair_and_the_name_goes_with_it(shown):
    viewer = ViewerModel()
    result = shown(viewer)
    show_place(viewer, result, PEAK)
    assert "crosshair names" not in viewer.layers  # without a crosshair, there is none
    frame = find_frame(result, viewer)
    show_crosshair(viewer, frame, PEAK)
    for number, name in enumerate(("Lobus dexter 1.00", "Lobus sinister 1.00")):
        peak = np.array(result.modes["peak"].iloc[number])
        show_place(viewer, result, peak)
        layer = viewer.layers["crosshair names"]
        assert layer.features["name"].tolist() == [name] * 2
        assert np.allclose(layer.data_to_world(layer.data[0]), frame.to_view(peak))
    show_crosshair(viewer, frame, PEAK)
    assert not "".join(viewer.layers["crosshair names"].features["shown"]).strip()
    viewer.layers.remove("crosshair")
    assert "crosshair names" not in viewer.layers


def test_a_caption_closes_after_qt_has_destroyed_its_timer(make_napari_viewer):
    viewer = make_napari_viewer()
    caption = caption_of(viewer)
    caption.open()
    caption._timer.deleteLater()
    settle()
    caption.close()
    assert not viewer.mouse_move_callbacks


def test_the_caption_makes_way_for_the_letter_of_a_narrow_canvas(make_napari_viewer, shown):
    viewer = make_napari_viewer()
    result = shown(viewer)
    show_letters(viewer)
    viewer.canvas.size = (400, 900)
    show_place(viewer, result, PEAK)
    text = viewer.canvas.overlays[OVERLAY].text
    assert text.startswith("x 3 y 3")
    viewer.canvas.size = (400, 150)
    assert viewer.canvas.overlays[OVERLAY].text == f" \n \n{text}"
    viewer.canvas.size = (400, 900)
    assert viewer.canvas.overlays[OVERLAY].text == text


def test_letters_are_drawn_ahead_unseen_until_the_caption_comes(make_napari_viewer, shown):
    viewer = make_napari_viewer()
    drawn = []
    for _ in draw_ahead_in_turns(viewer):
        if OVERLAY in viewer.canvas.overlays:
            overlay = viewer.canvas.overlays[OVERLAY]
            assert overlay.visible
            assert overlay.opacity == 0
            drawn.append(overlay.text)
    assert set("".join(drawn)) >= set("Area 4a (x -39) 0.68 mm · 7.94")
    assert not overlay.visible
    shown(viewer)
    caption_of(viewer).tell(PEAK)
    assert overlay.visible
    assert overlay.opacity == 1
    assert overlay.box_color is None
    assert list(draw_ahead_in_turns(viewer)) == [None]


def test_a_caption_that_comes_first_is_seen(make_napari_viewer, shown):
    viewer = make_napari_viewer()
    shown(viewer)
    turns = draw_ahead_in_turns(viewer)
    next(turns), next(turns)
    caption_of(viewer).tell(PEAK)
    assert list(turns) == []
    overlay = viewer.canvas.overlays[OVERLAY]
    assert overlay.text.startswith("x 3 y 3")
    assert overlay.opacity == 1
