from __future__ import annotations

import pandas as pd
import pytest

from napari_atlas_assign.atlas.label_tables.hemispheres import sides_of, with_sides


@pytest.mark.parametrize(
    ("name", "side"),
    [
        ("Ch 123 (Basal Forebrain) - left hemisphere", "left"),
        ("Area hOc1 (V1, 17, CalcS) right", "right"),
        ("7Networks_LH_Vis_1", "left"),
        ("Right-Hippocampus", "right"),
        ("ctx-rh-insula", "right"),
        ("Area FG2 (FusG)", None),
        ("Left-right asymmetry", None),
        ("Bright cluster", None),
        ("Cleft", None),
    ],
)
def test_whole_words_tell_the_side(name, side):
    assert sides_of([name]) == [side]


def test_a_single_letter_tells_the_side_only_beside_its_partner():
    assert sides_of(["Precentral_L", "Precentral_R", "Vitamin_R", "VL"]) == ["left", "right", None, None]
    assert sides_of(["L G_and_S", "R G_and_S", "R point", "Lingual"]) == ["left", "right", None, None]


def test_a_table_that_knows_its_hemispheres_keeps_them():
    table = pd.DataFrame({"id": [1], "name": ["Left X"], "hemisphere": ["right"]})
    assert with_sides(table)["hemisphere"].tolist() == ["right"]


def test_no_column_appears_where_no_name_tells_a_side():
    assert "hemisphere" not in with_sides(pd.DataFrame({"id": [1], "name": ["Thalamus"]}))
