"""OME-Zarr images lie where their metadata say."""

from __future__ import annotations

import numpy as np
import pytest
import zarr
from numpy.testing import assert_allclose, assert_array_equal

import napari_atlas_assign as naa
from napari_atlas_assign import InputError
from napari_atlas_assign.source import as_source
from napari_atlas_assign.zarr_files.ome_zarr import read_ome_zarr

UM = [{"name": a, "type": "space", "unit": "micrometer"} for a in "zyx"]


def write(path, data, axes=UM, version="0.5", scale=None, translation=None, whole=None):
    group = zarr.open_group(path, mode="w", zarr_format=3 if version == "0.5" else 2)
    group.create_array("0", data=data, chunks=(2,) * data.ndim)
    group.create_array("1", data=data[(slice(None, None, 2),) * data.ndim])
    steps = [{"type": "scale", "scale": scale or [1.0] * data.ndim}]
    if translation:
        steps.append({"type": "translation", "translation": translation})
    levels = [{"path": str(n), "coordinateTransformations": steps} for n in range(2)]
    multiscale = {"axes": axes, "datasets": levels} | ({"coordinateTransformations": whole} if whole else {})
    about = {"multiscales": [multiscale]}
    group.attrs.update({"ome": {"version": "0.5", **about}} if version == "0.5" else about)
    return path


@pytest.mark.parametrize("version", ["0.4", "0.5"])
def test_scale_and_translation_are_told_in_mm_along_x_y_z(tmp_path, version):
    data = np.random.default_rng(1).normal(size=(3, 4, 5))
    path = write(tmp_path / "a.ome.zarr", data, version=version, scale=[20.0, 10.0, 5.0], translation=[1000.0, 0, -500])
    (image,) = read_ome_zarr(path)
    assert image.is_lazy
    assert image.name == "a.ome.zarr"
    assert_array_equal(np.asarray(image.data), data.T)
    assert_allclose(image.grid.affine, [[0.005, 0, 0, -0.5], [0, 0.01, 0, 0], [0, 0, 0.02, 1], [0, 0, 0, 1]])


def test_a_transformation_of_the_whole_comes_after_that_of_the_level(tmp_path):
    whole = [{"type": "scale", "scale": [2.0, 2.0, 2.0]}]
    path = write(tmp_path / "a.ome.zarr", np.ones((2, 2, 2)), scale=[1e3] * 3, translation=[1e3] * 3, whole=whole)
    assert_allclose(read_ome_zarr(path)[0].grid.affine[:3], [[2, 0, 0, 2], [0, 2, 0, 2], [0, 0, 2, 2]])


def test_anatomical_orientations_of_the_axes_are_followed(tmp_path):
    towards = ["anterior-to-posterior", "superior-to-inferior", "left-to-right"]  # as in brains of mice, z y x
    axes = [axis | {"orientation": {"type": "anatomical", "value": t}} for axis, t in zip(UM, towards, strict=True)]
    path = write(tmp_path / "a.ome.zarr", np.ones((2, 3, 4)), axes, scale=[1e3] * 3)
    assert_allclose(read_ome_zarr(path)[0].grid.affine[:3], [[1, 0, 0, 0], [0, 0, -1, 0], [0, -1, 0, 0]])


def test_channels_are_volumes(tmp_path):
    data = np.random.default_rng(2).normal(size=(2, 3, 4, 5))
    path = write(tmp_path / "a.ome.zarr", data, [{"name": "c", "type": "channel"}, *UM])
    stack, _ = as_source(path)
    assert [image.name for image in stack] == ["a.ome.zarr[0]", "a.ome.zarr[1]"]
    one, _ = as_source(path, volume=1)
    assert_array_equal(np.asarray(one.data), data[1].T)
    with pytest.raises(InputError, match="has no volume 2"):
        as_source(path, volume=2)


def test_an_ome_zarr_image_is_assigned_as_from_memory(tmp_path, small_atlas):
    shape = small_atlas.grid.shape
    data = np.random.default_rng(3).normal(size=shape)
    path = write(tmp_path / "a.ome.zarr", data.T, scale=[2e3] * 3, translation=[-8e3, -12e3, -9e3])
    result = naa.assign(path, small_atlas, threshold=0.5)
    expected = naa.assign((data, small_atlas.grid.affine), small_atlas, threshold=0.5)
    assert result.assignments.equals(expected.assignments)


def test_what_is_no_image_or_has_no_size_is_refused(tmp_path):
    (tmp_path / "empty.zarr").mkdir()
    with pytest.raises(InputError, match=r"empty\.zarr holds no OME-Zarr image"):
        as_source(tmp_path / "empty.zarr")
    plain = zarr.open_group(tmp_path / "plain.zarr", mode="w")
    plain.create_array("a", data=np.ones((2, 2, 2)))
    with pytest.raises(InputError, match="holds no OME-Zarr image"):
        as_source(tmp_path / "plain.zarr")
    no_unit = [{"name": a, "type": "space"} for a in "zyx"]
    with pytest.raises(InputError, match="gives no unit as unit of its axis x"):
        as_source(write(tmp_path / "a.ome.zarr", np.ones((2, 2, 2)), no_unit))
    with pytest.raises(InputError, match="has no axis z"):
        as_source(write(tmp_path / "b.ome.zarr", np.ones((2, 2)), UM[1:]))
    odd = [axis | {"orientation": "sideways"} for axis in UM]
    with pytest.raises(InputError, match="unknown orientation, 'sideways'"):
        as_source(write(tmp_path / "c.ome.zarr", np.ones((2, 2, 2)), odd))
