"""FreeSurfer's standard names."""

from __future__ import annotations

from pathlib import Path

import pytest

from napari_atlas_assign.atlas.label_tables.freesurfer_names import standard_table


@pytest.mark.parametrize("name", ["aparc+aseg.mgz", "aseg.mgz", "wmparc.mgz", "aparc.a2009s+aseg.mgz"])
def test_its_own_files_have_its_own_numbers(name):
    names = standard_table(Path(name)).set_index("id")["name"]
    assert names.index.is_unique
    assert names[[17, 53, 1035, 2035, 12101]].tolist() == [
        "Left-Hippocampus",
        "Right-Hippocampus",
        "ctx-lh-insula",
        "ctx-rh-insula",
        "ctx_rh_G_and_S_frontomargin",
    ]


def test_both_sides_have_the_same_structures():
    table = standard_table(Path("aseg.mgz"))
    sides = {
        side: {name.replace(word, "") for name in table["name"] if name.startswith(word)}
        for side, word in (("left", "Left-"), ("right", "Right-"))
    }
    assert sides["left"] == sides["right"]


@pytest.mark.parametrize("name", ["brain.mgz", "my_atlas.nii.gz"])
def test_other_files_have_none(name):
    assert standard_table(Path(name)) is None


def test_a_table_may_be_changed_without_harm():
    standard_table(Path("aseg.mgz"))["name"] = "changed"
    assert "changed" not in set(standard_table(Path("aseg.mgz"))["name"])
