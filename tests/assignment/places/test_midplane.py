"""Where the hemispheres part."""

from __future__ import annotations

import pytest

from napari_atlas_assign.assignment.places.midplane import midplane_for


@pytest.mark.parametrize(
    ("own", "spaces", "source_space", "expected"),
    [
        ([None, None], [None, None], None, None),
        ([None, None], [None, None], "MNI152NLin6Asym", 0.0),
        ([None, 5.7], ["MNI152NLin6Asym", None], None, 5.7),
        ([1.5, 5.7], [None, None], "MNI152NLin6Asym", 1.5),
    ],
)
def test_an_atlas_that_knows_its_own_comes_before_the_space(small_atlas, own, spaces, source_space, expected):
    atlases = [
        small_atlas.described(space=space, source={} if x is None else {"midplane_mm": x})
        for x, space in zip(own, spaces, strict=True)
    ]
    assert midplane_for(atlases, source_space) == expected
