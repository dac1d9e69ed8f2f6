"""What is installed beside the code."""

import subprocess
import sys
from importlib.metadata import version

import pytest

from napari_atlas_assign import InputError, resources
from napari_atlas_assign.resources import running_version


def test_the_bundled_example_is_found():
    names = {path.name for path in resources.sample_data_folder().iterdir()}
    assert {"synthetic-fusiform_map.nii.gz", "synthetic-fusiform_probseg.nii.gz"} <= names


def test_an_installation_that_is_not_whole_says_so(monkeypatch, tmp_path):
    monkeypatch.setattr(resources, "__file__", str(tmp_path / "a" / "b" / "resources.py"))
    with pytest.raises(InputError, match="install napari-atlas-assign again"):
        resources.sample_data_folder()


@pytest.mark.parametrize("package", ["pandas", "numpy", "napari-atlas-assign"])
def test_the_version_is_that_of_what_is_installed_whether_it_was_imported_or_not(package):
    code = f"from napari_atlas_assign.resources import running_version; print(running_version({package!r}))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == version(package) == running_version(package)
