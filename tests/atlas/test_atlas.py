from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import napari_atlas_assign.atlas.atlas as atlas_module
from napari_atlas_assign.atlas.atlas import Atlas
from napari_atlas_assign.atlas.labels import label_volume
from napari_atlas_assign.errors import AtlasError
from napari_atlas_assign.grid import Grid

AFFINE = np.array([[2.0, 0, 0, -9], [0, -1.5, 0, 4], [0, 0, 3, 0], [0, 0, 0, 1]])


def table(n: int) -> pd.DataFrame:
    return pd.DataFrame({"id": np.arange(n), "name": [f"area {r}" for r in range(n)]})


def statistical(maps: np.ndarray, order: str = "rising") -> Atlas:
    """An atlas of dense maps (R, X, Y, Z), given region by region."""
    grid = Grid(maps.shape[1:], AFFINE)
    voxels = [np.flatnonzero(m) for m in maps]
    if order == "shuffled":
        voxels = [np.random.default_rng(0).permutation(v) for v in voxels]
    values = [m.reshape(-1)[v] for m, v in zip(maps, voxels, strict=True)]
    return Atlas.from_region_entries(grid, table(len(maps)), voxels, values)


@st.composite
def dense_maps(draw) -> np.ndarray:
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    maps = rng.choice([0, 0.25, 0.5, 1], (draw(st.integers(1, 5)), *draw(st.tuples(*[st.integers(1, 5)] * 3))))
    maps[rng.random(len(maps)) < 0.2] = 0  # some regions have no voxel
    return maps.astype(np.float32)


@pytest.fixture(params=["at once", "in parts"], autouse=True)
def parts(request, monkeypatch):
    """Everything holds, too, when an atlas is worked on in many small parts."""
    if request.param == "in parts":
        monkeypatch.setattr(atlas_module, "_ENTRIES_AT_A_TIME", 3)
        monkeypatch.setattr(atlas_module, "_VOXELS_AT_A_TIME", 7)
        monkeypatch.setattr(atlas_module, "_RUNS_AT_A_TIME", 3)
        monkeypatch.setattr(label_volume, "_SLAB_VOXELS", 5)


@given(maps=dense_maps(), order=st.sampled_from(["rising", "shuffled"]))
@settings(max_examples=60)
def check_against_dense(maps, order):
    atlas = statistical(maps, order)
    n, unit = len(maps), abs(np.linalg.det(AFFINE[:3, :3]))
    region, voxel = np.nonzero(maps.reshape(n, -1))
    by_voxel = np.lexsort((region, voxel))
    assert atlas.voxel.tolist() == voxel[by_voxel].tolist()
    assert atlas.region.tolist() == region[by_voxel].tolist()
    assert atlas.value.tolist() == maps.reshape(n, -1)[region, voxel][by_voxel].tolist()

    total = maps.astype(np.float64).sum(axis=0).reshape(-1)
    np.testing.assert_allclose(atlas.share, atlas.value / np.maximum(total, 1)[atlas.voxel], rtol=1e-7)

    entries, bounds = atlas.by_region
    assert sorted(entries.tolist()) == list(range(len(atlas.voxel)))
    for r in range(n):
        rows = entries[bounds[r] : bounds[r + 1]]
        assert (atlas.region[rows] == r).all()
        assert rows.tolist() == sorted(rows.tolist())
        np.testing.assert_array_equal(atlas.map_of(r), maps[r])
        assert atlas.entries_of(r)[0].tolist() == np.flatnonzero(maps[r]).tolist()

    check_sums(atlas, maps, unit)


def check_sums(atlas, maps, unit):
    sums = atlas.region_sums
    for r, dense in enumerate(maps):
        above = dense[dense > 0]
        assert sums.volume[r] == pytest.approx(len(above) * unit)
        assert sums.integral[r] == pytest.approx(above.sum(dtype=float) * unit)
        assert sums.integral_sq[r] == pytest.approx((above.astype(float) ** 2).sum() * unit)
        assert sums.maximum[r] == above.max(initial=0)
        assert sums.minimum[r] == (above.min() if len(above) else 0)
        where = np.argwhere(dense > 0)
        box = [where.min(axis=0), where.max(axis=0)] if len(where) else [[0] * 3, [-1] * 3]
        np.testing.assert_array_equal(sums.box[r], box)


def test_entries_shares_and_sums_equal_dense_arithmetic():
    check_against_dense()


@given(
    seed=st.integers(0, 2**32 - 1),
    shape=st.tuples(*[st.integers(1, 5)] * 3),
    order=st.sampled_from("CF"),
    length=st.sampled_from([1, 7, 40]),
)
@settings(max_examples=80)
def check_labels_against_dense(seed, shape, order, length):
    """Labels in runs of a length, some over several rows."""
    rng = np.random.default_rng(seed)
    ids = np.sort(rng.choice(np.array([1, 2, 7, 300, 70_000, 614_454_277]), 4, replace=False))
    runs = np.repeat(rng.choice(np.concatenate([[0, 0], ids[:3]]), np.prod(shape)), length)
    labels = np.asarray(runs[: np.prod(shape)].reshape(shape), order=order)
    regions = pd.DataFrame({"id": ids[::-1], "name": [f"n{i}" for i in ids[::-1]]})
    atlas = Atlas.from_labels(labels, Grid(shape, AFFINE), regions)
    assert atlas.regions["id"].tolist() == ids.tolist()
    assert atlas.is_labelled
    for r, label in enumerate(ids):
        np.testing.assert_array_equal(atlas.map_of(r), labels == label)
    maps = np.stack([labels == label for label in ids]).astype(np.float32)
    check_sums(atlas, maps, atlas.grid.voxel_volume)
    for ours, theirs in zip(
        vars(atlas.region_sums).values(), vars(statistical(maps).region_sums).values(), strict=True
    ):
        np.testing.assert_allclose(ours, theirs)


