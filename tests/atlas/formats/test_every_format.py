"""A file of one dialect is claimed by that dialect alone."""

from __future__ import annotations

import importlib
import json
import pkgutil
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
import tifffile

import napari_atlas_assign.atlas.formats as package
from napari_atlas_assign import Grid, load_atlas
from napari_atlas_assign.atlas.formats import nifti
from napari_atlas_assign.atlas.formats.registry import DIALECTS
from napari_atlas_assign.atlas.formats.siibra import sparse_index

FSL = (
    "<atlas><header><type>Probabilistic</type><imagefile>/img</imagefile></header>"
    '<data><label index="0">V1</label></data></atlas>'
)
SPM = "<atlas><data><label><index>1</index><name>V1</name></label></data></atlas>"
PAIRS = '<VALUE_LABEL_DTABLE >"1" "V1"</VALUE_LABEL_DTABLE>'


def dialects():
    """Every module of the package that offers what a dialect needs; plain NIfTI takes only what none of them claims."""
    names = (module.name for module in pkgutil.walk_packages(package.__path__, f"{package.__name__}."))
    modules = [importlib.import_module(name) for name in names if not name.endswith(".nifti")]
    return [module for module in modules if all(hasattr(module, part) for part in ("NAME", "sniff", "read"))]


def save(path, shape=(3, 3, 3), dtype=np.uint8, **header):
    path.parent.mkdir(parents=True, exist_ok=True)
    img = nib.Nifti1Image(np.ones(shape, dtype), np.eye(4))
    for field, value in header.items():
        img.header[field] = value
    nib.save(img, path)
    return path


def fsl(folder):
    (folder / "a.xml").write_text(FSL)
    return folder / "a.xml"


def spm(folder):
    (folder / "a.xml").write_text(SPM)
    return folder / "a.xml"


def bids(folder):
    (folder / "tpl-A_dseg.tsv").write_text("index\tname\n1\tV1\n")
    return save(folder / "tpl-A_dseg.nii.gz")


def bids_folder(folder):
    save(folder / "tpl-A_res-1_dseg.nii.gz")
    save(folder / "tpl-A_res-2_dseg.nii.gz")
    return folder


def afni(folder):
    (folder / "a.niml.lt").write_text(PAIRS)
    return save(folder / "a.nii.gz")


def mricron(folder):
    data = bytearray(save(folder / "a.nii").read_bytes())
    data[108:112] = np.float32(368).tobytes()
    (folder / "a.nii").write_bytes(data[:352] + b"1\tV1\n".ljust(16, b"\0") + data[352:])
    return folder / "a.nii"


def niivue(folder):
    (folder / "a.json").write_text(json.dumps({"labels": ["", "V1"]}))
    return save(folder / "a.nii.gz", shape=(3, 3, 3, 1, 4), intent_name=b"PAQD")


def plain(folder):
    (folder / "a.txt").write_text("1\tV1\n")
    return save(folder / "a.nii.gz")


def plain_with_json(folder):
    (folder / "a.json").write_text(json.dumps({"labels": ["", "V1"]}))
    return save(folder / "a.nii.gz")


def difumo(folder):
    (folder / "labels_2_dictionary.csv").write_text(
        "Component,Difumo_names,GM,WM,CSF\n1,V1,0.6,0.2,0.1\n2,V2,0.6,0.2,0.1\n"
    )
    (folder / "2mm").mkdir()
    save(folder / "2mm" / "maps.nii.gz", shape=(3, 3, 3, 2), dtype=np.float32)
    return folder


def region_folder(folder):
    for side in "LR":
        save(folder / f"V1_{side}.nii.gz", dtype=np.float32)
    return folder


def sparse(folder):
    atlas = load_atlas(save(folder / "labelled" / "labels.nii.gz"))
    return sparse_index.write(atlas, folder / "a")[0]


def julich(folder):
    for side in ("lh", "rh"):
        save(folder / "pmaps" / "Area-45" / f"Area-45_{side}_MNI152.nii.gz", dtype=np.float32)
    return folder / "pmaps"


def tiff(folder):
    path = folder / "a.tif"
    about = {"imagej": True, "resolution": (0.5, 0.5), "metadata": {"spacing": 2, "unit": "mm"}}
    tifffile.imwrite(path, np.ones((4, 5, 6), np.uint8), **about)
    return path


