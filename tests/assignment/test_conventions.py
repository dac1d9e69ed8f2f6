"""The two conventions."""

from __future__ import annotations

from dataclasses import fields
from typing import get_args

import pytest

from napari_atlas_assign import InputError
from napari_atlas_assign.assignment.conventions import CONVENTIONS, ConventionName, get_convention


def test_every_convention_that_can_be_named_is_there_under_its_name():
    assert {name: get_convention(name).name for name in get_args(ConventionName)} == dict(
        zip(*[CONVENTIONS] * 2, strict=True)
    )


def test_every_choice_is_one_in_which_they_differ():
    default, siibra = CONVENTIONS["default"], CONVENTIONS["siibra"]
    same = [field.name for field in fields(default) if getattr(default, field.name) == getattr(siibra, field.name)]
    assert same == []


@pytest.mark.parametrize("name", ["Default", "", "siibra 1.0"])
def test_another_name_is_refused_with_those_that_are_known(name):
    with pytest.raises(InputError, match="give 'default' or 'siibra'"):
        get_convention(name)
