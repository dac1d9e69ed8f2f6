from __future__ import annotations

import gzip
import struct
from contextlib import suppress

import nibabel as nib
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_atlas_assign.atlas.formats import nifti
from napari_atlas_assign.errors import AssignmentWarning, AtlasError

AFFINE = np.array([[-2.0, 0, 0, 90], [0, 2, 0, -126], [0, 0, 2, -72], [0, 0, 0, 1]])


def write(path, data, image=nib.Nifti1Image):
    data = np.asarray(data)
    img = image(data, AFFINE, image.header_class(endianness=">" if data.dtype.byteorder == ">" else "<"))
    img.header.set_data_dtype(data.dtype)
    nib.save(img, path)
    return path


def maps() -> np.ndarray:
    """Percentages (3, 4, 5, 2)."""
    data = np.zeros((3, 4, 5, 2), np.uint8)
    data[0, 1, 2] = 100, 25
    data[2, 3, 4, 1] = 50
    return data


def test_four_axes_are_maps_on_the_files_grid(tmp_path):
    atlas = nifti.read(write(tmp_path / "a.nii.gz", maps()))
    assert (atlas.name, atlas.n_regions, atlas.is_labelled) == ("a", 2, False)
    np.testing.assert_array_equal(atlas.grid.affine, AFFINE)
    for r in range(2):
        np.testing.assert_array_equal(atlas.map_of(r), (maps()[..., r] / 100).astype(np.float32))


@pytest.mark.parametrize("dtype", ["u1", "<i2", ">i2", ">f4", "<f8"])
@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz"])
def test_maps_of_any_type_and_byte_order_are_the_same_atlas(tmp_path, dtype, name):
    atlas = nifti.read(write(tmp_path / name, maps().astype(dtype)))
    np.testing.assert_array_equal(atlas.map_of(1), (maps()[..., 1] / 100).astype(np.float32))


def test_slope_and_intercept_are_applied(tmp_path):
    path = write(tmp_path / "a.nii", maps().astype(np.int16) * 10 - 3)
    content = bytearray(path.read_bytes())
    content[112:120] = struct.pack("<ff", 0.1, 0.3)
    path.write_bytes(content)
    np.testing.assert_allclose(nib.load(path).get_fdata(), maps(), atol=1e-5)
    np.testing.assert_allclose(nifti.read(path).map_of(1), maps()[..., 1] / 100, atol=1e-6)


def test_labels_that_were_stored_scaled_are_labels(tmp_path):
    labels = np.array([[[0, 1, 2, 2035, 12175]]], np.float64)
    img = nib.Nifti1Image(labels, AFFINE)
    img.set_data_dtype(np.int16)  # nibabel scales them to use the whole range
    nib.save(img, tmp_path / "a.nii")
    assert not np.array_equal(nib.load(tmp_path / "a.nii").get_fdata(), labels)
    assert nifti.read(tmp_path / "a.nii").regions["id"].tolist() == [1, 2, 2035, 12175]


def test_a_map_that_was_stored_scaled_is_a_map(tmp_path):
    data = np.zeros((2, 2, 3))
    data[0, 0] = [0.1, 0.5, 1]
    img = nib.Nifti1Image(data, AFFINE)
    img.set_data_dtype(np.uint8)
    nib.save(img, tmp_path / "a.nii")
    np.testing.assert_allclose(nifti.read(tmp_path / "a.nii").value, [0.1, 0.5, 1], atol=0.003)


@pytest.mark.parametrize("shape", [(3, 4, 5, 2, 1), (3, 4, 5, 2, 1, 1)])
def test_trailing_axes_of_one_do_not_matter(tmp_path, shape):
    atlas = nifti.read(write(tmp_path / "a.nii.gz", maps().reshape(shape)))
    np.testing.assert_array_equal(atlas.map_of(1), (maps()[..., 1] / 100).astype(np.float32))
    labels = maps()[..., :1]
    assert nifti.read(write(tmp_path / "b.nii.gz", labels)).regions["id"].tolist() == [100]


def test_three_axes_of_whole_numbers_are_labels_whatever_their_type(tmp_path):
    labels = np.zeros((3, 4, 5))
    labels[1], labels[2] = 7, 2001
    for dtype in ("<f4", ">f8", "<u2", ">i4", "<i8"):
        atlas = nifti.read(write(tmp_path / "a.nii.gz", labels.astype(dtype)))
        assert atlas.is_labelled
        assert atlas.regions["name"].tolist() == ["label 7", "label 2001"]
        np.testing.assert_array_equal(atlas.map_of(1), labels == 2001)


