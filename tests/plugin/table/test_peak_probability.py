"""The value of a region's map at the mode's peak."""

from __future__ import annotations

import numpy as np
import pytest

from napari_atlas_assign import Image, assign
from napari_atlas_assign.plugin.table.peak_probability import PEAK_PROBABILITY, with_peak_probability


@pytest.mark.parametrize("n_maps", [1, 2])
def test_it_is_looked_up_at_the_peak_of_the_row_s_own_mode(small_atlas, rng, n_maps):
    images = [Image(rng.random(small_atlas.grid.shape).astype(np.float32), small_atlas.grid) for _ in range(n_maps)]
    result = assign(images[0] if n_maps == 1 else images, small_atlas, threshold=0.9)
    modes = result.modes.set_index([*(["map"] if n_maps > 1 else []), "input structure"])
    table = with_peak_probability(result)
    assert len(table) == len(result.assignments) > 0
    for _, row in table.iterrows():
        key = (row["map"], row["input structure"]) if n_maps > 1 else row["input structure"]
        at = tuple(small_atlas.grid.containing(np.array(modes.loc[key, "peak"], float)))
        assert row[PEAK_PROBABILITY.name] == pytest.approx(float(small_atlas.map_of(int(row["volume"]))[at]))
