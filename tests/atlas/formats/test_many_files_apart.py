"""No dialect claims what is another's: each example below is told by one dialect only."""

from __future__ import annotations

import json

import nibabel as nib
import numpy as np
import pytest
import tifffile

from napari_atlas_assign import load_atlas
from napari_atlas_assign.atlas.formats import (
    brainglobe,
    difumo,
    nifti,
    region_folder,
)
from napari_atlas_assign.atlas.formats.registry import DIALECTS
from napari_atlas_assign.atlas.formats.siibra import julich_brain, siibra_map, sparse_index
from napari_atlas_assign.errors import AtlasError


def save(path, n=None):
    data = np.zeros((3, 4, 5) if n is None else (3, 4, 5, n), np.float32)
    data[1, 1, 1] = 0.5
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(data, np.eye(4)), path)
    return path


def a_map(folder):
    save(folder / "a.nii.gz")
    spec = {
        "@type": "siibra/map/v0.0.1",
        "volumes": [{"providers": {"nii": "a.nii.gz"}}],
        "indices": {"A": [{"volume": 0}]},
    }
    (folder / "map.json").write_text(json.dumps(spec))
    return folder / "map.json"


def an_index(folder):
    atlas = nifti.read(save(folder / "a.nii.gz", 2))
    return sparse_index.write(atlas, folder / "x")[0]


def area_maps(folder):
    for side in ("lh", "rh"):
        save(folder / f"Area-4_{side}_MNI152.nii.gz")
    return folder


def one_per_region(folder):
    for name in ("Amygdala_L", "Amygdala_R"):
        save(folder / "regions" / f"{name}.nii.gz")
    return folder / "regions"


def a_dictionary(folder):
    (folder / "labels_2_dictionary.csv").write_text("Component,Difumo_names\n1,A\n2,B\n")
    return save(folder / "2mm" / "maps.nii.gz", 2)


def a_mouse(folder):
    about = {"name": "a_mouse", "resolution": [25, 25, 25], "shape": [3, 4, 5], "orientation": "asr"}
    (folder / "metadata.json").write_text(json.dumps(about))
    structures = [{"id": 1, "name": "Cortex", "acronym": "CTX", "structure_id_path": [1], "rgb_triplet": [255, 0, 0]}]
    (folder / "structures.json").write_text(json.dumps(structures))
    tifffile.imwrite(folder / "annotation.tiff", np.ones((3, 4, 5), np.uint32), photometric="minisblack")
    return folder


EXAMPLES = pytest.mark.parametrize(
    ("make", "dialect"),
    [
        (a_map, siibra_map),
        (an_index, sparse_index),
        (area_maps, julich_brain),
        (one_per_region, region_folder),
        (a_dictionary, difumo),
        (lambda folder: a_dictionary(folder).parent.parent, difumo),
        (a_mouse, brainglobe),
    ],
)


@EXAMPLES
def test_each_example_is_told_by_one_dialect(tmp_path, make, dialect):
    path = make(tmp_path)
    assert [d.NAME for d in DIALECTS if d.sniff(path)] == [dialect.NAME]


@pytest.mark.parametrize("dialect", DIALECTS, ids=lambda d: d.NAME)
@pytest.mark.parametrize("name", ["missing", "empty", "empty.nii.gz", "empty.json", "empty.xml", "folder"])
def test_what_is_nothing_is_claimed_by_none_and_read_by_none(tmp_path, dialect, name):
    path = tmp_path / name
    if name == "folder":
        path.mkdir()
    elif name != "missing":
        path.write_bytes(b"")
    assert not dialect.sniff(path)
    with pytest.raises(AtlasError):
        dialect.read(path)


def test_no_two_dialects_have_one_name():
    assert len({d.NAME for d in DIALECTS}) == len(DIALECTS)


@pytest.mark.usefixtures("unshared")
@EXAMPLES
def test_load_atlas_reads_it_and_the_second_time_from_the_stored_index(tmp_path, monkeypatch, make, dialect):
    monkeypatch.setenv("NAPARI_ATLAS_ASSIGN_CACHE", str(tmp_path / "cache"))
    (tmp_path / "atlas").mkdir()
    path = make(tmp_path / "atlas")
    first = load_atlas(path)
    monkeypatch.setattr(dialect, "read", lambda *_, **__: pytest.fail("read anew"))
    second = load_atlas(path)
    assert all(isinstance(array.base, np.memmap) for array in second.content().values())
    assert second.regions.equals(first.regions)
    assert second.source == first.source
