"""The manifest is valid, found, and names what exists."""

from pathlib import Path

import npe2
import pytest
import yaml

import napari_atlas_assign

NAME = "napari-atlas-assign"


@pytest.fixture(scope="module")
def manifest():
    return npe2.PluginManifest.from_distribution(NAME)


def test_every_python_name_of_the_manifest_can_be_imported(manifest):
    manifest.validate_imports()


def test_there_is_one_reader_since_npe2_tries_several_in_no_order(manifest):
    (reader,) = manifest.contributions.readers
    nifti = ["*.nii", "*.nii.gz", "*.NII", "*.NII.GZ"]
    others = ["*.img", "*.hdr", "*.mgz", "*.mgh", "*.HEAD", "*.BRIK", "*.BRIK.gz", "*.nrrd", "*.nhdr"]
    assert reader.filename_patterns == [*nifti, *others, "provenance.json"]
    assert reader.accepts_directories


def test_menus_are_ones_that_napari_has(manifest):
    assert list(manifest.contributions.menus) == ["napari/layers/measure", "napari/layers/visualize"]


def test_every_sample_is_named_and_the_synthetic_one_says_so(manifest):
    samples = {s.key: s.display_name for s in manifest.contributions.sample_data}
    assert set(samples) == {"synthetic_fusiform", "real_zmap", "juelich", "harvard_oxford", "siibra_example"}
    assert "synthetic" in samples["synthetic_fusiform"].lower()


def test_the_manifest_uses_only_known_keys():
    top = Path(napari_atlas_assign.__file__).parent / "napari.yaml"
    assert set(yaml.safe_load(top.read_text())) == {
        "name",
        "display_name",
        "schema_version",
        "categories",
        "contributions",
    }
