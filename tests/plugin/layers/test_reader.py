"""Any NIfTI opens in its place; atlases open as atlases; damage is told in one sentence."""

import gzip
import json

import nibabel as nib
import numpy as np
import pytest
from napari.layers import Image, Labels

from napari_atlas_assign import InputError
from napari_atlas_assign.errors import GridError
from napari_atlas_assign.plugin.layers.geometry import KEY
from napari_atlas_assign.plugin.layers.reader import get_reader, is_nifti, read
from tests.plugin.helpers import AFFINES


@pytest.fixture
def notes(monkeypatch):
    """What the reader tells the user."""
    told = []
    monkeypatch.setattr("napari_atlas_assign.plugin.layers.reader.show_warning", told.append)
    return told


def opened(path):
    ((data, options, kind),) = get_reader(str(path))(str(path))
    return {"image": Image, "labels": Labels}[kind](data, **options)


# --- what is offered ---


@pytest.mark.parametrize("kind", [nib.Nifti1Image, nib.Nifti2Image])
@pytest.mark.parametrize("name", ["map.nii", "map.nii.gz"])
def test_nifti_of_both_versions_packed_or_not_is_offered_to_read(write, kind, name, blob_map):
    assert get_reader(str(write(blob_map, name=name, kind=kind))) is read


@pytest.mark.parametrize(
    "content", [b"", b"no image", b"\x1f\x8b broken", gzip.compress(b"text", mtime=0), b"\0" * 400]
)
def test_what_is_no_nifti_is_refused_quietly(tmp_path, content):
    path = tmp_path / "map.nii.gz"
    path.write_bytes(content)
    assert get_reader(str(path)) is None


def test_lists_folders_and_missing_files_are_refused_quietly(tmp_path, write, blob_map):
    path = str(write(blob_map))
    assert get_reader([path, path]) is None
    assert get_reader(str(tmp_path)) is None
    assert get_reader(str(tmp_path / "missing.nii")) is None
    assert get_reader("\0.nii") is None


def test_the_offer_reads_no_voxel(tmp_path, write, blob_map):
    path = write(blob_map, name="map.nii")
    path.write_bytes(path.read_bytes()[:352])
    assert is_nifti(path)


# --- maps ---


def test_a_map_opens_as_image_with_its_values(write, blob_map):
    layer = opened(write(blob_map, AFFINES["las"]))
    assert isinstance(layer, Image)
    assert np.array_equal(np.sort(layer.data, axis=None), np.sort(blob_map, axis=None))
    assert layer.name == "map"
    assert layer.metadata[KEY]["affine"] == AFFINES["las"]


@pytest.mark.parametrize("dtype", [">i2", "<u1", ">f4", "<f8", "<u2"])
def test_any_type_and_byte_order_opens(write, blob_map, dtype):
    def swap(img):
        img.header.set_data_dtype(np.dtype(dtype))

    path = write(blob_map.astype(dtype), name="map.nii", change=swap)
    if dtype.startswith(">"):
        img = nib.load(path)
        nib.save(nib.Nifti1Image(blob_map.astype(dtype), img.affine, img.header.as_byteswapped(">")), path)
    assert np.array_equal(np.asarray(opened(path).data), blob_map.astype(dtype).T)


def test_scaling_in_the_header_is_applied(write, blob_map):
    def scale(img):
        img.header.set_slope_inter(0.5, 1)

    path = write((blob_map * 2).astype(np.int16), name="map.nii", change=scale)
    stored = nib.load(path)
    assert np.array_equal(np.asarray(opened(path).data).T, np.asanyarray(stored.dataobj))


def test_four_axes_put_time_first(write, blob_map):
    layer = opened(write(np.stack([blob_map, 2 * blob_map], axis=-1)))
    assert layer.data.shape == (2, 7, 9, 8)
    assert layer.axis_labels == ("t", "z", "y", "x")
    assert layer.scale.tolist() == [1, 3, 2.5, 2]
    assert np.array_equal(layer.data[1], 2 * blob_map.T)


