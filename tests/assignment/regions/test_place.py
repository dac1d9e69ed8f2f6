"""The place to look at in a region lies in it, in its middle, and on one side."""

import numpy as np
import pandas as pd

from napari_atlas_assign import Atlas, Grid
from napari_atlas_assign.assignment.regions.place import place_in_region


def atlas_of(labels, names, space=None):
    grid = Grid(labels.shape, np.array([[2.0, 0, 0, -9], [0, 2, 0, 0], [0, 0, 2, 0], [0, 0, 0, 1]]))
    regions = pd.DataFrame({"id": range(1, len(names) + 1), "name": names})
    return Atlas.from_labels(labels, grid, regions, space=space)


def test_it_is_the_voxel_nearest_to_the_middle():
    labels = np.zeros((10, 7, 5), np.int64)
    labels[6:9, 1:6, 1:4] = 1
    atlas = atlas_of(labels, ["cube"])
    assert place_in_region(atlas, (0,)) == (5.0, 6.0, 4.0)


def test_a_region_on_both_sides_is_shown_on_its_left():
    labels = np.zeros((10, 7, 5), np.int64)
    labels[1:4, 3, 2] = labels[6:9, 3, 2] = 1
    atlas = atlas_of(labels, ["both"], space="MNI152NLin6Asym")
    assert place_in_region(atlas, (0,)) == (-5.0, 6.0, 4.0)


def test_it_lies_in_a_region_that_is_bent_round_its_middle():
    labels = np.zeros((10, 7, 5), np.int64)
    labels[2:7, 1:6, 2] = 1
    labels[3:6, 2:5, 2] = 0
    atlas = atlas_of(labels, ["ring"])
    voxel = atlas.grid.to_voxel(np.array(place_in_region(atlas, (0,)))).round().astype(int)
    assert labels[tuple(voxel)] == 1


def test_a_region_without_voxels_has_none():
    labels = np.ones((3, 3, 3), np.int64)
    assert place_in_region(atlas_of(labels, ["all", "nothing"]), (1,)) is None
