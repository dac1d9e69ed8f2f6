"""An undecided mode says so where its best region stands."""

from __future__ import annotations

import numpy as np
import pandas as pd

from napari_atlas_assign import Atlas, Grid, Image, assign
from napari_atlas_assign.plugin.layers.mode_layers import mode_features

GRID = Grid((16, 16, 16), np.array([[3.0, 0, 0, -24], [0, 3, 0, -24], [0, 0, 3, -24], [0, 0, 0, 1]]))


def halves(name):
    labels = np.ones(GRID.shape, np.uint8)
    labels[8:] = 2
    return Atlas.from_labels(labels, GRID, pd.DataFrame({"id": [1, 2], "name": ["A", "B"]}), name=name)


def test_hovering_over_a_mode_between_two_regions_names_both():
    data = np.zeros(GRID.shape)
    data[5:10, 8:10, 8:10] = 5
    data[1:3, 2:4, 2:4] = 4
    image = Image.from_array(data, GRID.affine)
    result = assign(image, halves("one"), threshold=3, registration_sd_mm=3)
    assert mode_features(result, result.comparisons[0])["region"].tolist()[-2:] == ["undecided: A or B", "A"]
    both = assign(image, [halves("one"), halves("two")], threshold=3, registration_sd_mm=3)
    features = mode_features(both, both.comparisons[0])
    assert features["one"].tolist() == features["two"].tolist()
    assert "undecided: A or B" in features["one"].tolist()
