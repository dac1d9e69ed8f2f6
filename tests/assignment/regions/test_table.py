"""What is in every region, against dense loops, and that it adds up."""

from __future__ import annotations

import warnings
from dataclasses import replace

import dask.array as da
import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_atlas_assign import AssignmentWarning, Atlas, Grid, Image, InputError, PointSet, assign
from napari_atlas_assign.assignment.columns import REGIONS
from napari_atlas_assign.assignment.integrals.cache import RegionIntegrals
from napari_atlas_assign.assignment.regions import amounts
from napari_atlas_assign.modes.modes import Modes
from napari_atlas_assign.report.provenance import read_record
from tests.cases import atlas_of, atlas_to_world, random_maps
from tests.cases import cases as map_cases
from tests.naive import apply, left_part, naive_assign, naive_regions

ADDITIVE = ("active mm3", "sum", "count")


def regions_of(image, atlas, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AssignmentWarning)
        return assign(image, atlas, **options).regions


def leaves(table):
    """The rows without children, that of no region among them."""
    return table[~table["region"].isin(table["parent"].dropna())]


def with_midplane(atlas, x):
    return atlas.described(source=atlas.source | {"midplane_mm": x})


@given(map_cases())
@settings(max_examples=60)
def test_every_region_holds_what_a_loop_over_all_voxels_finds(case):
    along_x = np.count_nonzero(np.abs(case.atlas_affine[0, :3]) > 1e-9) == 1
    along_x &= np.count_nonzero(np.abs(case.image_affine[0, :3]) > 1e-9) == 1
    middle = float(apply(case.atlas_affine, (np.array(case.maps.shape[1:]) - 1) / 2)[0]) + 0.1
    atlas = with_midplane(case.as_atlas(), middle)
    table = regions_of(case.as_image(), atlas, **case.arguments)
    modes = naive_assign(case.image, case.image_affine, case.maps, case.atlas_affine, **case.arguments)
    expected = naive_regions(case.image, case.image_affine, case.maps, case.atlas_affine, modes, middle)
    assert len(table) == len(case.maps) + 1

    def close(column, values, scale=1.0):
        assert table[column].to_numpy(float) == pytest.approx(values, rel=1e-5, abs=1e-6 * scale, nan_ok=True), column

    space = max(1.0, sum(region.space for region in expected))
    largest = float(np.nanmax(np.abs(case.image.astype(float)), initial=1.0))
    close("volume mm3", [*(region.volume for region in expected[:-1]), np.nan])
    close("active mm3", [region.active for region in expected], space)
    close("sum", [region.total for region in expected], space * largest)
    close("maximum", [region.maximum for region in expected])
    held = np.array([region.space for region in expected]) > 1e-6 * space
    mean = [region.total / region.space if region.space else np.nan for region in expected]
    assert table["mean"].to_numpy(float)[held] == pytest.approx(np.array(mean)[held], rel=1e-5, abs=1e-5 * largest)
    if along_x:
        close("left volume mm3", [*(region.left_volume for region in expected[:-1]), np.nan])
        close("left active mm3", [region.left_active for region in expected], space)


@given(map_cases(), st.integers(0, 2**32 - 1))
@settings(max_examples=8)
def test_a_map_has_the_table_that_it_has_alone_after_others_of_its_grid(case, seed):
    random = np.random.default_rng(seed)
    shared = case.as_atlas()
    for _ in range(3):
        values = random.normal(size=case.image.shape)
        values[random.random(values.shape) < random.choice([0, 0.3])] = random.choice([np.nan, 0, -0.0])
        values[0, 0, 0] = 1  # a map needs a number
        image = replace(case.as_image(), data=values)
        pd.testing.assert_frame_equal(regions_of(image, shared), regions_of(image, case.as_atlas()), check_exact=True)


