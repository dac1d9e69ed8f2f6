"""Images that stay outside memory give what the same images give in memory, exactly."""

from __future__ import annotations

import warnings

import dask.array as da
import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.testing import assert_allclose, assert_array_equal

import napari_atlas_assign as naa
from napari_atlas_assign import AssignmentWarning, Grid, Image, InputError, lazy
from napari_atlas_assign.assignment.assign import assign
from napari_atlas_assign.assignment.best_region_labels import best_region_labels
from napari_atlas_assign.assignment.integrals import fine_grid as voxelwise
from napari_atlas_assign.assignment.integrals.cache import integrals_over, region_integrals
from napari_atlas_assign.assignment.parameters import Threshold
from napari_atlas_assign.assignment.sums import overlap as sums_module
from napari_atlas_assign.assignment.sums.overlap import overlap_sums
from napari_atlas_assign.image import read_stack
from napari_atlas_assign.modes.modes import find_modes
from napari_atlas_assign.modes.thresholds import percentile_threshold
from napari_atlas_assign.report import slices
from napari_atlas_assign.report.provenance import array_sha256
from tests.cases import cases, quiet_assign


@st.composite
def chunks(draw, shape):
    """A random way of cutting a volume into chunks."""
    found = []
    for n in shape:
        cuts = sorted(draw(st.sets(st.integers(1, n - 1)))) if n > 1 else []
        found.append(tuple(int(c) for c in np.diff([0, *cuts, n])))
    return tuple(found)


def lazily(data, affine, chunks, name="image") -> Image:
    return Image.from_array(da.from_array(data, chunks=chunks), affine, name)


def assert_same_result(one, other):
    for name in ("grid", "voxel", "mode", "value", "number", "sign"):
        a, b = getattr(one.mode_voxels, name), getattr(other.mode_voxels, name)
        assert a.matches(b) if name == "grid" else np.array_equal(a, b), name
    pd.testing.assert_frame_equal(one.assignments, other.assignments, check_exact=True)
    pd.testing.assert_frame_equal(one.modes, other.modes, check_exact=True)


@settings(max_examples=40)
@given(cases(), st.data(), st.sampled_from([1, 4, 30, 2**25]))
def test_chunks_change_nothing(case, data, block_voxels):
    image = lazily(case.image, case.image_affine, data.draw(chunks(case.image.shape)))
    with pytest.MonkeyPatch.context() as patch, warnings.catch_warnings():
        warnings.simplefilter("ignore", AssignmentWarning)
        patch.setattr(lazy, "BLOCK_VOXELS", block_voxels)
        other = assign(image, case.as_atlas(), **case.arguments)
        assert_same_result(quiet_assign(case), other)
        assert_array_equal(np.asarray(other.components.data), quiet_assign(case).components.data)


@settings(max_examples=40)
@given(
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.2, 0.5, 0.8]),
    st.sampled_from([6, 18, 26]),
    st.sampled_from([1, 3]),
    st.sampled_from(["volume", "scan"]),
    st.sampled_from([1, 20, 200]),
    st.data(),
)
def test_components_merge_across_faces_edges_and_corners_of_chunks(
    seed, density, connectivity, min_voxels, numbering, block_voxels, data
):
    rng = np.random.default_rng(seed)
    values = np.where(rng.random((7, 8, 9)) < density, rng.normal(size=(7, 8, 9)), 0).astype(np.float32)
    options = {"connectivity": connectivity, "min_voxels": min_voxels, "tail": "both", "numbering": numbering}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lazy, "BLOCK_VOXELS", block_voxels)
        found = find_modes(lazily(values, np.eye(4), data.draw(chunks(values.shape))), **options)
    expected = find_modes(Image.from_array(values, np.eye(4)), **options)
    for name in ("voxel", "mode", "value", "number", "sign"):
        assert_array_equal(getattr(found, name), getattr(expected, name))


