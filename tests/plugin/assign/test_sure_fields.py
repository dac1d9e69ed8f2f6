"""The fields of how sure the answers are."""

from __future__ import annotations

import pytest

from napari_atlas_assign.assignment.parameters import Parameters
from napari_atlas_assign.errors import InputError
from napari_atlas_assign.plugin.assign.sure_fields import SureFields


@pytest.fixture
def fields(qtbot):
    return SureFields()


def show(fields, parameters):
    for field, value in fields.values_of(parameters):
        field.value = value
    fields.fit(is_map=True)


@pytest.mark.parametrize(
    "asked",
    [
        {},
        {"registration_sd_mm": 1.5, "seed": 3},
        {"sweep": (2.0, 3.5)},
        {"placements": 1999, "seed": 1},
        {"surrogates": 199},
        {"registration_sd_mm": 1.0, "sweep": (1.0, 2.0, 3.0), "placements": 999, "surrogates": 99, "seed": 8},
    ],
)
def test_what_is_asked_is_read_back(fields, asked):
    show(fields, Parameters(threshold=2.0, **asked))
    assert Parameters(threshold=2.0, **fields.options()) == Parameters(threshold=2.0, **asked)
    assert fields.asks == bool(asked)


def test_fields_of_what_is_not_asked_are_out_of_the_way(fields):
    fields.container.native.show()
    show(fields, Parameters())
    assert [f.visible for f in (fields.placements, fields.surrogates, fields.seed)] == [False] * 3
    show(fields, Parameters(threshold=2.0, surrogates=99))
    assert [f.visible for f in (fields.placements, fields.surrogates, fields.seed)] == [False, True, True]
    fields.fit(is_map=False)
    assert not any(f.visible for f in (fields.sweep, fields.test, fields.surrogates, fields.seed))
    fields.container.native.close()


def test_thresholds_that_are_none_are_told_when_they_are_read(fields):
    fields.sweep.value = "2.3:"
    assert fields.asks
    with pytest.raises(InputError, match="holds no thresholds"):
        fields.options()
