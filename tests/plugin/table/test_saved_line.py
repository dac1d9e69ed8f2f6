"""A line that tells what was saved where."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_atlas_assign.plugin.table import saved_line
from napari_atlas_assign.plugin.table.saved_line import SavedLine


@pytest.fixture
def line(qtbot):
    made = SavedLine()
    qtbot.addWidget(made)
    return made


def test_it_is_hidden_until_something_is_saved(line):
    assert line.isHidden()
    line.tell("Saving …")
    assert not line.isHidden()
    assert line.open_button.isHidden()
    line.close_button.click()
    assert line.isHidden()


def test_its_buttons_open_the_file_and_its_folder(line, tmp_path, monkeypatch):
    opened: list[Path] = []
    monkeypatch.setattr(saved_line.QDesktopServices, "openUrl", lambda url: opened.append(Path(url.toLocalFile())))
    line.tell("Saved.", tmp_path / "modes.tsv")
    line.open_button.click()
    line.folder_button.click()
    assert opened == [tmp_path / "modes.tsv", tmp_path]
