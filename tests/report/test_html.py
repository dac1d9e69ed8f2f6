"""The report: one page with everything in it, safe whatever names it shows."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import pandas as pd
import pytest

from napari_atlas_assign import AssignmentWarning, Grid, Image, InputError, assign
from napari_atlas_assign.assignment.columns import (
    ASSIGNMENTS,
    CLUSTERS,
    LISTED_POINTS,
    MODES,
    PEAKS,
    POINT_ASSIGNMENTS,
    POINTS,
)
from napari_atlas_assign.modes.point_set import PointSet
from napari_atlas_assign.report import html as report_html
from napari_atlas_assign.report.canvas import AS_FILE
from napari_atlas_assign.report.figures import draw_figures
from napari_atlas_assign.report.html import report_page, save_report, text
from napari_atlas_assign.report.wording import fixed, number, percent, place, rounded, shortened

VOID = {"meta", "img", "wbr", "br", "link", "input", "hr"}
ATTACK = "<script>alert('x')</script><img src=x onerror=alert(1)>\"' & </title></style>"


class Page(HTMLParser):
    """The elements of a page; fails where they are not properly nested."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.open: list[str] = []
        self.tables: list[list[list[tuple[str, dict]]]] = []
        self.text: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        self.elements.append((tag, dict(attributes)))
        if tag not in VOID:
            self.open.append(tag)
        if tag == "table":
            self.tables.append([])
        elif tag == "tr":
            self.tables[-1].append([])
        elif tag in ("td", "th"):
            self.tables[-1][-1].append(["", dict(attributes)])

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)
        if "td" in self.open or "th" in self.open:
            self.tables[-1][-1][-1][0] += data.replace("\xad", "")  # where a long word may be broken


@pytest.fixture
def image(small_atlas):
    data = np.zeros(small_atlas.grid.shape, np.float32)
    data[1:4, 5:8, 3:6] = 2.5
    data[2, 6, 4] = 3.123456789
    data[7, 3, 2] = 1.5
    return Image(
        data, small_atlas.grid, "blob.nii.gz", source={"path": "/home/alice/secret/blob.nii.gz", "sha256": "c0ffee"}
    )


@pytest.fixture
def result(image, small_atlas):
    return assign(image, small_atlas, threshold=1)


@pytest.fixture
def drawn_once(monkeypatch):
    """Figures are not the matter here: the overview and the first mode are stand-ins."""

    def draw(result, style, *, radiological=False, most=20):
        yield "overview", None
        for mode in result.mode_voxels.number[:most]:
            yield f"mode_{mode:02d}", None

    monkeypatch.setattr(report_html, "draw_figures", draw)
    monkeypatch.setattr(report_html, "figure_bytes", lambda figure: b"\x89PNG")


def test_the_page_holds_everything_and_asks_for_nothing(result, tmp_path):
    path = save_report(result, tmp_path / "new" / "report.html")
    assert [p.name for p in path.parent.iterdir()] == ["report.html"]
    page = Page(path.read_text("utf-8"))
    for tag, attributes in page.elements:
        assert tag not in ("link", "iframe", "object", "embed", "base", "form")
        for name in ("src", "href", "action", "data", "srcset"):
            address = attributes.get(name) or "#"
            assert address.startswith(("#", "data:image/png;base64,"))
        assert not any(name.startswith("on") for name in attributes)
    images = [a["src"].partition(",")[2] for tag, a in page.elements if tag == "img"]
    assert len(images) == 3
    assert all(base64.b64decode(i).startswith(b"\x89PNG") for i in images)
    assert "url(" not in path.read_text("utf-8")
    assert "@import" not in path.read_text("utf-8")


