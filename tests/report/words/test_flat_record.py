"""A record as one line for each of its facts."""

from __future__ import annotations

from napari_atlas_assign.report.words.flat_record import MAX_ENTRIES, flat


def test_every_fact_is_a_line_with_the_way_to_it():
    record = {"a": {"b_c": 1.23456789, "none": None, "empty": []}, "d": [1, "two"], "e": [{"f": 1}, {"f": 2}]}
    assert list(flat(record)) == [("a · b c", "1.23457"), ("d", "1, two"), ("e · 1 · f", "1"), ("e · 2 · f", "2")]


def test_folders_are_left_out():
    assert dict(flat({"a": "/home/someone/map.nii", "b": ["C:\\Users\\someone\\map.nii", "rel/map.nii"]})) == {
        "a": "map.nii",
        "b": "map.nii, rel/map.nii",
    }


def test_a_long_list_is_cut_and_says_so():
    lines = list(flat({"maps": [{"n": n} for n in range(MAX_ENTRIES + 5)]}))
    assert len(lines) == MAX_ENTRIES + 1
    assert lines[-1] == ("maps", "and 5 more, which stand in provenance.json")
