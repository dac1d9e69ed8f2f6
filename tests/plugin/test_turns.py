"""Long work step by step."""

from napari_atlas_assign.plugin.turns import at_once


def test_all_steps_are_done_without_a_pause():
    done = []

    def turns():
        done.append("first")
        yield
        done.append("last")

    at_once(turns())
    assert done == ["first", "last"]