def test_three_axes_of_fractions_are_the_map_of_one_region(tmp_path):
    data = np.zeros((3, 4, 5), np.float32)
    data[1, 2] = [0.1, 0.5, 1, 0, np.nan]
    atlas = nifti.read(write(tmp_path / "area.nii.gz", data))
    assert (atlas.n_regions, len(atlas.voxel), atlas.name) == (1, 3, "area")
    assert atlas.value.tolist() == data[1, 2, :3].tolist()


def test_a_z_map_is_no_atlas(tmp_path):
    data = np.random.default_rng(0).normal(size=(3, 4, 5)).astype(np.float32)
    with pytest.raises(AtlasError, match=r"^z: values run from -.* which are neither probabilities"):
        nifti.read(write(tmp_path / "z.nii.gz", data))


def test_names_come_from_the_table_beside_the_image(tmp_path):
    write(tmp_path / "atlas_mine.nii.gz", maps())
    (tmp_path / "labels_mine.csv").write_text("index,name\n0,Área links\n1,脳\n", "utf-8")
    atlas = nifti.read(tmp_path / "atlas_mine.nii.gz")
    assert atlas.regions["name"].tolist() == ["Área links", "脳"]
    (tmp_path / "atlas_mine.tsv").write_text("index\tname\tcolor\n1\tA\t#ff0000\n2\tB\t#00FF00\n", "utf-8")
    atlas = nifti.read(tmp_path / "atlas_mine.nii.gz")  # the image's own name goes first
    assert atlas.regions["name"].tolist() == ["A", "B"]
    assert atlas.regions["color"].tolist() == ["#ff0000", "#00ff00"]


def test_a_table_given_goes_before_the_one_beside(tmp_path):
    path = write(tmp_path / "a.nii.gz", maps())
    (tmp_path / "a.csv").write_text("index,name\n0,A\n1,B\n")
    (tmp_path / "mine.csv").write_text("index,name\n0,X\n1,Y\n")
    atlas = nifti.read(path, tmp_path / "mine.csv")
    assert atlas.regions["name"].tolist() == ["X", "Y"]
    assert atlas.source["labels"] == str((tmp_path / "mine.csv").resolve())
    assert nifti.files(path, tmp_path / "mine.csv") == [path, tmp_path / "mine.csv"]
    assert nifti.files(path) == [path, tmp_path / "a.csv", tmp_path / "mine.csv"]


def test_a_sidecar_that_is_no_table_is_left_alone(tmp_path):
    path = write(tmp_path / "a.nii.gz", maps())
    (tmp_path / "a.json").write_text('{"RepetitionTime": 2.0}')
    (tmp_path / "a.txt").write_bytes(b"\0\1\2")
    with pytest.warns(AssignmentWarning, match=r"^a: regions are named by .*; a\.txt beside it is not .*labels="):
        assert nifti.read(path).regions["name"].tolist() == ["region 0", "region 1"]


def test_a_table_that_does_not_match_is_named_and_refused_where_it_was_given(tmp_path):
    path = write(tmp_path / "a.nii.gz", maps())
    (tmp_path / "a.csv").write_text("index,name\n0,A\n1,B\n2,C\n")
    with pytest.warns(AssignmentWarning, match=r"^a: .* a\.csv beside it does not fit its volumes; give the table"):
        assert nifti.read(path).regions["name"].tolist() == ["region 0", "region 1"]
    with pytest.raises(AtlasError, match=r"^a has 2 volumes, but its label table has 3 rows with the numbers 0 to 2"):
        nifti.read(path, tmp_path / "a.csv")


def test_missing_rows_are_remarked_on(tmp_path):
    path = write(tmp_path / "a.nii.gz", maps())
    (tmp_path / "a.csv").write_text("index,name\n0,A\n")
    with pytest.warns(AssignmentWarning, match=r"^a: 1 of 2 regions has no row in the label table \(1\)"):
        assert nifti.read(path).regions["name"].tolist() == ["A", "region 1"]


def test_the_record_tells_the_files_and_their_hashes(tmp_path):
    path = write(tmp_path / "a.nii", maps())
    source = nifti.read(path).source
    assert source["path"] == str(path.resolve())
    assert len(source["sha256"]) == 64
    assert "labels" not in source


def test_both_files_of_a_pair_count(tmp_path):
    write(tmp_path / "a.hdr", maps(), image=nib.Nifti1Pair)
    assert nifti.read(tmp_path / "a.hdr").n_regions == 2
    for path in (tmp_path / "a.hdr", tmp_path / "a.img"):
        assert set(nifti.files(path)) == {tmp_path / "a.hdr", tmp_path / "a.img"}
    (tmp_path / "a.img").write_bytes(b"")
    with pytest.raises(AtlasError, match="more than the file can hold"):
        nifti.read(tmp_path / "a.hdr")


