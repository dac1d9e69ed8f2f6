"""The background of figures."""

from __future__ import annotations

import numpy as np

from napari_atlas_assign import Image, assign
from napari_atlas_assign.report.background import background_of, extent_of


def test_the_extent_of_an_atlas_is_where_it_has_any_region(small_atlas):
    expected = np.any([small_atlas.map_of(r) > 0 for r in range(small_atlas.n_regions)], axis=0)
    np.testing.assert_array_equal(extent_of(small_atlas).data, expected)


def test_without_a_template_the_atlas_s_extent_lies_behind(small_atlas):
    image = Image(small_atlas.map_of(0), small_atlas.grid)
    assert background_of(assign(image, small_atlas, threshold=0.5)).name == "extent of small atlas"
    placed = assign(image, small_atlas.described(space="MNI152NLin6Asym"), threshold=0.5)
    assert background_of(placed).space == "MNI152NLin6Asym"