def test_afni_style_single_axes_are_dropped(write, blob_map):
    layer = opened(write(np.stack([blob_map, 2 * blob_map], axis=-1)[:, :, :, None, :]))
    assert layer.data.shape == (2, 7, 9, 8)
    assert opened(write(blob_map[..., None, None])).data.shape == (7, 9, 8)


def test_five_real_axes_open_too(write, blob_map):
    data = np.zeros((*blob_map.shape, 2, 3), np.float32)
    data[..., 0, 1] = 3 * blob_map
    layer = opened(write(data))
    assert layer.data.shape == (3, 2, 7, 9, 8)
    assert layer.axis_labels == ("v", "t", "z", "y", "x")
    assert np.array_equal(layer.data[1, 0], 3 * blob_map.T)


@pytest.mark.parametrize("shape", [(6, 5), (6, 5, 1)])
def test_a_single_slice_opens_as_a_volume(write, shape):
    assert opened(write(np.ones(shape, np.float32))).data.shape == (1, 5, 6)


def test_rgb_opens_as_rgb(write):
    data = np.zeros((4, 5, 6), dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")])
    data["G"][1, 2, 3] = 200
    layer = opened(write(data))
    assert layer.rgb
    assert layer.data[3, 2, 1].tolist() == [0, 200, 0]


def test_maps_with_nan_open(write, blob_map):
    blob_map[0] = np.nan
    assert opened(write(blob_map)).contrast_limits == [0, 9]


def test_complex_maps_open_as_magnitude_and_say_so(write, blob_map, notes):
    layer = opened(write((blob_map * 1j).astype(np.complex64)))
    assert np.array_equal(layer.data, blob_map.T)
    assert notes == ["map.nii.gz holds complex numbers; their magnitude is shown"]


# --- what the user is told ---


def test_an_oblique_map_is_told_once(write, blob_map, notes):
    read(write(blob_map, AFFINES["oblique"]))
    assert len(notes) == 1
    assert "map.nii.gz is oblique (turned by 1" in notes[0]


@pytest.mark.parametrize("geometry", ["ras", "las", "permuted", "float noise"])
def test_nothing_is_told_of_maps_in_order(write, blob_map, notes, geometry):
    read(write(blob_map, AFFINES[geometry]))
    assert notes == []


def test_a_header_without_geometry_is_told(write, blob_map, notes):
    def forget(img):
        img.set_sform(None, 0)
        img.set_qform(None, 0)

    read(write(blob_map, change=forget))
    assert len(notes) == 1
    assert "sform and qform codes are 0" in notes[0]


# --- atlases ---


def test_labels_with_a_table_open_as_labels_with_names(write, notes):
    labels = np.zeros((4, 5, 6), np.float32)
    labels[0], labels[1] = 1, 5
    path = write(labels, name="areas_dseg.nii.gz")
    table = "index\tname\tcolor\n1\tÁrea A\t#ff0000\n5\tArea B\t#0000ff\n"
    path.with_name("areas_dseg.tsv").write_text(table, encoding="utf-8")
    layer = opened(path)
    assert isinstance(layer, Labels)
    assert layer.features["region"].tolist()[1] == "Área A"
    assert np.allclose(layer.colormap.color_dict[5], [0, 0, 1, 1])
    assert notes == []


@pytest.mark.parametrize("how", ["intent", "bids"])
def test_labels_without_a_table_open_as_labels_where_the_file_says_so(write, how):
    def intent(img):
        img.header.set_intent("label")

    labels = np.ones((4, 5, 6), np.int16)
    by_name, by_intent = write(labels, name="a_dseg.nii.gz"), write(labels, name="a.nii.gz", change=intent)
    assert isinstance(opened(by_name if how == "bids" else by_intent), Labels)


def test_whole_numbers_alone_are_no_atlas(write, blob_map):
    assert isinstance(opened(write(blob_map.astype(np.int16))), Image)


def test_probability_maps_with_names_open_as_one_stack_by_region(write):
    maps = np.zeros((4, 5, 6, 3), np.uint8)
    for region in range(3):
        maps[region, :, :, region] = 80
    path = write(maps, name="areas_probseg.nii.gz")
    path.with_name("areas_probseg.tsv").write_text("index\tname\n0\tA\n1\tB\n2\tC\n")
    layer = opened(path)
    assert layer.axis_labels == ("region", "z", "y", "x")
    assert layer.metadata[KEY]["regions"] == ["A", "B", "C"]
    assert np.isclose(np.asarray(layer.data[1]).max(), 0.8)


def test_a_table_that_does_not_fit_leaves_a_plain_map_and_says_why(write, notes):
    path = write(np.ones((4, 5, 6, 3), np.float32) / 2, name="maps.nii.gz")
    path.with_name("maps.csv").write_text("index,name\n" + "\n".join(f"{i},R{i}" for i in range(7)) + "\n")
    layer = opened(path)
    assert layer.axis_labels == ("t", "z", "y", "x")
    assert len(notes) == 1
    assert "maps.nii.gz is opened as a plain map, not as an atlas" in notes[0]


def test_a_json_about_something_else_is_no_label_table(write, blob_map, notes):
    path = write(blob_map, name="sub-01_bold.nii.gz")
    path.with_name("sub-01_bold.json").write_text(json.dumps({"RepetitionTime": 2}))
    assert isinstance(opened(path), Image)
    assert notes == []


def test_a_map_of_fractions_stays_a_map_whatever_lies_beside_it(write, blob_map, notes):
    path = write(blob_map / 10, name="clusters.nii.gz")
    path.with_name("clusters.csv").write_text("index,name\n0,first\n")
    assert opened(path).axis_labels == ("z", "y", "x")


# --- damage ---


def test_a_file_that_is_cut_off_is_told_in_one_sentence(write):
    path = write(np.random.default_rng(0).random((20, 20, 20)))
    path.write_bytes(path.read_bytes()[:2000])
    with pytest.raises(InputError, match=r"map\.nii\.gz.* (cut off|damaged)"):
        read(path)


def test_an_affine_without_volume_is_told_by_the_files_name(write, blob_map):
    img = nib.Nifti1Image(blob_map, None)
    img.header.set_sform(np.diag([2.0, 2, 0, 1]), code=1)
    path = write(blob_map, name="flat.nii")
    raw = bytearray(path.read_bytes())
    raw[:348] = img.header.binaryblock
    path.write_bytes(bytes(raw))
    with pytest.raises(GridError, match=r"flat\.nii: the affine is singular"):
        read(path)


def test_a_saved_result_opens_by_its_folder_and_its_record(blob_map, label_atlas, tmp_path):
    from napari_atlas_assign import Image, assign

    result = assign(Image(blob_map, label_atlas.grid, "map"), label_atlas, threshold=3)
    folder = result.save(tmp_path / "out")
    for path in (folder, folder / "provenance.json"):
        (layer,) = get_reader(str(path))(str(path))
        assert np.array_equal(np.unique(layer[0]), [0, 1, 2])


def test_an_atlas_folder_opens_and_other_folders_are_left_alone(label_atlas, tmp_path):
    assert get_reader(str(tmp_path)) is None
    (tmp_path / "provenance.json").write_text("{}")
    assert get_reader(str(tmp_path)) is None
    assert get_reader(str(tmp_path / "provenance.json")) is None
    folder = tmp_path / "regions"
    folder.mkdir()
    for name in ("left", "right"):
        data = np.zeros((4, 4, 4), np.float32)
        data[name == "right", 1, 1] = 0.5
        nib.save(nib.Nifti1Image(data, np.eye(4)), folder / f"{name}.nii.gz")
    (layer,) = get_reader(str(folder))(str(folder))
    assert layer[2] in ("image", "labels")
    assert "2" in str(layer[0].shape[0])
