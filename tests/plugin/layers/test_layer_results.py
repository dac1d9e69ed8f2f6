"""Which result the layers of a viewer came from."""

from __future__ import annotations

import gc
import weakref
from types import SimpleNamespace

import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image as ImageLayer

from napari_atlas_assign import Image, assign
from napari_atlas_assign.plugin.layers.layer_results import itself, remember, result_of, results_in, run_shown
from napari_atlas_assign.plugin.show import show


@pytest.fixture
def result(small_atlas):
    return assign(Image(small_atlas.map_of(0), small_atlas.grid, "map"), small_atlas, threshold=0.5)


def test_a_layer_is_known_through_the_proxy_that_plugins_are_handed(result):
    layer = ImageLayer(np.zeros((2, 2, 2)))
    proxy = SimpleNamespace(__wrapped__=layer)
    remember(proxy, result)
    assert itself(proxy) is layer
    assert result_of(layer) is result
    assert result_of(ImageLayer(np.zeros((2, 2, 2)))) is None


def test_a_layer_that_is_gone_holds_no_result(result):
    layer, forgotten = ImageLayer(np.zeros((2, 2, 2))), SimpleNamespace()
    remember(layer, forgotten)
    gone = weakref.ref(layer)
    del layer
    gc.collect()
    assert gone() is None


def test_the_results_of_a_viewer_are_those_that_it_shows(result):
    viewer = ViewerModel()
    assert results_in(viewer) == []
    assert run_shown(viewer) is None
    show(result, viewer)
    assert results_in(viewer) == [result]
    assert run_shown(viewer).atlas is result.atlas
