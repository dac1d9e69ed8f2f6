from __future__ import annotations

import gzip

import nibabel as nib
import numpy as np
import pytest

from napari_atlas_assign import Image, InputError, assign
from napari_atlas_assign.errors import GridError


@pytest.fixture
def blob() -> np.ndarray:
    data = np.zeros((10, 12, 8), np.float32)
    data[2:5, 4:8, 3:6] = np.arange(36).reshape(3, 4, 3) + 1
    return data


def saved(path, data, affine=None, **header):
    image = nib.Nifti1Image(data, np.diag([2.0, 2, 2, 1]) if affine is None else affine)
    for field, value in header.items():
        image.header[field] = value
    nib.save(image, path)
    return path


# --- files ---


def test_a_file_keeps_its_values_its_place_and_its_origin(tmp_path, blob):
    affine = np.array([[-2.0, 0, 0, 9], [0, 2, 0, -12], [0, 0, 2, -8], [0, 0, 0, 1]])
    image = Image.from_file(saved(tmp_path / "map.nii.gz", blob, affine))
    np.testing.assert_array_equal(image.data, blob)
    np.testing.assert_array_equal(image.grid.affine, affine)
    assert image.name == "map.nii.gz"
    assert image.source["path"] == str(tmp_path / "map.nii.gz")
    assert len(image.source["sha256"]) == 64


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"nowhere\.nii\.gz: no such file; check the path"):
        Image.from_file(tmp_path / "nowhere.nii.gz")


@pytest.mark.parametrize("kept", [0.02, 0.5, 0.97])
def test_a_truncated_gzip_is_refused(tmp_path, rng, kept):
    path = saved(tmp_path / "cut.nii.gz", rng.normal(size=(20, 20, 20)))
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * kept)])
    with pytest.raises(InputError, match=r"cut\.nii\.gz.*(cut off, fetch it again|not an image that can be read)"):
        Image.from_file(path)


def test_a_truncated_plain_file_is_refused(tmp_path, rng):
    path = saved(tmp_path / "cut.nii", rng.normal(size=(20, 20, 20)))
    path.write_bytes(path.read_bytes()[:5000])
    with pytest.raises(InputError, match=r"cut\.nii claims .* more than the file can hold; it is cut off"):
        Image.from_file(path)


@pytest.mark.parametrize("content", [b"", b"x,y,z\n1,2,3\n", b"\x00" * 400, b"\x89PNG\r\n" + b"\x00" * 500])
@pytest.mark.parametrize("name", ["notes.nii", "notes.nii.gz", "notes.txt"])
def test_what_is_no_image_is_refused(tmp_path, content, name):
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(InputError, match=r"notes\.[a-z.]+ is not an image that can be read .*; give a NIfTI file"):
        Image.from_file(path)


def test_a_folder_is_no_image(tmp_path):
    with pytest.raises(InputError, match=r"is a folder; give a NIfTI file"):
        Image.from_file(tmp_path)


def test_a_header_that_claims_more_than_memory_holds_is_refused(tmp_path):
    image = nib.Nifti1Image(np.zeros((2, 2, 2)), np.eye(4))
    header = bytearray(image.to_bytes()[:352])
    header[40:48] = np.array([3, 32000, 32000, 32000], "<i2").tobytes()
    path = tmp_path / "claims.nii.gz"
    path.write_bytes(gzip.compress(bytes(header) + b"\x00" * 64))
    with pytest.raises(InputError, match=r"claims\.nii\.gz"):
        Image.from_file(path)


def test_a_singular_affine_is_refused_with_the_name_of_the_file(tmp_path, blob):
    path = saved(tmp_path / "flat.nii", blob)
    raw = bytearray(path.read_bytes())
    raw[254:256] = np.int16(1).tobytes()  # sform_code
    raw[280:328] = np.array([[2, 0, 0, 0], [0, 2, 0, 0], [0, 2, 0, 0]], "<f4").tobytes()
    path.write_bytes(bytes(raw))
    with pytest.raises(InputError, match=r"flat\.nii: the affine is singular"):
        Image.from_file(path)


# --- volumes of 4D images ---


