"""What is saved from napari opens again as what it was, where it was."""

from __future__ import annotations

import nibabel as nib
import numpy as np
import pandas as pd
import pytest
from napari.layers import Image, Labels

from napari_atlas_assign import assign, load_atlas
from napari_atlas_assign.errors import InputError
from napari_atlas_assign.plugin.layers.convert import atlas_to_layer, image_from_layer
from napari_atlas_assign.plugin.layers.geometry import set_geometry
from napari_atlas_assign.plugin.layers.reader import get_reader
from napari_atlas_assign.plugin.layers.writer import write_image, write_labels

AFFINE = np.array([[-2.0, 0, 0, 12], [0, 2, 0, -10], [0, 0, 3, -6], [0, 0, 0, 1]])


def saved(layer, path, write):
    return write(str(path), layer.data, layer.as_layer_data_tuple()[1])


def opened(path):
    from napari.layers import Layer

    (layer,) = get_reader(str(path))(str(path))
    return Layer.create(*layer)


def test_a_map_comes_back(tmp_path):
    data = np.random.default_rng(0).normal(size=(4, 5, 6)).astype(np.float32)
    layer = Image(data, scale=(3, 2, 2), translate=(-6, -10, 12))
    set_geometry(layer)
    saved(layer, tmp_path / "map.nii.gz", write_image)
    before, after = image_from_layer(layer), image_from_layer(opened(tmp_path / "map.nii.gz"))
    assert after.grid.matches(before.grid)
    np.testing.assert_array_equal(after.data, before.data)


@pytest.mark.parametrize("ending", [".nii", ".nii.gz", ""])
def test_an_atlas_comes_back_with_names_colours_and_space(tmp_path, ending):
    labels = np.zeros((6, 5, 4), np.uint8)
    labels[:3], labels[3:] = 1, 5
    img = nib.Nifti1Image(labels, AFFINE)
    img.set_sform(AFFINE, 4)
    nib.save(img, tmp_path / "a_space-MNI152NLin6Asym_dseg.nii")
    table = pd.DataFrame({"index": [1, 5], "name": ["North, left", "South"], "color": ["#ff0000", "#00ff00"]})
    table.to_csv(tmp_path / "a_space-MNI152NLin6Asym_dseg.tsv", sep="\t", index=False)
    atlas = load_atlas(tmp_path / "a_space-MNI152NLin6Asym_dseg.nii")
    data, about, _ = atlas_to_layer(atlas)
    files = saved(Labels(data, **about), tmp_path / f"b{ending}", write_labels)
    again = load_atlas(files[0])
    assert again.regions[["id", "name", "color"]].equals(atlas.regions[["id", "name", "color"]])
    assert again.space == atlas.space
    np.testing.assert_array_equal(again.map_of(1)[again.map_of(1) > 0].size, atlas.map_of(1)[atlas.map_of(1) > 0].size)
    assert opened(files[0]).features["region"].tolist()[1] == "North, left"


def test_saved_modes_are_modes_and_no_atlas(tmp_path, small_atlas):
    data = np.zeros((10, 12, 8), np.float32)
    data[1:4, 1:5, 2:5], data[6:9, 6:9, 3:6] = 2, 3
    img = nib.Nifti1Image(data, small_atlas.grid.affine)
    nib.save(img, tmp_path / "map.nii")
    result = assign(tmp_path / "map.nii", small_atlas)
    result.save(tmp_path / "out")
    layer = opened(tmp_path / "out" / "components.nii.gz")
    assert type(layer).__name__ == "Labels"
    assert layer.metadata["napari-atlas-assign"]["role"] == "modes"
    files = saved(layer, tmp_path / "again.nii.gz", write_labels)
    again = opened(files[0])
    before, after = result.components, image_from_layer(again)
    for number in (1, 2):
        one = before.grid.to_world(np.argwhere(before.data == number))
        two = after.grid.to_world(np.argwhere(after.data == number))
        np.testing.assert_allclose(np.sort(one, axis=0), np.sort(two, axis=0), atol=1e-4)
    assert again.metadata["napari-atlas-assign"]["role"] == "modes"


def test_a_layer_without_a_place_is_refused(tmp_path):
    with pytest.raises(InputError, match="does not say where"):
        saved(Image(np.zeros((3, 3, 3))), tmp_path / "x.nii", write_image)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("unit", "mm"), [("um", 0.001), ("mm", 1), ("m", 1000), ("pixel", 1)])
def test_a_geometry_in_any_unit_is_in_mm_and_the_unit_stays(unit, mm):
    layer = Image(np.zeros((3, 4, 5)), scale=(2, 3, 4), units=(unit,) * 3)
    before = layer.units
    set_geometry(layer)
    np.testing.assert_allclose(image_from_layer(layer).grid.voxel_sizes, np.array([4, 3, 2]) * mm)
    assert layer.units == before or unit == "pixel"


@pytest.mark.parametrize("name", ["x.img", "x.mgz", "Z.NII.GZ"])
def test_the_viewer_opens_what_the_command_line_opens(tmp_path, name):
    data = np.random.default_rng(0).normal(size=(4, 5, 6)).astype(np.float32)
    kind = {"x.img": nib.Spm2AnalyzeImage, "x.mgz": nib.MGHImage}.get(name, nib.Nifti1Image)
    nib.save(kind(data, AFFINE), tmp_path / name)
    image = image_from_layer(opened(tmp_path / name))
    np.testing.assert_allclose(np.sort(image.data.ravel()), np.sort(data.ravel()))
