"""Brain and cells are drawn where BrainGlobe has them, whichever way an atlas's array lies."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile
from napari.layers import Labels, Points

from napari_atlas_assign import assign
from napari_atlas_assign.assignment.places.placing import place_on_atlas
from napari_atlas_assign.atlas.load import load_atlas
from napari_atlas_assign.modes.point_files import read_points
from napari_atlas_assign.plugin.layers.frame import Frame
from napari_atlas_assign.plugin.layers.point_layers import assigned_points_layer, cells_to_layer
from napari_atlas_assign.plugin.layers.reader import read_atlas_folder
from tests.brainglobe import EDGES, NAMES, ORIENTATIONS, LookUps, world_of_cells
from tests.mouse import random_cells, write_mouse

SHAPE = (5, 7, 9)
LONE = (1, 5, 2)
"""The one voxel of the callosum, and no mirror image of another place."""


def lopsided_annotation():
    """Labels without any symmetry."""
    labels = np.random.default_rng(3).choice(np.array([0, 997, 11, 12], np.uint32), SHAPE)
    labels[LONE] = 13
    return labels


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_brain_and_cells_are_drawn_where_brainglobe_has_them(tmp_path, orientation):
    resolution = [EDGES[letter] for letter in orientation]
    folder = write_mouse(
        tmp_path / "atlas", orientation=orientation, resolution=resolution, shape=list(SHAPE), symmetric=False
    )
    tifffile.imwrite(folder / "annotation.tiff", lopsided_annotation(), photometric="minisblack")
    cells = np.vstack([np.add(LONE, 0.5), np.random.default_rng(4).uniform(0, SHAPE, (20, 3))])
    np.save(tmp_path / "points.npy", cells * resolution)

    atlas = load_atlas(folder)  # held, so that it is read once
    (data, options, _) = read_atlas_folder(folder)[0]
    brain = Labels(data, **options | {"colormap": None})  # that of so many numbers takes napari most of the time
    read = read_points(tmp_path / "points.npy", coordinates="micrometres")
    (data, options, _) = cells_to_layer(place_on_atlas(read, [atlas]))
    drawn = Points(data, **options)

    places = np.array([drawn.data_to_world(point) for point in drawn.data])
    ((*lone,),) = np.argwhere(brain.data == 13)
    expected = world_of_cells(cells, orientation, SHAPE, resolution)[:, ::-1]
    np.testing.assert_allclose(places, expected, atol=1e-6)
    np.testing.assert_allclose(brain.data_to_world(lone), expected[0], atol=1e-6)
    assert (brain.units, brain.axis_labels) == (drawn.units, drawn.axis_labels)

    theirs = LookUps(lopsided_annotation(), resolution)
    labels = [int(theirs.structure_from_coords(cell, microns=True)) for cell in cells * resolution]
    under = np.rint([brain.world_to_data(place) for place in places]).astype(int)
    assert (under >= 0).all()
    assert brain.data[tuple(under.T)].tolist() == labels
    assert [brain.features["region"][label] for label in labels] == [NAMES.get(label) for label in labels]


def test_assigned_cells_are_small_in_a_small_brain(tmp_path):
    atlas = load_atlas(write_mouse(tmp_path / "atlas"))
    result = assign(random_cells(5), atlas, coordinates="voxels")
    (_, options, _) = assigned_points_layer(result, Frame())
    assert options["size"] == pytest.approx(3.0 / 40)  # of 30 voxels of 0.1 mm
