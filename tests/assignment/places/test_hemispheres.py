"""Left and right are what an atlas's own image of the hemispheres says, voxel by voxel, where no plane parts them."""

from __future__ import annotations

import numpy as np
import pytest
import tifffile

from napari_atlas_assign import PointSet, assign, load_atlas
from napari_atlas_assign.assignment.places.midplane import midplane_for
from napari_atlas_assign.modes.hemispheres import Hemispheres
from tests.mouse import SHAPE, annotation, write_mouse


def bent() -> np.ndarray:
    """1 left, 2 right; the border wanders from voxel 8 to voxel 15 on the way to the back."""
    border = np.linspace(8, 15, SHAPE[0]).round().astype(int)
    right = np.arange(SHAPE[2]) < border[:, None]
    return np.broadcast_to(np.where(right, 2, 1)[:, None, :], SHAPE).astype(np.uint8)


@pytest.fixture
def mouse(tmp_path):
    folder = write_mouse(tmp_path / "bent_mouse_100um_v1.0", symmetric=False)
    tifffile.imwrite(folder / "hemispheres.tiff", bent(), photometric="minisblack")
    return load_atlas(folder)


def test_shares_of_modes_and_regions_are_counts_of_voxels(mouse):
    rng = np.random.default_rng(0)
    blob = np.zeros(SHAPE, np.float32)
    blob[3:27, 4:9, 6:17] = rng.uniform(1, 2, (24, 5, 11))
    result = assign((blob, mouse.grid.affine), mouse, threshold=0.5)
    expected = (bent()[blob > 0] == 1).mean()
    assert 0.2 < expected < 0.8
    assert result.modes["left share"][0] == pytest.approx(expected)
    assert result.modes["right share"][0] == pytest.approx(1 - expected)
    regions = result.regions.set_index("region")
    for name, label in (("Visual areas", 11), ("Thalamus", 12)):
        inside, voxel = annotation() == label, mouse.grid.voxel_volume
        assert regions["left volume mm3"][name] == pytest.approx((inside & (bent() == 1)).sum() * voxel)
        active = inside & (bent() == 2) & (blob > 0)
        assert regions["right active mm3"][name] == pytest.approx(active.sum() * voxel)


def test_voxels_of_another_grid_count_by_their_parts(mouse):
    """Each voxel of the map is 2 x 2 x 2 of the atlas, so that its parts are exact."""
    coarse = mouse.grid.affine @ np.diag([2.0, 2, 2, 1])
    coarse[:3, 3] = mouse.grid.to_world(np.array([0.5, 0.5, 0.5]))
    blob = np.zeros(tuple(n // 2 for n in SHAPE), np.float32)
    blob[2:13, 2:4, 3:8] = 1
    fine = blob.repeat(2, 0).repeat(2, 1).repeat(2, 2) > 0
    result = assign((blob, coarse), mouse, threshold=0.5)
    assert result.modes["left share"][0] == pytest.approx((bent()[fine] == 1).mean())


def test_points_are_counted_on_the_side_of_their_voxel(mouse):
    at = np.random.default_rng(1).uniform(2, 17, (200, 3))
    points = PointSet.from_array(mouse.grid.to_world(at))
    regions = assign(points, mouse).regions.set_index("region")
    voxel = tuple(np.rint(at).astype(int).T)
    thalamus = annotation()[voxel] == 12
    assert regions["left count"]["Thalamus"] == (thalamus & (bent()[voxel] == 1)).sum()


def test_a_straight_image_is_a_plane_and_places_outside_are_told_by_the_best_plane(mouse, tmp_path):
    assert isinstance(midplane_for([mouse], None), Hemispheres)
    folder = write_mouse(tmp_path / "straight_mouse_100um_v1.0", symmetric=False)
    straight = np.where(np.arange(SHAPE[2]) < 10, 2, 1) * np.ones(SHAPE, np.uint8)
    tifffile.imwrite(folder / "hemispheres.tiff", straight.astype(np.uint8), photometric="minisblack")
    atlas = load_atlas(folder)
    assert midplane_for([atlas], None) == pytest.approx(atlas.grid.to_world([0, 0, 9.5])[0])
    hemispheres = midplane_for([mouse], None)
    assert isinstance(hemispheres, Hemispheres)
    far = np.array([[hemispheres.plane - 9, 50, 50], [hemispheres.plane + 9, 50, 50], [hemispheres.plane, 50, 50]])
    assert hemispheres.left(far).tolist() == [1, 0, 0.5]


def test_after_the_image_has_gone_the_plane_that_parts_best_is_used(mouse, tmp_path):
    (tmp_path / "bent_mouse_100um_v1.0" / "hemispheres.tiff").unlink()
    assert midplane_for([mouse.described(name="again")], None) == pytest.approx(mouse.source["midplane_mm"])
