"""How long each stage takes."""

from napari_atlas_assign.timings import timed


def test_a_stage_that_comes_twice_is_added_up_and_others_stay():
    timings = {"read": 1.0, "modes": 5.0}
    with timed(timings, "read"):
        pass
    with timed(timings, "scores"):
        pass
    assert timings["read"] > 1.0
    assert timings["modes"] == 5.0
    assert timings["scores"] >= 0