@pytest.mark.parametrize("share", [0.2, 0.5, 0.99])
@pytest.mark.parametrize("axes", [3, 4])
def test_a_file_cut_off_is_refused(tmp_path, share, axes):
    data = np.random.default_rng(0).integers(0, 100, (20, 20, 20, 5)[:axes]).astype(np.uint8)
    path = write(tmp_path / "a.nii.gz", data)
    whole = path.read_bytes()
    path.write_bytes(whole[: int(len(whole) * share)])
    with pytest.raises(AtlasError, match=r"^a: .* cannot be read \(.*\); the file may be cut off, fetch it again$"):
        nifti.read(path)
    path = path.with_suffix("")
    path.write_bytes(gzip.decompress(whole)[:2000])
    with pytest.raises(AtlasError, match=r"^a\.nii claims the shape .* more than the file can hold"):
        nifti.read(path)


@pytest.mark.parametrize("axes", [3, 4])
def test_a_packed_file_whose_checksum_does_not_fit_is_refused(tmp_path, axes):
    data = np.random.default_rng(0).integers(0, 100, (20, 20, 20, 3)[:axes]).astype(np.uint8)
    path = write(tmp_path / "a.nii.gz", data)
    whole = path.read_bytes()
    for damaged in (whole[:-8] + bytes([whole[-8] ^ 1]) + whole[-7:], whole[:-8]):
        path.write_bytes(damaged)
        with pytest.raises(AtlasError, match=r"^a: .* cannot be read \(.*\); the file may be cut off, fetch it again$"):
            nifti.read(path)


@pytest.mark.parametrize("content", [b"", b"hello", b"\x1f\x8b\x08", gzip.compress(b"hello", mtime=0), b"\0" * 400])
def test_what_is_no_image_is_refused(tmp_path, content):
    path = tmp_path / "a.nii.gz"
    path.write_bytes(content)
    assert not nifti.sniff(path)
    assert nifti.why_not(path)
    with pytest.raises(AtlasError, match=r"^a\.nii\.gz is not an image that can be read"):
        nifti.read(path)


def test_surfaces_and_flat_images_are_no_atlas(tmp_path):
    nib.save(nib.gifti.GiftiImage(), tmp_path / "a.gii")
    assert not nifti.sniff(tmp_path / "a.gii")
    assert nifti.why_not(tmp_path / "a.gii").startswith("a.gii is not a volume but a GiftiImage")
    with pytest.raises(AtlasError, match=r"a\.gii is not a volume but a GiftiImage"):
        nifti.read(tmp_path / "a.gii")
    flat = write(tmp_path / "flat.nii", np.ones((4, 4), np.uint8))
    assert not nifti.sniff(flat)
    with pytest.raises(AtlasError, match=r"flat\.nii has 2 axes"):
        nifti.read(flat)


def test_colours_are_no_atlas(tmp_path):
    rgb = np.zeros((2, 2, 2), [("R", "u1"), ("G", "u1"), ("B", "u1")])
    nib.save(nib.Nifti1Image(rgb, AFFINE), tmp_path / "rgb.nii")
    with pytest.raises(AtlasError, match=r"rgb: values of type .* are no labels"):
        nifti.read(tmp_path / "rgb.nii")


def test_a_missing_file_or_folder_is_no_image(tmp_path):
    assert not nifti.sniff(tmp_path)
    assert not nifti.sniff(tmp_path / "none.nii")
    with pytest.raises(AtlasError, match="no such file; check the path"):
        nifti.read(tmp_path / "none.nii")


@pytest.fixture(scope="module")
def headers(tmp_path_factory) -> dict[int, bytes]:
    folder = tmp_path_factory.mktemp("headers")
    files = {3: maps()[..., 0], 4: maps()}
    return {axes: write(folder / f"{axes}.nii", data).read_bytes() for axes, data in files.items()}


@given(data=st.data())
@settings(max_examples=100)
def test_a_damaged_header_never_gives_more_than_a_clean_error(headers, tmp_path_factory, data):
    content = bytearray(headers[data.draw(st.sampled_from([3, 4]))])
    for _ in range(data.draw(st.integers(1, 4))):
        content[data.draw(st.integers(0, 351))] = data.draw(st.integers(0, 255))
    path = tmp_path_factory.getbasetemp() / "damaged.nii"
    path.write_bytes(content)
    nifti.sniff(path)
    with suppress(AtlasError):
        nifti.files(path)
        nifti.read(path)