@st.composite
def points_in_trees(draw):
    """A labelled or statistical atlas with a tree of regions, some of them lateralised, and points around it."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    maps = random_maps(rng, (5, 4, 6), draw(st.sampled_from(["statistical", "labelled"])), 6)
    atlas = atlas_of(maps, atlas_to_world(rng))
    names = [f"region {r}" for r in range(6)]
    parents = [None, *(rng.choice([None, names[int(rng.integers(r))], "group"]) for r in range(1, 6))]
    sides = rng.choice(["left", "right", None], 6)
    atlas = replace(atlas, regions=atlas.regions.assign(parent=parents, hemisphere=sides))
    n = draw(st.integers(0, 40))
    # Off the faces between voxels, to which the engine gives a width.
    points = atlas.grid.to_world(rng.integers(-1, 7, (n, 3)) + rng.uniform(-0.49, 0.49, (n, 3)))
    return with_midplane(atlas, float(np.mean(points[:, 0])) if n else 0.0), maps, points


@given(points_in_trees())
@settings(max_examples=60)
def test_points_are_counted_as_a_loop_counts_them_and_ancestors_hold_all_below_them(case):
    atlas, maps, points = case
    own = np.zeros(7)
    left = np.zeros(7)
    for xyz in points:
        voxel = tuple(np.floor(np.linalg.solve(atlas.grid.affine, [*xyz, 1])[:3] + 0.5).astype(int))
        inside = all(0 <= i < n for i, n in zip(voxel, maps.shape[1:], strict=True))
        values = maps[(slice(None), *voxel)].astype(float) if inside else np.zeros(6)
        share = values / max(1, values.sum())
        own += [*share, 1 - share.sum()]
        left += np.array([*share, 1 - share.sum()]) * (xyz[0] < atlas.source["midplane_mm"])
    parent = [None if pd.isna(name) else name for name in atlas.regions["parent"]]

    def below(name):
        return [r for r in range(6) if name in (f"region {r}", parent[r]) or (parent[r] and r in below_of(name, r))]

    def below_of(name, r):
        way = parent[r]
        while way is not None:
            if way == name:
                return {r}
            way = parent[int(way.split()[1])] if way.startswith("region") else None
        return set()

    table = regions_of(points, atlas).set_index("region")
    assert table.loc["(none)", "count"] == pytest.approx(own[-1], abs=1e-6)
    for name, row in table.drop("(none)").iterrows():
        is_rest = name.endswith(" (rest)")
        rows = [int(name.split()[1])] if is_rest else below(name)
        assert row["count"] == pytest.approx(own[rows].sum(), abs=1e-6), name
        if row["hemisphere"] is None:
            assert row["left count"] == pytest.approx(left[rows].sum(), abs=1e-6), name


@given(points_in_trees())
@settings(max_examples=60)
def test_rows_without_children_make_up_the_whole_and_ancestors_are_the_sums_of_their_children(case):
    atlas, _, points = case
    table = regions_of(points, atlas)
    assert leaves(table)["count"].sum() == pytest.approx(len(points))
    for parent, children in table[table["parent"].notna()].groupby("parent"):
        row = table[table["region"] == parent].iloc[0]
        for column in ("count", "volume mm3"):
            assert children[column].sum() == pytest.approx(row[column], abs=1e-9)
        assert (children["level"] == row["level"] + 1).all()
    sides = table[table["left count"].notna()]
    assert (sides["left count"] + sides["right count"]).to_numpy() == pytest.approx(sides["count"].to_numpy())


@given(map_cases())
@settings(max_examples=40)
def test_maps_add_up_to_the_whole(case):
    image = case.as_image()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AssignmentWarning)
        result = assign(image, case.as_atlas(), **case.arguments)
    finite = np.nan_to_num(case.image.astype(float), nan=0.0) * image.grid.voxel_volume
    scale = max(1.0, np.abs(finite).sum())
    assert result.regions["sum"].sum() == pytest.approx(finite.sum(), abs=1e-9 * scale)
    assert result.regions["active mm3"].sum() == pytest.approx(result.modes["volume mm3"].sum(), rel=1e-9)


def test_uncertain_points_count_by_the_parts_of_their_blobs(small_atlas):
    """A dense sum of the Gaussian over voxels, cut at 3 sigma, times the regions' shares."""
    xyz, sigma = np.array([-1.3, 2.2, 0.4]), 2.5
    maps = np.stack([small_atlas.map_of(r).astype(float) for r in range(3)])
    share = maps / np.maximum(maps.sum(axis=0), 1)
    grid = small_atlas.grid
    fine = Grid((40, 40, 40), np.array([[0.5, 0, 0, -10.75], [0, 0.5, 0, -7.75], [0, 0, 0.5, -8.75], [0, 0, 0, 1]]))
    at = fine.to_world(fine.unravel(np.arange(fine.n_voxels)))
    distance = np.linalg.norm(at - xyz, axis=1)
    mass = np.where(distance <= 3 * sigma, np.exp(-(distance**2) / (2 * sigma**2)), 0)
    ijk = np.floor(grid.to_voxel(at) + 0.5).astype(int)
    inside = ((ijk >= 0) & (ijk < grid.shape)).all(axis=1)
    expected = (share[(slice(None), *ijk[inside].T)] * mass[inside]).sum(axis=1) / mass.sum()
    table = regions_of(PointSet.from_array(xyz, sigma), small_atlas)
    assert table["count"].to_numpy()[:3] == pytest.approx(expected, abs=0.01)
    assert table["count"].sum() == pytest.approx(1)


