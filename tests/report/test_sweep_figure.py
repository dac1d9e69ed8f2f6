"""The figure of a sweep, and what a report says of how sure answers are."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from napari_atlas_assign import Image, assign
from napari_atlas_assign.report.canvas import AS_FILE, own_settings
from napari_atlas_assign.report.colors import mode_color
from napari_atlas_assign.report.html import report_page
from napari_atlas_assign.report.sweep_figure import OTHER, best_region, changes, cluster_colors, draw_sweep


@pytest.fixture
def hills(small_atlas):
    """Two hills of height 5 and 4, the second one larger below 3, which join at 2."""
    data = np.zeros(small_atlas.grid.shape)
    data[1:8, 4, 4] = (3, 5, 3, 2, 2.5, 4, 2.5)
    data[6, 5:8, 4] = 2.5
    return Image.from_array(data, small_atlas.grid.affine, "hills")


def sure(hills, atlas, **options):
    return assign(hills, atlas, **{"threshold": 2.2, "sweep": [1.5, 2.2, 3.5]} | options)


def lines_of(result):
    with own_settings():
        (axes,) = draw_sweep(result, AS_FILE).axes
    return {(line.get_color(), line.get_linestyle(), tuple(line.get_xdata().tolist())) for line in axes.lines}


def test_modes_are_lines_in_their_colours_and_a_merged_one_leads_to_the_other(hills, small_atlas):
    result = sure(hills, small_atlas)
    larger, higher = mode_color(1), mode_color(2)
    assert result.modes["peak value"].tolist() == [4, 5]
    assert cluster_colors(result) == {1: higher, 2: larger}
    assert lines_of(result) == {
        (higher, "-", (1.5, 2.2, 3.5)),
        (larger, "-", (2.2, 3.5)),
        (larger, ":", (1.5, 2.2)),
    }


def test_what_is_no_mode_at_the_threshold_of_the_assignment_is_grey(hills, small_atlas):
    result = sure(hills, small_atlas, threshold=1)
    assert {color for color, _, _ in lines_of(result)} == {mode_color(1), OTHER}


def test_best_regions_are_named_where_they_change():
    rows = pd.DataFrame(
        {
            "threshold": [3.0, 1, 2, 4],
            "volume mm3": [30.0, 50, 40, 20],
            "best region by share": ["B", "A", "A", None],
            "best region by correlation": ["C", "C", "C", None],
        }
    )
    assert changes(rows) == [(1, 50, "A"), (3, 30, "B"), (4, 20, "no region")]
    assert best_region({"best region by share": np.nan, "best region by correlation": "C"}) == "C"


def test_a_sweep_is_drawn_beside_its_table_with_and_without_a_report(hills, small_atlas, tmp_path):
    result = sure(hills, small_atlas)
    plain, full = result.save(tmp_path / "plain"), result.save(tmp_path / "full", report=True)
    assert {path.name for path in (plain / "figures").iterdir()} == {"sweep.png", "sweep.svg"}
    assert {"sweep.png", "overview.png"} <= {path.name for path in (full / "figures").iterdir()}
    assert "Area A left" in (plain / "figures" / "sweep.svg").read_text()
    result.save(tmp_path / "plain")  # the figures are known as ours


def words_of(page):
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


def test_a_report_says_in_words_what_was_asked_and_nothing_else(hills, small_atlas):
    options = {"registration_sd_mm": 2, "placements": 999, "surrogates": 99, "seed": 1}
    words = words_of(report_page(sure(hills, small_atlas, **options)))
    assert "moved 50 times, with a standard deviation of 2 mm" in words
    assert "best region the same in" in words
    assert "Of blobs of this shape in comparable tissue, a fraction p would lie in this region" in words
    assert "would have so high a mean in this region in a fraction p of cases (p corrected: in any region)" in words
    assert "a dotted line leads to the mode" in words
    assert "significant" not in words
    assert "significance" not in words
    assert "How sure" not in words_of(report_page(sure(hills, small_atlas, sweep=())))


def test_no_table_of_a_report_has_a_p_without_the_corrected_one(hills, small_atlas):
    noisy = replace(hills, data=hills.data + np.random.default_rng(1).uniform(0.1, 0.2, hills.data.shape))
    page = report_page(sure(noisy, small_atlas, placements=999, surrogates=99))
    heads = [re.findall(r"<th[^>]*>([^<]*)</th>", head) for head in re.findall(r"<thead>.*?</thead>", page, re.S)]
    assert sum("p" in names for names in heads) == 2
    assert all(("p" in names) == ("p corrected" in names) for names in heads)


def test_a_region_whose_name_is_markup_or_a_formula_is_drawn_as_it_is(hills, small_atlas, tmp_path):
    regions = small_atlas.regions.assign(name=["<b>$x^{$", "<script>", "& so on"])
    result = sure(hills, replace(small_atlas, regions=regions))
    svg = (result.save(tmp_path / "out") / "figures" / "sweep.svg").read_text()
    assert "&lt;b&gt;$x^{$" in svg
    assert "<script>" not in svg
