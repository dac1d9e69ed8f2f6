"""The files that come with the package but are no code."""

import pytest

from napari_atlas_assign import InputError, resources


def test_the_bundled_example_is_found():
    names = {path.name for path in resources.sample_data_folder().iterdir()}
    assert {"synthetic-fusiform_map.nii.gz", "synthetic-fusiform_probseg.nii.gz"} <= names


def test_an_installation_that_is_not_whole_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(resources, "__file__", str(tmp_path / "a" / "b" / "resources.py"))
    with pytest.raises(InputError, match="install napari-atlas-assign again"):
        resources.sample_data_folder()