def test_blobs_in_overlapping_regions_never_count_more_than_once():
    maps = np.full((3, 8, 8, 8), 0.8, np.float32)
    table = regions_of(PointSet.from_array([[4, 4, 4], [3, 4, 5]], 0.5), atlas_of(maps, np.eye(4)))
    assert table["count"].tolist() == pytest.approx([2 / 3, 2 / 3, 2 / 3, 0], abs=1e-6)


def test_a_point_on_the_midplane_counts_half_on_either_side():
    atlas = with_midplane(atlas_of(np.ones((1, 4, 4, 4), np.float32), np.eye(4)), 1.25)
    row = regions_of([[1.25, 1, 1], [0, 1, 1], [3, 1, 1], [3, 2, 1]], atlas).iloc[0]
    assert (row["left count"], row["right count"]) == (1.5, 2.5)


def test_without_a_midplane_the_sides_are_not_known():
    table = regions_of([[1, 1, 1]], atlas_of(np.ones((1, 4, 4, 4), np.float32), np.eye(4)))
    assert table.filter(regex="left|right").isna().all(axis=None)


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20)
def test_many_points_in_a_labelled_atlas_are_looked_up_as_a_few_are(seed):
    rng = np.random.default_rng(seed)
    atlas = with_midplane(atlas_of(random_maps(rng, (6, 5, 7), "labelled", 4), atlas_to_world(rng)), 0.0)
    points = PointSet.from_array(atlas.grid.to_world(rng.uniform(-2, 8, (50, 3))))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(amounts, "_lookup", lambda *_: None)
        few = regions_of(points, atlas)
    pd.testing.assert_frame_equal(regions_of(points, atlas), few)


def test_an_image_larger_than_memory_has_the_same_regions_as_one_in_memory(small_atlas, rng):
    data = rng.normal(size=(15, 14, 13)).astype(np.float32)
    data[rng.random(data.shape) < 0.1] = np.nan
    grid = Grid(data.shape, np.diag([1.3, 1.7, 1.2, 1]) + np.array([[0, 0, 0, -9]] * 3 + [[0] * 4]))
    lazy = da.from_array(data, chunks=(4, 5, 6))
    expected = regions_of(Image(data, grid), small_atlas, threshold=1)
    found = regions_of(Image(lazy, grid), small_atlas, threshold=1)
    pd.testing.assert_frame_equal(found, expected, rtol=1e-9)


def test_regions_of_interest_have_no_mean(small_atlas):
    data = np.zeros(small_atlas.grid.shape, np.int16)
    data[1:4, 5:8, 3:6] = 7
    table = regions_of(Image(data, small_atlas.grid), small_atlas, rois=True)
    assert table["active mm3"].sum() == pytest.approx(27 * 8)
    assert not {"mean", "sum", "maximum", "count"} & set(table)


def test_without_a_threshold_there_are_regions_and_no_modes(small_atlas, rng):
    image = Image(rng.normal(size=small_atlas.grid.shape), small_atlas.grid)
    with_modes, without = (assign(image, small_atlas, threshold=t) for t in (0.5, None))
    assert without.warnings == ()
    assert (len(without.modes), len(without.assignments), len(without.peaks)) == (0, 0, 0)
    pd.testing.assert_frame_equal(without.regions, with_modes.regions[list(without.regions)])
    assert set(with_modes.regions) - set(without.regions) == {
        *(f"{side}active mm3" for side in ("", "left ", "right ")),
        "active share",
    }


def test_what_plays_no_part_without_modes_is_refused(small_atlas, rng):
    image = Image(rng.normal(size=small_atlas.grid.shape), small_atlas.grid)
    with pytest.raises(InputError, match="tail: not without modes; leave it out, or give a threshold"):
        assign(image, small_atlas, threshold=None, tail="both")