def test_every_chunk_is_read_once(small_atlas):
    shape = small_atlas.grid.shape
    read = np.zeros((5, 4, 2), int)

    def one(block_id):
        read[block_id] += 1
        return np.random.default_rng(block_id).random((2, 3, 4))

    image = Image.from_array(
        da.map_blocks(one, chunks=((2,) * 5, (3,) * 4, (4,) * 2), dtype=float, meta=np.zeros((0, 0, 0))),
        small_atlas.grid.affine,
    )
    assert image.data.shape == shape
    result = assign(image, small_atlas, threshold=0.5)
    assert result.mode_voxels.n_modes
    assert (read == 1).all()


def test_every_chunk_of_a_zarr_array_is_read_once(small_atlas):
    zarr = pytest.importorskip("zarr")
    reads: dict[str, int] = {}

    class Counting(zarr.storage.MemoryStore):
        async def get(self, key, *args, **kwargs):
            reads[key] = reads.get(key, 0) + 1
            return await super().get(key, *args, **kwargs)

    data = np.random.default_rng(2).normal(size=small_atlas.grid.shape).astype(np.float32)
    array = zarr.create_array(Counting(), data=data, chunks=(3, 5, 4))
    reads.clear()
    result = assign(Image.from_array(array, small_atlas.grid.affine), small_atlas, threshold=0.5, tail="both")
    of_chunks = [n for key, n in reads.items() if key.startswith("c/")]
    assert of_chunks == [1] * (4 * 3 * 2)
    expected = assign(Image.from_array(data, small_atlas.grid.affine), small_atlas, threshold=0.5, tail="both")
    assert_same_result(expected, result)


@settings(max_examples=40)
@given(
    st.integers(0, 2**32 - 1),
    st.floats(0, 99.99),
    st.sampled_from(["positive", "negative", "both"]),
    st.sampled_from(["float32", "float64", "int16", "nan"]),
    st.integers(1, 12),
)
def test_a_percentile_is_that_of_the_whole_image(seed, q, tail, kind, n):
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(n, 3, 4)) * rng.choice([1e-3, 1, 1e6])
    values.flat[:2] = 5, -5
    if kind == "nan":
        values[rng.random(values.shape) < 0.3] = np.nan
        values.flat[:3] = 5, -5, np.inf
    else:
        values = np.clip(values, -30000, 30000).astype(kind)
    one = percentile_threshold(Image.from_array(values, np.eye(4)), q, tail)
    assert percentile_threshold(lazily(values, np.eye(4), (2, 2, 3)), q, tail) == one


def test_a_percentile_threshold_and_regions_of_interest_work_without_memory(small_atlas):
    rng = np.random.default_rng(5)
    values = rng.normal(size=small_atlas.grid.shape)
    labels = rng.integers(0, 4, small_atlas.grid.shape)
    for data, options in ((values, {"threshold": Threshold("percentile", 80)}), (labels, {"rois": True})):
        affine = small_atlas.grid.affine
        in_memory = assign(Image.from_array(data, affine, "a"), small_atlas, **options)
        assert_same_result(in_memory, assign(lazily(data, affine, (3, 4, 5), "a"), small_atlas, **options))


def test_what_cannot_be_worked_on_is_refused_in_one_sentence(small_atlas, monkeypatch):
    shape = small_atlas.grid.shape

    def image(values):
        return lazily(values, small_atlas.grid.affine, (5, 12, 8), "map")

    with pytest.raises(InputError, match="map holds no number"):
        assign(image(np.full(shape, np.nan)), small_atlas)
    with pytest.raises(InputError, match="map holds 960 infinite values"):
        assign(image(np.full(shape, np.inf)), small_atlas)
    with pytest.warns(AssignmentWarning, match="its values run from 1 to 1"):
        assign(image(np.ones(shape)), small_atlas, threshold=2)
    with pytest.raises(InputError, match="voxels of type complex128"):
        image(np.ones(shape, complex))
    monkeypatch.setattr(lazy, "LARGEST_IN_MEMORY", 100)
    with pytest.raises(InputError, match=r"map needs .* GiB in memory"):
        assign(image(np.ones(shape)), small_atlas, convention="siibra")
    monkeypatch.setattr(lazy, "LARGEST_BLOCK", 100)
    with pytest.raises(InputError, match=r"map has chunks of .* KiB, more than the 100 bytes"):
        assign(image(np.ones(shape)), small_atlas)

    def fails(block_id):
        raise OSError("disk gone")

    broken = da.map_blocks(fails, chunks=((5, 5), (12,), (8,)), dtype=float, meta=np.zeros((0, 0, 0)))
    monkeypatch.undo()
    with pytest.raises(InputError, match=r"a chunk cannot be read .*disk gone"):
        assign(Image.from_array(broken, small_atlas.grid.affine), small_atlas)


