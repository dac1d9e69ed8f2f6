"""Atlases that lie in many image files."""

from __future__ import annotations

import nibabel as nib
import numpy as np
import pytest

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


def test_each_file_is_a_region(tmp_path, rng):
    maps = [np.where(rng.random((3, 4, 5)) < 0.5, 0, rng.random((3, 4, 5))).astype(np.float32) for _ in range(3)]
    paths = [write(tmp_path / f"{n}.nii.gz", data) for n, data in enumerate(maps)]
    grid, voxels, values = entries_of_files(paths)
    assert grid.shape == (3, 4, 5)
    for data, voxel, value in zip(maps, voxels, values, strict=True):
        assert sorted(voxel.tolist()) == np.flatnonzero(data).tolist()
        np.testing.assert_array_equal(value, data.ravel()[voxel])


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
