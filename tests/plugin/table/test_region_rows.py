"""What a row of the region table is about."""

from __future__ import annotations

from napari_atlas_assign import Image, assign
from napari_atlas_assign.plugin.table.region_rows import RegionReader, RegionTestReader
from napari_atlas_assign.plugin.table.values import TableValues


def test_every_row_but_the_last_is_a_region_with_a_place_inside_it(small_atlas):
    result = assign(Image(small_atlas.map_of(0), small_atlas.grid), small_atlas, threshold=0.5)
    reader = RegionReader(result, TableValues(result.regions))
    names = small_atlas.regions["name"].tolist()
    for row, name in enumerate(result.regions["region"][:-1]):
        region = names.index(name)
        assert reader.subject(row).region == region
        ijk = small_atlas.grid.containing(reader.place(row, "region"))
        assert small_atlas.map_of(region)[tuple(ijk)] > 0
    last = len(result.regions) - 1
    assert reader.subject(last).region is None
    assert reader.place(last, "region") is None
    assert len(set(reader.keys())) == len(result.regions)


def test_rows_of_the_test_of_the_whole_map_are_the_regions_of_each_atlas(small_atlas):
    result = assign(Image(small_atlas.map_of(0) + 0.1, small_atlas.grid), small_atlas, threshold=0.5, surrogates=99)
    reader = RegionTestReader(result)
    rows = range(len(result.region_test))
    names = small_atlas.regions["name"].tolist()
    assert [names[reader.subject(row).region] for row in rows] == result.region_test["region"].tolist()
    assert all(small_atlas.map_of(row)[tuple(small_atlas.grid.containing(reader.place(row, "z")))] > 0 for row in rows)
    assert len(set(reader.keys())) == len(rows)
