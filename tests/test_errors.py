"""Messages count in the right number."""

from __future__ import annotations

import pytest

from napari_atlas_assign.errors import counted, plural
from napari_atlas_assign.report import wording


@pytest.mark.parametrize(
    ("noun", "several"),
    [
        ("electrode", "electrodes"),
        ("axis", "axes"),
        ("index", "indices"),
        ("stored atlas", "stored atlases"),
        ("random map", "random maps"),
        ("region of interest", "regions of interest"),
    ],
)
def test_a_noun_stands_in_the_number_that_is_counted(noun, several):
    assert [counted(n, noun) for n in (0, 1, 2)] == [f"0 {several}", f"1 {noun}", f"2 {several}"]
    assert [wording.counted(n, noun) for n in (0, 1, 2)] == [f"0 {several}", f"1 {noun}", f"2 {several}"]


def test_a_verb_follows_the_number():
    assert [plural(n, "has", "have") for n in (0, 1, 2)] == ["have", "has", "have"]
