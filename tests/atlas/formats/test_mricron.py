from __future__ import annotations

import gzip

import nibabel as nib
import numpy as np
import pytest

from napari_atlas_assign.atlas.formats import mricron
from napari_atlas_assign.errors import AtlasError

TEXT = b"1\tPrecentral_L\r\n2\tPrecentral_R\r\n"


def write(path, between, flag=b"\0\0\0\0"):
    """A NIfTI file with bytes between the header and the voxels, which hold the labels 1 and 2."""
    header = nib.Nifti1Header()
    header.set_data_shape((2, 2, 2))
    header.set_data_dtype(np.uint8)
    header.set_sform(np.eye(4), 1)
    header["magic"] = b"n+1"
    between += b"\0" * (-len(between) % 16)
    header["vox_offset"] = 352 + len(between)
    data = header.binaryblock + flag + between + bytes([0, 1, 2, 0, 0, 0, 0, 0])
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


@pytest.mark.parametrize("name", ["aal.nii", "aal.nii.gz"])
def test_labels_between_header_and_voxels_are_read(tmp_path, name):
    path = write(tmp_path / name, TEXT)
    assert mricron.sniff(path)
    atlas = mricron.read(path)
    assert atlas.name == "aal"
    assert atlas.regions["name"].tolist() == ["Precentral_L", "Precentral_R"]
    assert atlas.map_of(1)[0, 1, 0] == 1


def test_labels_in_an_extension_are_read(tmp_path):
    size = (8 + len(TEXT) + 15) // 16 * 16
    between = np.array([size, 6], "<i4").tobytes() + TEXT
    path = write(tmp_path / "aal.nii", between, flag=b"\1\0\0\0")
    assert mricron.sniff(path)
    assert mricron.read(path).regions["name"].tolist() == ["Precentral_L", "Precentral_R"]


def test_a_table_of_ones_own_replaces_the_labels(tmp_path):
    (tmp_path / "own.csv").write_text("index,name\n1,a\n2,b\n")
    path = write(tmp_path / "aal.nii", TEXT)
    assert mricron.read(path, labels=tmp_path / "own.csv").regions["name"].tolist() == ["a", "b"]
    assert mricron.files(path, tmp_path / "own.csv") == [path, tmp_path / "own.csv"]


@pytest.mark.parametrize("between", [b"", b"\0" * 64, b"<?xml version='1.0'?><AFNI_attributes/>", bytes(range(256))])
def test_other_bytes_are_not_claimed(tmp_path, between):
    path = write(tmp_path / "aal.nii", between)
    assert not mricron.sniff(path)


@pytest.mark.parametrize("between", [b"1\ta\n1\tb\n", b"1\ta\nx\tb\n"])
def test_bad_labels_are_refused(tmp_path, between):
    with pytest.raises(AtlasError, match=r"aal\.nii"):
        mricron.read(write(tmp_path / "aal.nii", between))


def test_an_offset_beyond_the_file_or_the_limit_is_refused(tmp_path):
    for offset in (5000, 2**30, 1):
        path = write(tmp_path / "aal.nii", TEXT)
        data = bytearray(path.read_bytes())
        data[108:112] = np.float32(offset).tobytes()
        path.write_bytes(data)
        assert mricron.sniff(path) in (True, False)
        with pytest.raises(AtlasError):
            mricron.read(path)


def test_other_files_are_not_claimed(tmp_path):
    (tmp_path / "a.nii").write_bytes(b"x")
    (tmp_path / "a.nii.gz").write_bytes(b"x")
    for name in ("a.nii", "a.nii.gz", "none.nii"):
        assert not mricron.sniff(tmp_path / name)
        with pytest.raises(AtlasError):
            mricron.read(tmp_path / name)
