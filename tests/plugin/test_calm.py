"""Python searches all of its memory for garbage only when nothing moves."""

import gc

from napari_atlas_assign.plugin import calm


def test_full_searches_are_rare_until_it_rests_and_small_ones_go_on(qtbot, monkeypatch):
    qtbot.waitUntil(lambda: not calm._before, timeout=5000)  # windows of other tests rest
    monkeypatch.setattr(calm, "REST", 0.05)
    young, middle, old = before = gc.get_threshold()
    calm.keep_calm()
    calm.keep_calm()
    assert gc.get_threshold() == (young, middle, calm.RARELY)
    assert old < calm.RARELY
    qtbot.waitUntil(lambda: gc.get_threshold() == before)
