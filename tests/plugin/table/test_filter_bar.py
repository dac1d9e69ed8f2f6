"""The fields above a table that choose which rows are shown."""

from __future__ import annotations

import pandas as pd
import pytest

from napari_atlas_assign.plugin.table.filter_bar import USUAL, FilterBar
from napari_atlas_assign.plugin.table.filters import Condition, Filters
from napari_atlas_assign.plugin.table.values import TableValues


@pytest.fixture
def bar(qtbot):
    made = FilterBar("assignments")
    qtbot.addWidget(made)
    made.offer(TableValues(pd.DataFrame({"input structure": [1, 2], "correlation": [0.5, 0.1], "share": [0.2, 0.9]})))
    return made


def test_nothing_is_left_out_until_it_is_asked_for(bar):
    assert bar.filters() == Filters()


def test_a_condition_begins_at_the_usual_bound(bar):
    bar.conditions[0].only.setChecked(True)
    assert bar.filters().conditions == (Condition(*USUAL["assignments"]),)
    assert bar.add_condition().condition() == Condition(*USUAL["assignments"])


def test_clear_takes_everything_back(bar):
    bar.add_condition()
    bar.search.setText("area")
    bar.modes.setText("1, 3-5")
    assert bar.filters().text == "area"
    bar.clear()
    assert bar.filters() == Filters()
