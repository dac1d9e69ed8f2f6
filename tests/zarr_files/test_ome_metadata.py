"""The metadata of OME-Zarr images."""

from __future__ import annotations

import pytest

from napari_atlas_assign import InputError
from napari_atlas_assign.zarr_files.ome_metadata import multiscale_of

LEVEL = {"path": "0", "coordinateTransformations": [{"type": "scale", "scale": [1, 2, 3]}]}


@pytest.mark.parametrize("wrapped", [True, False])
def test_axes_are_named_as_words_or_as_objects(wrapped):
    image = {
        "axes": ["z", {"name": "y", "unit": "micrometer"}, {"name": "x", "orientation": "left"}],
        "datasets": [LEVEL],
    }
    attributes = {"multiscales": [image]}
    read = multiscale_of({"ome": attributes} if wrapped else attributes, "a.zarr")
    assert [axis.name for axis in read.axes] == ["z", "y", "x"]
    assert read.axes[1].unit == "micrometer"
    assert read.axes[2].orientation.value == "left"
    assert read.datasets[0].coordinateTransformations[0].scale == [1, 2, 3]


@pytest.mark.parametrize(
    "change",
    [
        {"axes": []},
        {"axes": ["z"] * 9},
        {"datasets": []},
        {"datasets": [{"path": 0}]},
        {"datasets": [{"path": "0", "coordinateTransformations": [{"type": "rotation"}]}]},
        {"datasets": [{"path": "0", "coordinateTransformations": [{"type": "scale", "scale": [float("nan")]}]}]},
    ],
)
def test_metadata_of_another_form_are_refused_in_one_sentence(change):
    image = {"axes": ["z", "y", "x"], "datasets": [LEVEL]} | change
    with pytest.raises(InputError, match=r"a\.zarr holds no OME-Zarr image that can be read"):
        multiscale_of({"multiscales": [image]}, "a.zarr")


def test_a_group_without_an_image_is_refused():
    with pytest.raises(InputError, match=r"a\.zarr holds no OME-Zarr image"):
        multiscale_of({}, "a.zarr")
