from __future__ import annotations

import pandas as pd
import pytest

from napari_atlas_assign.atlas.label_tables.background import background_rows, names_background


def rows(*pairs):
    return background_rows(pd.DataFrame(pairs, columns=["id", "name"])).tolist()


@pytest.mark.parametrize("word", ["Unknown", "???", "Clear Label", "unlabeled", " EXTERIOR ", "No_Label"])
@pytest.mark.parametrize("number", [0, 255, 9999])
def test_usual_words_are_background_under_any_number(number, word):
    assert rows((number, word), (1, "V1")) == [True, False]


@pytest.mark.parametrize("name", ["None", "NA", "Air", "0", "ctx-lh-unknown", "Background network"])
def test_a_region_may_be_called_what_is_a_word_for_nothing(name):
    assert rows((1, "V1"), (7, name)) == [False, False]


def test_a_tables_own_word_for_number_zero_is_background_elsewhere_too():
    assert rows((0, "Air"), (1, "V1"), (255, "air")) == [True, False, True]


def test_number_zero_with_a_regions_name_is_a_region():
    table = pd.DataFrame({"id": [0, 1], "name": ["V1", "V2"]})
    assert not names_background(table)
    assert names_background(table.replace("V1", "None"))
