"""Each mode's best region as a layer."""

from __future__ import annotations

import numpy as np
import pytest

from napari_atlas_assign import assign
from napari_atlas_assign.plugin.layers.frame import frame_of
from napari_atlas_assign.plugin.layers.reader import read
from napari_atlas_assign.plugin.layers.region_layers import label_type, regions_layer, regions_layers
from tests.plugin.helpers import as_layer


@pytest.fixture
def opened(write, blob_map):
    return as_layer(read(write(blob_map))[0])


def test_a_label_is_the_row_of_the_mode_s_best_region(opened, label_atlas):
    result = assign(opened, label_atlas, threshold=3)
    data, fields, kind = regions_layer(result, frame_of(result.image, [opened]))
    assert kind == "labels"
    names = label_atlas.regions["name"].tolist()
    shown = set(np.unique(data)) - {0}
    best = result.modes[["best region by correlation", "best region by share"]].stack().dropna()
    assert shown
    assert shown <= {names.index(name) + 1 for name in best}
    assert data.shape == opened.data.shape
    assert fields["features"].loc[min(shown), "region"] == names[min(shown) - 1]


def test_several_atlases_have_a_layer_each_with_their_names(opened, label_atlas):
    other = label_atlas.described(name="other")
    result = assign(opened, [label_atlas, other], threshold=3)
    names = [fields["name"] for _, fields, _ in regions_layers(result, frame_of(result.image, [opened]))]
    assert [name.rsplit(" ", 1)[1] for name in names] == [f"({label_atlas.name})", "(other)"]


@pytest.mark.parametrize(("highest", "kind"), [(1, np.uint8), (255, np.uint8), (256, np.int32)])
def test_the_type_holds_the_highest_label(highest, kind):
    assert label_type(highest) is kind
