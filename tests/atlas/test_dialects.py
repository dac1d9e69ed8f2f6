"""Dialects are found by what their modules say."""

from __future__ import annotations

import sys

import pytest

from napari_atlas_assign.atlas import label_tables
from napari_atlas_assign.atlas.dialects import dialects_in
from napari_atlas_assign.atlas.formats.registry import DIALECTS


def test_modules_that_say_their_precedence_are_found_in_its_order_in_folders_below_too(tmp_path, monkeypatch):
    for path, text in {
        "kinds/__init__.py": "",
        "kinds/late.py": "PRECEDENCE = 9",
        "kinds/helper.py": "",
        "kinds/below/__init__.py": "",
        "kinds/below/early.py": "PRECEDENCE = 2",
    }.items():
        (tmp_path / path).parent.mkdir(exist_ok=True, parents=True)
        (tmp_path / path).write_text(text)
    monkeypatch.syspath_prepend(tmp_path)
    assert [module.__name__ for module in dialects_in("kinds")] == ["kinds.below.early", "kinds.late"]
    for name in [name for name in sys.modules if name.partition(".")[0] == "kinds"]:
        del sys.modules[name]


@pytest.mark.parametrize("modules", [DIALECTS, label_tables.dialects()], ids=["formats", "label tables"])
def test_no_two_dialects_stand_at_one_place(modules):
    assert len({module.PRECEDENCE for module in modules}) == len(modules)
