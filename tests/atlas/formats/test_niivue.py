from __future__ import annotations

import json

import nibabel as nib
import numpy as np
import pytest

from napari_atlas_assign.atlas.formats import niivue
from napari_atlas_assign.errors import AtlasError

RGBA = np.dtype([(part, "u1") for part in "RGBA"])
NAMES = {"R": [0, 9, 8, 7], "G": [0, 9, 8, 7], "B": [0, 9, 8, 7], "labels": ["", "V1", "V2", "V3"]}


def packed():
    """At (0, 0, 0) V1 with 200/255 and V2 with 55/255; at (1, 1, 1) V2 alone, with certainty. V3 is nowhere."""
    data = np.zeros((2, 2, 2, 4), np.uint8)
    data[0, 0, 0] = 1, 2, 200, 55
    data[1, 1, 1] = 2, 0, 255, 0
    return data


def write(folder, data, intent="PAQD", names=NAMES):
    img = nib.Nifti1Image(data, np.diag([2, 2, 2, 1]))
    img.header["intent_name"] = intent.encode()
    path = folder / "julich.nii.gz"
    nib.save(img, path)
    if names is not None:
        (folder / "julich.json").write_text(json.dumps(names))
    return path


def shapes():
    data = packed()
    return {
        "colours": np.ascontiguousarray(data).view(RGBA)[..., 0],
        "last of five axes": data[:, :, :, None],
        "last of four axes": data,
    }


@pytest.mark.parametrize("shape", shapes())
@pytest.mark.parametrize("intent", ["PAQD", "SPARQ"])
def test_two_labels_and_their_probabilities_are_unpacked(tmp_path, shape, intent):
    path = write(tmp_path, shapes()[shape], intent)
    assert niivue.sniff(path)
    atlas = niivue.read(path)
    assert atlas.regions["id"].tolist() == [1, 2, 3]
    assert atlas.regions["name"].tolist() == ["V1", "V2", "V3"]
    assert atlas.regions["color"].tolist() == ["#090909", "#080808", "#070707"]
    v1, v2 = np.zeros((2, 2, 2)), np.zeros((2, 2, 2))
    v1[0, 0, 0] = 200 / 255
    v2[0, 0, 0], v2[1, 1, 1] = 55 / 255, 1
    np.testing.assert_allclose(atlas.map_of(0), v1, rtol=1e-6)
    np.testing.assert_allclose(atlas.map_of(1), v2, rtol=1e-6)
    assert not atlas.map_of(2).any()
    assert niivue.files(path) == [path, tmp_path / "julich.json"]


def test_colours_without_the_intent_need_names_beside_them(tmp_path):
    path = write(tmp_path, shapes()["colours"], intent="")
    assert niivue.sniff(path)
    (tmp_path / "julich.json").write_text('{"Manufacturer": "x"}')
    assert not niivue.sniff(path)
    (tmp_path / "julich.json").unlink()
    assert not niivue.sniff(path)


def test_without_names_regions_are_named_by_number(tmp_path):
    path = write(tmp_path, packed(), names=None)
    assert niivue.read(path).regions["name"].tolist() == ["label 1", "label 2"]


def test_a_table_of_ones_own_replaces_the_names(tmp_path):
    (tmp_path / "own.csv").write_text("index,name\n1,a\n2,b\n")
    assert niivue.read(write(tmp_path, packed()), tmp_path / "own.csv").regions["name"].tolist() == ["a", "b"]


def test_the_same_label_twice_in_a_voxel_counts_once(tmp_path):
    data = packed()
    data[0, 0, 0] = 1, 1, 200, 55
    assert niivue.read(write(tmp_path, data)).map_of(0)[0, 0, 0] == pytest.approx(200 / 255)


def test_images_without_a_label_are_refused(tmp_path):
    with pytest.raises(AtlasError, match="holds no region"):
        niivue.read(write(tmp_path, np.zeros((2, 2, 2, 4), np.uint8)))


def test_other_images_are_not_claimed_and_not_read(tmp_path):
    for data in (packed()[..., 0], packed()[..., :3], packed().astype(np.float32)):
        path = write(tmp_path, data)
        assert not niivue.sniff(path)
        with pytest.raises(AtlasError):
            niivue.read(path)
    (tmp_path / "x.nii").write_bytes(b"x")
    assert not niivue.sniff(tmp_path / "x.nii")