def test_the_siibra_convention_reads_what_fits_in_memory(small_atlas):
    data = np.random.default_rng(3).normal(size=small_atlas.grid.shape)
    one = assign(Image.from_array(data, small_atlas.grid.affine), small_atlas, convention="siibra")
    other = assign(lazily(data, small_atlas.grid.affine, (3, 4, 5)), small_atlas, convention="siibra")
    assert_same_result(one, other)


@settings(max_examples=80)
@given(cases(relations=("finer", "half voxel", "parallel", "oblique", "partly outside", "outside")))
def test_integrals_over_the_voxels_of_modes_alone_are_those_over_the_whole_grid(case):
    atlas, grid = case.as_atlas(), case.as_image().grid
    if grid.voxel_volume >= atlas.grid.voxel_volume * (1 - 1e-6):
        return
    voxel = np.arange(0, grid.n_voxels, 2)
    kept = region_integrals(atlas, grid, voxel)
    some = voxelwise.integrals_at(atlas, grid, voxel)
    for name in ("row", "region", "volume", "integral", "share", "maximum"):
        compare = assert_array_equal if name in ("row", "region", "maximum") else assert_allclose
        compare(getattr(some, name), getattr(kept, name))
    found = find_modes(case.as_image(), threshold=case.threshold, tail=case.tail)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sums_module, "VOXELS_AT_A_TIME", 7)
        sums = overlap_sums(found, voxelwise.voxelwise_integrals(atlas, grid, found.voxel), atlas)
    expected = overlap_sums(found, integrals_over(atlas, grid, found.voxel), atlas)
    for name in ("mode", "region", "maximum"):
        assert_array_equal(getattr(sums, name), getattr(expected, name))
    for name in ("volume", "sum_a", "sum_ab", "sum_share"):
        assert_allclose(getattr(sums, name), getattr(expected, name), rtol=1e-12)


def test_an_image_much_finer_than_the_atlas_is_scored_by_its_modes_alone(small_atlas, monkeypatch):
    grid = Grid((20, 24, 16), small_atlas.grid.affine @ np.diag([0.5, 0.5, 0.5, 1]))
    image = Image.from_array(np.random.default_rng(4).normal(size=grid.shape), grid.affine)
    whole = assign(image, small_atlas, threshold=1.0)
    monkeypatch.setattr(voxelwise, "MOST_ENTRIES", 10)
    assert voxelwise.is_too_fine(small_atlas, grid)
    assert not voxelwise.is_too_fine(small_atlas, small_atlas.grid)
    alone = assign(image, small_atlas, threshold=1.0)
    pd.testing.assert_frame_equal(alone.assignments, whole.assignments, rtol=1e-9)
    pd.testing.assert_frame_equal(alone.modes, whole.modes, rtol=1e-9)


def test_a_nifti_file_larger_than_memory_stays_in_its_file(tmp_path, monkeypatch, small_atlas):
    data = np.random.default_rng(6).integers(-100, 100, small_atlas.grid.shape).astype(np.int16)
    path = tmp_path / "map.nii"
    nifti = nib.Nifti1Image(data, small_atlas.grid.affine)
    nifti.header.set_slope_inter(0.25, 1)
    nib.save(nifti, path)
    expected = Image.from_file(path)
    monkeypatch.setattr("napari_atlas_assign.image.LARGEST_IN_MEMORY", 100)
    image = Image.from_file(path)
    assert image.is_lazy
    assert not expected.is_lazy
    assert image.data.dtype == expected.data.dtype
    assert_same_result(assign(expected, small_atlas, threshold=10), assign(image, small_atlas, threshold=10))


