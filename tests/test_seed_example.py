"""siibra's own example, on stand-ins for its volumes: by this package, and by siibra."""

from __future__ import annotations

import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
import pandas as pd
import pytest

import napari_atlas_assign as naa
from tests import siibra_configuration
from tests.siibra_configuration import siibra_library, standin  # noqa: F401

DOCS = Path(__file__).parents[1] / "docs"


@pytest.fixture
def example(standin, tmp_path, monkeypatch):  # noqa: F811
    monkeypatch.setenv("NAPARI_ATLAS_ASSIGN_CACHE", str(tmp_path / "cache"))
    spec = importlib.util.spec_from_file_location("seed_example", DOCS / "examples" / "seed_example.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def of_siibra(siibra):
    with siibra.QUIET:
        julich = siibra.get_map(parcellation="julich 2.9", space="mni152", maptype="statistical")
        modes = siibra.get_map(parcellation="difumo 64", space="mni152", maptype="statistical")
        volume = siibra.volumes.volume.from_nifti(modes.fetch(region="fusiform posterior"), "mni152", "seed example")
        return julich.assign(volume).query("correlation >= 0.35")


def test_the_example_gives_the_table_that_siibra_itself_computes(example, siibra_library):  # noqa: F811
    image, atlas = naa.seed_example()
    assignments = naa.assign(image, atlas, convention="siibra").assignments
    ours, theirs = example.best(assignments), of_siibra(siibra_library)
    assert ours["region"].tolist() == theirs["region"].tolist() == example.PUBLISHED["region"].tolist()
    assert ours["input structure"].tolist() == theirs["input structure"].tolist() == [1, 2]
    assert ours["volume"].tolist() == theirs["volume"].tolist()
    np.testing.assert_allclose(np.stack(ours["centroid"]), np.array([tuple(c) for c in theirs["centroid"]]), atol=1e-6)
    for column in example.PUBLISHED.columns[3:]:
        np.testing.assert_allclose(ours[column].astype(float), theirs[column].astype(float), atol=1e-9)


def test_a_file_of_scaled_integers_has_the_values_that_siibra_reads(standin, siibra_library, tmp_path):  # noqa: F811
    float_image = nib.load(standin / "volumes" / "maps.nii.gz").slicer[..., 1]
    raw = np.rint(float_image.get_fdata() / 1e-6).astype(np.int16)
    packed = nib.Nifti1Image(raw, float_image.affine)
    packed.header.set_slope_inter(1e-6, 0)
    nib.save(packed, tmp_path / "packed.nii.gz")
    with siibra_library.QUIET:
        julich = siibra_library.get_map(parcellation="julich 2.9", space="mni152", maptype="statistical")
        img = nib.load(tmp_path / "packed.nii.gz")
        theirs = julich.assign(siibra_library.volumes.volume.from_nifti(img, "mni152", "packed"))
    atlas = naa.load_atlas("siibra:julich 2.9")
    ours = naa.assign(tmp_path / "packed.nii.gz", atlas, convention="siibra").assignments
    scores = ["correlation", "intersection over union", "map weighted mean", "input weighted mean"]
    np.testing.assert_allclose(ours[scores], theirs[scores].astype(float), rtol=1e-10)
    unpacked = naa.Image.from_array(np.asanyarray(img.dataobj), img.affine)
    plain = naa.assign(unpacked, atlas, convention="siibra").assignments
    assert not np.allclose(plain["input weighted mean"], ours["input weighted mean"], rtol=1e-7, atol=0)


def run(tmp_path, *arguments, **environment):
    """The command in a process of its own, in which no server can be reached."""
    nowhere = dict.fromkeys(("HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy"), "http://127.0.0.1:9")
    own = {
        "NAPARI_ATLAS_ASSIGN_CACHE": str(tmp_path / "cache"),
        "SIIBRA_CACHEDIR": str(tmp_path / "siibra"),
        "SIIBRA_LOG_LEVEL": "CRITICAL",
    }
    (tmp_path / "siibra").mkdir(exist_ok=True)
    command = [sys.executable, str(DOCS / "examples" / "seed_example.py"), *arguments]
    unset = {name: value for name, value in os.environ.items() if name not in ("NO_PROXY", "no_proxy")}
    return subprocess.run(command, env=unset | nowhere | own | environment, capture_output=True, text=True, timeout=120)


def test_without_a_network_the_command_says_so_in_one_line_and_ends_with_2(tmp_path):
    done = run(tmp_path, "--check")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.count("\n") == 1
    assert "cannot be reached" in done.stderr


def test_the_command_compares_cell_by_cell_and_ends_with_0_or_1(tmp_path):
    folder = siibra_configuration.write(tmp_path / "configuration")
    with_standins = {"SIIBRA_USE_CONFIGURATION": str(folder)}
    plain = run(tmp_path, **with_standins)
    assert (plain.returncode, plain.stdout.count("Area FG2 (FusG)")) == (0, 2)
    check = run(tmp_path, "--check", **with_standins)
    assert check.returncode == 1  # stand-ins have other scores
    for said in (
        r"siibra 1\.",
        r"float32, minimum 0, 0 below 0",
        r"SHA-256.*: [0-9a-f]{64}",
        r"modes: 2 by 18 .*, 2 by",
    ):
        assert re.search(said, check.stdout)
    assert re.search(r"correlation +0\.\d+ +0\.641933 +0\.\d+ +DIFFERS", check.stdout)
    against = run(tmp_path, "--against-siibra", **with_standins)
    assert against.returncode == 0, against.stderr
    assert "0 differ" in against.stdout


def test_the_published_table_is_told_from_others(example, capsys):
    published = example.PUBLISHED
    assert example.compare(published, published, 1.5e-6, "itself")
    last_digit = published.assign(correlation=published["correlation"] + 2e-6)
    assert not example.compare(last_digit, published, 1.5e-6, "the published table")
    assert not example.compare(published[:1], published, 1.5e-6, "the published table")
    assert "DIFFERS" in capsys.readouterr().out


def test_the_docs_quote_what_the_conventions_make_of_the_stand_ins(example):
    image, atlas = naa.seed_example()
    tables = [naa.assign(image, atlas, convention=c).assignments for c in ("siibra", "default")]
    quoted = re.search(
        r"a `map\s+containedness`\s+of\s+(\S+)\s+becomes\s+(\S+),", (DOCS / "seed-example.md").read_text("utf-8")
    )
    left = [table[table["region"] == example.PUBLISHED["region"][0]].iloc[0] for table in tables]
    assert [f"{row['map containedness']:.3f}" for row in left] == list(quoted.groups())


def test_columns_that_a_later_siibra_adds_or_moves_change_no_comparison(example):
    published = example.PUBLISHED
    later = published.assign(time=0.0)[["time", *reversed(published.columns)]]
    assert example.compare(published, later, 1.5e-6, "a later release")


def test_the_docs_quote_the_published_table_and_the_code_that_runs(example):
    text = (DOCS / "seed-example.md").read_text()
    rows = re.findall(r"^\| ([a-z ]+) \| (.+) \| (.+) \|$", text, re.MULTILINE)[1:]
    quoted = pd.DataFrame({name: [left, right] for name, left, right in rows})
    assert [column for column in quoted] == [*example.PUBLISHED.columns]
    for column in quoted:
        assert quoted[column].tolist() == [str(value) for value in example.PUBLISHED[column]]
    code = re.search(r"```python[^\n]*\n(.+?)```", text, re.DOTALL)[1]
    names = {}
    exec(code, names)
    assert len(names["result"].assignments.query("correlation >= 0.35")) == 2
    assert "python docs/examples/seed_example.py --check" in text


def test_the_sample_is_the_same_image_and_atlas(example):
    from napari_atlas_assign import assign
    from napari_atlas_assign.atlas.sources.siibra import seed_example

    heard = []
    image, atlas = seed_example(lambda *state: heard.append(state))
    table = assign(image, atlas, convention="siibra").assignments.query("correlation >= 0.35")
    assert table["region"].tolist() == example.PUBLISHED["region"].tolist()
    assert "Dadi et al. 2020" in image.source["citation"]
    assert (image.space, atlas.space) == ("MNI152NLin2009cAsym",) * 2
    assert heard[-1][:2] == (4, 4)
