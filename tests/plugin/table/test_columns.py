"""Columns are chosen, ordered and pinned, and the choice is kept."""

from types import SimpleNamespace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from napari_atlas_assign.plugin.table import columns as table_columns
from napari_atlas_assign.plugin.table.columns import ColumnLayout, load_layout, squeezed, store_layout

NAMES = ["a", "b", "c", "d"]


@pytest.fixture
def settings(monkeypatch):
    kept = SimpleNamespace(columns="")
    monkeypatch.setattr(table_columns, "_settings", lambda: kept)
    return kept


def test_nothing_chosen_is_the_usual_order():
    assert ColumnLayout().arranged(NAMES) == NAMES


def test_pinned_columns_come_first_in_the_order_of_pinning():
    layout = ColumnLayout().with_pinned("c").with_pinned("b")
    assert layout.arranged(NAMES) == ["c", "b", "a", "d"]
    assert layout.with_pinned("c", False).arranged(NAMES) == ["b", "a", "c", "d"]


def test_new_columns_stay_behind_those_that_they_follow():
    layout = ColumnLayout(order=("d", "a"))
    assert layout.arranged(NAMES) == ["d", "a", "b", "c"]
    assert layout.arranged(["new", "a", "d"]) == ["new", "d", "a"]
    assert ColumnLayout(order=("gone", "b"), pinned=("gone",)).arranged(NAMES) == ["a", "b", "c", "d"]


def test_moving_passes_visible_columns_only():
    layout = ColumnLayout(hidden=("b",))
    assert layout.moved(NAMES, "a", 1).arranged(NAMES) == ["b", "c", "a", "d"]
    assert layout.moved(NAMES, "c", -1).arranged(NAMES) == ["c", "a", "b", "d"]
    assert layout.moved(NAMES, "d", 1).arranged(NAMES) == NAMES


def test_hiding_and_showing():
    layout = ColumnLayout().with_hidden("b").with_hidden("b")
    assert layout.hidden == ("b",)
    assert layout.with_hidden("b", False).hidden == ()


def test_a_choice_is_kept_for_each_table(settings):
    chosen = ColumnLayout(("b", "a"), ("c",), ("b",))
    store_layout("assignments", chosen)
    store_layout("modes", ColumnLayout(hidden=("ä",)))
    assert load_layout("assignments") == chosen
    assert load_layout("modes").hidden == ("ä",)
    assert load_layout("peaks") is None


@pytest.mark.parametrize("text", ["{", "[]", "3", '{"assignments": 3}', "[" * 9999])
def test_what_cannot_be_read_is_nothing_chosen(settings, text):
    settings.columns = text
    assert load_layout("assignments") is None
    store_layout("assignments", ColumnLayout(hidden=("a",)))
    assert load_layout("assignments").hidden == ("a",)


def test_without_settings_the_choice_is_not_kept_and_nothing_fails(monkeypatch):
    monkeypatch.setattr(table_columns, "_settings", lambda: None)
    store_layout("assignments", ColumnLayout(hidden=("a",)))
    assert load_layout("assignments") is None


def test_a_table_shows_what_is_looked_for_first_until_columns_are_chosen():
    names = ["input structure", "centroid", "volume", "region", "correlation", "share", "mpm share", "atlas"]
    usual = ColumnLayout.usual("assignments", names)
    shown = [name for name in usual.arranged(names) if name not in usual.hidden]
    assert shown == ["atlas", "input structure", "region", "share", "mpm share", "correlation"]
    assert ColumnLayout.usual("peaks", names) == ColumnLayout()


def test_of_several_atlases_the_columns_of_each_are_shown():
    names = ["input structure", "volume mm3", "voxels", "best region by share: a", "best region by share: b"]
    usual = ColumnLayout.usual("modes", names)
    assert usual.hidden == ("voxels",)


def test_tables_of_points_show_all_their_columns():
    names = ["input structure", "name", "position", "region", "map value"]
    assert ColumnLayout.usual("assignments", names) == ColumnLayout()


@given(st.lists(st.tuples(st.integers(1, 400), st.integers(1, 120)), max_size=12), st.integers(0, 3000))
def test_columns_give_way_from_the_widest_on_and_fit_where_they_can(pairs, room):
    widths, least = [w for w, _ in pairs], [n for _, n in pairs]
    given_widths = squeezed(widths, least, room)
    narrowest = list(map(min, widths, least))
    if sum(narrowest) > room:
        assert given_widths == widths
        return
    assert sum(given_widths) <= room
    assert all(n <= g <= w for n, g, w in zip(narrowest, given_widths, widths, strict=True))
    if sum(widths) <= room:
        assert given_widths == widths
    cut = [g for g, w, n in zip(given_widths, widths, narrowest, strict=True) if n < g < w]
    assert len(set(cut)) <= 1  # those that give way are equally wide