def test_a_stack_file_larger_than_memory_stays_in_its_file(tmp_path, monkeypatch):
    data = np.random.default_rng(6).normal(size=(3, 4, 5, 2, 3)).astype(np.float32)
    path = tmp_path / "stack.nii"
    nib.save(nib.Nifti1Image(data, np.eye(4)), path)
    expected = read_stack(path)
    monkeypatch.setattr("napari_atlas_assign.image.LARGEST_IN_MEMORY", 100)
    stack = read_stack(path)
    assert [image.name for image in stack] == [image.name for image in expected]
    for one, other in zip(stack, expected, strict=True):
        assert one.is_lazy
        assert_array_equal(np.asarray(one.data), other.data)


def test_a_record_has_the_same_checksum_whether_in_memory_or_not():
    data = np.random.default_rng(7).normal(size=(6, 5, 4)).astype(">f4")
    one = array_sha256(data)
    assert array_sha256(da.from_array(data, chunks=(2, 3, 3))) == one
    assert array_sha256(data.astype("<f4")) == one


def test_a_result_is_saved_as_from_memory(small_atlas, tmp_path):
    data = np.random.default_rng(8).normal(size=small_atlas.grid.shape)
    affine = small_atlas.grid.affine
    in_memory = assign(Image.from_array(data, affine, "a"), small_atlas, threshold=0.5).save(tmp_path / "one")
    result = assign(lazily(data, affine, (3, 4, 5), "a"), small_atlas, threshold=0.5)
    by_chunks = result.save(tmp_path / "other", report=True)
    for table in ("assignments.tsv", "modes.tsv", "peaks.tsv", "regions.tsv"):
        assert (in_memory / table).read_bytes() == (by_chunks / table).read_bytes()
    one, other = (nib.load(folder / "components.nii.gz") for folder in (in_memory, by_chunks))
    assert_array_equal(np.asarray(one.dataobj), np.asarray(other.dataobj))
    assert_array_equal(one.affine, other.affine)
    assert str(one.header) == str(other.header)


def test_regions_are_drawn_on_the_grid_of_an_atlas_that_is_far_coarser(small_atlas, monkeypatch):
    grid = Grid((20, 24, 16), small_atlas.grid.affine @ np.diag([0.5, 0.5, 0.5, 1]))
    values = np.kron(small_atlas.map_of(0), np.ones((2, 2, 2)))
    result = assign(Image.from_array(values, grid.affine), small_atlas)
    assert best_region_labels(result).grid.matches(grid)
    monkeypatch.setattr(voxelwise, "MOST_ENTRIES", 10)
    labels = best_region_labels(result)
    assert labels.grid.matches(small_atlas.grid)
    assert labels.data.any()


def test_large_lazy_images_are_drawn_by_every_other_voxel(monkeypatch):
    monkeypatch.setattr(slices, "MOST_VOXELS", 100)
    image = slices.drawable(lazily(np.arange(8 * 6 * 7.0).reshape(8, 6, 7), np.eye(4), (4, 3, 7)))
    assert image.grid.shape == (4, 3, 4)
    assert image.data[1, 1, 1] == 2 * 42 + 2 * 7 + 2
    assert_array_equal(image.grid.to_world([1, 1, 1]), [2, 2, 2])


def test_arrays_of_dask_and_zarr_are_sources(small_atlas):
    import zarr

    data = np.random.default_rng(9).normal(size=small_atlas.grid.shape)
    expected = naa.assign((data, small_atlas.grid.affine), small_atlas, threshold=0.5)
    for array in (da.from_array(data, chunks=4), zarr.create_array({}, data=data, chunks=(4, 4, 4))):
        assert_same_result(expected, naa.assign((array, small_atlas.grid.affine), small_atlas, threshold=0.5))
