"""What the widget shows before there is a map."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from napari_atlas_assign import InputError
from napari_atlas_assign.plugin.assign import empty_state
from napari_atlas_assign.plugin.assign.empty_state import SAMPLE, EmptyState
from napari_atlas_assign.plugin.layers.geometry import KEY


@pytest.fixture
def asked(monkeypatch):
    calls: list[tuple] = []
    monkeypatch.setattr(empty_state, "show_error", lambda message: calls.append(("error", message)))
    return calls


def buttons(qtbot, asked, fail: Exception | None = None) -> EmptyState:
    def opening(*args, **options):
        if fail is not None:
            raise fail
        asked.append((*args, *options.values()))

    made = EmptyState(SimpleNamespace(open=opening, open_sample=opening))
    qtbot.addWidget(made)
    return made


def test_the_buttons_bring_a_map(qtbot, asked, monkeypatch):
    made = buttons(qtbot, asked)
    monkeypatch.setattr(empty_state.QFileDialog, "getOpenFileName", lambda *_: ("/a/map.nii", ""))
    made.open_button.click()
    made.sample_button.click()
    assert asked == [("/a/map.nii", KEY), (KEY, SAMPLE)]


def test_nothing_is_opened_where_nothing_was_chosen(qtbot, asked, monkeypatch):
    monkeypatch.setattr(empty_state.QFileDialog, "getOpenFileName", lambda *_: ("", ""))
    buttons(qtbot, asked).open_button.click()
    assert asked == []


@pytest.mark.parametrize("error", [InputError("a is no image"), ValueError("no plugin"), OSError("gone")])
def test_what_cannot_be_opened_is_said_in_one_sentence(qtbot, asked, error):
    buttons(qtbot, asked, error).sample_button.click()
    assert asked == [("error", str(error))]
