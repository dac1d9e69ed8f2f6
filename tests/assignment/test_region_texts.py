"""Names of regions are found by row, and none for no region."""

from __future__ import annotations

import numpy as np

from napari_atlas_assign.assignment.region_texts import texts_of_regions


def test_names_are_found_by_row_and_none_for_no_region(small_atlas):
    texts = texts_of_regions(small_atlas)
    assert list(texts.array[:-1]) == small_atlas.regions["name"].tolist()
    np.testing.assert_array_equal(np.flatnonzero(texts.is_missing), [small_atlas.n_regions])
    assert texts_of_regions(small_atlas) is texts


def test_of_a_column_that_is_not_there_all_are_missing(small_atlas):
    assert texts_of_regions(small_atlas, "no such column").is_missing.all()
