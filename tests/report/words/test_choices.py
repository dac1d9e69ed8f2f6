"""What was chosen, in words."""

from __future__ import annotations

import json

import pytest

from napari_atlas_assign import Image, PointSet, assign
from napari_atlas_assign.report.provenance import record_of, to_json
from napari_atlas_assign.report.words.choices import choices


def chosen(source, atlas, **options) -> dict[str, str]:
    return choices(json.loads(to_json(record_of(assign(source, atlas, **options)))))


@pytest.fixture
def image(small_atlas):
    return Image(small_atlas.map_of(0), small_atlas.grid)


def test_what_was_chosen_for_a_map_is_said_and_what_was_not_is_left_out(image, small_atlas):
    plain = chosen(image, small_atlas, threshold=0.5)
    more = chosen(image, small_atlas, threshold=0.5, min_voxels=2, split_height=0.1, keep_largest=3)
    assert plain["Modes lie"] == "above the threshold"
    assert plain["Neighbours share"] == "a face or an edge (18)"
    assert {key: more[key] for key in set(more) - set(plain)} == {
        "Smallest mode": "2 voxels",
        "Split at saddles": "from peaks that stand out by 0.1",
        "Modes kept": "the 3 largest",
    }


def test_points_have_no_threshold(small_atlas):
    assert "Threshold" not in chosen(PointSet.from_array([-5.0, 0, 0]), small_atlas)
