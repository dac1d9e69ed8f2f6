"""Remarks on an atlas that was read all the same."""

from __future__ import annotations

import warnings

import pytest

from napari_atlas_assign import AssignmentWarning
from napari_atlas_assign.atlas.remarks import listening, remark, silently


def test_a_remark_warns_and_is_heard_once():
    with warnings.catch_warnings(record=True) as said, listening() as heard:
        warnings.simplefilter("always")
        remark("no names")
        remark("no names")
    assert heard == ["no names"]
    assert [(w.category, str(w.message)) for w in said] == [(AssignmentWarning, "no names")]


@pytest.mark.filterwarnings("ignore:.*:napari_atlas_assign.AssignmentWarning")
def test_what_is_heard_inside_is_heard_outside_too():
    with listening() as outside:
        remark("first")
        with listening() as inside:
            remark("second")
    assert inside == ["second"]
    assert outside == ["first", "second"]


def test_nothing_is_said_where_a_file_is_only_looked_at():
    with warnings.catch_warnings(), listening() as heard, silently():
        warnings.simplefilter("error")
        remark("no names")
    assert heard == []


@pytest.mark.filterwarnings("ignore:.*:napari_atlas_assign.AssignmentWarning")
def test_a_remark_is_one_line_whatever_a_file_is_called():
    with listening() as heard:
        remark("a\nb\x1b[31m: no names")
    assert heard == ["a b [31m: no names"]
