"""TIFF stacks are maps, regions of interest and atlases: files and folders of planes, with the voxel size they say."""

from __future__ import annotations

import math

import numpy as np
import pytest
import tifffile
from hypothesis import given, settings
from hypothesis import strategies as st

from napari_atlas_assign import AtlasError, InputError, assign, load_atlas
from napari_atlas_assign.cli import main
from napari_atlas_assign.tiff_files import images, volumes
from napari_atlas_assign.tiff_files.images import read_tiff
from napari_atlas_assign.tiff_files.volumes import is_tiff, open_tiff
from tests.mouse import SHAPE, annotation, write_mouse

pytestmark = pytest.mark.filterwarnings("ignore::napari_atlas_assign.AssignmentWarning")


@pytest.fixture
def mouse(tmp_path):
    return load_atlas(write_mouse(tmp_path / "generated_mouse_100um_v1.0"))


@pytest.fixture
def heat():
    return np.random.default_rng(0).gamma(2, 3, SHAPE).astype(np.float32)


def write_planes(folder, data, name="plane_{}.tif"):
    folder.mkdir()
    for n, plane in enumerate(data):
        tifffile.imwrite(folder / name.format(n), plane)
    return folder


WRITERS = {
    "plain": lambda path, data: tifffile.imwrite(path / "a.tif", data, photometric="minisblack"),
    "packed": lambda path, data: tifffile.imwrite(path / "a.tiff", data, photometric="minisblack", compression="zlib"),
    "ImageJ": lambda path, data: tifffile.imwrite(path / "a.tif", data, imagej=True, metadata={"axes": "ZYX"}),
    "OME": lambda path, data: tifffile.imwrite(
        path / "a.ome.tif", data, photometric="minisblack", metadata={"axes": "ZYX"}
    ),
    "planes": lambda path, data: write_planes(path / "a", data),
    "BigTIFF": lambda path, data: tifffile.imwrite(path / "a.TIF", data, bigtiff=True, photometric="minisblack"),
}


def written(how, path, data):
    WRITERS[how](path, data)
    return next(found for found in path.iterdir() if found.name.startswith("a"))


@pytest.mark.parametrize("how", WRITERS)
def test_the_means_of_a_stack_are_those_of_its_array(tmp_path, mouse, heat, how):
    (tmp_path / "in").mkdir()
    path = written(how, tmp_path / "in", heat)
    regions = assign(path, mouse, threshold=None, on_atlas_voxels=True).regions
    expected = assign(heat, mouse, threshold=None, on_atlas_voxels=True).regions
    assert regions["mean"].tolist() == expected["mean"].tolist()
    assert regions.set_index("region")["mean"]["Thalamus"] == pytest.approx(heat[annotation() == 12].mean())


def test_labels_in_a_stack_are_regions_of_interest(tmp_path, mouse):
    labels = np.zeros(SHAPE, np.uint16)
    labels[12:14, 10:12, 8:10] = 5
    tifffile.imwrite(tmp_path / "rois.tif", labels, photometric="minisblack")
    result = assign(tmp_path / "rois.tif", mouse, rois=True, on_atlas_voxels=True)
    assert result.assignments["region"].tolist() == ["Thalamus"]
    assert result.modes["input structure"].tolist() == [5]


def test_the_command_line_takes_a_stack(tmp_path, mouse, heat):
    tifffile.imwrite(tmp_path / "heat.tif", heat, photometric="minisblack")
    atlas = str(tmp_path / "generated_mouse_100um_v1.0")
    arguments = ["assign", str(tmp_path / "heat.tif"), "--atlas", atlas, "--threshold", "none", "--on-atlas-voxels"]
    assert main([*arguments, "--output", str(tmp_path / "out")]) == 0
    assert (tmp_path / "out" / "regions.tsv").is_file()


def test_a_stack_without_a_word_on_its_place_is_refused(tmp_path, mouse, heat):
    tifffile.imwrite(tmp_path / "heat.tif", heat, photometric="minisblack")
    with pytest.raises(InputError, match=r"heat\.tif does not say where in the brain it lies; .*on_atlas_voxels=True"):
        assign(tmp_path / "heat.tif", mouse)


def test_planes_are_in_the_order_of_their_numbers(tmp_path):
    data = np.arange(12 * 2 * 3, dtype=np.uint16).reshape(12, 2, 3)
    folder = write_planes(tmp_path / "planes", data)  # plane_10 comes before plane_2 in the alphabet
    assert read_tiff(folder)[0].data.tolist() == data.tolist()


@settings(max_examples=20, deadline=None)
@given(
    axes=st.sampled_from(["ZYX", "CZYX", "ZCYX", "TZYX", "TZCYX", "TCZYX"]),
    edges=st.tuples(*[st.floats(0.5, 200)] * 3),
    unit=st.sampled_from([("µm", 1e-3), ("mm", 1.0), ("nm", 1e-6)]),
)
def test_volumes_and_voxel_size_of_ome_files_are_read_whatever_the_order_of_axes(tmp_path_factory, axes, edges, unit):
    sizes = {"Z": 4, "Y": 5, "X": 3, "C": 2, "T": 3}
    shape = [sizes[letter] for letter in axes]
    data = np.arange(math.prod(shape), dtype=np.uint16).reshape(shape)
    about = {"axes": axes}
    for letter, edge in zip("ZYX", edges, strict=True):
        about |= {f"PhysicalSize{letter}": edge, f"PhysicalSize{letter}Unit": unit[0]}
    path = tmp_path_factory.mktemp("ome") / "a.ome.tif"
    tifffile.imwrite(path, data, photometric="minisblack", metadata=about)
    leading = [axes.index(letter) for letter in axes if letter not in "ZYX"]
    expected = data.transpose(*leading, *(axes.index(letter) for letter in "ZYX")).reshape(-1, 4, 5, 3)
    found = read_tiff(path)
    assert [image.data.tolist() for image in found] == expected.tolist()
    assert found[0].grid.voxel_sizes == pytest.approx(np.array(edges) * unit[1])
    assert read_tiff(path, len(expected) - 1)[0].data.tolist() == expected[-1].tolist()


