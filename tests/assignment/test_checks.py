"""What the atlases of one assignment must have in common, and what is told where they do not."""

from __future__ import annotations

import warnings

import pytest

from napari_atlas_assign.assignment.checks import check_atlases, notes_on, tell
from napari_atlas_assign.errors import AssignmentWarning, InputError


@pytest.fixture
def atlas(small_atlas):
    def make(name, space, remarks=()):
        return small_atlas.described(name=name, space=space, remarks=remarks)

    return make


@pytest.mark.parametrize("place", [0, 1, 2])
def test_every_atlas_is_compared_with_the_image_not_the_first_alone(atlas, place):
    atlases = [atlas(f"atlas {n}", "Talairach" if n == place else "MNI152NLin6Asym") for n in range(3)]
    (note,) = notes_on(atlases, "map", "MNI152NLin6Asym")
    assert "map is in MNI152NLin6Asym" in note
    assert f"atlas {place} in Talairach" in note


def test_of_an_image_of_unknown_space_the_atlases_are_compared_with_the_first(atlas):
    atlases = [atlas("a", "MNI152NLin6Asym"), atlas("b", "MNI152NLin6Asym"), atlas("c", "Talairach")]
    (note,) = notes_on(atlases, "map", None)
    assert "a is in MNI152NLin6Asym" in note
    assert "c in Talairach" in note


def test_remarks_of_every_atlas_come_first(atlas):
    atlases = [atlas("a", None, ("one",)), atlas("b", None, ("two", "three"))]
    assert list(notes_on(atlases, "map", None))[:3] == ["one", "two", "three"]


def test_no_atlas_and_two_of_one_name_are_refused(atlas):
    with pytest.raises(InputError, match="no atlas"):
        check_atlases([])
    with pytest.raises(InputError, match="two atlases are called b"):
        check_atlases([atlas("a", None), atlas("b", None), atlas("b", None)])
    check_atlases([atlas("a", None), atlas("b", None)])


def test_what_was_told_when_an_atlas_was_loaded_is_not_told_again(atlas):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        tell(["known"], [atlas("a", None, ("known",))])
    with pytest.warns(AssignmentWarning, match="new"):
        tell(["new"], [atlas("a", None, ("known",))])
