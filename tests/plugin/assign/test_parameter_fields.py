"""The fields that show parameters."""

from __future__ import annotations

import pytest

from napari_atlas_assign import Threshold
from napari_atlas_assign.assignment.parameters import Parameters
from napari_atlas_assign.plugin.assign.parameter_fields import ParameterFields
from napari_atlas_assign.plugin.assign.settings import Defaults


@pytest.fixture
def changes():
    return []


@pytest.fixture
def fields(qtbot, changes):
    made = ParameterFields(Defaults(), lambda: changes.append(1))
    made.show_source("image", 8.0)
    return made


@pytest.mark.parametrize(
    "parameters",
    [
        Parameters(threshold=3.125, tail="both", connectivity=26, min_volume_mm3=20.0),
        Parameters(threshold=Threshold("percentile", 97.5), keep_largest=3, split_height=0.5),
        Parameters(threshold=Threshold("p", 0.001, two_sided=True, df=19), minimum_probability=0.25, level=2),
        Parameters(threshold=2.0, registration_sd_mm=3.0, placements=999, seed=7, convention="default"),
        Parameters(threshold=2.0, sweep=(2.1, 2.5, 3.1234567), surrogates=99),
    ],
)
def test_parameters_that_are_shown_are_read_back(fields, changes, parameters):
    fields.restore(parameters)
    assert fields.parameters == parameters
    assert len(changes) == 1


def test_of_regions_of_interest_and_points_only_what_counts_is_read(fields):
    fields.restore(Parameters(threshold=3.0, tail="both", minimum_probability=0.25))
    fields.show_source("points", 0.0)
    assert fields.parameters == Parameters(minimum_probability=0.25)
    fields.show_source("labels", 5.0)
    assert fields.parameters.rois


def test_regions_of_interest_are_asked_nothing_about_thresholds_or_values(fields):
    fields.restore(Parameters(threshold=3.0, sweep=(2.0, 3.0), surrogates=99, placements=999))
    fields.show_source("labels", 5.0)
    assert (fields.parameters.sweep, fields.parameters.surrogates, fields.parameters.placements) == ((), 0, 999)


def test_the_slider_ends_where_the_map_does_and_sets_the_threshold(fields):
    assert fields.slider.maximum() == pytest.approx(8.0)
    fields.slider.setValue(4.567)
    assert fields.threshold.value == pytest.approx(4.57)
