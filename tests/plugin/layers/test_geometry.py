"""Layers know where they are in the brain, or say that they do not."""

import re
import warnings
from types import SimpleNamespace

import nibabel as nib
import numpy as np
import pytest
from napari.components import ViewerModel
from napari.layers import Image, Points

import napari_atlas_assign.viewer
from napari_atlas_assign import InputError
from napari_atlas_assign.errors import GridError
from napari_atlas_assign.plugin.layers.geometry import (
    KEY,
    adopt_geometry,
    copied_transform,
    place,
    place_of,
    set_geometry,
    world_as_shown,
)
from napari_atlas_assign.plugin.layers.point_layers import points_from_layer
from napari_atlas_assign.plugin.layers.reader import map_to_layer
from tests.plugin.helpers import AFFINES, napari_nifti_layer


def world_of_values(data, affine):
    """World position of each value of an array of distinct values."""
    ijk = np.indices(data.shape).reshape(3, -1).T
    return dict(zip(data.reshape(-1).tolist(), (ijk @ affine[:3, :3].T + affine[:3, 3]).tolist(), strict=True))


@pytest.fixture
def numbered():
    return np.arange(2 * 3 * 4, dtype=np.float32).reshape(2, 3, 4) + 1


def layer_of(path):
    (data, options, _), _ = map_to_layer(nib.load(path), path)
    return Image(data, **options)


def test_every_voxel_of_our_layers_lies_where_the_file_says(numbered, affine, write):
    layer = layer_of(write(numbered, affine))
    expected = world_of_values(numbered, affine)
    for index in np.ndindex(*layer.data.shape):
        x, y, z = layer.data_to_world(index)[::-1]
        assert np.allclose((x, y, z), expected[float(layer.data[index])], atol=1e-2)


def test_the_place_of_our_layers_is_that_of_the_file(numbered, affine, write):
    layer = layer_of(write(numbered, affine))
    ours, files = world_of_values(np.asarray(layer.data), place_of(layer).world), world_of_values(numbered, affine)
    assert ours.keys() == files.keys()
    assert all(np.allclose(ours[v], files[v], atol=1e-4) for v in files)


def test_napari_never_gets_an_affine_that_permutes_axes(numbered, write):
    layer = layer_of(write(numbered, AFFINES["permuted"]))
    assert np.array_equal(layer.affine, np.eye(4))
    assert (layer.scale > 0).all()
    viewer = ViewerModel()
    viewer.add_layer(layer)
    assert len(viewer.layers) == 1


def test_rounding_in_the_header_makes_no_oblique_layer(numbered, write):
    layer = layer_of(write(numbered, AFFINES["float noise"]))
    assert np.array_equal(layer.affine, np.eye(4))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        viewer = ViewerModel()
        viewer.add_layer(layer)
        viewer.dims.point = (0, 0, 0)


def test_a_real_oblique_keeps_its_turn_in_the_affine_and_its_voxel_size_in_the_scale(numbered, write):
    layer = layer_of(write(numbered, AFFINES["oblique"]))
    assert np.allclose(layer.scale, np.linalg.norm(np.array(AFFINES["oblique"])[:3, :3], axis=0)[::-1])
    assert np.allclose(np.linalg.norm(np.asarray(layer.affine)[:3, :3], axis=0), 1)


def test_axis_aligned_layers_are_scaled_and_translated_in_mm(numbered, write):
    layer = layer_of(write(numbered, AFFINES["las"]))
    assert layer.scale.tolist() == [3, 2.5, 2]
    assert layer.translate.tolist() == [-8, -12, 9 - 2]
    assert [str(u) for u in layer.units] == ["millimeter"] * 3
    assert layer.axis_labels == ("z", "y", "x")


@pytest.mark.parametrize("name", ["ras", "las", "permuted", "float noise"])
def test_layers_of_napari_nifti_are_placed_by_their_metadata(name, numbered, write):
    layer = napari_nifti_layer(write(numbered, AFFINES[name]))
    ours = world_of_values(np.asarray(layer.data), place_of(layer).world)
    files = world_of_values(numbered, np.array(AFFINES[name]))
    assert all(np.allclose(ours[v], files[v], atol=1e-4) for v in files)
    # Its own world coordinates are turned round, which is why they are not used.
    assert not np.allclose(layer.data_to_world((0, 0, 0))[::-1], files[float(layer.data[0, 0, 0])])


def test_a_cropped_layer_of_napari_nifti_is_refused(numbered, write):
    layer = napari_nifti_layer(write(numbered))
    same = {"scale": layer.scale, "translate": layer.translate, "metadata": layer.metadata}
    cropped = Image(layer.data[1:], name="cropped", **same)
    with pytest.raises(InputError, match="'cropped' no longer is what napari-nifti read"):
        place_of(cropped)


def test_a_plain_array_has_no_place_and_the_message_says_what_to_do(numbered):
    with pytest.raises(InputError, match=r"'plain' does not say where .* are not to be guessed.*set_geometry"):
        place_of(Image(numbered, name="plain", scale=(2, 2, 2)))


def test_what_messages_tell_a_script_to_call_is_public():
    for said in (place_of, points_from_layer):
        with pytest.raises(InputError) as error:
            said(Points(np.zeros((1, 3))) if said is points_from_layer else Image(np.zeros((3, 3, 3))))
        name = re.search(r"napari_atlas_assign\.viewer\.(\w+)", str(error.value))[1]
        assert getattr(napari_atlas_assign.viewer, name) is set_geometry


def test_an_affine_of_unknown_meaning_in_the_metadata_is_not_trusted(numbered):
    with pytest.raises(InputError, match="does not say where"):
        place_of(Image(numbered, name="foreign", metadata={"affine": np.eye(4), "header": None}))


