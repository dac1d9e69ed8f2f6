"""Atlases that lie in many image files."""

from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest

from napari_atlas_assign.atlas import build
from napari_atlas_assign.atlas.files.volumes import (
    check_whole,
    common_grid,
    entries_by_label,
    entries_of_files,
    n_axes,
    open_volume,
    read_volume,
)
from napari_atlas_assign.errors import AtlasError


def write(path, data, affine=None):
    nib.save(nib.Nifti1Image(data, np.eye(4) if affine is None else affine), path)
    return path


@pytest.mark.parametrize("n_at_a_time", [1, 24, 36, 2**20])
@pytest.mark.parametrize("kind", [np.float32, np.uint8])
def test_each_file_is_a_region_however_many_planes_are_read_at_a_time(tmp_path, rng, monkeypatch, n_at_a_time, kind):
    monkeypatch.setattr(build, "_PART_VOXELS", n_at_a_time)
    maps = [np.where(rng.random((3, 4, 5)) < 0.5, 0, 9 * rng.random((3, 4, 5))).astype(kind) for _ in range(3)]
    paths = [write(tmp_path / f"{n}.nii.gz", data) for n, data in enumerate(maps)]
    grid, voxels, values = entries_of_files(paths)
    assert grid.shape == (3, 4, 5)
    for data, voxel, value in zip(maps, voxels, values, strict=True):
        assert sorted(voxel.tolist()) == np.flatnonzero(data).tolist()
        np.testing.assert_array_equal(value, data.ravel()[voxel])


@pytest.mark.parametrize("order", "CF")
def test_entries_of_parts_are_those_of_the_whole(rng, order):
    whole = np.asarray(rng.choice([0.0, np.nan, 0.5, 0.25], (3, 4, 5)), order=order)
    voxel, value = build.entries_of_parts(((whole[:, :, z : z + 2].copy(order), (z, 5)) for z in range(0, 5, 2)), "a")
    rising = np.argsort(voxel)
    assert voxel[rising].tolist() == np.flatnonzero(whole > 0).tolist()
    assert value[rising].tolist() == whole[whole > 0].tolist()


@pytest.mark.parametrize("damaged", [0, 2])
def test_a_packed_file_whose_checksum_does_not_fit_is_named(tmp_path, rng, damaged):
    paths = [write(tmp_path / f"{n}.nii.gz", rng.random((20, 20, 20)).astype(np.float32)) for n in range(3)]
    content = bytearray(paths[damaged].read_bytes())
    content[-8] ^= 1
    paths[damaged].write_bytes(content)
    with pytest.raises(AtlasError, match=rf"^{damaged}\.nii\.gz: the voxels cannot be read"):
        entries_of_files(paths)


def test_the_file_on_another_grid_is_the_one_that_is_named(tmp_path):
    data = np.ones((2, 2, 2), np.float32)
    paths = [write(tmp_path / f"{n}.nii", data) for n in range(2)]
    odd = write(tmp_path / "odd.nii", data, np.diag([2, 2, 2, 1]))
    with pytest.raises(AtlasError, match=r"odd\.nii has another grid"):
        common_grid({path: open_volume(path) for path in (odd, *paths)})


def test_every_label_has_its_voxels(rng):
    volume = rng.choice([0, 3, 5, 1000], (4, 4, 4))
    expected = {int(label): np.flatnonzero(volume == label).tolist() for label in np.unique(volume[volume > 0])}
    assert {label: sorted(voxels.tolist()) for label, voxels in entries_by_label(volume, "a").items()} == expected


def test_axes_of_one_do_not_count_and_others_are_refused(tmp_path):
    assert n_axes(open_volume(write(tmp_path / "a.nii", np.ones((2, 3, 4, 1, 1), np.float32)))) == 3
    with pytest.raises(AtlasError, match=r"b\.nii has 4 axes .* not 3"):
        open_volume(write(tmp_path / "b.nii", np.ones((2, 3, 4, 2), np.float32)))


def test_a_volume_that_is_not_there_is_refused(tmp_path):
    img = nib.load(write(tmp_path / "a.nii", np.ones((2, 3, 4, 2), np.float32)))
    with pytest.raises(AtlasError, match="no volume 2"):
        read_volume(img, "a.nii", 2)


def test_a_file_that_is_cut_off_is_told_without_keeping_it(tmp_path, rng):
    path = write(tmp_path / "a.nii.gz", rng.random((9, 9, 9)).astype(np.float32))
    check_whole(path)
    path.write_bytes(path.read_bytes()[:-50])
    with pytest.raises(AtlasError, match=r"a\.nii\.gz is cut off or damaged"):
        check_whole(path)
