from __future__ import annotations

import gzip

import nibabel as nib
import numpy as np
import pytest

from napari_atlas_assign.errors import InputError
from napari_atlas_assign.limits import MAX_IMAGE_BYTES, check_size, read_bytes


def claim(path, shape, voxels=b"\0" * 100):
    """Write a NIfTI header of any shape in front of a few bytes of voxels."""
    header = nib.Nifti1Header()
    header.set_data_shape(shape)
    header.set_data_dtype(np.uint8)
    header["magic"] = b"n+1"
    header["vox_offset"] = 352
    data = header.binaryblock + b"\0\0\0\0" + voxels
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def test_an_image_that_is_all_there_passes(tmp_path):
    path = claim(tmp_path / "a.nii", (10, 5, 2))
    check_size(nib.load(path), path)


def test_zeros_packed_as_tightly_as_deflate_can_pass(tmp_path):
    path = claim(tmp_path / "a.nii.gz", (200, 200, 200), bytes(200**3))
    check_size(nib.load(path), path)


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_a_header_that_claims_more_than_the_file_holds_is_refused(tmp_path, name):
    path = claim(tmp_path / name, (1000, 1000, 1000))
    with pytest.raises(InputError, match=r"a\.nii.* more than the file can hold"):
        check_size(nib.load(path), path)


def test_a_header_that_claims_more_than_any_atlas_is_refused(tmp_path):
    path = claim(tmp_path / "a.nii.gz", (30000, 30000, 30000))
    with pytest.raises(InputError, match=r"more than the 64.00 GiB"):
        check_size(nib.load(path), path, MAX_IMAGE_BYTES)


def test_a_header_without_voxels_is_refused(tmp_path):
    path = claim(tmp_path / "a.nii", (10, 0, 2))
    with pytest.raises(InputError, match="without voxels"):
        check_size(nib.load(path), path)


def test_a_surface_is_not_a_volume(tmp_path):
    with pytest.raises(InputError, match="not a volume but a GiftiImage"):
        check_size(nib.gifti.GiftiImage(), tmp_path / "a.gii")


def test_the_voxels_of_a_two_file_image_are_counted_beside_the_header(tmp_path):
    nib.save(nib.Nifti1Pair(np.ones((20, 20, 20), np.uint8), np.eye(4)), tmp_path / "a.hdr")
    check_size(nib.load(tmp_path / "a.hdr"), tmp_path / "a.hdr")
    (tmp_path / "a.img").write_bytes(b"\0" * 100)
    with pytest.raises(InputError, match="more than the file can hold"):
        check_size(nib.load(tmp_path / "a.hdr"), tmp_path / "a.hdr")


def test_a_decompression_bomb_stops_at_the_limit(tmp_path):
    path = tmp_path / "table.txt.gz"
    path.write_bytes(gzip.compress(bytes(3_000_000)))
    with pytest.raises(InputError, match="holds more than 1 MiB"):
        read_bytes(path, 2**20)


def test_a_file_cut_off_or_missing_is_refused(tmp_path):
    path = tmp_path / "table.txt.gz"
    path.write_bytes(gzip.compress(b"1 a\n" * 100)[:-10])
    for bad in (path, tmp_path / "none.txt", tmp_path):
        with pytest.raises(InputError, match="cannot be read"):
            read_bytes(bad)