def test_geometry_can_be_stated_by_an_affine(numbered, affine):
    layer = Image(numbered, scale=(3, 2, 1), translate=(5, 5, 5), rotate=np.eye(3), name="plain")
    set_geometry(layer, affine)
    assert np.allclose(place_of(layer).world, affine)
    assert KEY in layer.metadata


def test_geometry_can_be_stated_to_be_what_the_layer_shows(numbered):
    layer = Image(numbered, scale=(3, 2, 1), translate=(10, 20, 30))
    set_geometry(layer)
    assert place_of(layer).world[:3].tolist() == [[0, 0, 1, 30], [0, 2, 0, 20], [3, 0, 0, 10]]


def test_a_singular_affine_is_refused_by_the_layers_name(numbered):
    with pytest.raises(GridError, match=r"'flat'.*singular"):
        set_geometry(Image(numbered, name="flat"), np.diag([1, 1, 0, 1]))


def test_a_layer_that_was_moved_or_cropped_is_scored_where_it_is_seen(numbered, write):
    layer = layer_of(write(numbered))
    corner = layer.data_to_world((1, 0, 0))
    cropped = Image(layer.data[1:], scale=layer.scale, translate=corner, metadata=layer.metadata)
    assert np.allclose(place_of(cropped).world @ [0, 0, 0, 1], place_of(layer).world @ [1, 0, 0, 1])


def test_leading_axes_do_not_change_the_place(numbered, affine, write):
    stack = np.stack([numbered, numbered + 100], axis=-1)
    three, four = layer_of(write(numbered, affine)), layer_of(write(stack, affine, "stack.nii.gz"))
    assert four.data.shape == (2, *three.data.shape)
    assert np.allclose(place_of(three).world, place_of(four).world)
    assert np.allclose(place_of(three).view, place_of(four).view)


def test_an_image_with_two_axes_is_one_slice():
    layer = Image(np.zeros((3, 4)), name="photo", scale=(2, 5), translate=(1, 7))
    placement = place_of(layer, world_as_shown(layer))
    assert placement.shape == (1, 3, 4)
    assert np.allclose(placement.world @ [0, 2, 3, 1], [7 + 15, 1 + 4, 0, 1])


def test_an_image_with_one_axis_is_refused():
    layer = Image(np.zeros((3, 4)), name="line")
    with pytest.raises(InputError, match=r"'line' has the shape.*two or three axes"):
        place_of(SimpleNamespace(**{"name": layer.name, "ndim": 1, "data": np.zeros(3), "multiscale": False}))


@pytest.mark.parametrize("unit", ["um", "nm", "mm", "m", "pixel"])
def test_units_are_read_and_never_changed(numbered, unit):
    layer = Image(numbered, scale=(3, 2, 1), translate=(10, 20, 30), units=unit, name="plain")
    before = tuple(layer.units)
    set_geometry(layer)
    size = {"um": 1e-3, "nm": 1e-6, "mm": 1, "m": 1e3, "pixel": 1}[unit]
    assert np.allclose(place_of(layer).world[:3] / size, [[0, 0, 1, 30], [0, 2, 0, 20], [3, 0, 0, 10]])
    assert tuple(layer.units) == before


def test_layers_in_different_units_lie_as_napari_shows_them(numbered, write):
    other = layer_of(write(numbered))
    layer = Image(numbered.T, scale=other.scale * 1000, translate=other.translate * 1000, units="um")
    adopt_geometry(layer, other)
    assert np.allclose(place_of(layer).world, place_of(other).world)


@pytest.mark.parametrize("label", ["t", "Time", "c", "channel"])
def test_time_or_channels_in_the_place_of_space_are_told(numbered, label):
    layer = Image(np.zeros((2, 3, 4, 5)), axis_labels=("z", "y", "x", label), name="series")
    with pytest.raises(InputError, match=f"'series' has the axis '{label}' among its last three"):
        set_geometry(layer) or place_of(layer)
    place_of(layer_of_stack := Image(np.zeros((2, 3, 4, 5)), axis_labels=(label, "z", "y", "x")), np.eye(4))
    assert layer_of_stack.ndim == 4


def test_a_volume_is_turned_to_rise_along_each_axis_of_the_view(affine):
    data = np.random.default_rng(0).random((3, 4, 5))
    orientation, transform = place(data.shape, affine)
    layer = Image(orientation.turn(data), **transform)
    origin = np.array(layer.data_to_world((0, 0, 0)))
    matrix = np.stack([layer.data_to_world(step) - origin for step in np.eye(3)], axis=1)
    assert (np.diag(matrix) > 0).all()
    assert np.array_equal(np.abs(matrix).argmax(axis=0), [0, 1, 2])


@pytest.mark.parametrize("ndim", [3, 4])
def test_a_copied_transform_puts_a_layer_in_the_same_place(ndim):
    rotation = np.linalg.qr(np.random.default_rng(1).normal(size=(3, 3)))[0]
    lead = ndim - 3
    rotate = np.eye(ndim)
    rotate[lead:, lead:] = rotation if np.linalg.det(rotation) > 0 else -rotation
    source = Image(
        np.zeros((2,) * ndim), scale=[1] * lead + [3, 2, 1], translate=[0] * lead + [1, 2, 3], rotate=rotate,
        units=["pixel"] * lead + ["mm"] * 3, axis_labels=["t"] * lead + ["z", "y", "x"],
    )  # fmt: skip
    copy = Image(np.zeros((2, 2, 2)), **copied_transform(source))
    for index in np.ndindex(2, 2, 2):
        assert np.allclose(copy.data_to_world(index), source.data_to_world((0,) * lead + index)[-3:])
    assert copy.units == source.units[-3:]
    assert copy.axis_labels == ("z", "y", "x")
