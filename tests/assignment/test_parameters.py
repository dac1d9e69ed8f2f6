"""Parameters are checked when they are made."""

from __future__ import annotations

import pytest

from napari_atlas_assign import InputError, Threshold
from napari_atlas_assign.assignment.parameters import Parameters


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("tail", "up"),
        ("connectivity", 8),
        ("min_volume_mm3", -1.0),
        ("minimum_probability", 1.5),
        ("convention", "afni"),
        ("level", -1),
        ("placements", -1),
        ("registration_sd_mm", float("nan")),
        ("threshold", float("nan")),
    ],
)
def test_a_value_that_cannot_be_is_refused_by_name(name, value):
    word = name.split("_")[0]
    with pytest.raises(InputError, match=word):
        Parameters(**{name: value})


def test_parameters_are_equal_if_all_of_them_are():
    assert Parameters(threshold=3.0) == Parameters(threshold=3.0)
    assert Parameters(threshold=3.0) != Parameters(threshold=Threshold("percentile", 99))
