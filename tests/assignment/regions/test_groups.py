"""The region tables of many subjects, by group."""

from __future__ import annotations

import statistics

import pytest

from napari_atlas_assign import Image, InputError, assign
from napari_atlas_assign.assignment.regions.groups import regions_by_group

DESIGN = {"m1": "sham", "m2": "drug", "m3": "sham", "m4": "sham"}


@pytest.fixture
def tables(small_atlas, rng):
    return {
        name: assign(Image(rng.random(small_atlas.grid.shape), small_atlas.grid), small_atlas, threshold=0.5).regions
        for name in DESIGN
    }


def test_every_region_and_group_has_the_mean_and_deviation_of_its_subjects(tables):
    table = regions_by_group(tables, DESIGN, "mean").set_index(["region", "group"])
    for region in tables["m1"]["region"]:
        if region == "(none)":
            continue
        values = [tables[name].set_index("region").loc[region, "mean"] for name in ("m1", "m3", "m4")]
        row = table.loc[(region, "sham")]
        assert row["n"] == 3
        assert row["mean"] == pytest.approx(statistics.mean(values))
        assert row["sd"] == pytest.approx(statistics.stdev(values))
        assert table.loc[(region, "drug"), "n"] == 1


def test_what_does_not_go_together_is_named(tables):
    with pytest.raises(InputError, match="no group of 'm4'"):
        regions_by_group(tables, {name: group for name, group in DESIGN.items() if name != "m4"}, "mean")
    with pytest.raises(InputError, match="names 'm5'"):
        regions_by_group(tables, {**DESIGN, "m5": "drug"}, "mean")
    with pytest.raises(InputError, match="no numbers 'colour'"):
        regions_by_group(tables, DESIGN, "colour")
    with pytest.raises(InputError, match="m2 has other regions than m1"):
        regions_by_group({**tables, "m2": tables["m2"].iloc[1:]}, DESIGN, "mean")
