"""The maps of siibra that the catalogue lists."""

from __future__ import annotations

from napari_atlas_assign.atlas.sources.siibra_atlases import ATLASES, SPACES


def test_no_two_entries_stand_for_the_same_map():
    asked = [(facts.parcellation, facts.space, facts.kind, facts.which) for facts in ATLASES.values()]
    assert len(set(asked)) == len(asked)


def test_every_entry_has_a_space_that_siibra_is_asked_for():
    assert {facts.space for facts in ATLASES.values()} <= set(SPACES)
