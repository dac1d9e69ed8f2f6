"""Segments of 3D Slicer's segmentations."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from napari_atlas_assign import InputError
from napari_atlas_assign.nrrd_files.segments import segments_of, voxels_of


def opened(data: np.ndarray, **fields: str) -> SimpleNamespace:
    """What `segments_of` and `voxels_of` ask of an image that is open."""
    return SimpleNamespace(shape=data.shape, dataobj=data, header=SimpleNamespace(fields=fields))


def test_segments_of_one_layer_are_its_values(rng):
    data = rng.integers(0, 3, (3, 4, 5))
    img = opened(
        data,
        Segment0_Name="left",
        Segment0_LabelValue="1",
        Segment0_Color="1 0 0.5",
        Segment1_ID="right",
        Segment1_LabelValue="2",
    )
    segments = segments_of(img, "a.seg.nrrd")
    assert [(s.id, s.name, s.color) for s in segments] == [(1, "left", "#ff0080"), (2, "right", None)]
    for segment, voxels in zip(segments, voxels_of(img, segments), strict=True):
        assert voxels.tolist() == np.flatnonzero(data == segment.id).tolist()


def test_segments_that_overlap_have_layers_and_numbers_of_their_own(rng):
    data = rng.integers(0, 2, (3, 4, 5, 2))
    img = opened(
        data, **{f"Segment{n}_{key}": v for n in (0, 1) for key, v in (("LabelValue", "1"), ("Layer", str(n)))}
    )
    segments = segments_of(img, "a.seg.nrrd")
    assert [(s.id, s.value, s.layer) for s in segments] == [(1, 1, 0), (2, 1, 1)]
    for layer, voxels in enumerate(voxels_of(img, segments)):
        assert voxels.tolist() == np.flatnonzero(data[..., layer]).tolist()


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"Segment0_LabelValue": "one"}, "LabelValue 'one'"),
        ({"Segment0_LabelValue": "0"}, "above 0"),
        ({"Segment0_Layer": "3", "Segment0_Name": "far"}, "far lies in a layer that is not there"),
    ],
)
def test_a_damaged_field_is_named(fields, words):
    with pytest.raises(InputError, match=words):
        segments_of(opened(np.zeros((2, 2, 2)), **fields), "a.seg.nrrd")
