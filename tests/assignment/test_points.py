"""Points against atlases."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import ndimage

from napari_atlas_assign import Atlas, Grid, InputError
from napari_atlas_assign.assignment.columns import POINT_ASSIGNMENTS, POINTS, SCORES
from napari_atlas_assign.assignment.points import assign_points
from napari_atlas_assign.atlas.lookup import nearest_regions, values_at
from napari_atlas_assign.modes.point_set import PointSet
from tests.assignment.helpers import cases
from tests.cases import atlas_of, random_maps

REFERENCE = Path(__file__).parents[1] / "reference"


def voxel_of(atlas, xyz):
    return tuple(np.floor(np.linalg.solve(atlas.grid.affine, [*xyz, 1])[:3] + 0.5).astype(int).tolist())


def inside(voxel, shape):
    return all(0 <= i < n for i, n in zip(voxel, shape, strict=True))


@given(cases())
@settings(max_examples=60)
def test_exact_points_have_every_regions_value_and_nothing_else(case):
    atlas, maps, points = case
    points = PointSet.from_array(points.xyz)
    table, _ = assign_points(points, atlas)
    for p, xyz in enumerate(points.xyz):
        rows = table[table["input structure"] == p + 1]
        voxel = voxel_of(atlas, xyz)
        values = maps[(slice(None), *voxel)] if inside(voxel, maps.shape[1:]) else np.zeros(len(maps))
        if not values.any():
            assert rows["region"].isna().tolist() == [True]
            assert rows["volume"].isna().all()
            continue
        assert dict(zip(rows["volume"], rows["map value"], strict=True)) == pytest.approx(
            {r: v for r, v in enumerate(values) if v > 0}
        )
        assert (rows["map value"].diff().dropna() <= 0).all()
        assert rows[[s for s in SCORES if s != "map value"]].isna().all(axis=None)


@given(cases())
@settings(max_examples=60)
def test_the_nearest_region_is_that_of_the_nearest_voxel_box(case):
    atlas, maps, points = case
    region, distance = nearest_regions(atlas, points.xyz)
    voxels = np.argwhere(maps.any(axis=0))
    for p, xyz in enumerate(points.xyz):
        at = np.linalg.solve(atlas.grid.affine, [*xyz, 1])[:3]
        gap = np.maximum(np.abs(at - voxels) - 0.5, 0) * atlas.grid.voxel_sizes
        gaps = np.linalg.norm(gap, axis=1)
        assert distance[p] == pytest.approx(gaps.min(), abs=1e-5)
        nearest = voxels[gaps <= gaps.min() + 1e-5]
        assert region[p] in {int(maps[(slice(None), *v)].argmax()) for v in nearest}


@given(cases(), st.sampled_from(["default", "siibra"]))
@settings(max_examples=60)
def test_every_point_is_in_both_tables_and_meets_only_regions_that_are_there(case, convention):
    atlas, _, points = case
    table, summary = assign_points(points, atlas, convention)
    first = 0 if convention == "siibra" else 1
    assert list(table.columns) == list(POINT_ASSIGNMENTS)
    assert list(summary.columns) == list(POINTS)
    assert summary["input structure"].tolist() == list(range(first, first + len(points)))
    assert table["input structure"].drop_duplicates().tolist() == summary["input structure"].tolist()
    for rows in (rows for _, rows in table.groupby("input structure")):
        assert rows["region"].notna().all() or len(rows) == 1
    none = table[table["region"].isna()]
    assert none["nearest region"].notna().all()
    assert (none["distance mm"] >= 0).all()
    assert none[list(SCORES)].isna().all(axis=None)
    assert table[table["region"].notna()]["nearest region"].isna().all()


def test_points_beyond_the_grid_have_an_explicit_row_without_region(small_atlas):
    xyz = [[0, 0, 0], [-500, 0, 0], [0, 0, 1e9], [-9.5, 0.0, 7.5], [1e5, -1e5, 1e5]]
    for sigma in (0.0, 2.0):
        table, summary = assign_points(PointSet.from_array(xyz, sigma), small_atlas)
        far = table[table["input structure"].isin([2, 3, 5])]
        assert far["region"].isna().all()
        assert len(far) == 3
        assert far["nearest region"].notna().all()
        assert summary["distance mm"].iloc[1] == pytest.approx(490, abs=3)
        assert summary["distance mm"].iloc[2] == pytest.approx(1e9, rel=1e-6)
        assert summary["unassigned share"].iloc[1] == 1


def test_exact_and_uncertain_points_share_one_set(small_atlas):
    mixed, _ = assign_points(PointSet.from_array([[-5, 0, 0], [-5, 0, 0], [5, 0, 0]], [0, 3, 1]), small_atlas)
    for row, sigma in ((1, 0.0), (2, 3.0), (3, 1.0)):
        xyz = [5, 0, 0] if row == 3 else [-5, 0, 0]
        alone, _ = assign_points(PointSet.from_array(xyz, sigma), small_atlas)
        expected = alone.drop(columns="input structure")
        found = mixed[mixed["input structure"] == row].drop(columns="input structure").reset_index(drop=True)
        pd.testing.assert_frame_equal(found, expected)


def test_a_blob_that_leaves_the_grid_keeps_its_whole_mass():
    grid = Grid((10, 20, 20), np.eye(4))
    atlas = Atlas.from_labels(np.ones(grid.shape, np.int32), grid, pd.DataFrame({"id": [1], "name": ["all"]}))
    table, summary = assign_points(PointSet.from_array([-0.5, 10, 10], 2.0), atlas)
    assert table["map weighted mean"].iloc[0] == pytest.approx(0.5, abs=1e-9)
    assert summary["unassigned share"].iloc[0] == pytest.approx(0.5, abs=0.01)


def test_scores_do_not_depend_on_how_the_atlas_is_stored(small_atlas):
    maps = np.stack([small_atlas.map_of(r) for r in range(3)])
    affine = small_atlas.grid.affine.copy()
    affine[:3, 3] = small_atlas.grid.to_world([9, 0, 0])
    affine[:3, 0] *= -1
    flipped = atlas_of(np.ascontiguousarray(maps[:, ::-1]), affine)
    plain = atlas_of(maps, small_atlas.grid.affine)
    points = PointSet.from_array([[-5, 0, 0], [0.5, 0, 0], [1.2, 3.3, -1.7], [4.0, 5.0, 1.0]], [0, 2, 3.1, 0])
    for one, other in zip(assign_points(points, plain), assign_points(points, flipped), strict=True):
        pd.testing.assert_frame_equal(one, other)


def test_no_points_make_empty_tables_with_all_columns(small_atlas):
    table, summary = assign_points(PointSet.from_array([]), small_atlas)
    assert list(table.columns) == list(POINT_ASSIGNMENTS)
    assert len(table) == len(summary) == 0


def test_no_number_of_the_tables_is_kept_twice_or_is_the_points_own(small_atlas):
    """Whoever writes into a column changes nothing else."""
    points = PointSet.from_array([[-5, 0, 0], [0.5, 0, 0], [400, 0, 0]], [0, 0, 0])
    tables = assign_points(points, small_atlas)
    columns = [t[name].to_numpy() for t in tables for name in t if t[name].dtype != "str" and name != "volume"]
    for one, other in combinations([*columns, points.xyz, points.sigma], 2):
        assert not np.shares_memory(one, other)


def test_an_unknown_convention_is_refused(small_atlas):
    with pytest.raises(InputError, match="convention"):
        assign_points(PointSet.from_array([0, 0, 0]), small_atlas, "mine")


@pytest.mark.parametrize("convention", ["default", "siibra"])
@pytest.mark.parametrize(("xyz", "sigma"), [([1e300, 0, 0], 0), ([1e300, 0, 0], 5), ([0, 0, 0], 1e6)])
def test_hopeless_sizes_are_refused_in_either_convention(small_atlas, convention, xyz, sigma):
    with pytest.raises(InputError, match="mm"):
        assign_points(PointSet.from_array(xyz, sigma), small_atlas, convention)


def test_values_are_read_at_no_place_outside_the_grid(small_atlas):
    # voxel -1 along the first axis would wrap to the far side
    assert len(values_at(small_atlas, [[-11, 0, 0], [11, 0, 0], [0, 1e300, 0]]).place) == 0


# --- siibra ---


@pytest.mark.parametrize("sigma", [0, 3])
def test_siibras_table_of_a_point_is_reproduced(juelich, sigma):
    reference = pd.read_csv(REFERENCE / f"juelich_point_sigma{sigma}.csv")
    table, _ = assign_points(PointSet.from_array([27.75, -32.0, 63.725], sigma), juelich, "siibra")
    assert table["region"].tolist() == reference["region"].tolist()
    assert table["volume"].tolist() == reference["volume"].tolist()
    assert table["input structure"].tolist() == reference["input structure"].tolist()
    centroid = reference[["centroid_x", "centroid_y", "centroid_z"]].to_numpy()
    assert np.array(table["centroid"].tolist()) == pytest.approx(centroid, abs=1e-6)
    for name in reference.columns[6:]:
        assert table[name].to_numpy() == pytest.approx(reference[name].to_numpy(), abs=1e-6), name


def naive_siibra(maps, at, sigma):
    """Scores by region of one uncertain point, `at` and `sigma` in voxels: rules of docs/conventions.md, densely."""
    centre, half = np.floor(at + 0.5).astype(int), int(3 * sigma)
    kernel = np.zeros([2 * half + 1] * 3)
    kernel[half, half, half] = 1
    kernel = ndimage.gaussian_filter(kernel, sigma, mode="nearest", truncate=4.0)
    kernel /= kernel.sum()
    margin = 3 * half + 10
    b = np.zeros([n + 2 * margin for n in maps.shape[1:]])
    b[tuple(slice(c - half + margin, c + half + 1 + margin) for c in centre)] = kernel
    b = b[margin:-margin, margin:-margin, margin:-margin]
    found = {}
    if not b.any():
        return found
    for region, a in enumerate(maps.astype(np.float64)):
        together = np.count_nonzero((a > 0) & (b > 0))
        if not together:
            continue
        inside, blob = np.argwhere(a > 0), np.argwhere(b > 0)
        low = np.minimum(inside.min(axis=0), blob.min(axis=0))
        n = np.prod(np.maximum(inside.max(axis=0), blob.max(axis=0) + 1) - low + 1)
        covariance = n * (a * b).sum() - a.sum() * b.sum()
        variances = (n * (a**2).sum() - a.sum() ** 2) * (n * (b**2).sum() - b.sum() ** 2)
        found[region] = {
            "correlation": covariance / np.sqrt(variances),
            "intersection over union": together / np.count_nonzero((a > 0) | (b > 0)),
            "map value": a.max(),
            "map weighted mean": (a * b).sum() / b.sum(),
            "map containedness": together / len(inside),
            "input weighted mean": (a * b).sum() / a.sum(),
            "input containedness": together / len(blob),
        }
    return found


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=15)
def test_siibras_rules_for_uncertain_points_are_kept_also_at_the_border(seed):
    rng = np.random.default_rng(seed)
    maps = random_maps(rng, (12, 10, 11), "statistical", 3)
    atlas = atlas_of(maps, np.array([[-1.0, 0, 0, 5], [0, 1.5, 0, -7], [0, 0, 2, 1], [0, 0, 0, 1]]))
    at = rng.uniform(-4, 14, (2, 3))
    sigma = rng.choice([4.6, 6.0], 2)  # mm; voxels have a mean edge of 1.5 mm
    table, _ = assign_points(PointSet.from_array(atlas.grid.to_world(at), sigma), atlas, "siibra")
    for p in range(2):
        rows = table[(table["input structure"] == p) & table["region"].notna()]
        expected = naive_siibra(maps, at[p], sigma[p] / 1.5)
        assert rows["volume"].tolist() == list(expected)
        for (_, row), scores in zip(rows.iterrows(), expected.values(), strict=True):
            assert {name: row[name] for name in scores} == pytest.approx(scores, rel=1e-6, abs=1e-9)


def test_a_siibra_point_in_no_region_is_given_none(juelich):
    table, _ = assign_points(PointSet.from_array([[0, 0, 100], [-200, 0, 0], [200, 0, 0]]), juelich, "siibra")
    assert table["region"].isna().tolist() == [True] * 3
    assert table["nearest region"].notna().all()


def test_siibra_points_of_different_sigma_share_one_set(juelich):
    xyz = [[27.75, -32.0, 63.725], [27.75, -32.0, 63.725]]
    table, _ = assign_points(PointSet.from_array(xyz, [0, 3]), juelich, "siibra")
    assert table.groupby("input structure").size().tolist() == [6, 16]


def test_a_siibra_kernel_is_cut_at_the_border_without_renormalisation():
    grid = Grid((10, 30, 30), np.eye(4))
    atlas = Atlas.from_labels(np.ones(grid.shape, np.int32), grid, pd.DataFrame({"id": [1], "name": ["all"]}))
    sums_to = {}
    for convention in ("default", "siibra"):
        table, _ = assign_points(PointSet.from_array([0, 15, 15], 3.0), atlas, convention)
        sums_to[convention] = table["input weighted mean"].iloc[0] * grid.n_voxels
    # siibra keeps the half with the middle plane, of a kernel with sum 1; here the same part of it lies in the grid
    assert 0.5 < sums_to["siibra"] < 0.6
    assert 0.5 < sums_to["default"] < 0.6