def test_the_voxel_size_of_imagej_is_read(tmp_path):
    data = np.zeros((4, 5, 3), np.uint16)
    about = {"axes": "ZYX", "spacing": 25.0, "unit": "um"}
    tifffile.imwrite(tmp_path / "a.tif", data, imagej=True, resolution=(1 / 10, 1 / 20), metadata=about)
    assert open_tiff(tmp_path / "a.tif").voxel_mm == pytest.approx((0.025, 0.02, 0.01))


@pytest.mark.parametrize("about", [{"axes": "ZYX"}, {"axes": "ZYX", "spacing": 25.0, "unit": "pixel"}])
def test_a_voxel_size_that_is_not_said_in_full_is_none(tmp_path, about):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((4, 5, 3), np.uint16), imagej=True, metadata=about)
    assert open_tiff(tmp_path / "a.tif").voxel_mm is None


def test_labels_in_a_stack_are_an_atlas_with_the_names_beside_it(tmp_path, mouse):
    about = {"axes": "ZYX", **{f"PhysicalSize{letter}": 100.0 for letter in "ZYX"}}
    tifffile.imwrite(
        tmp_path / "areas.ome.tif", annotation().astype(np.uint16), photometric="minisblack", metadata=about
    )
    table = tmp_path / "names.csv"
    table.write_text("id,name\n997,root\n11,Visual\n12,Thalamus\n13,callosum\n")
    with pytest.warns(Warning, match="does not say which way its axes run"):
        atlas = load_atlas(tmp_path / "areas.ome.tif", labels=table)
    assert atlas.regions["name"].tolist() == ["Visual", "Thalamus", "callosum", "root"]
    assert atlas.grid.matches(mouse.grid)
    assert sorted(atlas.region_sums.volume) == pytest.approx(sorted(v for v in mouse.region_sums.volume if v), rel=1e-9)


def test_an_atlas_that_does_not_say_its_voxel_size_is_asked_for_it(tmp_path):
    tifffile.imwrite(tmp_path / "areas.tif", annotation(), photometric="minisblack")
    with pytest.raises(AtlasError, match=r"areas\.tif does not say how large its voxels are; save it with their size"):
        load_atlas(tmp_path / "areas.tif")


def test_a_large_stack_stays_on_disk_and_gives_the_same_numbers(tmp_path, mouse, heat, monkeypatch):
    for module in (volumes, images):
        monkeypatch.setattr(module, "LARGEST_READ", 1000)
    monkeypatch.setattr(images, "_CHUNK", 10_000)
    expected = assign(heat, mouse, threshold=None, on_atlas_voxels=True).regions
    for how in ("plain", "packed", "planes"):
        (tmp_path / how).mkdir()
        path = written(how, tmp_path / how, heat)
        assert read_tiff(path)[0].is_lazy
        regions = assign(path, mouse, threshold=None, on_atlas_voxels=True).regions
        np.testing.assert_allclose(regions["mean"], expected["mean"], rtol=1e-6)


@pytest.mark.parametrize(
    ("write", "message"),
    [
        (lambda path: path.write_bytes(b"II*\0 and no more"), "cannot be read as TIFF"),
        (lambda path: tifffile.imwrite(path, np.zeros((4, 5, 3), np.uint8), photometric="rgb"), "holds colours"),
        (lambda path: tifffile.imwrite(path, np.zeros((4, 5), np.uint8)), "with the axes YX, not volumes"),
        (
            lambda path: tifffile.imwrite(path, np.zeros((4, 5, 3), complex), photometric="minisblack"),
            "one real number",
        ),
    ],
)
def test_what_is_no_volume_is_refused_in_one_sentence(tmp_path, mouse, write, message):
    write(tmp_path / "a.tif")
    with pytest.raises(InputError, match=message):
        assign(tmp_path / "a.tif", mouse, on_atlas_voxels=True)


def test_a_stack_that_claims_more_than_it_can_hold_is_refused(tmp_path, mouse):
    path = tmp_path / "a.tif"
    tifffile.imwrite(path, np.zeros((2, 50, 50), np.uint8), photometric="minisblack")
    content = bytearray(path.read_bytes())
    with tifffile.TiffFile(path) as tiff:
        for page in tiff.pages:
            for name in ("ImageLength", "ImageWidth"):
                tag = page.tags[name]
                content[tag.valueoffset : tag.valueoffset + 2] = (60_000).to_bytes(2, "little")
    path.write_bytes(content)
    with pytest.raises(InputError):
        assign(path, mouse, on_atlas_voxels=True)


def test_a_folder_of_other_things_is_no_stack(tmp_path):
    folder = write_planes(tmp_path / "planes", np.zeros((3, 4, 5), np.uint8))
    assert is_tiff(folder)
    (folder / "notes.txt").write_text("")
    assert not is_tiff(folder)
    assert not is_tiff(tmp_path / "nothing")