def test_masks_that_overlap_are_summed_like_other_maps(parts):
    maps = np.random.default_rng(4).integers(0, 2, (3, 4, 5, 6)).astype(np.float32)
    atlas = statistical(maps)
    check_sums(atlas, maps, atlas.grid.voxel_volume)


def test_a_label_volume_is_the_special_case_with_values_one():
    check_labels_against_dense()


@pytest.mark.parametrize("first", range(0, 60, 7))
@pytest.mark.parametrize("length", [1, 4, 6, 21, 60])
def test_sums_of_a_region_that_goes_on_in_the_next_row_are_those_of_its_voxels(first, length):
    labels = np.zeros(60, np.uint8)
    labels[first : first + length] = 2
    labels[:3] = 1
    labels = labels.reshape(3, 4, 5)
    atlas = Atlas.from_labels(labels, Grid(labels.shape, AFFINE), pd.DataFrame({"id": [1, 2, 3], "name": list("abc")}))
    maps = np.stack([labels == label for label in (1, 2, 3)]).astype(np.float32)
    check_sums(atlas, maps, atlas.grid.voxel_volume)


def test_a_labelled_atlas_spends_no_memory_on_its_values():
    atlas = Atlas.from_labels(np.ones((4, 4, 4), int), Grid((4, 4, 4), AFFINE), table(2))
    assert atlas.value.strides == (0,)
    assert atlas.share is atlas.value


def test_maps_of_ones_that_do_not_overlap_are_labelled_and_others_not():
    apart = np.zeros((2, 3, 3, 3), np.float32)
    apart[0, 0], apart[1, 1] = 1, 1
    assert statistical(apart).is_labelled
    overlapping = apart.copy()
    overlapping[1, 0, 0, 0] = 1
    assert not statistical(overlapping).is_labelled
    assert not statistical(apart * np.float32(0.5)).is_labelled


def test_an_empty_region_keeps_its_row():
    maps = np.zeros((3, 2, 2, 2), np.float32)
    maps[1, 0, 0, 0] = 0.5
    atlas = statistical(maps)
    assert atlas.n_regions == 3
    assert atlas.region_sums.volume.tolist() == pytest.approx([0, 9, 0])
    assert len(atlas.entries_of(2)[0]) == 0
    assert not atlas.map_of(2).any()


def test_numbers_take_the_smallest_type_that_holds_them():
    grid = Grid((3, 300, 300), AFFINE)
    labels = np.zeros(grid.shape, np.int64)
    labels[-1, -1, -1] = 2
    atlas = Atlas.from_labels(labels, grid, pd.DataFrame({"id": [1, 2], "name": ["a", "b"]}))
    assert (atlas.voxel.dtype, atlas.region.dtype) == (np.int32, np.uint16)
    assert atlas.voxel.tolist() == [grid.n_voxels - 1]


def test_the_largest_number_of_the_smallest_type_is_used(monkeypatch):
    monkeypatch.undo()  # one voxel at the end of many: nothing to do in parts
    maps = np.zeros((1, 64, 32, 32), np.float32)
    maps[0, -1, -1, -2:] = 0.5
    atlas = statistical(maps)
    assert atlas.voxel.dtype == np.uint16
    again = Atlas.from_region_entries(atlas.grid, table(1), *[[column] for column in atlas.entries_of(0)])
    np.testing.assert_array_equal(again.map_of(0), maps[0])


def test_another_name_keeps_what_was_worked_out():
    atlas = statistical(np.full((1, 2, 2, 2), 0.5, np.float32))
    sums = atlas.region_sums
    other = atlas.described(name="other", source={"path": "x"})
    assert (other.name, atlas.name) == ("other", "atlas")
    assert other.region_sums is sums
    assert "region_sums" not in vars(replace(atlas, name="other"))


def test_labels_without_a_row_are_refused():
    with pytest.raises(AtlasError, match=r"mine: labels without a row in the table of regions: \[5\]"):
        Atlas.from_labels(np.full((2, 2, 2), 5), Grid((2, 2, 2), AFFINE), table(3), name="mine")


def test_labels_of_another_shape_than_the_grid_are_refused():
    with pytest.raises(AtlasError, match=r"mine: labels of shape \(2, 2, 2\) do not fit the grid of shape \(2, 2, 3\)"):
        Atlas.from_labels(np.ones((2, 2, 2), int), Grid((2, 2, 3), AFFINE), table(3), name="mine")


@pytest.mark.parametrize("voxel", [[8], [-1]])
def test_voxels_outside_the_grid_are_refused(voxel):
    with pytest.raises(AtlasError, match="values outside the grid"):
        Atlas.from_region_entries(Grid((2, 2, 2), AFFINE), table(1), [np.array(voxel)], [np.ones(1)])


def test_a_voxel_named_twice_by_one_region_is_refused():
    with pytest.raises(AtlasError, match="names a voxel twice"):
        Atlas.from_region_entries(Grid((2, 2, 2), AFFINE), table(1), [np.array([3, 3])], [np.ones(2)])


def test_an_atlas_needs_regions_with_id_and_name():
    grid = Grid((2, 2, 2), AFFINE)
    nothing = np.zeros(0, np.uint16)
    with pytest.raises(AtlasError, match="mine has no regions"):
        Atlas(grid, table(0), nothing, nothing, np.zeros(0, np.float32), "mine")
    with pytest.raises(AtlasError, match="needs the columns id and name"):
        Atlas(grid, pd.DataFrame({"name": ["a"]}), nothing, nothing, np.zeros(0, np.float32))