def test_a_4d_image_needs_a_choice_of_volume(tmp_path, blob):
    path = saved(tmp_path / "stack.nii.gz", np.stack([blob, 2 * blob], axis=-1))
    with pytest.raises(
        InputError, match=r"stack\.nii\.gz is 4D with 2 volumes; pick one, counted from 0, .*volume=0.*--volume 0"
    ):
        Image.from_file(path)
    second = Image.from_file(path, volume=1)
    np.testing.assert_array_equal(second.data, 2 * blob)
    assert second.source["volume"] == 1


@pytest.mark.parametrize("volume", [-1, 2])
def test_a_volume_that_is_not_there_is_refused(tmp_path, blob, volume):
    path = saved(tmp_path / "stack.nii.gz", np.stack([blob, blob], axis=-1))
    with pytest.raises(InputError, match=rf"stack\.nii\.gz has no volume {volume}; it has 2, counted from 0"):
        Image.from_file(path, volume=volume)


def test_a_single_volume_needs_no_choice(tmp_path, blob):
    image = Image.from_file(saved(tmp_path / "one.nii.gz", blob[..., None]))
    assert image.data.shape == blob.shape


def test_a_plane_is_no_image(tmp_path):
    path = saved(tmp_path / "plane.nii", np.ones((5, 6), np.float32))
    with pytest.raises(InputError, match=r"plane\.nii: an image needs three axes, not 2"):
        Image.from_file(path)


# --- types ---


@pytest.mark.parametrize(
    "dtype", ["u1", "i1", "<i2", ">i2", "<u2", "<i4", ">i4", "<i8", ">u8", "<f4", ">f4", "<f8", ">f8"]
)
def test_every_type_and_byte_order_gives_the_same_tables(tmp_path, blob, small_atlas, dtype):
    header = nib.Nifti1Header(endianness=">" if dtype[0] == ">" else "<")
    header.set_data_dtype(dtype)
    path = tmp_path / "map.nii"
    nib.save(nib.Nifti1Image(blob.astype(dtype), small_atlas.grid.affine, header), path)
    expected = assign((blob, small_atlas.grid.affine), small_atlas, threshold=3)
    found = assign(path, small_atlas, threshold=3)
    assert len(expected.assignments) > 0
    assert found.assignments.equals(expected.assignments)
    assert found.modes.equals(expected.modes)


def test_the_headers_scaling_is_applied(tmp_path, blob, small_atlas):
    # Stored 1..36 with slope 0.5 and intercept 10.
    path = saved(tmp_path / "scaled.nii", blob.astype(np.int16), small_atlas.grid.affine)
    raw = bytearray(path.read_bytes())
    raw[112:120] = np.array([0.5, 10], "<f4").tobytes()
    path.write_bytes(bytes(raw))
    image = Image.from_file(path)
    np.testing.assert_allclose(image.data, blob * 0.5 + 10)


@pytest.mark.parametrize(
    "array", [np.zeros((2, 2, 2), complex), np.zeros((2, 2, 2), "datetime64[s]"), np.full((2, 2, 2), "a")]
)
def test_what_is_not_real_numbers_is_refused(array):
    with pytest.raises(InputError, match="are not real numbers; give one number per voxel"):
        Image.from_array(array, np.eye(4))


def test_rgb_voxels_are_refused(tmp_path):
    rgb = np.zeros((3, 3, 3), [("R", "u1"), ("G", "u1"), ("B", "u1")])
    with pytest.raises(InputError, match=r"colour\.nii: voxels of type .* are not real numbers"):
        Image.from_file(saved(tmp_path / "colour.nii", rgb))


def test_a_mask_of_booleans_is_an_image_of_0_and_1():
    image = Image.from_array(np.ones((2, 2, 2), bool), np.eye(4))
    assert image.data.dtype == np.uint8


@pytest.mark.parametrize("affine", [np.zeros((4, 4)), np.eye(3), np.full((4, 4), np.nan)])
def test_an_array_needs_a_usable_affine(affine):
    with pytest.raises(GridError, match=r"array: the affine is"):
        Image.from_array(np.ones((2, 2, 2)), affine)


def test_data_must_fit_the_grid(small_atlas):
    with pytest.raises(InputError, match=r"does not fit the grid of shape \(10, 12, 8\)"):
        Image(np.ones((2, 2, 2)), small_atlas.grid)


def test_a_single_map_is_told_to_have_no_numbers(tmp_path, blob):
    path = saved(tmp_path / "map.nii.gz", blob)
    with pytest.raises(InputError, match=r"map\.nii\.gz has no volume 1: it holds a single volume; leave out"):
        Image.from_file(path, volume=1)