def test_only_the_pages_own_script_may_run(result, drawn_once):
    page = report_page(result)
    (script,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    (policy,) = [a["content"] for tag, a in Page(page).elements if a.get("http-equiv") == "Content-Security-Policy"]
    assert policy == f"default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-{digest}'"


def test_names_from_outside_are_shown_and_never_obeyed(image, small_atlas, drawn_once, tmp_path):
    plain = Page(report_page(assign(image, small_atlas, threshold=1)))
    names = [f"{n} {ATTACK}" for n in range(3)]
    regions = small_atlas.regions.assign(name=names)
    atlas = replace(small_atlas, regions=regions, name=ATTACK, space=ATTACK, source={ATTACK: {"citation": ATTACK}})
    hostile = replace(image, name=ATTACK + ".nii", space=ATTACK, source={"path": f"/x/{ATTACK}", ATTACK: [ATTACK]})
    result = replace(assign(hostile, atlas, threshold=1), warnings=(ATTACK,))
    path = save_report(result, tmp_path / "report.html")
    page = Page(path.read_text("utf-8"))
    assert [tag for tag, _ in page.elements].count("script") == 1
    assert {tag for tag, _ in page.elements} <= {tag for tag, _ in plain.elements} | {"p"}
    assert {name for _, a in page.elements for name in a} <= {name for _, a in plain.elements for name in a}
    assert "".join(page.text).count(ATTACK) > 8


def test_names_that_no_file_could_hold_are_made_printable(image, small_atlas, drawn_once, tmp_path):
    result = assign(replace(image, name="a\x00\x1b\n\udcff視覚‮b.nii"), small_atlas, threshold=1)
    content = save_report(result, tmp_path / "report.html").read_bytes().decode("utf-8")
    assert "<h1>a 視覚b.nii</h1>" in content


def table_of(page, columns):
    """The table of a page that has these columns."""
    return next(table for table in page.tables if table and [cell[0] for cell in table[0]] == list(columns))


@pytest.mark.parametrize(
    ("which", "known"), [("modes", MODES), ("peaks", PEAKS), ("assignments", ASSIGNMENTS), ("summary", CLUSTERS)]
)
def test_tables_hold_every_row_and_every_digit(result, drawn_once, which, known):
    table = result.summary() if which == "summary" else getattr(result, which)
    shown = table_of(Page(report_page(result)), table.columns)
    assert [cell[0] for cell in shown[0]] == list(table.columns)
    assert [cell[1]["title"] for cell in shown[0]] == [known[name].explanation for name in table.columns]
    assert len(shown) == len(table) + 1
    for cells, row in zip(shown[1:], table.itertuples(index=False), strict=True):
        for (words, attributes), value in zip(cells, row, strict=True):
            if isinstance(value, str):
                assert words == value
            elif isinstance(value, tuple):
                assert attributes["title"] == str(value)
            elif not pd.isna(value):
                assert float(attributes["title"]) == value


def test_numbers_are_short_and_what_is_undefined_is_a_dash(result, drawn_once):
    table = result.assignments.copy()
    table.loc[0, "correlation"] = np.nan
    table.loc[0, "share"] = 0.123456
    result.__dict__["assignments"] = table
    shown = table_of(Page(report_page(result)), table.columns)[1]
    row = dict(zip(table.columns, [words for words, _ in shown], strict=True))
    assert row["correlation"] == "–"
    assert row["share"] == "0.123"


def test_parameters_record_and_hashes_are_told_without_folders(result, drawn_once):
    page = report_page(result)
    words = " ".join(Page(page).text)
    for expected in (
        "Threshold",
        "threshold 1",
        "above the threshold",
        "a face or an edge (18)",
        "c0ffee",
        "numpy",
        "10, 12, 8",
    ):
        assert expected in words
    assert "alice" not in page
    for name in ("Rois", "rois False", "Keep largest", "{'kind'"):
        assert name not in words.partition("Record")[0]


@pytest.mark.filterwarnings("ignore::napari_atlas_assign.AssignmentWarning")
def test_warnings_are_told(image, small_atlas, drawn_once):
    words = " ".join(Page(report_page(assign(image, small_atlas, threshold=100))).text)
    assert "blob.nii.gz has no mode beyond the threshold 100" in words
    assert "0 modes" in words


def test_a_mode_in_no_region_says_so(small_atlas, drawn_once):
    grid = Grid((4, 4, 4), np.array([[1.0, 0, 0, 100], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1]]))
    data = np.zeros((4, 4, 4))
    data[1, 1, 1] = 1
    with pytest.warns(AssignmentWarning):
        result = assign(Image(data, grid), small_atlas)
    assert "It overlaps no region of the atlas." in " ".join(Page(report_page(result)).text)


def test_of_many_modes_the_page_says_which_are_drawn(small_atlas, drawn_once):
    data = np.zeros(small_atlas.grid.shape, np.float32)
    data[::2, ::2, ::2] = 1
    page = Page(report_page(assign(Image(data, small_atlas.grid), small_atlas)))
    assert "Figures show the 20 largest of 120 modes; the tables hold all." in " ".join(page.text)
    assert sum(tag == "img" for tag, _ in page.elements) == 21
    assert len(page.tables[0]) == 121
    links = {a["href"] for tag, a in page.elements if tag == "a"}
    assert links == {f"#{a['id']}" for tag, a in page.elements if "id" in a}


@pytest.mark.parametrize("name", ["report", "report.nii.gz", "report.html.gz", ".html"])
def test_a_name_that_is_no_page_is_refused(result, drawn_once, tmp_path, name):
    with pytest.raises(InputError, match=r"does not end in \.html; name the report so"):
        save_report(result, tmp_path / name)
    assert not list(tmp_path.iterdir())


def test_a_folder_or_a_place_below_a_file_is_refused(result, drawn_once, tmp_path):
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(InputError, match="is a folder; name a file for the report"):
        save_report(result, tmp_path / "folder.html")
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        save_report(result, tmp_path / "file" / "report.html")
    with pytest.raises(InputError, match="cannot be written"):
        save_report(result, tmp_path / "a\x00b.html")


def test_a_failed_write_keeps_the_earlier_report(result, drawn_once, tmp_path, monkeypatch):
    path = tmp_path / "report.html"
    path.write_text("earlier")

    def fail(source, target):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(report_html.os, "replace", fail)
    with pytest.raises(InputError, match="No space left on device"):
        save_report(result, path)
    assert [p.name for p in tmp_path.iterdir()] == ["report.html"]
    assert path.read_text() == "earlier"


