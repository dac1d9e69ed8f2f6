"""Atlases whose regions lie in one image."""

from __future__ import annotations

import hashlib

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from napari_atlas_assign import Grid
from napari_atlas_assign.atlas.formats.one_image import (
    labels_from,
    maps_from,
    maps_or_labels_from,
    named_image,
    pick,
    source_of,
)
from napari_atlas_assign.errors import AtlasError

TABLE = pd.DataFrame({"id": [1, 2], "name": ["A", "B"]})


def write(path, data, size=2.0):
    nib.save(nib.Nifti1Image(data, np.diag([size, size, size, 1])), path)
    return path


def test_four_axes_are_maps_and_three_are_labels(tmp_path, rng):
    maps = rng.random((3, 4, 5, 2)).astype(np.float32)
    labels = rng.integers(0, 3, (3, 4, 5)).astype(np.uint8)
    of_maps = maps_or_labels_from(write(tmp_path / "maps.nii", maps), TABLE, name="maps")
    of_labels = maps_or_labels_from(write(tmp_path / "labels.nii", labels), TABLE, name="labels")
    for r in range(2):
        np.testing.assert_array_equal(of_maps.map_of(r), maps[..., r])
        np.testing.assert_array_equal(of_labels.map_of(r), labels == r + 1)
    assert of_labels.regions["name"].tolist() == ["A", "B"]


def test_an_image_of_the_other_kind_is_refused_by_name(tmp_path):
    with pytest.raises(AtlasError, match=r"maps\.nii"):
        labels_from(write(tmp_path / "maps.nii", np.ones((3, 4, 5, 2), np.float32)), TABLE, name="maps")
    with pytest.raises(AtlasError):
        maps_from(write(tmp_path / "two.nii", np.ones((3, 4), np.float32)), TABLE, name="two")


def test_of_several_resolutions_the_finest_is_taken_or_the_one_that_is_nearest(tmp_path):
    paths = [write(tmp_path / f"{size}mm.nii", np.ones((4, 4, 4), np.uint8), size) for size in (1, 2, 4)]
    assert pick(paths[::-1]) == paths[0]
    assert pick(paths, Grid((4, 4, 4), np.diag([2.0, 2, 2, 1]))) == paths[1]
    assert pick(paths, Grid((9, 9, 9), np.diag([3.9, 3.9, 3.9, 1]))) == paths[2]
    assert pick(paths[2:]) == paths[2]


def test_images_that_are_named_are_taken_if_they_are_there_and_inside_the_folder(tmp_path):
    image = write(tmp_path / "a.nii", np.ones((2, 2, 2), np.uint8))
    assert named_image(tmp_path / "atlas.xml", ["/gone.nii", "/a.nii"]) == image
    assert named_image(tmp_path / "atlas.xml", ["gone.nii"]) is None
    (tmp_path / "inside").mkdir()
    with pytest.raises(AtlasError):
        named_image(tmp_path / "inside" / "atlas.xml", ["../a.nii"])


def test_the_record_has_the_hashes_of_all_files_that_were_read(tmp_path):
    image = write(tmp_path / "a.nii", np.ones((2, 2, 2), np.uint8))
    (tmp_path / "a.txt").write_text("1 A\n")
    source = source_of(image, labels=tmp_path / "a.txt", other=None)
    assert source["sha256"] == hashlib.sha256(image.read_bytes()).hexdigest()
    assert source["labels_sha256"] == hashlib.sha256(b"1 A\n").hexdigest()
    assert "other" not in source
