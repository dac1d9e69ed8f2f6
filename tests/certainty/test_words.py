"""What must not be said of how sure answers are, and what must stand beside a p."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from napari_atlas_assign.assignment.columns import CERTAINTY_OF_ASSIGNMENTS, REGION_TEST
from napari_atlas_assign.plugin.table.columns import USUAL, ColumnLayout

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *(ROOT / "docs").rglob("*.md")]
SOURCES = [*(ROOT / "src").rglob("*.py"), *(ROOT / "src").rglob("*.yaml")]


@pytest.mark.parametrize("files", [PAGES, SOURCES], ids=["pages", "sources"])
def test_nothing_is_called_significant_but_digits(files):
    assert files
    texts = {file: file.read_text("utf-8") for file in files}
    told = {
        file.name
        for file, text in texts.items()
        if re.search(r"significance|significant(?!\s+digit)", text, re.IGNORECASE)
    }
    assert not told


@pytest.mark.parametrize("table", ["assignments", "region_test"])
def test_a_table_shows_no_p_without_the_corrected_one_beside_it(table):
    columns = {"assignments": CERTAINTY_OF_ASSIGNMENTS, "region_test": REGION_TEST}[table]
    layout = ColumnLayout.usual(table, [*columns, *USUAL["assignments"]])
    shown = [name for name in layout.arranged(list(columns)) if name not in layout.hidden]
    assert "p corrected" in shown
    assert "p" not in shown or shown.index("p corrected") == shown.index("p") + 1


@pytest.mark.parametrize("columns", [CERTAINTY_OF_ASSIGNMENTS, REGION_TEST], ids=["assignments", "region test"])
def test_what_is_said_of_p_warns_of_regions_that_were_chosen_by_looking(columns):
    column = columns["p"]
    assert "chosen by looking" in column.caution
    assert "p corrected" in column.caution