def test_a_report_replaces_an_earlier_one_and_can_be_read_by_others(result, drawn_once, tmp_path):
    path = tmp_path / "report.HTM"
    path.write_text("earlier")
    (tmp_path / "other").write_text("")
    assert save_report(result, path) == path
    assert path.read_text("utf-8").startswith("<!DOCTYPE html>")
    assert path.stat().st_mode & 0o777 == (tmp_path / "other").stat().st_mode & 0o777


def test_numbers_and_places_are_worded_for_people():
    assert number(60507.0, 0) == "60\N{NARROW NO-BREAK SPACE}507"
    assert number(-0.00004, 3) == "−4.0e−05"
    assert number(0.0, 3) == "0.000"
    assert number(float("nan"), 3) == number(None, 3) == "–"
    assert number(-np.inf, 1) == "−∞"
    assert fixed(-0.0001, 2) == "0.00"
    assert [rounded(v) for v in (351.0, 3.0199, 0.01234, 12345.6, -2)] == [
        "351",
        "3.02",
        "0.01234",
        "12\u202f346",
        "−2",
    ]
    assert [percent(v) for v in (0.1724, 0.0, 1e-5, 1.0, np.nan)] == ["17.2 %", "0.0 %", "< 0.1 %", "100.0 %", "–"]
    assert place((39.0, -22.004, 55.55)) == "(39, −22, 55.55)"
    assert shortened("a\n b\x00" + "c" * 100, 20) == "a bccccccc…ccccccccc"
    assert text('<&">') == "&lt;&amp;&quot;&gt;"


def test_a_stack_with_several_atlases_has_one_part_per_run_and_says_what_is_left_out(image, small_atlas, drawn_once):
    other = replace(small_atlas, name=f"other {ATTACK}")
    stack = [replace(image, name=f"map {n}") for n in range(6)]
    result = assign(stack, [small_atlas, other], threshold=1)
    page = Page(report_page(result))
    ids = [a["id"] for _, a in page.elements if "id" in a]
    assert len(ids) == len(set(ids))
    assert [i for i in ids if i.startswith("run-") and i.count("-") == 1] == [f"run-{n}" for n in range(1, 11)]
    links = {a["href"] for tag, a in page.elements if tag == "a"}
    assert links == {f"#{i}" for i in ids}
    assert len(page.tables[0]) == 13
    words = " ".join(page.text)
    assert "This page shows the first 10 of 12 runs" in words
    assert "12 modes in 12 runs" in words
    assert [tag for tag, _ in page.elements].count("script") == 1


def test_of_many_runs_each_shows_its_largest_modes(small_atlas, drawn_once):
    data = np.zeros(small_atlas.grid.shape, np.float32)
    data[::2, ::2, ::2] = 1
    image = Image(data, small_atlas.grid)
    page = Page(report_page(assign([image] * 12, small_atlas)))
    assert sum(tag == "img" for tag, _ in page.elements) == 10 * (1 + 3)
    assert "Figures show the 3 largest of 120 modes" in " ".join(page.text)


def test_points_have_their_tables_and_every_column_is_told(small_atlas):
    points = PointSet.from_array([[-5, 0, 0], [50, 0, 0]], [0, 4], [ATTACK, "b"], name=ATTACK)
    result = assign(points, small_atlas)
    page = Page(report_page(result))
    for columns, n_rows in ((LISTED_POINTS, 2), (POINTS, 2), (POINT_ASSIGNMENTS, len(result.assignments))):
        table = table_of(page, columns)
        assert len(table) == n_rows + 1
        assert [cell[1]["title"] for cell in table[0]] == [column.explanation for column in columns.values()]
    assert [tag for tag, _ in page.elements].count("script") == 1
    assert "2 points, compared with the regions of the atlas small atlas." in " ".join(page.text)


def test_regions_of_interest_have_no_peak_and_no_scale(small_atlas):
    data = np.zeros(small_atlas.grid.shape, np.int16)
    data[1:4, 5:8, 3:6], data[7, 3, 2] = 7, 1201
    result = assign(Image(data, small_atlas.grid, "labels"), small_atlas, rois=True)
    page = report_page(result)
    assert "Mode 1201" in page
    assert "peak 1 at" not in page
    names = dict(draw_figures(result, AS_FILE))
    assert list(names) == ["overview", "mode_07", "mode_1201"]


def test_a_long_record_is_shown_in_part(image, small_atlas, drawn_once):
    words = " ".join(Page(report_page(assign([image] * 30, small_atlas, threshold=1))).text)
    assert "and 10 more, which stand in provenance.json" in words


def test_a_long_table_is_cut_with_a_word_on_what_was_left_out(result, monkeypatch):
    monkeypatch.setattr("napari_atlas_assign.report.html.MAX_ROWS", 1)
    page = report_page(result)
    left = len(result.assignments) - 1
    assert f"{left:,} more rows are left out here; the tables beside this page hold all." in page
