"""JSON from outside is checked as a whole."""

from __future__ import annotations

import pytest

from napari_atlas_assign import InputError
from napari_atlas_assign.schema import Number, Schema, Text, Whole, check


class Place(Schema):
    name: Text
    xyz: list[Number]
    voxels: Whole = 0


def test_content_that_fits_is_given_as_the_model_and_other_entries_may_stand_there():
    place = check(Place, {"name": "Area 4a", "xyz": [1, 2.5, -3], "other": None}, "{}")
    assert (place.name, place.xyz, place.voxels) == ("Area 4a", [1, 2.5, -3], 0)


@pytest.mark.parametrize(
    ("content", "where"),
    [
        ({"name": 5, "xyz": []}, "name"),
        ({"name": "a" * 5000, "xyz": []}, "name"),
        ({"name": "a", "xyz": [1, float("inf")]}, "xyz.1"),
        ({"name": "a", "xyz": ["1"]}, "xyz.0"),
        ({"name": "a", "xyz": [], "voxels": 2**63}, "voxels"),
        ({"name": "a"}, "xyz"),
        ([], "the whole"),
    ],
)
def test_what_does_not_fit_is_one_sentence_that_says_where(content, where):
    with pytest.raises(InputError, match=f"^place.json does not fit \\({where}: .*\\)$"):
        check(Place, content, "place.json does not fit ({})")
