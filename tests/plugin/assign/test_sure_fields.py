"""The fields of how sure the answers are."""

from __future__ import annotations

import numpy as np
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
    hidden = (fields.sweep, fields.placements, fields.surrogates, fields.seed)
    assert not any(f.visible for f in hidden)
    show(fields, Parameters(threshold=2.0, surrogates=99, sweep=(1, 2)))
    assert [f.visible for f in hidden] == [True, False, True, True]
    fields.fit(is_map=False)
    assert not any(f.visible for f in (fields.follow, fields.sweep, fields.test, fields.surrogates, fields.seed))
    fields.container.native.close()


def test_thresholds_that_are_none_are_told_when_they_are_read(fields):
    fields.follow.value = True
    fields.sweep.value = "2.3:"
    assert fields.asks
    with pytest.raises(InputError, match="holds no thresholds"):
        fields.options()


def test_thresholds_are_offered_from_that_of_the_map_until_they_are_asked_for(fields):
    fields.suggest(3.1, 8.0)
    assert not fields.asks
    fields.follow.value = True
    assert fields.options()["sweep"] == pytest.approx(tuple(np.linspace(3.1, 7.2, 10)))
    fields.suggest(2.0, 8.0)
    assert fields.options()["sweep"][0] == 3.1
    fields.follow.value = False
    for threshold, largest in ((0.0, 1.0), (1e6, 3e-7), (5.0, 1.0), (0.1234567, 1e9)):
        fields.suggest(threshold, largest)
        fields.follow.value = True
        low, *_, high = fields.options()["sweep"]
        assert 0 <= low < high < largest
        fields.follow.value = False
