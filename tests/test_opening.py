"""Image files are opened after a look at what nibabel would unpack at once."""

from __future__ import annotations

import builtins
import io

import nibabel as nib
import numpy as np
import pytest

from napari_atlas_assign import InputError, opening
from napari_atlas_assign.image import Image, file_sha256
from napari_atlas_assign.limits import MAX_TEXT_BYTES, Start
from napari_atlas_assign.opening import load


def test_a_volume_is_opened_as_nibabel_does(tmp_path, rng):
    data = rng.random((3, 4, 5)).astype(np.float32)
    nib.save(nib.Nifti1Image(data, np.eye(4)), tmp_path / "map.nii.gz")
    np.testing.assert_array_equal(load(tmp_path / "map.nii.gz").get_fdata(dtype=np.float32), data)


def test_a_surface_is_named_and_refused(tmp_path):
    surface = nib.gifti.GiftiImage(darrays=[nib.gifti.GiftiDataArray(np.zeros(4, np.float32))])
    nib.save(surface, tmp_path / "left.func.gii")
    with pytest.raises(InputError, match=r"left\.func\.gii is not a volume .*GIFTI"):
        load(tmp_path / "left.func.gii")


@pytest.mark.parametrize("kind", [nib.Nifti1Image, nib.Nifti2Image])
def test_an_extension_that_claims_too_much_is_refused_before_it_is_unpacked(tmp_path, kind):
    image = kind(np.zeros((2, 2, 2), np.uint8), np.eye(4))
    image.header.extensions.append(nib.nifti1.Nifti1Extension(6, b"short"))
    nib.save(image, tmp_path / "map.nii")
    raw = bytearray((tmp_path / "map.nii").read_bytes())
    begin = {nib.Nifti1Image: 352, nib.Nifti2Image: 544}[kind]
    assert int.from_bytes(raw[begin : begin + 4], "little") == 16
    raw[begin : begin + 4] = (MAX_TEXT_BYTES + 16).to_bytes(4, "little")
    (tmp_path / "map.nii").write_bytes(raw)
    with pytest.raises(InputError, match=r"map\.nii"):
        load(tmp_path / "map.nii")


@pytest.mark.parametrize("has_isal", [True, False])
def test_packed_voxels_are_read_and_checked_alike_with_and_without_isal(has_isal, tmp_path, rng, monkeypatch):
    if has_isal:
        pytest.importorskip("isal")
    else:
        monkeypatch.setattr(opening, "_isal", lambda: None)
    voxels = rng.integers(0, 100, (7, 6, 5, 3)).astype(np.int16)
    path = tmp_path / "volumes.nii.gz"
    nib.save(nib.Nifti1Image(voxels, np.eye(4)), path)
    read = opening.kept_open(opening.load(path))
    for volume in range(3):
        assert np.array_equal(np.asanyarray(read[..., volume]), voxels[..., volume])
    opening.check_end(read)
    whole = path.read_bytes()
    path.write_bytes(whole[:-8] + bytes(byte ^ 1 for byte in whole[-8:-4]) + whole[-4:])
    damaged = opening.kept_open(opening.load(path))

    def read_to_the_end():
        np.asanyarray(damaged)
        opening.check_end(damaged)

    with pytest.raises(OSError, match="CRC"):
        read_to_the_end()


def test_maps_of_one_header_are_opened_as_nibabel_opens_each_of_them(tmp_path, rng):
    affine = np.diag([3.0, -2, 2, 1])
    affine[:3, 3] = -20, 30, 5.5
    for kind in (nib.Nifti1Image, nib.Nifti2Image):
        for ending in ("nii", "nii.gz"):
            for dtype, slope in ((np.int16, None), (np.int16, 0.5), (np.float32, None), (">f4", None)):
                for number in range(3):
                    image = kind(rng.integers(0, 99, (3, 4, 5)).astype(dtype), affine)
                    image.set_data_dtype(np.dtype(dtype))
                    image.header.set_slope_inter(slope, 1 if slope else None)
                    path = tmp_path / f"{kind.__name__} {np.dtype(dtype).str[1:]} {slope} {number}.{ending}"
                    nib.save(image, path)
                    theirs = nib.load(path)
                    for most in (1, 2**20):
                        ours = opening.opened(Start.of(path, most))
                        assert type(ours) is type(theirs)
                        assert ours.header == theirs.header
                        assert ours.get_filename() == theirs.get_filename()
                        np.testing.assert_array_equal(ours.affine, theirs.affine)
                        np.testing.assert_array_equal(np.asanyarray(ours.dataobj), np.asanyarray(theirs.dataobj))
                        np.testing.assert_array_equal(ours.dataobj[..., 2], theirs.dataobj[..., 2])
                        assert np.asanyarray(ours.dataobj).dtype == np.asanyarray(theirs.dataobj).dtype


def test_a_map_is_read_from_its_file_once(tmp_path, rng, monkeypatch):
    nib.save(nib.Nifti1Image(rng.random((9, 9, 9)), np.eye(4)), tmp_path / "map.nii.gz")
    opened = []
    for module in (io, builtins):
        monkeypatch.setattr(module, "open", lambda file, *how, opens=open: opened.append(file) or opens(file, *how))
    image = Image.from_file(tmp_path / "map.nii.gz")
    assert list(map(str, opened)) == [str(tmp_path / "map.nii.gz")]
    monkeypatch.undo()
    assert image.source["sha256"] == file_sha256(tmp_path / "map.nii.gz")