IN_THEIR_OWN_TESTS = {"brainglobe", "brainreg", "siibra-map"}
"""Formats of several files in a given arrangement, whose examples stand in their own test modules alone."""


def own_examples():
    """The functions `example` of the formats' own test modules, which write a file and return its path."""
    for module in DIALECTS:
        *folder, own = module.__name__.removeprefix(f"{package.__name__}.").split(".")
        if Path(__file__).parent.joinpath(*folder, f"test_{own}.py").exists():
            tests = importlib.import_module(".".join(["tests.atlas.formats", *folder, f"test_{own}"]))
            if hasattr(tests, "example"):
                yield tests.example, module.NAME


def test_each_registered_format_has_an_example():
    here = {name or nifti.NAME for _, name in EXAMPLES.args[1]}
    assert here | IN_THEIR_OWN_TESTS == {module.NAME for module in DIALECTS} | {nifti.NAME}


EXAMPLES = pytest.mark.parametrize(
    ("make", "name"),
    [
        (fsl, "fsl-xml"),
        (spm, "spm-xml"),
        (bids, "bids"),
        (bids_folder, "bids"),
        (afni, "afni"),
        (mricron, "mricron"),
        (niivue, "niivue-paqd"),
        (difumo, "difumo"),
        (region_folder, "region-folder"),
        (sparse, "sparse-index"),
        (julich, "julich-brain"),
        (tiff, "tiff"),
        (plain, None),
        (plain_with_json, None),
        *own_examples(),
    ],
)


@EXAMPLES
def test_one_dialect_alone_claims_it(tmp_path, make, name):
    path = make(tmp_path)
    assert [module.NAME for module in dialects() if module.sniff(path)] == ([name] if name else [])


def test_names_of_dialects_are_distinct():
    names = [module.NAME for module in dialects()]
    assert len(set(names)) == len(names)
    assert {"fsl-xml", "spm-xml", "bids", "afni", "mricron", "niivue-paqd"} <= set(names)


def test_all_dialects_are_registered_and_have_what_the_stored_index_needs():
    assert set(DIALECTS) == set(dialects())
    assert all(hasattr(module, "files") for module in DIALECTS)


@pytest.mark.usefixtures("unshared")
@EXAMPLES
def test_load_atlas_reads_it_and_the_second_time_from_the_stored_index(tmp_path, monkeypatch, make, name):
    monkeypatch.setenv("NAPARI_ATLAS_ASSIGN_CACHE", str(tmp_path / "cache"))
    path = make(tmp_path)
    for image in ("img.nii.gz", "a.nii.gz"):
        if name in ("fsl-xml", "spm-xml"):
            save(tmp_path / image, shape=(3, 3, 3, 1) if image == "img.nii.gz" else (3, 3, 3))
    first = load_atlas(path)
    reader = next((module for module in DIALECTS if name == module.NAME), nifti)
    monkeypatch.setattr(reader, "read", lambda *_, **__: pytest.fail("read anew"))
    second = load_atlas(path)
    assert all(isinstance(array.base, np.memmap) for array in second.content().values())
    assert second.regions.equals(first.regions)
    assert second.source == first.source


def test_the_grid_of_the_image_picks_the_resolution_and_each_is_stored_apart(tmp_path):
    for size in (1, 2):
        img = nib.Nifti1Image(np.ones((4 // size,) * 3, np.uint8), np.diag([size, size, size, 1.0]))
        nib.save(img, tmp_path / f"tpl-A_res-{size}_dseg.nii.gz")
    coarse = Grid((3, 3, 3), np.diag([3.0, 3, 3, 1]))
    for _ in range(2):
        assert load_atlas(tmp_path).grid.shape == (4, 4, 4)
        assert load_atlas(tmp_path, near=coarse).grid.shape == (2, 2, 2)


def test_a_dialect_of_one_resolution_takes_no_notice_of_the_grid(tmp_path):
    assert load_atlas(plain(tmp_path), near=Grid((3, 3, 3), np.eye(4))).n_regions == 1


def test_what_nibabel_repairs_in_a_header_is_not_printed(tmp_path, capfd):
    data = bytearray(save(tmp_path / "a.nii").read_bytes())
    data[80:84] = np.float32(0).tobytes()  # the size of a voxel along x
    (tmp_path / "a.nii").write_bytes(data)
    load_atlas(tmp_path / "a.nii")
    assert capfd.readouterr() == ("", "")
