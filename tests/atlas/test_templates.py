"""Anatomical templates that are installed."""

from __future__ import annotations

import pytest

from napari_atlas_assign.atlas import templates
from napari_atlas_assign.atlas.templates import template_for
from napari_atlas_assign.errors import InputError


@pytest.mark.parametrize(
    ("space", "shown"),
    [("MNI152NLin6Asym", "MNI152NLin6Asym"), ("Colin27", "MNI152NLin6Asym"), ("MNI152", "MNI152NLin6Asym")],
)
def test_a_space_gets_its_template_or_that_of_a_near_relative_and_it_says_whose_it_is(space, shown):
    assert template_for(space).space == shown


@pytest.mark.parametrize("space", [None, "allen_mouse", "a space of one's own"])
def test_other_spaces_get_none(space):
    assert template_for(space) is None


def test_without_the_files_there_is_none(monkeypatch):
    def missing(*_):
        raise InputError("not installed")

    monkeypatch.setattr(templates, "read_template", missing)
    assert template_for("MNI152NLin6Asym") is None
