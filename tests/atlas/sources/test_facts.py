"""What the catalogue says of an atlas."""

from __future__ import annotations

from dataclasses import asdict
from importlib.metadata import version

from napari_atlas_assign.atlas.sources.facts import Facts, named

FACTS = Facts("Title", "Colin27", "labelled", 3, "CC0", "Someone 2020")


def test_an_entry_says_all_facts_and_has_a_name_that_no_other_source_has():
    entry = FACTS.entry("abc", "nilearn", local=False)
    assert asdict(FACTS).items() <= asdict(entry).items()
    assert entry.full_name == "nilearn:abc"


def test_an_atlas_of_the_catalogue_knows_its_terms_and_the_package_that_delivered_it(small_atlas):
    atlas = named(small_atlas, FACTS.entry("abc", "nilearn", local=False), "numpy")
    assert (atlas.name, atlas.space) == ("abc", "Colin27")
    assert atlas.source | {"numpy": version("numpy"), "licence": "CC0", "catalogue": "nilearn:abc"} == atlas.source
