"""`mpm share` on real data equals a dense maximum probability map, looked up without the package."""

import nibabel as nib
import numpy as np
import pytest
from scipy import ndimage

from napari_atlas_assign import assign
from napari_atlas_assign.atlas.atlas import Atlas
from napari_atlas_assign.atlas.maximum_probability import maximum_probability_map, with_minimum

REGION = "GM_Premotor_cortex_BA6_R"


def mpm_values(atlas: Atlas, minimum: float) -> np.ndarray:
    """(X, Y, Z) region with the largest value, the first of equals; -1 where none reaches the minimum."""
    largest, owner = np.zeros(atlas.grid.shape, np.float32), np.full(atlas.grid.shape, -1)
    for region in range(atlas.n_regions):
        values = atlas.map_of(region)
        better = (values > largest) & (values >= np.float32(minimum))
        owner[better], largest = region, np.maximum(largest, values)
    return owner


def part_in(owner: np.ndarray, affine: np.ndarray, xyz: np.ndarray, region: int) -> float:
    ijk = np.floor(nib.affines.apply_affine(np.linalg.inv(affine), xyz) + 0.5).astype(int)
    return float((owner[tuple(ijk.T)] == region).mean())


@pytest.mark.parametrize("minimum", [0.0, 0.25])
def test_the_share_of_a_region_is_its_part_of_the_first_cluster(juelich, zmap_path, minimum):
    result = assign(zmap_path, juelich, threshold=3, connectivity=6, minimum_probability=minimum)
    rows = result.assignments.set_index(["input structure", "region"])
    img = nib.load(zmap_path)
    labels, _ = ndimage.label(img.get_fdata() > 3)
    voxels = np.argwhere(labels == np.bincount(labels[labels > 0]).argmax())
    step = (np.arange(6) + 0.5) / 6 - 0.5  # voxels of 3 mm cut where voxels of 1 mm may end
    points = voxels[:, None] + np.stack(np.meshgrid(step, step, step, indexing="ij"), axis=-1).reshape(-1, 3)
    owner, region = mpm_values(juelich, minimum), juelich.regions["name"].tolist().index(REGION)
    expected = part_in(owner, juelich.grid.affine, nib.affines.apply_affine(img.affine, points.reshape(-1, 3)), region)
    assert rows.loc[(1, REGION), "mpm share"] == pytest.approx(expected, abs=1e-9)
    if not minimum:  # what AtlasReader prints, which looks up the centres of voxels
        centres = nib.affines.apply_affine(img.affine, voxels)
        assert part_in(owner, juelich.grid.affine, centres, region) == pytest.approx(0.2812, abs=5e-5)
        assert expected == pytest.approx(0.2786, abs=5e-5)


def test_the_cerebellar_mode_is_not_called_visual_cortex(juelich, zmap_path):
    mode = assign(zmap_path, juelich, threshold=3).modes.iloc[1]
    assert mode["peak"] == (-18.0, -52.0, -23.0)
    assert mode[["best region by correlation", "best region by share"]].isna().all()
    assert mode["outside share"] == pytest.approx(0.9987, abs=1e-4)
    assert mode["nearest region"] == "GM_Visual_cortex_V4_L"
    assert mode["distance mm"] == pytest.approx(10.5, abs=0.05)


def test_a_map_is_made_once_and_a_labelled_atlas_is_its_own(small_atlas):
    assert maximum_probability_map(small_atlas) is maximum_probability_map(small_atlas)
    assert maximum_probability_map(small_atlas, 0.3) is maximum_probability_map(small_atlas, 0.3)
    labelled = maximum_probability_map(small_atlas)
    assert labelled.is_labelled
    assert with_minimum(labelled, 0.7) == [labelled]
    assert with_minimum(small_atlas) == [small_atlas]
    assert with_minimum(small_atlas, 0.3) == [small_atlas, maximum_probability_map(small_atlas, 0.3)]
    assert np.array_equal(labelled.map_of(1), mpm_values(small_atlas, 0) == 1)
