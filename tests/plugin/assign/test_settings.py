"""Defaults come from napari's settings of plugins, and the manifest's are those of the package."""

from dataclasses import asdict
from pathlib import Path

import npe2
import pytest

import napari_atlas_assign
from napari_atlas_assign.assignment.parameters import Parameters
from napari_atlas_assign.plugin.assign.settings import Defaults, read_defaults

MANIFEST = Path(napari_atlas_assign.__file__).parent / "napari.yaml"


@pytest.fixture
def registered(plugin_settings, npe2pm):
    npe2pm.register(npe2.PluginManifest.from_file(MANIFEST))


def test_the_manifest_and_the_package_have_the_same_defaults():
    properties = npe2.PluginManifest.from_file(MANIFEST).contributions.configurations["assignment"].properties
    assert {name: p.default for name, p in properties.items()} == asdict(Defaults())


def test_the_defaults_of_the_widget_are_those_of_the_engine():
    defaults, parameters = Defaults(), Parameters()
    for name in ("tail", "connectivity", "min_volume_mm3", "convention"):
        assert getattr(defaults, name) == getattr(parameters, name)


def test_what_the_person_sets_in_the_preferences_is_read(registered):
    from napari.settings import get_plugin_settings

    assert read_defaults() == Defaults()
    get_plugin_settings("napari-atlas-assign").assignment.connectivity = 26
    assert read_defaults() == Defaults(connectivity=26)


def test_values_that_mean_nothing_are_refused(registered):
    from napari.settings import get_plugin_settings

    with pytest.raises(ValueError, match="connectivity"):
        get_plugin_settings("napari-atlas-assign").assignment.connectivity = 7


def test_without_a_manifest_the_package_has_its_own(plugin_settings, npe2pm):
    assert read_defaults() == Defaults()
