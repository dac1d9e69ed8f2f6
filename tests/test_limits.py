from __future__ import annotations

import bz2
import gzip
import struct

import nibabel as nib
import numpy as np
import pytest

from napari_atlas_assign.errors import InputError
from napari_atlas_assign.image import open_image
from napari_atlas_assign.limits import MAX_IMAGE_BYTES, Start, check_size, read_bytes


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
    check_size(nib.load(path), Start.of(path))


def test_zeros_packed_as_tightly_as_deflate_can_pass(tmp_path):
    path = claim(tmp_path / "a.nii.gz", (200, 200, 200), bytes(200**3))
    check_size(nib.load(path), Start.of(path))


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_a_header_that_claims_more_than_the_file_holds_is_refused(tmp_path, name):
    path = claim(tmp_path / name, (1000, 1000, 1000))
    with pytest.raises(InputError, match=r"a\.nii.* more than the file can hold"):
        check_size(nib.load(path), Start.of(path))


def test_a_header_that_claims_more_than_any_atlas_is_refused(tmp_path):
    path = claim(tmp_path / "a.nii.gz", (30000, 30000, 30000))
    with pytest.raises(InputError, match=r"more than the 64.00 GiB"):
        check_size(nib.load(path), Start.of(path), MAX_IMAGE_BYTES)


def test_a_header_without_voxels_is_refused(tmp_path):
    path = claim(tmp_path / "a.nii", (10, 0, 2))
    with pytest.raises(InputError, match="without voxels"):
        check_size(nib.load(path), Start.of(path))


def test_a_surface_is_not_a_volume(tmp_path):
    with pytest.raises(InputError, match="not a volume but a GiftiImage"):
        check_size(nib.gifti.GiftiImage(), Start.of(tmp_path / "a.gii"))


def test_the_voxels_of_a_two_file_image_are_counted_beside_the_header(tmp_path):
    nib.save(nib.Nifti1Pair(np.ones((20, 20, 20), np.uint8), np.eye(4)), tmp_path / "a.hdr")
    check_size(nib.load(tmp_path / "a.hdr"), Start.of(tmp_path / "a.hdr"))
    (tmp_path / "a.img").write_bytes(b"\0" * 100)
    with pytest.raises(InputError, match="more than the file can hold"):
        check_size(nib.load(tmp_path / "a.hdr"), Start.of(tmp_path / "a.hdr"))


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


@pytest.mark.parametrize("name", ["a.nii.gz", "a.nii", "a.hdr", "a.hdr.gz"])
def test_extensions_of_a_header_that_claim_too_much_are_refused_before_they_are_unpacked(tmp_path, name):
    header = nib.Nifti1Header()
    header.set_data_shape((2, 2, 2))
    header.set_data_dtype(np.uint8)
    header["magic"], header["vox_offset"] = (b"n+1", 2**28) if "nii" in name else (b"ni1", 0)
    extension = struct.pack("<ii", 2**28, 6) + bytes(2**16)
    data = header.binaryblock + b"\1\0\0\0" + extension
    (tmp_path / name).write_bytes(gzip.compress(data) if name.endswith("gz") else data)
    (tmp_path / "a.img").write_bytes(bytes(8))
    with pytest.raises(InputError, match=rf"the header of {name} claims 256 MiB, more than the 20 MiB"):
        open_image(tmp_path / name)


def test_a_surface_is_refused_unread(tmp_path):
    (tmp_path / "a.gii").write_bytes(b"<GIFTI><DataArray>" + b"<")
    with pytest.raises(InputError, match="not a volume but a GiftiImage"):
        open_image(tmp_path / "a.gii")


@pytest.mark.parametrize("name", ["a.nii.gz", "a.nii.bz2"])
def test_voxels_that_are_packed_too_tightly_are_refused(tmp_path, name):
    shape = (1024, 1024, 512)
    header = nib.Nifti1Header()
    header.set_data_shape(shape)
    header.set_data_dtype(np.uint8)
    header["magic"], header["vox_offset"] = b"n+1", 352
    pack = gzip.open if name.endswith("gz") else bz2.open
    with pack(tmp_path / name, "wb") as file:
        file.write(header.binaryblock + bytes(4))
        for _ in range(512):
            file.write(bytes(2**20))
    with pytest.raises(InputError, match=r"packed more than 500 to one and claims 512 MiB.*unpack the file"):
        open_image(tmp_path / name)


@pytest.mark.parametrize("n", [0, 5, 1024, 9000])
@pytest.mark.parametrize("members", [1, 40])
@pytest.mark.parametrize("packed", [True, False])
def test_the_start_of_a_file_is_that_of_its_content(n, members, packed, tmp_path, rng):
    content = rng.integers(0, 4, n, np.uint8).tobytes()
    parts = [content[i::members] for i in range(members)]
    path = tmp_path / "x.nii.gz"
    path.write_bytes(b"".join(map(gzip.compress, parts)) if packed else b"".join(parts))
    start = Start.of(path)
    assert start.unpacked == b"".join(parts)[:1024]
    assert start.is_gzip == start.is_as_named == packed


def test_of_what_cannot_be_read_or_is_damaged_nothing_is_the_start(tmp_path):
    (tmp_path / "x.gz").write_bytes(gzip.compress(bytes(9000))[:12] + b"damaged" * 99)
    assert Start.of(tmp_path / "x.gz").unpacked == b""
    assert Start.of(tmp_path / "none").raw == b""


@pytest.mark.parametrize(
    ("n", "most", "is_whole"), [(0, 9, False), (9, 9, True), (5000, 5000, True), (5000, 4999, False)]
)
def test_a_file_is_read_whole_up_to_a_size(n, most, is_whole, tmp_path):
    (tmp_path / "x").write_bytes(bytes(n))
    start = Start.of(tmp_path / "x", most)
    assert (start.is_whole, start.size) == (is_whole, n)
    assert start.raw == bytes(n if is_whole else min(n, 4096))


@pytest.mark.parametrize(("name", "is_as_named"), [("a.nii", True), ("a.NII.GZ", False), ("a.nii.bz2", False)])
def test_a_file_that_is_not_packed_is_named_as_such(name, is_as_named, tmp_path):
    (tmp_path / name).write_bytes(b"plain")
    assert Start.of(tmp_path / name).is_as_named == is_as_named
