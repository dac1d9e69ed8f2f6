"""What a row of the table of a sweep is about."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from napari_atlas_assign import Image, assign
from napari_atlas_assign.plugin.table.sweep_rows import SweepReader
from napari_atlas_assign.plugin.table.values import TableValues


def two_blobs(grid):
    """Two cubes of 3 and 5 in a plane of 2, which joins them."""
    data = np.zeros(grid.shape, np.float32)
    data[:, :, 1] = 2
    data[1, 1, 1], data[-2, -2, 1] = 3, 5
    return Image(data, grid, "blobs")


def test_rows_are_about_the_modes_with_their_peaks_and_others_about_none(small_atlas):
    result = assign(two_blobs(small_atlas.grid), small_atlas, threshold=2.5, sweep=[1, 2.5, 4])
    reader = SweepReader(result, TableValues(result.sweep))
    number = dict(zip(result.modes["peak"], result.modes["input structure"], strict=True))
    assert reader.modes() == [number[peak] for peak in result.sweep["peak"]]
    assert [reader.subject(row).mode for row in range(len(result.sweep))] == reader.modes()
    assert [reader.place(row, "threshold") for row in range(len(result.sweep))] == result.sweep["peak"].tolist()
    assert len(set(reader.keys())) == len(result.sweep)
    joined = assign(two_blobs(small_atlas.grid), small_atlas, threshold=1, sweep=[1, 2.5, 4])
    assert sorted(SweepReader(joined, TableValues(joined.sweep)).modes()) == [0, 1, 1, 1]


def test_of_several_atlases_each_row_knows_its_own(small_atlas):
    result = assign(
        two_blobs(small_atlas.grid), [small_atlas, replace(small_atlas, name="other")], threshold=2.5, sweep=[2.5, 4]
    )
    reader = SweepReader(result, TableValues(result.sweep))
    runs = [reader.mode(row)[0] for row in range(len(result.sweep))]
    assert runs == sorted(runs)
    assert set(runs) == {0, 1}