def test_a_run_without_a_threshold_is_saved_and_comes_back(run, small_atlas, tmp_path, rng):
    nib.save(
        nib.Nifti1Image(rng.normal(size=small_atlas.grid.shape), small_atlas.grid.affine), tmp_path / "heat.nii.gz"
    )
    labels = np.arange(960).reshape(small_atlas.grid.shape) // 100 + 1
    nib.save(nib.Nifti1Image(labels.astype(np.uint8), small_atlas.grid.affine), tmp_path / "atlas.nii.gz")
    arguments = ("assign", tmp_path / "heat.nii.gz", "--atlas", tmp_path / "atlas.nii.gz", "--threshold", "none")
    assert run(*arguments, "--report", "--output", tmp_path / "out")[0] == 0
    assert read_record(tmp_path / "out" / "provenance.json")["parameters"]["threshold"] is None
    code, out, _ = run("rerun", tmp_path / "out")
    assert code == 0
    assert "regions.tsv: identical" in out


def test_regions_of_interest_that_overlap_are_active_once(small_atlas):
    voxel = np.array([3, 4, 4, 5])
    modes = Modes(small_atlas.grid, voxel, np.array([0, 0, 1, 1]), np.ones(4), np.array([1, 2]), np.ones(2, np.int8))
    assert amounts.amounts_of_modes(modes, small_atlas, None).sum() == pytest.approx(3 * 8)


def test_stacks_and_several_atlases_say_which_rows_are_whose(small_atlas, rng):
    images = [Image(rng.normal(size=small_atlas.grid.shape), small_atlas.grid, name) for name in "ab"]
    table = regions_of(images, [small_atlas, small_atlas.described(name="other")])
    assert table.groupby(["map name", "atlas"]).size().tolist() == [4, 4, 4, 4]


def test_columns_come_in_the_order_of_the_definition(small_atlas, rng):
    table = regions_of(Image(rng.normal(size=small_atlas.grid.shape), small_atlas.grid), small_atlas)
    assert list(table) == [name for name in REGIONS if name in table]
    assert set(regions_of([[0, 0, 0]], small_atlas)) | set(table) == set(REGIONS)


def test_a_lateralised_region_has_no_sides_but_its_parent_has(small_atlas):
    regions = small_atlas.regions.assign(hemisphere=["left", "right", None], parent=["A", "A", None])
    table = regions_of([[-5, 0, 0], [5, 0, 0]], with_midplane(replace(small_atlas, regions=regions), 0.0))
    table = table.set_index("region")
    assert table.loc[["Area A left", "Area A right"], "left count"].isna().all()
    assert table.loc["A", "left count"] == pytest.approx(table.loc["Area A left", "count"])
    assert table.loc["A", "level"] == 0
    assert table.loc["Area A left", "level"] == 1


def test_the_parts_of_a_cut_voxel_are_those_of_the_loop():
    atlas = with_midplane(atlas_of(np.ones((1, 3, 1, 1), np.float32), np.diag([2.0, 1, 1, 1])), 2.5)
    row = regions_of([[0, 0, 0]], atlas).iloc[0]
    expected = 2 * sum(left_part(np.diag([2.0, 1, 1, 1]), (i, 0, 0), 2.5) for i in range(3))
    assert row["left volume mm3"] == pytest.approx(expected)
    assert isinstance(atlas, Atlas)


@pytest.mark.parametrize("n_regions", [1, 3, 40])
def test_sums_of_overlaps_are_those_of_their_own_order(n_regions, rng):
    row, region = np.sort(rng.integers(0, 50, 999)), rng.integers(0, n_regions, 999).astype(np.uint16)
    share, value = rng.random(999) * 1e3 ** rng.integers(-3, 3, 999), rng.normal(size=50)
    ones = np.ones(999)
    integrals = RegionIntegrals(row, region, ones, ones, share, ones, ones)
    overlaps = amounts._Overlaps.of(integrals, 50, Grid((50, 1, 1), np.eye(4)), n_regions)
    assert overlaps.total(value).tobytes() == np.bincount(region, share * value[row], n_regions).tobytes()
    assert overlaps.space.tobytes() == np.bincount(region, share, n_regions).tobytes()
    assert (np.diff(overlaps.region[:99]) != 0).all() or n_regions < 8
