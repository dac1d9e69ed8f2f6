"""A sentence about images that cannot lie where their header says."""

from __future__ import annotations

import numpy as np
import pytest

from napari_atlas_assign import Grid, Image
from napari_atlas_assign.assignment.places.field_of_view import field_of_view_warning


def image_on(atlas, change: np.ndarray) -> Image:
    """An image of the first region, with its grid moved or scaled in the world."""
    return Image(atlas.map_of(0), Grid(atlas.grid.shape, change @ atlas.grid.affine), "my map")


def moved(x: float, y: float = 0) -> np.ndarray:
    change = np.eye(4)
    change[:2, 3] = x, y
    return change


def test_nothing_is_said_of_an_image_that_lies_in_the_atlas(small_atlas):
    assert field_of_view_warning(image_on(small_atlas, np.eye(4)), small_atlas) is None


def test_nothing_is_said_of_an_image_without_a_signal(small_atlas):
    empty = Image(np.zeros(small_atlas.grid.shape), Grid(small_atlas.grid.shape, moved(1000)), "my map")
    assert field_of_view_warning(empty, small_atlas) is None


def test_a_map_full_of_values_is_judged_by_its_own_grid_and_atlas(small_atlas):
    full = np.ones(small_atlas.grid.shape, np.float32)
    for change in (np.eye(4), moved(1000), np.eye(4)):
        note = field_of_view_warning(Image(full, Grid(full.shape, change @ small_atlas.grid.affine), "x"), small_atlas)
        assert (note is not None) == (change[0, 3] == 1000)
        full[:2] = np.nan  # which is left out


@pytest.mark.parametrize("edge", [4, 15])
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(("outside", "is_told"), [(30, False), (70, True)])
def test_a_map_with_few_values_is_judged_by_these_however_it_is_stored(small_atlas, edge, order, outside, is_told):
    # A cube of values in a grid of 1 mm that begins where the atlas does, and is far larger.
    side = np.ceil(np.array(small_atlas.grid.shape) * small_atlas.grid.voxel_sizes).astype(int)
    data = np.zeros(tuple(side + 120), np.float32, order=order)
    first = side[0] - edge + round(edge * outside / 100)
    data[first : first + edge, :edge, :edge] = 2
    affine = np.diag([*np.sign(np.diag(small_atlas.grid.affine)[:3]), 1.0])
    affine[:3, 3] = small_atlas.grid.to_world(np.full(3, -0.5)) + affine[:3, :3].diagonal() / 2
    note = field_of_view_warning(Image(data, Grid(data.shape, affine), "x"), small_atlas)
    assert (note is not None) == is_told


@pytest.mark.parametrize(
    ("change", "hint"),
    [
        (np.diag([0.001, 0.001, 0.001, 1]), "metres instead of"),
        (np.diag([1000, 1000, 1000, 1]), "micrometres instead of"),
        (
            np.array([[1, 0, 0, 0], [0, 1, 0, 60], [0, 0, 1, 0], [0, 0, 0, 1.0]]),
            "check that both are in the same space",
        ),
    ],
)
def test_what_is_likely_wrong_is_named(small_atlas, change, hint):
    if hint.startswith("metres"):  # all that is scaled towards the origin would lie inside: set the atlas apart from it
        shifted = small_atlas.grid.affine.copy()
        shifted[:3, 3] += 100
        grid = Grid(small_atlas.grid.shape, shifted)
        small_atlas = type(small_atlas)(
            grid, small_atlas.regions, small_atlas.voxel, small_atlas.region, small_atlas.value
        )
    assert hint in field_of_view_warning(image_on(small_atlas, change), small_atlas)


def test_an_image_at_the_origin_has_no_position(small_atlas):
    affine = np.diag([9.0, 9, 9, 1])
    image = Image(np.ones((20, 20, 20)), Grid((20, 20, 20), affine), "my map")
    assert "gives no position" in field_of_view_warning(image, small_atlas)
