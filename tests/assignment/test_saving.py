"""What results of maps and of points can do alike."""

from __future__ import annotations

import pytest

from napari_atlas_assign import Image, PointSet, assign


@pytest.fixture(params=["map", "points"])
def result(request, small_atlas):
    if request.param == "points":
        return assign(PointSet.from_array([-5.0, 0, 0], name="my source"), small_atlas)
    return assign(Image(small_atlas.map_of(0), small_atlas.grid, "my source"), small_atlas, threshold=0.5)


def test_it_shows_itself_as_text_and_in_a_notebook(result):
    assert "my source" in repr(result)
    assert "my source" in result._repr_html_()


def test_it_tells_its_methods(result):
    assert "small atlas" in result.methods()


def test_it_saves_its_tables_and_its_page(result, tmp_path):
    folder = result.save(tmp_path / "out")
    assert {"assignments.tsv", "regions.tsv", "provenance.json"} <= {path.name for path in folder.iterdir()}
    assert result.report(tmp_path / "page.html").read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
