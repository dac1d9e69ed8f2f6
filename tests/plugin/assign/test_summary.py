"""What the form says in words."""

from __future__ import annotations

import numpy as np
from napari.components import ViewerModel

from napari_atlas_assign import Image, assign
from napari_atlas_assign.plugin.assign.summary import region_shown, summary_of


def test_maps_stacks_and_points_are_counted(small_atlas):
    data = np.zeros(small_atlas.grid.shape, np.float32)
    assert summary_of(assign(Image(data, small_atlas.grid), small_atlas, threshold=1)) == "0 modes, 0 assignments."
    image = Image(small_atlas.map_of(0), small_atlas.grid)
    one = assign(image, small_atlas, threshold=0.5)
    n = int(one.assignments["region"].notna().sum())
    assert summary_of(one).startswith(f"{len(one.modes)} mode")
    assert summary_of(one).endswith(f"{n} assignment." if n == 1 else f"{n} assignments.")
    assert summary_of(assign([image, image], small_atlas, threshold=0.5)).startswith("2 maps, ")
    assert summary_of(assign(np.zeros((1, 3)), small_atlas)).startswith("1 point, ")


def test_without_a_stack_of_regions_none_is_shown(qtbot):
    assert region_shown(ViewerModel()) is None
